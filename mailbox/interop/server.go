package interop

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/dovecottest"
)

// The one user of every server.
const (
	User     = "helpdesk"
	Password = "secret"
)

// Traits are the differences between servers that a test must know.
type Traits struct {
	Name         string
	Capabilities bool  // knows CAPA (RFC 2449)
	Rewrites     bool  // adds header fields to delivered messages
	Growing      bool  // sends other octets than LIST says
	Locked       error // the class of the error that a second session gets, nil when there is no exclusive lock
}

// traits are the traits of all servers. The name is also the name of the layer and of the recipe.
var traits = []Traits{
	{Name: "dovecot", Capabilities: true, Locked: mailbox.ErrMaildropLocked},
	{Name: "popa3d"},
	{Name: "mailutils", Capabilities: true, Rewrites: true, Growing: true, Locked: mailbox.ErrMaildropLocked},
	{Name: "courier", Capabilities: true},
	{Name: "cyrus", Capabilities: true, Rewrites: true},
}

// Server is a running POP3 server.
type Server struct {
	Traits
	Account mailbox.Account // of User, without TLS

	tb      testing.TB
	deliver func(octets []byte)
}

// Chosen returns the servers that INTEROP names, by default all. An unknown name fails the test.
func Chosen(tb testing.TB) []string {
	tb.Helper()
	var all []string
	for _, t := range traits {
		all = append(all, t.Name)
	}
	chosen := strings.Fields(os.Getenv("INTEROP"))
	for _, name := range chosen {
		if !slices.Contains(all, name) {
			tb.Fatalf("INTEROP names %q; there are %q", name, all)
		}
	}
	if len(chosen) == 0 {
		return all
	}
	return chosen
}

// Start starts a server that ends with the test. The settings are shell lines for its recipe, which documents them.
func Start(tb testing.TB, name string, settings ...string) *Server {
	tb.Helper()
	i := slices.IndexFunc(traits, func(t Traits) bool { return t.Name == name })
	if i < 0 {
		tb.Fatalf("no POP3 server is named %q", name)
	}
	s := &Server{Traits: traits[i], tb: tb}
	s.Account = mailbox.Account{
		Server: "127.0.0.1", Security: mailbox.None, UserName: User, Password: Password,
		StepTimeout: 5 * time.Minute, SpoolDirectory: tb.TempDir(),
	}
	if name == "dovecot" {
		dovecot := dovecottest.Start(tb, dovecottest.Options{Users: map[string]string{User: Password}})
		s.Account.Port = dovecot.Port
		s.deliver = func(octets []byte) { dovecot.Deliver(User, octets) }
		return s
	}
	c := startContainer(tb, name, settings)
	s.Account.Port = c.port
	s.deliver = c.deliver
	return s
}

// Deliver puts messages into the user's maildrop in the server's own way. Their lines end in CRLF.
func (s *Server) Deliver(messages ...[]byte) {
	s.tb.Helper()
	for _, m := range messages {
		s.deliver(m)
	}
}

// lockPatience is how long a server may take to notice that the client dropped a session. It only ends what hangs.
const lockPatience = 5 * time.Minute

// Open opens a session that ends with the test. It retries while a dropped session still locks the maildrop.
func (s *Server) Open() *mailbox.Session {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(s.tb.Context(), lockPatience)
	defer cancel()
	retry := time.NewTicker(100 * time.Millisecond)
	defer retry.Stop()
	for {
		session, err := mailbox.Open(s.tb.Context(), s.Account)
		if err == nil {
			s.tb.Cleanup(func() { _ = session.Close() })
			return session
		}
		if !errors.Is(err, mailbox.ErrMaildropLocked) {
			s.tb.Fatal(err)
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			s.tb.Fatal(err)
		}
	}
}

// Count returns how many messages a new session finds in the maildrop.
func (s *Server) Count() int {
	s.tb.Helper()
	session := s.Open()
	items, err := session.List(s.tb.Context())
	if err != nil {
		s.tb.Fatal(err)
	}
	if err := session.Quit(s.tb.Context()); err != nil {
		s.tb.Fatal(err)
	}
	return len(items)
}
