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
	// fileGrace is for work that notices between two calls that its time is over, and tidies up.
	fileGrace = time.Second
)

// fileRunner runs work on files that may lie on a network fileRunner. No call into a file system can be interrupted, so work runs
// in a goroutine of its own, which is left behind when the fileRunner stops answering. As long as that goroutine has not
// returned, all other work fails at once: goroutines do not pile up, and no mailbox waits for what does not answer.
type fileRunner struct {
	limit func(octets int64) time.Duration // nil: fileLimit
	step  func(name string) error          // nil, or what a test does before a step; with its error the step fails

	mu        sync.Mutex
	abandoned int // goroutines that were left behind
}

// fileLimit is the time that work on so many octets may take.
func fileLimit(octets int64) time.Duration {
	return fileTimeout + time.Duration(octets/fileRate)*time.Second
}

// do runs work, which must touch nothing that others touch once do has returned an error. It returns within the limit
// and fileGrace. A panic is an error.
func (s *fileRunner) do(ctx context.Context, octets int64, work func(context.Context) error) error {
	return s.doReading(ctx, octets, new(atomic.Int32), work)
}

// doReading is do for work that also reads messages; reading counts the reads under way. Work that hangs in one is left
// behind as well, but that is the message's fault and says nothing of the file system.
func (s *fileRunner) doReading(ctx context.Context, octets int64, reading *atomic.Int32, work func(context.Context) error) error {
	if s.isStuck() {
		return fmt.Errorf("%w: a call made earlier has not returned", ErrHanging)
	}
	limit := fileLimit
	if s.limit != nil {
		limit = s.limit
	}
	within, cancel := context.WithTimeout(ctx, limit(octets))
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- withoutPanic(within, work) }()
	err, ended := wait(within, done)
	switch {
	case !ended && reading.Load() > 0:
		err = &overdueError{"reading the contents of the message", limit(octets)}
	case !ended:
		s.abandon(done)
		err = fmt.Errorf("%w: a call has not returned within %v", ErrHanging, limit(octets))
	case err != nil && within.Err() != nil && errors.Is(err, context.DeadlineExceeded):
		err = fmt.Errorf("%w: the work was not done within %v", ErrHanging, limit(octets))
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// wait returns the error of work; ended is false when the work goes on in spite of the end of ctx.
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

// abandon counts a goroutine as left behind until it returns.
func (s *fileRunner) abandon(done <-chan error) {
	s.add(1)
	go func() {
		<-done
		s.add(-1)
	}()
}

func (s *fileRunner) add(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.abandoned += n
}

func (s *fileRunner) isStuck() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.abandoned > 0
}

// beforeStep is called beforeStep each step that may hang, fail or be the last one beforeStep a crash, for tests.
func (s *fileRunner) beforeStep(step string) error {
	if s.step == nil {
		return nil
	}
	return s.step(step)
}

// onFiles is share.do for work that has a result.
func onFiles[T any](ctx context.Context, s *fileRunner, octets int64, work func(context.Context) (T, error)) (T, error) {
	result := make(chan T, 1)
	err := s.do(ctx, octets, func(ctx context.Context) error {
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

// severable is a raw message that can be taken away from a goroutine that was left behind: its octets belong to the
// caller, who closes them.
type severable struct {
	Raw
	reading chan struct{} // holds one token while octets are read
	severed bool          // changed only with the token
}

func newSeverable(raw Raw) *severable { return &severable{Raw: raw, reading: make(chan struct{}, 1)} }

// errSevered ends a read of what was taken away.
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

// sever waits for a read under way and lets no other one begin. A source that does not answer either, because it is a
// file on the same share, is left to its reader after a while: what is read then goes nowhere.
func (s *severable) sever() {
	patience := time.NewTimer(fileGrace)
	defer patience.Stop()
	select {
	case s.reading <- struct{}{}:
		s.severed = true
		<-s.reading
	case <-patience.C:
	}
}
