package main

import (
	"mailintegration/daemon"
	"mailintegration/daemon/monitor"
	"mailintegration/daemon/monitor/page"
)

// pageLog logs who does what on the page. It implements page.Log.
type pageLog struct{ events func() events }

// LoggedIn implements page.Log.
func (l pageLog) LoggedIn(token, from string) { l.events().pageLoggedIn(token, from) }

// LogInRefused implements page.Log.
func (l pageLog) LogInRefused(times int, from string) { l.events().pageRefused(times, from) }

// LoggedOut implements page.Log.
func (l pageLog) LoggedOut(token, from string) { l.events().pageLoggedOut(token, from) }

// Acted implements page.Log.
func (l pageLog) Acted(token, user, action, path string) {
	l.events().pageActed(token, user, action, path)
}

// showPage makes a monitor answer people, from the store of a daemon.
func (in *installation) showPage(m *monitor.Monitor, d *daemon.Daemon) error {
	p, err := page.New(page.Options{
		Daemon: m, Version: version, Failed: in.events().pageFailed, Log: pageLog{in.events},
		Desk: func() (page.Desk, error) { return d.Store() }, Preview: d.Preview, Reconsider: d.Reconsider,
	})
	if err == nil {
		m.Show(p)
	}
	return err
}
