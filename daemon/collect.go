package daemon

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"mailintegration/store"
)

const (
	collectEvery = 6 * time.Hour
	// collectSoon is the time between two collections of which the first has not come to its end.
	collectSoon = time.Hour
	// orphanAge keeps the collection away from files of a transaction that is still open. It is several times
	// collectEvery: before a file is that old, its owner has collected, and a copy of the database is known as one.
	orphanAge = 24 * time.Hour
	// defaultRetention is far beyond what a mail server's backup brings back.
	defaultRetention = 400 * 24 * time.Hour
)

// sweeper is what a collector needs of a store.
type sweeper interface {
	PurgeReceipts(ctx context.Context, olderThan time.Duration) (int, error)
	CollectOrphans(ctx context.Context, olderThan time.Duration) (int, error)
}

// collector removes, now and then, receipts of messages that cannot come back, and attachment files that no row names.
type collector struct {
	store     sweeper
	retention time.Duration // negative: receipts are kept for ever
	log       events

	failure string // what the last run failed with, "" when it did not
}

// newCollector returns the collector of a daemon.
func newCollector(opts Options) *collector {
	retention := opts.Retention
	if retention == 0 {
		retention = defaultRetention
	}
	return &collector{store: opts.Store, retention: retention, log: events{opts.Logger.Named("daemon")}}
}

// run collects until ctx is cancelled, for the first time an interval after the start: by then the owner of the attachment
// directory has collected, should this be a copy of its database that nothing else tells from it.
func (c *collector) run(ctx context.Context) {
	for wait := collectEvery; ; {
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		wait = collectEvery
		if more := c.collect(ctx); more {
			wait = collectSoon
		}
	}
}

// collect collects once and reports whether there is more to remove than one run does. A panic ends the run, not the
// daemon. What fails at each run is said once as long as it stays the same.
func (c *collector) collect(ctx context.Context) (more bool) {
	receipts, purgeErr := catchPanic(func() (int, error) { return c.purge(ctx) })
	files, collectErr := catchPanic(func() (int, error) { return c.store.CollectOrphans(ctx, orphanAge) })
	if receipts+files > 0 {
		c.log.collected(receipts, files)
	}
	err := errors.Join(purgeErr, collectErr)
	if ctx.Err() != nil {
		return false
	}
	c.logResult(err)
	return err == nil && (receipts >= store.MaxPurgedReceipts || files >= store.MaxCollectedFiles)
}

func (c *collector) purge(ctx context.Context) (int, error) {
	if c.retention < 0 {
		return 0, nil
	}
	return c.store.PurgeReceipts(ctx, c.retention)
}

// tell logs how a run ended when that is news.
func (c *collector) logResult(err error) {
	was := c.failure
	c.failure = ""
	if err != nil {
		c.failure = err.Error()
	}
	switch {
	case err == nil && was != "":
		c.log.collectRecovered()
	case err != nil:
		c.log.collectFailed(err, c.failure == was)
	}
}

// panicError is a panic of the code that was called.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// guarded calls f and returns a panic of it as an error.
func catchPanic(f func() (int, error)) (n int, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{v, debug.Stack()}
		}
	}()
	return f()
}
