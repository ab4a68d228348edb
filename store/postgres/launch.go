package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

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
