package postgres

import (
	"context"
	"time"
)

// watch restarts the server when it ends, and becomes the owner when the owner is gone. It ends with ctx.
func (s *Server) watch(ctx context.Context) {
	defer close(s.watching)
	for {
		proc := s.process()
		if proc == nil {
			if s.waitOwner(ctx) != nil {
				return
			}
		} else {
			select {
			case <-ctx.Done():
				return
			case <-proc.ended:
				s.events.ended(proc.pid)
				s.setProcess(nil)
			}
		}
		if s.restart(ctx) != nil {
			return
		}
	}
}

// ownerInterval is the interval at which a process that shares the server checks whether the owner is gone.
const ownerInterval = 250 * time.Millisecond

// waitOwner waits until we have become the owner.
func (s *Server) waitOwner(ctx context.Context) error {
	for {
		if owned, err := s.becomeOwner(); owned && err == nil {
			return nil
		}
		if err := pause(ctx, ownerInterval); err != nil {
			return err
		}
	}
}

// maxBackoff is the longest wait between two attempts to restart the server.
const maxBackoff = 30 * time.Second

// restart adopts or starts the server, and tries again until it succeeds or ctx ends.
func (s *Server) restart(ctx context.Context) error {
	wait := 100 * time.Millisecond
	for attempt := 1; ; attempt++ {
		err := s.adoptOrStart(ctx)
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		s.events.restartFailed(attempt, wait, err)
		if err := pause(ctx, wait); err != nil {
			return err
		}
		wait = min(2*wait, maxBackoff)
	}
}

// process returns the server that we own, nil for none.
func (s *Server) process() *postmaster {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proc
}

// setProcess records the server that we own, nil for none.
func (s *Server) setProcess(p *postmaster) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.proc = p
}

// setAccess records the address of the server and the password of Role.
func (s *Server) setAccess(at address, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at, s.password = at, password
}
