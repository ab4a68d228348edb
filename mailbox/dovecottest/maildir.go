package dovecottest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// Deliver puts a message into the user's maildir. Dovecot numbers messages in the order of delivery, and sends a bare
// LF as CRLF.
func (s *Server) Deliver(user string, octets []byte) {
	s.tb.Helper()
	if s.remote != nil {
		s.remote.call("Deliver", Mail{s.remote.number, user, octets}, new(struct{}))
		return
	}
	home := filepath.Join("mail", user)
	maildir := filepath.Join(home, "Maildir")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.makeMaildir(home, maildir)
	s.serial++
	// The name has the message's sizes, as stored and with CRLF, like a delivery agent's: then LIST need not read the
	// file.
	withCRLF := len(octets) + bytes.Count(octets, []byte("\n")) - bytes.Count(octets, []byte("\r\n"))
	name := fmt.Sprintf("%d.M%dP%d.test,S=%d,W=%d", 1_700_000_000+s.serial, s.serial, os.Getpid(), len(octets), withCRLF)
	unfinished := filepath.Join(maildir, "tmp", name)
	s.write(unfinished, octets)
	s.chown(unfinished)
	s.must(os.Rename(filepath.Join(s.dir, unfinished), filepath.Join(s.dir, maildir, "new", name)))
}

// makeMaildir creates a user's directories if needed.
func (s *Server) makeMaildir(home, maildir string) {
	if _, err := os.Stat(filepath.Join(s.dir, maildir, "new")); err == nil {
		return
	}
	for _, d := range []string{home, maildir, maildir + "/tmp", maildir + "/cur", maildir + "/new"} {
		if err := os.Mkdir(filepath.Join(s.dir, d), 0o700); !os.IsExist(err) {
			s.must(err)
			s.chown(d)
		}
	}
}

// Count returns how many messages are in the user's maildir.
func (s *Server) Count(user string) int {
	s.tb.Helper()
	count := 0
	if s.remote != nil {
		s.remote.call("Count", Mail{Server: s.remote.number, User: user}, &count)
		return count
	}
	for _, sub := range []string{"new", "cur"} {
		entries, err := os.ReadDir(filepath.Join(s.dir, "mail", user, "Maildir", sub))
		if !os.IsNotExist(err) {
			s.must(err)
		}
		count += len(entries)
	}
	return count
}
