package daemon

import (
	"context"
	"time"
)

const (
	collectEvery = 6 * time.Hour
	// orphanAge keeps the collection away from files of a transaction that is still open.
	orphanAge = 24 * time.Hour
)

// collect removes, now and then, attachment files that a crash left behind and no row names.
func (d *Daemon) collect(ctx context.Context) {
	log := events{d.opts.Logger.Named("daemon")}
	ticker := time.NewTicker(collectEvery)
	defer ticker.Stop()
	for {
		n, err := d.opts.Store.CollectOrphans(ctx, orphanAge)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			log.collectFailed(err)
		case n > 0:
			log.orphansCollected(n)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
