package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"mailintegration/store"
)

const (
	collectEvery = 6 * time.Hour
	// collectSoon is the time until the next collection when one has left work over.
	collectSoon = time.Hour
	// orphanAge keeps the collector away from files of a transaction that is still open. It is several times
	// collectEvery: before a file is that old, its owner has collected, so that a copy of the database is recognised.
	orphanAge = 24 * time.Hour
	// defaultRetention is far longer than the time after which a restored mail server brings messages back.
	defaultRetention = 400 * 24 * time.Hour
)

// sweeper is the part of a store that a collector needs.
type sweeper interface {
	PurgeReceipts(ctx context.Context, olderThan time.Duration) (int, error)
	PurgeMail(ctx context.Context, olderThan time.Duration) (int, error)
	CollectOrphans(ctx context.Context, olderThan time.Duration) (int, error)
}

// collector removes, every few hours, receipts of messages that cannot come back, mail that was sent as long ago, and attachment
// files that no row names.
type collector struct {
	store     sweeper
	retention func() time.Duration // negative: receipts are kept for ever
	log       events
	beat      func(within time.Duration) // says that the collector makes progress; within 0: it ends

	failure string // the error of the last run, "" when it went well
}

// newCollector returns the collector of a daemon.
func newCollector(opts Options) *collector {
	retention := cmp.Or(opts.Retention, defaultRetention)
	return &collector{
		store: opts.Store, retention: func() time.Duration { return retention }, log: events{opts.Logger.Named("daemon")},
		beat: func(time.Duration) {},
	}
}

// run collects until ctx is cancelled. It waits before the first collection too: if this database is a copy that
// nothing else tells from the original, the owner of the attachment directory has collected by then.
func (c *collector) run(ctx context.Context) {
	defer c.beat(0)
	c.beat(collectEvery + collectPromise)
	for wait := collectEvery; sleep(ctx, wait) == nil; c.beat(wait + collectPromise) {
		wait = collectEvery
		if more := c.collect(ctx); more {
			wait = collectSoon
		}
	}
}

// collect collects once and reports whether one run was not enough. A panic ends the run, not the daemon. A failure
// that repeats is logged once.
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

// purge removes old receipts and mail that was sent, unless they are kept for ever. It returns how many receipts it has removed.
func (c *collector) purge(ctx context.Context) (int, error) {
	retention := c.retention()
	if retention < 0 {
		return 0, nil
	}
	n, err := c.store.PurgeReceipts(ctx, retention)
	_, mailErr := c.store.PurgeMail(ctx, retention)
	return n, errors.Join(err, mailErr)
}

// logResult logs how a run ended, if the run before ended otherwise.
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

// panicError is a panic that was caught.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// catchPanic calls f and returns its panic as an error.
func catchPanic(f func() (int, error)) (n int, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{v, debug.Stack()}
		}
	}()
	return f()
}
