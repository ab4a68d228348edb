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

// socketDirectory returns the directory of the server's socket.
func (d directory) socketDirectory() string { return d.file("socket") }

// maxSocketPath returns the length in octets of the longest path of a socket: sun_path has 108 octets on Linux and 104
// on the BSDs, with a zero at its end.
func maxSocketPath() int {
	if runtime.GOOS == "linux" {
		return 107
	}
	return 103
}

// socket makes the directory for the server's socket and returns it. It returns "" where the server cannot have a
// socket: on Windows, with a path that is too long, or on a file system without sockets.
func (s *Server) socket() (string, error) {
	path := address{s.dir.socketDirectory(), socketNumber}.file()
	if runtime.GOOS == "windows" {
		return "", nil
	}
	if len(path) > maxSocketPath() {
		s.events.noSocket(fmt.Errorf("the path %s is longer than the %d octets that a socket's path may have", path, maxSocketPath()))
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
	_ = os.Remove(path) // a killed process may have left it
	l, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	return l.Close()
}

// makeSocketDirectory makes the directory of the socket, for the server's account alone. Root can enter it all the
// same.
func (d directory) makeSocketDirectory() error {
	err := d.root.Mkdir("socket", 0o700)
	if err == nil {
		return d.account.giveToServer(d.root, "socket")
	}
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := d.root.Lstat("socket")
	if err != nil {
		return err
	}
	if why := d.account.distrustSocketDirectory(info); why != "" {
		return fmt.Errorf("%s %s: remove it, the next start makes it again", d.socketDirectory(), why)
	}
	return nil
}

// clearSocket removes the lock of a socket whose server is gone. PostgreSQL would take any process with that pid for
// the server, and after a container restarts there regularly is one. PostgreSQL removes the socket itself.
func (d directory) clearSocket(at address) error {
	if at.socket == "" {
		return nil
	}
	if err := d.makeSocketDirectory(); err != nil {
		return err
	}
	name := "socket/.s.PGSQL." + strconv.Itoa(at.port) + ".lock"
	f, err := d.openOwned(name, os.O_RDONLY, d.account.servers())
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
