package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
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

// startServer starts the server. It moves to another port when the one of last time is taken, except when it is
// started again within this process' life: its users know the port.
func (s *Server) startServer(ctx context.Context, b binaries) error {
	began := time.Now()
	again := s.port != 0
	deadline := began.Add(orphanPatience)
	for {
		port := s.port
		if !again {
			port = s.dir.choosePort()
		}
		p, said, err := s.try(ctx, b, port)
		if err == nil {
			s.setAccess(port, s.password)
			return s.ready(ctx, p, b, began)
		}
		waiting := strings.Contains(said, "pre-existing shared memory block") && time.Now().Before(deadline)
		moving := !again && !portFree(port)
		if !errors.Is(err, errEnded) || !waiting && !moving {
			return fmt.Errorf("start PostgreSQL %s: %w: %s (all of it: %s)", b.version, err, said, s.dir.file("server.log"))
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

// orphanPatience is how long we wait for the last processes of a killed server: each ends when it next looks
// whether its server is still there.
const orphanPatience = 20 * time.Second

// try starts the server once and returns what it said when it ended.
func (s *Server) try(ctx context.Context, b binaries, port int) (_ *postmaster, said string, err error) {
	log, err := s.dir.openLog()
	if err != nil {
		return nil, "", err
	}
	defer log.Close()
	from, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, "", err
	}
	p, err := s.dir.launch(b, log, port, s.opts.Disposable)
	if err != nil {
		return nil, "", err
	}
	if err := s.dir.waitReady(ctx, p); err != nil {
		tail := make([]byte, 4096)
		n, _ := log.ReadAt(tail, from) // a log that cannot be read says nothing
		return nil, lastLines(string(tail[:n])), err
	}
	return p, "", nil
}

func (s *Server) ready(ctx context.Context, p *postmaster, b binaries, began time.Time) error {
	err := s.prepare(ctx)
	if err == nil {
		err = s.dir.write("port", strconv.Itoa(s.port)+"\n")
	}
	if err != nil {
		return errors.Join(err, p.shutDown(ctx))
	}
	s.setProcess(p)
	s.events.started(p.pid, s.port, b, time.Since(began))
	return nil
}

// logLimit is the size in octets at which the log is begun anew, when the server starts.
const logLimit = 8 << 20

func (d directory) openLog() (*os.File, error) {
	if info, err := os.Lstat(d.file("server.log")); err == nil && info.Size() > logLimit {
		if err := os.Rename(d.file("server.log"), d.file("server.log.1")); err != nil {
			return nil, err
		}
	}
	return d.open("server.log", os.O_RDWR|os.O_APPEND|os.O_CREATE)
}

// choosePort returns the port of last time, or one that is free now. It lies below those that the operating
// system gives to outgoing connections (32768 and up, RFC 6056), so that it stays free while the server restarts.
func (d directory) choosePort() int {
	if port := d.rememberedPort(); port != 0 && portFree(port) {
		return port
	}
	for {
		if port := 20000 + rand.IntN(12000); portFree(port) {
			return port
		}
	}
}

func portFree(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	l.Close()
	return true
}

// prepare makes sure that the server is ours and has our database.
func (s *Server) prepare(ctx context.Context) error {
	return s.connected(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		var there bool
		err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, Database).Scan(&there)
		if err != nil || there {
			return err
		}
		_, err = conn.Exec(ctx, `CREATE DATABASE `+Database)
		return err
	})
}

// probe tells whether the server that another process owns is there and prepared.
func (s *Server) probe(ctx context.Context) error {
	return s.connected(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		var there bool
		err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, Database).Scan(&there)
		if err == nil && !there {
			err = errors.New("its database is not there yet")
		}
		return err
	})
}

// connectTimeout bounds a connection over loopback to a server that is ready.
const connectTimeout = 10 * time.Second

// connected logs in and checks that the server is the one of our data directory.
func (s *Server) connected(ctx context.Context, f func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		return fmt.Errorf("log in at port %d: %w", s.port, err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var path string
	if err := conn.QueryRow(ctx, `SHOW data_directory`).Scan(&path); err != nil {
		return err
	}
	if !sameDirectory(path, s.dir.cluster()) {
		return fmt.Errorf("at port %d is the PostgreSQL of %s", s.port, path)
	}
	return f(ctx, conn)
}

func sameDirectory(a, b string) bool {
	if filepath.Clean(a) == filepath.Clean(b) {
		return true
	}
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}
