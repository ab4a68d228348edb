package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// Limits of work on files.
const (
	fileTimeout = 30 * time.Second
	fileRate    = 1 << 20 // octets per second that even a slow share takes
	// fileGrace is the extra time for work that has noticed the end of its limit, and tidies up.
	fileGrace = time.Second
)

// fileRunner runs work on files that may lie on a network share. No call into a file system can be interrupted, so work
// runs in a goroutine of its own, which is abandoned when the share stops answering. Until that goroutine returns, all other
// work fails at once: goroutines do not pile up, and no mailbox waits for the share.
type fileRunner struct {
	step   func(name string) error                                                    // nil, or a test's function that runs before a step; its error fails the step
	within func(context.Context, time.Duration) (context.Context, context.CancelFunc) // nil: context.WithTimeout

	mu        sync.Mutex
	abandoned int // goroutines that were abandoned and have not returned
}

// fileLimit returns the time that work on so many octets may take.
func fileLimit(octets int64) time.Duration {
	return fileTimeout + time.Duration(octets/fileRate)*time.Second
}

// do runs work and returns within the limit and fileGrace. After an error, work may still run, so it must share no data with
// the caller. A panic in it becomes an error.
func (r *fileRunner) do(ctx context.Context, octets int64, work func(context.Context) error) error {
	return r.doReading(ctx, octets, new(atomic.Int32), work)
}

// doReading does what do does, for work that also reads messages; reading counts the reads under way. It abandons work
// that hangs in such a read too, but then the message is at fault, not the file system.
func (r *fileRunner) doReading(ctx context.Context, octets int64, reading *atomic.Int32, work func(context.Context) error) error {
	if r.isStuck() {
		return fmt.Errorf("%w: a call made earlier has not returned", ErrHanging)
	}
	limit, bound := fileLimit(octets), context.WithTimeout
	if r.within != nil {
		bound = r.within
	}
	within, cancel := bound(ctx, limit)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- withoutPanic(within, work) }()
	err, ended := wait(within, done)
	switch {
	case !ended && reading.Load() > 0:
		err = &overdueError{"reading the contents of the message", limit}
	case !ended:
		r.abandon(done)
		err = fmt.Errorf("%w: a call has not returned within %v", ErrHanging, limit)
	case err != nil && within.Err() != nil && errors.Is(err, context.DeadlineExceeded):
		err = fmt.Errorf("%w: the work was not done within %v", ErrHanging, limit)
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// wait returns the error of work, and whether the work has ended; it may go on although ctx has ended.
func wait(ctx context.Context, done <-chan error) (err error, ended bool) {
	select {
	case err = <-done:
		return err, true
	case <-ctx.Done():
	}
	grace := time.NewTimer(fileGrace)
	defer grace.Stop()
	select {
	case err = <-done:
		return err, true
	case <-grace.C:
		return nil, false
	}
}

// abandon counts a goroutine as abandoned until it returns.
func (r *fileRunner) abandon(done <-chan error) {
	r.add(1)
	go func() {
		<-done
		r.add(-1)
	}()
}

func (r *fileRunner) add(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.abandoned += n
}

func (r *fileRunner) isStuck() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.abandoned > 0
}

// beforeStep calls the function that a test has set, before each step that may hang or fail, or that a crash may follow.
func (r *fileRunner) beforeStep(step string) error {
	if r.step == nil {
		return nil
	}
	return r.step(step)
}

// onFiles runs work as fileRunner.do does, and returns its result.
func onFiles[T any](ctx context.Context, r *fileRunner, octets int64, work func(context.Context) (T, error)) (T, error) {
	result := make(chan T, 1)
	err := r.do(ctx, octets, func(ctx context.Context) error {
		v, err := work(ctx)
		result <- v
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return <-result, nil
}

func withoutPanic(ctx context.Context, work func(context.Context) error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &messageError{reason: panicReason(v)}
		}
	}()
	return work(ctx)
}

// severable is a raw message that can be taken away from an abandoned goroutine: the caller owns the octets and will close
// them.
type severable struct {
	Raw
	reading chan struct{} // holds a token during a read
	severed bool          // guarded by the token
}

func newSeverable(raw Raw) *severable { return &severable{Raw: raw, reading: make(chan struct{}, 1)} }

// errSevered ends a read of a message that was taken away.
var errSevered = fmt.Errorf("the message was taken away: %w", io.ErrClosedPipe)

// ReadAt implements io.ReaderAt.
func (s *severable) ReadAt(p []byte, offset int64) (int, error) {
	s.reading <- struct{}{}
	defer func() { <-s.reading }()
	if s.severed {
		return 0, errSevered
	}
	return s.Raw.ReadAt(p, offset)
}

// sever waits for a read under way and lets no other begin. When the message hangs too, because it is a file on the same
// share, sever gives up after fileGrace: nobody uses the octets of that read.
func (s *severable) sever() {
	grace := time.NewTimer(fileGrace)
	defer grace.Stop()
	select {
	case s.reading <- struct{}{}:
		s.severed = true
		<-s.reading
	case <-grace.C:
	}
}
