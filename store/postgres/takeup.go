package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// takeUp gets the server going that we own: it takes over the one that runs, or starts it, on a new cluster when
// there is none.
func (s *Server) takeUp(ctx context.Context) error {
	major, err := s.dir.version()
	if err != nil {
		return err
	}
	if major == 0 && s.at.known() {
		return fmt.Errorf("%s has vanished: bring it back, or restart the program to begin with an empty database", s.dir.cluster())
	}
	b, err := findBinaries(ctx, s.opts.BinDirectory, major)
	if err != nil {
		return err
	}
	if err := s.dir.as.checkAccess(s.dir.path, b); err != nil {
		return err
	}
	if major == 0 {
		if err := s.initialise(ctx, b); err != nil {
			return err
		}
	}
	password, err := s.dir.password()
	if err != nil {
		return err
	}
	s.setAccess(s.at, password)
	for attempt := 1; ; attempt++ {
		if adopted, err := s.adopt(ctx); adopted || err != nil {
			return err
		}
		err := s.startServer(ctx, b)
		if err == nil || attempt == maxAttempts || !s.dir.outrun(err) {
			return err
		}
	}
}

// maxAttempts is how often the server is started when it is outrun.
const maxAttempts = 5

// outrun tells whether our server may have ended because another was faster: one that a process before us started
// at the very moment that it was killed, and that had not said so in postmaster.pid when we looked.
func (d directory) outrun(err error) bool {
	_, noFile := d.pidFile()
	return errors.Is(err, errEnded) && noFile == nil
}

// adoptPatience is how long a server that says it is ready may refuse us: it may be about to end.
const adoptPatience = 5 * time.Second

// adopt takes over the server that a process before us has left running. It returns false when there is none.
func (s *Server) adopt(ctx context.Context) (bool, error) {
	began := time.Now()
	for {
		pid, err := s.dir.pidFile()
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return false, nil
		case err != nil:
			return false, err
		case !s.dir.alive(pid.pid):
			busy, err := s.dir.clearStale(pid.pid)
			if err != nil || !busy || time.Since(began) > orphanPatience {
				return false, err
			}
		case pid.ready():
			err := s.adoptReady(ctx, pid)
			if err == nil || time.Since(began) > adoptPatience {
				return err == nil, err
			}
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return false, fmt.Errorf("wait for the PostgreSQL (process %d, %s) that is here: %w", pid.pid, pid.status, err)
		}
	}
}

func (s *Server) adoptReady(ctx context.Context, pid pidFile) error {
	before := s.at
	s.setAccess(pid.at, s.password)
	if err := s.prepare(ctx); err != nil {
		s.setAccess(before, s.password)
		return fmt.Errorf("a PostgreSQL (process %d) runs here that cannot be used: %w", pid.pid, err)
	}
	s.setProcess(s.dir.watchPID(pid.pid))
	s.events.adopted(pid.pid, pid.at)
	return nil
}
