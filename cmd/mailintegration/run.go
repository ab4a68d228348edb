package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"mailintegration/config"
	"mailintegration/store"
)

type runCmd struct{}

// Run polls every mailbox at its schedule until a signal stops the program. It reads the configuration again on SIGHUP and
// when its files change.
func (runCmd) Run(e *env) error {
	hangUp := make(chan os.Signal, 1)
	signal.Notify(hangUp, syscall.SIGHUP) // first of all: SIGHUP ends a process that does not ask for it
	defer signal.Stop(hangUp)
	watcher := config.NewWatcher(e.config)
	in, err := openWithoutStore(e, logConfigured, watcher.Load)
	if err != nil {
		return err
	}
	defer in.close()
	in.logConfiguration()
	if in.store, err = in.waitForStore(e.ctx); err != nil {
		return err
	}
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

// waitForStore opens the store. It waits until the database can be reached and the share of the attachment directory is
// mounted, as the daemon does when it loses them later.
func (in *installation) waitForStore(ctx context.Context) (*store.Store, error) {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		opened, err := in.openStore(ctx)
		if !store.IsUnreachable(err) && !errors.Is(err, store.ErrDirectory) {
			return opened, err
		}
		in.events().storeUnusable(err, wait)
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, err
		}
	}
}
