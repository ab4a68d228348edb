package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// adoptOrStart adopts a running server, or starts one, on a new cluster when there is none. The caller owns the server.
func (s *Server) adoptOrStart(ctx context.Context) error {
	major, err := s.dir.version()
	if err != nil {
		return err
	}
	if major == 0 && s.at.known() {
		return fmt.Errorf("%s has vanished: restore it, or restart this program to begin with an empty database", s.dir.cluster())
	}
	b, err := findBinaries(ctx, s.opts.BinDirectory, major)
	if err != nil {
		return err
	}
	if err := s.dir.account.checkAccess(s.dir.path, b); err != nil {
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
		if err == nil || attempt == maxAttempts || !s.dir.isOutrun(err) {
			return err
		}
	}
}

// maxAttempts limits how often adoptOrStart starts the server when another server outruns it.
const maxAttempts = 5

// isOutrun reports whether our server may have ended because another one was faster: an earlier process started that
// one at the very moment it was killed, and it had not written postmaster.pid yet when we looked.
func (d directory) isOutrun(err error) bool {
	_, noFile := d.pidFile()
	return errors.Is(err, errEnded) && noFile == nil
}

// adoptPatience is how long adopt waits for a server that is ready but refuses us: it may be about to end.
const adoptPatience = 5 * time.Second

// adopt takes over the server that an earlier process left running. It returns false when there is none.
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
			return false, fmt.Errorf("wait for the PostgreSQL that runs here already (process %d, %s): %w", pid.pid, pid.status, err)
		}
	}
}

// adoptReady takes over a server that is ready.
func (s *Server) adoptReady(ctx context.Context, pid pidFile) error {
	before := s.at
	s.setAccess(pid.at, s.password)
	err := s.prepare(ctx)
	if err == nil {
		err = s.dir.notePrepared()
	}
	if err != nil {
		s.setAccess(before, s.password)
		return fmt.Errorf("the PostgreSQL that runs here already (process %d) cannot be used: %w", pid.pid, err)
	}
	s.setProcess(s.dir.watchPID(pid.pid))
	s.events.adopted(pid.pid, pid.at)
	return nil
}
