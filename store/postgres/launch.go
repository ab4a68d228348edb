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
// started again within this process' life: its users know where it was.
func (s *Server) startServer(ctx context.Context, b binaries) error {
	began := time.Now()
	again := s.at.known()
	deadline := began.Add(orphanPatience)
	for {
		at, err := s.at, error(nil)
		if !again {
			at, err = s.choose()
		}
		if err != nil {
			return err
		}
		p, said, err := s.try(ctx, b, at)
		if err == nil {
			s.setAccess(at, s.password)
			return s.ready(ctx, p, b, began)
		}
		waiting := strings.Contains(said, "pre-existing shared memory block") && time.Now().Before(deadline)
		moving := !again && at.socket == "" && !portFree(at.port)
		if !errors.Is(err, errEnded) || !waiting && !moving {
			return fmt.Errorf("start PostgreSQL %s: %w: %s (all of it: %s)", b.version, err, said, s.dir.file("server.log"))
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

// choose returns where a server that is started now is to listen: at a socket where there can be one, since nobody else
// can pretend to be the server there, otherwise at a port.
func (s *Server) choose() (address, error) {
	if !s.opts.Disposable {
		socket, err := s.socket()
		if err != nil {
			return address{}, err
		}
		if socket != "" {
			return address{socket: socket, port: socketNumber}, nil
		}
	}
	port, err := s.dir.choosePort()
	return address{port: port}, err
}

// orphanPatience is how long we wait for the last processes of a killed server: each ends when it next looks
// whether its server is still there.
const orphanPatience = 20 * time.Second

// try starts the server once and returns what it said when it ended.
func (s *Server) try(ctx context.Context, b binaries, at address) (_ *postmaster, said string, err error) {
	if err := s.dir.clearSocket(at); err != nil {
		return nil, "", err
	}
	log, err := s.dir.openLog()
	if err != nil {
		return nil, "", err
	}
	defer log.Close()
	from, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, "", err
	}
	p, err := s.dir.launch(b, log, at, s.opts.Disposable)
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
	if err == nil && s.at.socket == "" {
		err = s.dir.write("port", strconv.Itoa(s.at.port)+"\n")
	}
	if err != nil {
		return errors.Join(err, p.shutDown(ctx))
	}
	s.setProcess(p)
	s.events.started(p.pid, s.at, b, time.Since(began))
	return nil
}

// logLimit is the size in octets at which the log is begun anew, when the server starts.
const logLimit = 8 << 20

func (d directory) openLog() (*os.File, error) {
	if info, err := d.root.Lstat("server.log"); err == nil && info.Size() > logLimit {
		if err := d.root.Rename("server.log", "server.log.1"); err != nil {
			return nil, err
		}
	}
	return d.open("server.log", os.O_RDWR|os.O_APPEND|os.O_CREATE)
}

// choosePort returns the port of last time, or one that is free now. It lies below those that the operating
// system gives to outgoing connections (32768 and up, RFC 6056), so that it stays free while the server restarts.
func (d directory) choosePort() (int, error) {
	port, err := d.rememberedPort()
	for err == nil && (port == 0 || !portFree(port)) {
		port = 20000 + rand.IntN(12000)
	}
	return port, err
}

func portFree(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	l.Close()
	return true
}
