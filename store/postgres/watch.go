package postgres

import (
	"context"
	"time"
)

// watch starts the server again when it ends, and becomes its owner when the owner is gone. It ends with ctx.
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

// ownerInterval is how often those that share a server look whether its owner is gone.
const ownerInterval = 250 * time.Millisecond

// waitOwner returns when we have become the owner.
func (s *Server) waitOwner(ctx context.Context) error {
	for {
		if owned, err := s.own(); owned && err == nil {
			return nil
		}
		if err := pause(ctx, ownerInterval); err != nil {
			return err
		}
	}
}

// maxBackoff is the longest wait between two attempts to start the server again.
const maxBackoff = 30 * time.Second

// restart takes the server up until it succeeds.
func (s *Server) restart(ctx context.Context) error {
	wait := 100 * time.Millisecond
	for attempt := 1; ; attempt++ {
		err := s.takeUp(ctx)
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

func (s *Server) process() *postmaster {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proc
}

func (s *Server) setProcess(p *postmaster) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.proc = p
}

func (s *Server) setAccess(at address, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at, s.password = at, password
}
