package daemon

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"mailintegration/store"
)

// recording is a batch that the store records while the session retrieves the next one. Its goroutine only calls the
// store: the session's own goroutine counts, logs and deletes.
type recording struct {
	batch    *batch
	outcomes []store.Outcome
	err      error
	panicked any           // a panic, with its stack
	done     chan struct{} // closed when the store has returned
}

// acceptBatches retrieves, accepts and deletes the items in batches. While the store records a batch, the session
// retrieves the next one and has it parsed: two batches are in memory at most. The next batch is recorded only when the one
// before is concluded. If that one failed, the next one is given back: its messages stay on the server, as if the session
// had never looked at them.
func (r *sessionRun) acceptBatches(ctx, work context.Context) {
	defer r.awaitPending() // after a panic
	for r.goesOn() && r.beginsBatch(ctx) {
		release, err := r.acquireBatch(ctx)
		if err != nil {
			break // a stop
		}
		if r.stopped(ctx) != nil { // while it waited
			release()
			break
		}
		b := r.newBatch(release)
		r.fill(ctx, work, b)
		r.conclude(work)
		if r.halted {
			r.giveBack(b)
			break
		}
		r.record(work, b)
		if r.isSerial(b) {
			r.conclude(work)
		}
	}
	r.conclude(work)
}

// goesOn reports whether nothing has happened that ends the session or its work.
func (r *sessionRun) goesOn() bool { return r.broken == nil && r.failed == nil && !r.halted }

// isSerial reports whether a batch must be concluded before the next message is retrieved: QUIT may delete every
// retrieved message, or a message of the batch may have ended the process before.
func (r *sessionRun) isSerial(b *batch) bool {
	return r.quitDeletesAll || r.trouble.suspects > 0 || len(b.inHand) > 0
}

// record has the store begin to record a batch, which is pending from then on.
func (r *sessionRun) record(work context.Context, b *batch) {
	p := &recording{batch: b, done: make(chan struct{})}
	r.pending = p
	target, deliveries := r.target, b.deliveries()
	go func() {
		defer close(p.done)
		defer b.release()
		defer func() {
			if v := recover(); v != nil {
				p.panicked = fmt.Sprintf("%v\n%s", v, debug.Stack())
			}
		}()
		began := time.Now()
		p.outcomes, p.err = r.opts.Store.Accept(work, target, deliveries, r.guard)
		r.opts.Meter.Committed(time.Since(began))
	}()
}

// takePending waits until the pending batch is recorded, and returns it with the store's answer. A panic goes on here,
// where the worker catches it.
func (r *sessionRun) takePending() (*batch, []store.Outcome, error) {
	p := r.pending
	<-p.done
	r.pending = nil
	if p.panicked != nil {
		p.batch.close()
		panic(p.panicked)
	}
	return p.batch, p.outcomes, p.err
}

// isPendingDone reports whether the store has returned from the pending batch.
func (r *sessionRun) isPendingDone() bool {
	if r.pending == nil {
		return false
	}
	select {
	case <-r.pending.done:
		return true
	default:
		return false
	}
}

// awaitPending waits until the store has returned from a batch that nobody concludes.
func (r *sessionRun) awaitPending() {
	if r.pending != nil {
		<-r.pending.done
		r.pending.batch.close()
	}
}

// giveBack drops a batch that will not be recorded.
func (r *sessionRun) giveBack(b *batch) {
	r.looked = b.first
	b.drop()
	b.close()
	b.release()
}
