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

// startServer starts the server. It takes another port when another program has taken the last one, except when the
// server restarts during the life of this process: its users know the address.
func (s *Server) startServer(ctx context.Context, b binaries) error {
	began := time.Now()
	isRestart := s.at.known()
	deadline := began.Add(orphanPatience)
	for {
		at, err := s.at, error(nil)
		if !isRestart {
			at, err = s.choose()
		}
		if err != nil {
			return err
		}
		p, output, err := s.try(ctx, b, at)
		if err == nil {
			s.setAccess(at, s.password)
			return s.ready(ctx, p, b, began)
		}
		waiting := strings.Contains(output, "pre-existing shared memory block") && time.Now().Before(deadline)
		moving := !isRestart && at.socket == "" && !portFree(at.port)
		if !errors.Is(err, errEnded) || !waiting && !moving {
			return fmt.Errorf("start PostgreSQL %s: %w: %s (see %s)", b.version, err, output, s.dir.file("server.log"))
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

// choose returns the address for a new server: a socket where there can be one, because nobody else can pretend to be
// the server there, otherwise a port.
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

// orphanPatience is how long startServer and adopt wait for the last processes of a killed server. Each of them ends
// when it next checks whether its server still runs.
const orphanPatience = 20 * time.Second

// try starts the server once. When the server ends instead of becoming ready, try returns the end of its output.
func (s *Server) try(ctx context.Context, b binaries, at address) (_ *postmaster, output string, err error) {
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
	p, err := s.dir.launch(b, log, at, s.opts)
	if err != nil {
		return nil, "", err
	}
	if err := s.dir.waitReady(ctx, p); err != nil {
		tail := make([]byte, 4096)
		n, _ := log.ReadAt(tail, from) // a log that cannot be read has no output
		return nil, lastLines(string(tail[:n])), err
	}
	return p, "", nil
}

// ready prepares a server that has started, and stops it when that fails.
func (s *Server) ready(ctx context.Context, p *postmaster, b binaries, began time.Time) error {
	err := s.prepare(ctx)
	if err == nil && s.at.socket == "" {
		err = s.dir.write("port", strconv.Itoa(s.at.port)+"\n")
	}
	if err == nil {
		err = s.dir.notePrepared()
	}
	if err != nil {
		return errors.Join(err, p.shutDown(ctx))
	}
	s.setProcess(p)
	s.events.started(p.pid, s.at, b, time.Since(began))
	return nil
}

// logLimit is the size in octets from which a start of the server begins a new log.
const logLimit = 8 << 20

// openLog opens the server's log. It keeps one log that has reached logLimit as server.log.1.
func (d directory) openLog() (*os.File, error) {
	if info, err := d.root.Lstat("server.log"); err == nil && info.Size() > logLimit {
		if err := d.root.Rename("server.log", "server.log.1"); err != nil {
			return nil, err
		}
	}
	return d.open("server.log", os.O_RDWR|os.O_APPEND|os.O_CREATE)
}

// choosePort returns the port of the last start if it is free, or another free one. The port lies below the ports that
// the operating system gives to outgoing connections (32768 and up, RFC 6056), so that it stays free while the server
// restarts.
func (d directory) choosePort() (int, error) {
	port, err := d.rememberedPort()
	for err == nil && (port == 0 || !portFree(port)) {
		port = 20000 + rand.IntN(12000)
	}
	return port, err
}

// portFree reports whether a port of the loopback interface is free.
func portFree(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	l.Close()
	return true
}
