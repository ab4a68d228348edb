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
	type result struct {
		octets []byte
		err    error
	}
	read := make(chan result, 1)
	go func() {
		octets := make([]byte, len(p)) // p belongs to the caller again after a stop
		n, err := s.from.Read(octets)
		read <- result{octets[:n], err}
	}()
	select {
	case <-s.ctx.Done():
		return 0, s.ctx.Err()
	case got := <-read:
		return copy(p, got.octets), got.err
	}
}

// given returns standard input.
func (e *env) given() io.Reader { return stoppable{e.ctx, e.stdin} }

// openGiven opens a file that may be a pipe, whose opening waits for a program that writes to it. instead describes, for a hint, what
// to name.
func (e *env) openGiven(name, instead string) (io.ReadCloser, error) {
	type result struct {
		file *os.File
		err  error
	}
	opened := make(chan result, 1)
	go func() {
		f, err := os.Open(name)
		opened <- result{f, err}
	}()
	select {
	case <-e.ctx.Done():
		return nil, e.ctx.Err()
	case got := <-opened:
		if got.err != nil {
			return nil, unreadable(got.err, instead)
		}
		return struct {
			io.Reader
			io.Closer
		}{stoppable{e.ctx, got.file}, got.file}, nil
	}
}
