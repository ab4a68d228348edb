package main

import (
	"context"
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
	address, fault := r.running.Listen, ""
	r.answerTo(r.running.ListenBehindProxy)
	err := r.answerAt(address, r.running.ListenTLS)
	r.noteCertificate(certificateOf(r.running))
	if err != nil {
		fault = "Listen: " + err.Error() + " (" + hintOf(err) + ")"
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

// listenReport says who answers at Listen, as JSON for programs.
type listenReport struct {
	URL     string `json:"url"`     // of the page
	Answers bool   `json:"answers"` // a daemon answers
	Error   string `json:"error,omitempty"`
	Hint    string `json:"hint,omitempty"`

	err    error          // why no daemon can answer there, nil if one does or could
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
	if fault == nil {
		return r
	}
	for _, isTLS := range []bool{s.ListenTLS != nil, s.ListenTLS == nil} { // a daemon may not have read the file yet
		health, err := monitor.Ask(ctx, s.Listen, isTLS, monitor.IsLive)
		if err == nil {
			r.Answers, r.health, r.isTLS = true, health, isTLS
			return r
		}
	}
	r.err, r.Error, r.Hint = fault, fault.Error(), hintOf(fault)
	return r
}

// line returns the report for people, and a hint.
func (r *listenReport) line(isRunning bool) (text, hint string) {
	switch {
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
	if s.ListenTLS == nil {
		return "http://" + s.Listen + "/"
	}
	host, port, _ := net.SplitHostPort(s.Listen)
	if name := monitor.CertificateName(s.ListenTLS.Leaf); !strings.HasPrefix(name, "*") {
		host = name
	}
	return "https://" + net.JoinHostPort(host, port) + "/"
}
