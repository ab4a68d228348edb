package main

import (
	"slices"

	"mailintegration/daemon"
)

// listen makes the monitor answer at Listen, for the hosts of a proxy too. If it cannot, the log says so once, the daemon shows
// it as a mistake of the service file, and the next look tries again.
func (r *reloader) listen() {
	address, fault := r.running.Listen, ""
	r.answerTo(r.running.ListenBehindProxy)
	err := r.answerAt(address)
	if err != nil {
		fault = "Listen: nobody answers at " + address + ": " + err.Error() + " (choose another port, or end the program that has it)"
	}
	if address == r.address && fault == r.fault {
		return
	}
	r.address, r.fault = address, fault
	switch {
	case err != nil:
		r.in.events().notListening(address, err)
	case address != "":
		r.in.events().listening(address)
	}
	r.noteProblems(r.problems)
}

// noteProblems tells the daemon the configuration files with mistakes, and the service file also if the monitor cannot answer.
func (r *reloader) noteProblems(problems []daemon.ConfigurationProblem) {
	r.problems = problems
	if r.fault == "" {
		r.note(problems)
		return
	}
	all := slices.Clone(problems)
	i := slices.IndexFunc(all, func(p daemon.ConfigurationProblem) bool { return p.File == r.running.File })
	if i < 0 {
		i, all = len(all), append(all, daemon.ConfigurationProblem{File: r.running.File, Polled: true})
	}
	all[i].Mistakes = append(slices.Clone(all[i].Mistakes), r.fault)
	r.note(all)
}
