package dovecottest

import (
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mailintegration/mailbox/pop3test"
)

// Stop ends Dovecot. Its ports refuse connections until Restart.
func (s *Server) Stop() {
	if s.remote == nil {
		s.process.stop()
		return
	}
	s.remote.call("Stop", s.remote.number, new(struct{}))
}

// Restart ends Dovecot if it runs, and starts it again on its ports, with its files as they are now.
func (s *Server) Restart() {
	s.tb.Helper()
	s.process.stop()
	p, err := start(s.program, s.dir, s.credentials)
	if err != nil {
		s.tb.Fatalf("restart Dovecot: %v", err)
	}
	s.process = p
	s.tb.Cleanup(p.stop)
}

// Certify gives the server another certificate, of another authority. Dovecot uses it after Restart.
func (s *Server) Certify(c pop3test.Certificate) {
	s.tb.Helper()
	s.certify(c)
}

// WriteRoots writes the authority that issued the server's certificate to a PEM file.
func (s *Server) WriteRoots(tb testing.TB, path string) {
	tb.Helper()
	octets := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.root.Raw})
	if err := os.WriteFile(path, octets, 0o644); err != nil {
		tb.Fatal(err)
	}
}

// SetPasswords replaces all users and passwords of a server that was started with Options.Users. Dovecot notices it within a
// second, by the size and the time of the file.
func (s *Server) SetPasswords(passwords map[string]string) {
	s.tb.Helper()
	s.write("users.new", usersOf(passwords))
	s.mu.Lock()
	s.serial++
	later := time.Now().Add(time.Duration(s.serial) * time.Minute)
	s.mu.Unlock()
	s.must(os.Chtimes(filepath.Join(s.dir, "users.new"), later, later))
	s.must(os.Rename(filepath.Join(s.dir, "users.new"), filepath.Join(s.dir, "users")))
}
