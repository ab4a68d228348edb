package main

import (
	"slices"

	"mailintegration/config"
	"mailintegration/daemon"
)

// noteBroken tells the daemon which mailbox files have mistakes; the service file has none.
func (r *reloader) noteBroken(broken []config.Broken) {
	r.broken = broken
	var problems []daemon.ConfigurationProblem
	for _, b := range broken {
		problems = append(problems, r.problem(b))
	}
	r.noteProblems(problems)
}

// noteRefused tells the daemon the mistakes of a configuration that is not used because of its service file. They may be in
// mailbox files too.
func (r *reloader) noteRefused(mistakes []config.Mistake) {
	if len(mistakes) == 0 {
		return
	}
	byFile := map[string][]config.Mistake{}
	var files []string
	for _, m := range mistakes {
		if byFile[m.File] == nil {
			files = append(files, m.File)
		}
		byFile[m.File] = append(byFile[m.File], m)
	}
	var problems []daemon.ConfigurationProblem
	for _, file := range files {
		if file == r.running.File {
			problems = append(problems, daemon.ConfigurationProblem{File: file, Mistakes: texts(byFile[file]), Polled: true})
			continue
		}
		b := config.Broken{File: file, Name: config.NameOfFile(file)}
		if i := slices.IndexFunc(r.broken, func(o config.Broken) bool { return o.File == file }); i >= 0 {
			b = r.broken[i]
		}
		b.Mistakes = byFile[file]
		problems = append(problems, r.problem(b))
	}
	r.noteProblems(problems)
}

// problem returns a mailbox file with mistakes as the daemon knows it. The daemon polls its mailbox as before if it had a
// good file before.
func (r *reloader) problem(b config.Broken) daemon.ConfigurationProblem {
	p := daemon.ConfigurationProblem{File: b.File, Mailbox: b.Name, Mistakes: texts(b.Mistakes), XML: b.XML}
	if i := slices.IndexFunc(r.running.Mailboxes, func(m *config.Mailbox) bool { return m.File == b.File }); i >= 0 {
		p.Mailbox, p.Polled = r.running.Mailboxes[i].Name, r.running.Mailboxes[i].Enabled
	}
	return p
}

// texts returns mistakes as texts for people.
func texts(mistakes []config.Mistake) []string {
	var all []string
	for _, m := range mistakes {
		all = append(all, m.String())
	}
	return all
}

// notPolled returns mailbox files with mistakes as a daemon knows them that has just started: it polls none of their mailboxes.
func notPolled(broken []config.Broken) []daemon.ConfigurationProblem {
	var all []daemon.ConfigurationProblem
	for _, b := range broken {
		all = append(all, daemon.ConfigurationProblem{File: b.File, Mailbox: b.Name, Mistakes: texts(b.Mistakes), XML: b.XML})
	}
	return all
}
