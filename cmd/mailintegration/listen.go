package main

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"

	"mailintegration/config"
	"mailintegration/daemon"
	"mailintegration/daemon/monitor"
)

// listen makes the monitor answer at Listen, for the hosts of a proxy too. If it cannot, the log says so once, the daemon shows
// it as a mistake of the service file, and the next look tries again.
func (r *reloader) listen() {
	address := r.running.Listen
	r.answerTo(r.running.ListenBehindProxy)
	unusable := unusablePair(r.running)
	err := r.answer(unusable)
	r.noteCertificate(certificateOf(r.running))
	var faults []string
	if unusable != nil {
		faults = texts(r.running.ListenFault.Mistakes)
	}
	if err != nil && err != unusable {
		faults = append(faults, "Listen: "+err.Error()+" ("+hintOf(err)+")")
	}
	if address == r.address && slices.Equal(faults, r.faults) {
		return
	}
	r.address, r.faults = address, faults
	switch {
	case err != nil:
		r.in.events().notListening(address, err)
	case unusable != nil:
		r.in.events().listeningAsBefore(address, unusable)
	case address != "":
		r.in.events().listening(address)
	}
	r.noteProblems(r.problems)
}

// answer makes the monitor answer at Listen. If the files of its certificate are unusable, and the daemon has no older one, it
// answers nowhere: whoever asks for TLS never gets an answer without it.
func (r *reloader) answer(unusable error) error {
	if unusable == nil || r.running.ListenTLS != nil {
		return r.answerAt(r.running.Listen, r.running.ListenTLS)
	}
	if err := r.answerAt("", nil); err != nil {
		return err
	}
	return unusable
}

// unusablePair returns why the files of ListenCertificate and ListenKey cannot be used, nil if they can.
func unusablePair(s *config.Service) error {
	if s.ListenFault == nil {
		return nil
	}
	return &failure{
		code: exitConfiguration, err: errors.New(oneLine(s.ListenFault.Error())),
		hint: "mend the files: the daemon reads them again by itself; mail is not affected",
	}
}

// certificateOf returns the certificate of Listen as the daemon watches it, the zero value for none.
func certificateOf(s *config.Service) daemon.ListenCertificate {
	if s.ListenTLS == nil || s.Listen == "" {
		return daemon.ListenCertificate{}
	}
	return daemon.ListenCertificate{File: s.ListenCertificate, Expires: earliestEnd(s.ListenTLS)}
}

// noteProblems tells the daemon the configuration files with mistakes, and the service file also if the monitor cannot answer.
func (r *reloader) noteProblems(problems []daemon.ConfigurationProblem) {
	r.problems = problems
	if len(r.faults) == 0 {
		r.note(problems)
		return
	}
	all := slices.Clone(problems)
	i := slices.IndexFunc(all, func(p daemon.ConfigurationProblem) bool { return p.File == r.running.File })
	if i < 0 {
		i, all = len(all), append(all, daemon.ConfigurationProblem{File: r.running.File, Polled: true, OnlyListen: true})
	}
	all[i].Mistakes = slices.Clone(all[i].Mistakes)
	for _, fault := range r.faults {
		if !slices.Contains(all[i].Mistakes, fault) {
			all[i].Mistakes = append(all[i].Mistakes, fault)
		}
	}
	r.note(all)
}

// listenReport says who answers at Listen, as JSON for programs.
type listenReport struct {
	URL     string `json:"url"`     // of the page
	Answers bool   `json:"answers"` // a daemon answers
	Error   string `json:"error,omitempty"`
	Hint    string `json:"hint,omitempty"`

	err    error          // why no daemon can answer there, or not after a restart; nil if one does or could
	health monitor.Health // of the daemon that answers
	isTLS  bool           // it answers over TLS
}

// askListen finds out who answers at Listen on this machine. It returns nil if that is not set.
func askListen(ctx context.Context, s *config.Service) *listenReport {
	if s.Listen == "" {
		return nil
	}
	r := &listenReport{URL: pageURL(s)}
	fault := monitor.TryListen(s.Listen)
	if fault != nil {
		r.ask(ctx, s)
	}
	if r.Answers {
		fault = nil
	}
	if unusable := unusablePair(s); unusable != nil {
		fault = unusable
	}
	if fault != nil {
		r.err, r.Error, r.Hint = fault, fault.Error(), hintOf(fault)
	}
	return r
}

// ask asks a daemon of this machine how it is. It may not have read yet whether Listen is over TLS.
func (r *listenReport) ask(ctx context.Context, s *config.Service) {
	isTLS := s.ListenCertificate != ""
	for _, isTLS := range []bool{isTLS, !isTLS} {
		health, err := monitor.Ask(ctx, s.Listen, isTLS, monitor.IsLive)
		if err == nil {
			r.Answers, r.health, r.isTLS = true, health, isTLS
			return
		}
	}
}

// line returns the report for people, and a hint.
func (r *listenReport) line(isRunning bool) (text, hint string) {
	switch {
	case r.Answers && r.err != nil:
		return r.URL + ", answers as before: " + r.Error, r.Hint
	case r.Answers:
		return r.URL + ", answers", ""
	case r.err != nil:
		return r.Error, r.Hint
	case isRunning:
		return r.URL + ": nobody answers", "the daemon tries again every two seconds: look again, or into its log for not listening"
	}
	return r.URL + ": a daemon answers there once it runs", ""
}

// pageURL returns the address of the page in a browser.
func pageURL(s *config.Service) string {
	if s.ListenCertificate == "" {
		return "http://" + s.Listen + "/"
	}
	if s.ListenTLS == nil { // its names cannot be read
		return "https://" + s.Listen + "/"
	}
	host, port, _ := net.SplitHostPort(s.Listen)
	if name := monitor.CertificateName(s.ListenTLS.Leaf); !strings.HasPrefix(name, "*") {
		host = name
	}
	return "https://" + net.JoinHostPort(host, port) + "/"
}
