package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"mailintegration/cmd/mailintegration/service"
	"mailintegration/config"
	"mailintegration/daemon/monitor"
)

type runCmd struct {
	Service           bool          `hidden:"" help:"The service manager of Windows has started the daemon."`
	NoRestartOnUpdate bool          `help:"Go on when the executable is replaced by a new version, as with NoRestartOnUpdate in the service file."`
	UpdateInterval    time.Duration `hidden:"" default:"30s" help:"The time between two looks at the executable."`
}

// Run polls every mailbox at its schedule until a signal or the service manager stops the program. It reads the configuration
// again on SIGHUP and when its files change. It begins to poll when the database can be reached.
func (c runCmd) Run(e *env) error {
	hangUp := make(chan os.Signal, 1)
	signal.Notify(hangUp, syscall.SIGHUP) // first of all: SIGHUP ends a process that does not ask for it
	defer signal.Stop(hangUp)
	isManaged := true
	err := service.Run(e.ctx, c.Service, func(ctx context.Context, m service.Manager) error {
		managed := *e
		managed.ctx = ctx
		_, isPlain := m.(service.Unmanaged)
		isManaged = !isPlain
		return managed.runDaemon(m, hangUp, c)
	})
	if replaced := new(replacedError); errors.As(err, &replaced) {
		return makeWay(replaced, isManaged)
	}
	return err
}

// runDaemon runs the daemon until e.ctx ends, and tells the service manager about it. The error is a *replacedError if the
// daemon has made way for a new executable.
func (e *env) runDaemon(m service.Manager, hangUp <-chan os.Signal, c runCmd) error {
	a := newAttendant(m)
	defer a.end() // after everything else has been closed
	watcher := config.NewWatcher(e.config, e.keys())
	in, err := openWithoutStore(e, logConfigured, watcher.Load)
	if err != nil {
		return err
	}
	defer in.close()
	in.logConfiguration()
	meter := monitor.NewMeter()
	in.meter = meter
	d, err := in.daemon(nil, in.about(e)...)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(e.ctx)
	defer stop()
	looks := time.NewTicker(config.WatchInterval)
	defer looks.Stop()
	r := newReloader(in, d.Apply, d.NoteConfiguration, watcher)
	r.manager = m
	health, err := monitor.New(monitor.Options{
		Daemon: d, Meter: meter, Version: version, Revision: builtFrom(),
		Mistaken: func(address string, times int, from string) { in.events().tlsAtPlainPort(address, times, from) },
	})
	if err != nil {
		return err
	}
	defer health.Close() // it tells of the stop, too
	if err := in.showPage(health, d); err != nil {
		return err
	}
	health.ConfigurationRead(in.service.Hash(), in.broken == nil && in.service.ListenFault == nil)
	r.answerAt, r.answerTo, r.tellRead = health.Listen, health.BehindProxy, health.ConfigurationRead
	r.noteCertificate = d.NoteListenCertificate
	r.listen()
	r.readAsAccount(e)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.run(ctx, e.unlessTerminalCloses(ctx, hangUp, stop), looks.C)
	}()
	var replaced atomic.Pointer[replacedError]
	if !c.NoRestartOnUpdate && !in.service.NoRestartOnUpdate {
		go e.followUpdates(ctx, in.events(), m, c.UpdateInterval, func(path string) {
			replaced.Store(&replacedError{path})
			stop()
		})
	}
	a.begin(ctx, d, in.events())
	err = d.Run(ctx)
	stop()
	<-ended
	if r := replaced.Load(); r != nil && e.ctx.Err() == nil && err == nil {
		return r
	}
	return err
}

// unlessTerminalCloses passes signals on. It calls stop instead if the log went to a terminal that has closed, be it during the
// start: a person who closes the window of a program expects that it ends.
func (e *env) unlessTerminalCloses(ctx context.Context, signals <-chan os.Signal, stop func()) <-chan os.Signal {
	if !e.inTerminal {
		return signals
	}
	passed := make(chan os.Signal, 1)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case s := <-signals:
				if !isTerminal(e.stderr) {
					stop()
					return
				}
				select {
				case passed <- s:
				default: // one waits already
				}
			}
		}
	}()
	return passed
}
