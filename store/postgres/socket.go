package postgres

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// socketDirectory is where the server's socket is.
func (d directory) socketDirectory() string { return d.file("socket") }

// maxSocketPath is the longest name of a socket: sun_path is 108 octets on Linux, 104 with the BSDs, with a zero at its end.
func maxSocketPath() int {
	if runtime.GOOS == "linux" {
		return 107
	}
	return 103
}

// socket makes the directory for the server's socket and returns it, "" when the server cannot have one here: on Windows,
// where the path is too long, or on a file system that has no sockets.
func (s *Server) socket() (string, error) {
	path := address{s.dir.socketDirectory(), socketNumber}.file()
	if runtime.GOOS == "windows" {
		return "", nil
	}
	if len(path) > maxSocketPath() {
		s.events.noSocket(fmt.Errorf("%s is longer than the %d octets that the name of a socket may have", path, maxSocketPath()))
		return "", nil
	}
	if err := s.dir.makeSocketDirectory(); err != nil {
		return "", err
	}
	if err := trySocket(s.dir.file("socket/try")); err != nil {
		s.events.noSocket(err)
		return "", nil
	}
	return s.dir.socketDirectory(), nil
}

// trySocket makes a socket and removes it.
func trySocket(path string) error {
	_ = os.Remove(path) // of a process that was killed
	l, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	return l.Close()
}

// makeSocketDirectory makes the directory, which is for the server's account alone. Root passes everywhere.
func (d directory) makeSocketDirectory() error {
	err := d.root.Mkdir("socket", 0o700)
	if err == nil {
		return d.as.own(d.root, "socket")
	}
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := d.root.Lstat("socket")
	if err != nil {
		return err
	}
	if why := d.as.distrustSocketDirectory(info); why != "" {
		return fmt.Errorf("%s %s: remove it, it is made again", d.socketDirectory(), why)
	}
	return nil
}

// clearSocket removes the lock of a socket whose server is gone. PostgreSQL would take any process of that number for the
// server, as there regularly is one after a container was started anew. It removes the socket itself.
func (d directory) clearSocket(at address) error {
	if at.socket == "" {
		return nil
	}
	if err := d.makeSocketDirectory(); err != nil {
		return err
	}
	name := "socket/.s.PGSQL." + strconv.Itoa(at.port) + ".lock"
	f, err := d.openOwned(name, os.O_RDONLY, d.as.servers())
	text, err := readAll(f, err)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(text, "\n")
	if pid, err := strconv.Atoi(first); err == nil && d.alive(pid) {
		return nil
	}
	return d.root.Remove(name)
}
