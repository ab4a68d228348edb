package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// takeUp gets the server going that we own: it takes over the one that runs, or starts it, on a new cluster when
// there is none.
func (s *Server) takeUp(ctx context.Context) error {
	major, err := s.dir.version()
	if err != nil {
		return err
	}
	if major == 0 && s.port != 0 {
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
	s.setAccess(s.port, password)
	if adopted, err := s.adopt(ctx); adopted || err != nil {
		return err
	}
	return s.startServer(ctx, b)
}

// adopt takes over the server that a process before us has left running. It returns false when there is none.
func (s *Server) adopt(ctx context.Context) (bool, error) {
	for {
		pid, err := s.dir.pidFile()
		if errors.Is(err, fs.ErrNotExist) || err == nil && !s.dir.alive(pid.pid) {
			return false, s.dir.clearStale(pid.pid)
		}
		if err != nil {
			return false, err
		}
		if pid.ready() {
			err := s.adoptReady(ctx, pid)
			if err == nil || !isShuttingDown(err) && s.dir.alive(pid.pid) {
				return err == nil, err
			}
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil { // it is starting or stopping
			return false, fmt.Errorf("wait for the PostgreSQL (process %d) that is %s here: %w", pid.pid, pid.status, err)
		}
	}
}

func (s *Server) adoptReady(ctx context.Context, pid pidFile) error {
	before := s.port
	s.setAccess(pid.port, s.password)
	if err := s.prepare(ctx); err != nil {
		s.setAccess(before, s.password)
		return fmt.Errorf("a PostgreSQL (process %d) runs here that cannot be used: %w", pid.pid, err)
	}
	s.setProcess(s.dir.watchPID(pid.pid))
	s.events.adopted(pid.pid, pid.port)
	return nil
}

// isShuttingDown tells whether the server has begun to stop: SQLSTATE 57P03, cannot_connect_now, or 57P01,
// admin_shutdown (PostgreSQL's documentation, appendix A).
func isShuttingDown(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && (pgErr.Code == "57P03" || pgErr.Code == "57P01")
}
