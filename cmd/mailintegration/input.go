package main

import (
	"context"
	"io"
	"os"
)

// stoppable is an input that a person or another program gives, perhaps never. The stop of this program ends the wait for it.
type stoppable struct {
	ctx  context.Context
	from io.Reader
}

// Read implements io.Reader. After a stop, a read that goes on may take octets that nobody gets.
func (s stoppable) Read(p []byte) (int, error) {
	octets, err := unlessStopped(s.ctx, func() ([]byte, error) {
		octets := make([]byte, len(p)) // p belongs to the caller again after a stop
		n, err := s.from.Read(octets)
		return octets[:n], err
	})
	return copy(p, octets), err
}

// unlessStopped does what may wait for ever, in a goroutine of its own, and returns its result. When ctx ends first, the goroutine is
// left alone and the error is that of ctx.
func unlessStopped[T any](ctx context.Context, do func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := do()
		done <- result{value, err}
	}()
	select {
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	case got := <-done:
		return got.value, got.err
	}
}

// given returns standard input.
func (e *env) given() io.Reader { return stoppable{e.ctx, e.stdin} }

// openGiven opens a file that may be a pipe, whose opening waits for a program that writes to it. instead describes, for a hint, what
// to name.
func (e *env) openGiven(name, instead string) (io.ReadCloser, error) {
	f, err := unlessStopped(e.ctx, func() (*os.File, error) {
		f, err := os.Open(name)
		if err != nil {
			return nil, unreadable(err, instead)
		}
		return f, nil
	})
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{stoppable{e.ctx, f}, f}, nil
}
