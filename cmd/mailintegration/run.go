package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"mailintegration/config"
)

type runCmd struct{}

// Run polls every mailbox at its schedule until a signal stops the program. It reads the configuration again on SIGHUP and
// when its files change.
func (runCmd) Run(e *env) error {
	hangUp := make(chan os.Signal, 1)
	signal.Notify(hangUp, syscall.SIGHUP) // first of all: SIGHUP ends a process that does not ask for it
	defer signal.Stop(hangUp)
	watcher := config.NewWatcher(e.config)
	in, err := prepare(e, logConfigured, watcher.Load)
	if err != nil {
		return err
	}
	defer in.close()
	in.logConfiguration()
	d, err := in.daemon(nil)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(e.ctx)
	defer cancel()
	looks := time.NewTicker(config.WatchInterval)
	defer looks.Stop()
	r := newReloader(in, d.Apply, watcher)
	r.readAsAccount(e)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.run(ctx, hangUp, looks.C)
	}()
	err = d.Run(e.ctx)
	cancel()
	<-ended
	return err
}
