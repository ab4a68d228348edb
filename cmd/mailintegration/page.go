package main

import (
	"mailintegration/daemon"
	"mailintegration/daemon/monitor"
	"mailintegration/daemon/monitor/page"
)

// showPage makes a monitor answer people, from the store of a daemon.
func (in *installation) showPage(m *monitor.Monitor, d *daemon.Daemon) error {
	p, err := page.New(page.Options{
		Daemon: m, Version: version, Failed: in.events().pageFailed,
		Desk: func() (page.Desk, error) { return d.Store() }, Preview: d.Preview,
	})
	if err == nil {
		m.Show(p)
	}
	return err
}
