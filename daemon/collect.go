package daemon

import (
	"context"
	"errors"
	"time"
)

const (
	collectEvery = 6 * time.Hour
	// orphanAge keeps the collection away from files of a transaction that is still open.
	orphanAge = 24 * time.Hour
	// receiptAge is far beyond what a mail server's backup brings back.
	receiptAge = 400 * 24 * time.Hour
)

// collect removes, now and then, receipts of messages that cannot come back, and attachment files that no row names.
func (d *Daemon) collect(ctx context.Context) {
	log := events{d.opts.Logger.Named("daemon")}
	ticker := time.NewTicker(collectEvery)
	defer ticker.Stop()
	for {
		receipts, purgeErr := d.opts.Store.PurgeReceipts(ctx, receiptAge)
		files, collectErr := d.opts.Store.CollectOrphans(ctx, orphanAge)
		err := errors.Join(purgeErr, collectErr)
		if err != nil && ctx.Err() == nil {
			log.collectFailed(err)
		}
		if receipts+files > 0 {
			log.collected(receipts, files)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
