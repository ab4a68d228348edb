package mailbox_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/dovecottest"
	"mailintegration/mailbox/pop3test"
)

// stepTimeout limits the steps of sessions whose server answers: a busy machine may take its time.
const stepTimeout = 3 * time.Minute

// server is a server for a session test: pop3test or a real one.
type server interface {
	account(user string) mailbox.Account
	deliver(user string, octets []byte)
	count(user string) int
	idle() // waits until no session holds a maildrop
}

// fake is a pop3test server.
type fake struct {
	t        *testing.T
	server   *pop3test.Server
	security mailbox.Security
}

// newFake returns a constructor of pop3test servers for accounts with that security.
func newFake(security mailbox.Security, o pop3test.Options) func(*testing.T) server {
	o.TLS = map[mailbox.Security]pop3test.TLSMode{
		mailbox.StartTLS: pop3test.STLS, mailbox.SslOnConnect: pop3test.ImplicitTLS,
	}[security]
	return func(t *testing.T) server { return &fake{t, pop3test.Run(t, o), security} }
}

func (f *fake) account(user string) mailbox.Account { return account(f.server, user, f.security) }
func (f *fake) deliver(user string, octets []byte)  { f.server.Add(user, octets) }
func (f *fake) count(user string) int               { return f.server.Count(user) }

func (f *fake) idle() {
	if err := f.server.Idle(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

// dovecot is a real server that all tests share; each test has its own users.
type dovecot struct {
	t        *testing.T
	server   *dovecottest.Server
	security mailbox.Security
}

// newDovecot returns a constructor for tests that share srv.
func newDovecot(srv *dovecottest.Server, security mailbox.Security) func(*testing.T) server {
	return func(t *testing.T) server { return &dovecot{t, srv, security} }
}

// user returns a user name that no other test uses.
func (d *dovecot) user(name string) string {
	return fmt.Sprintf("%s-%x", name, sha256.Sum256([]byte(d.t.Name())))[:40]
}

func (d *dovecot) account(user string) mailbox.Account {
	a := mailbox.Account{
		Server: d.server.Host, Port: d.server.Port, Security: d.security,
		UserName: d.user(user), Password: dovecottest.DefaultPassword,
		Roots: d.server.Roots(), StepTimeout: stepTimeout,
	}
	if d.security == mailbox.SslOnConnect {
		a.Port = d.server.TLSPort
	}
	return a
}

func (d *dovecot) deliver(user string, octets []byte) { d.server.Deliver(d.user(user), octets) }

func (d *dovecot) count(user string) int { return d.server.Count(d.user(user)) }

// idle waits until the user can log in: Dovecot notices with some delay that a client has left.
func (d *dovecot) idle() {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for late := time.Now().Add(stepTimeout); time.Now().Before(late); {
		s, err := mailbox.Open(d.t.Context(), d.account("helpdesk"))
		if err == nil {
			_ = s.Quit(d.t.Context()) // deletes nothing
			return
		}
		<-ticker.C
	}
	d.t.Fatal("the maildrop stays locked")
}

// account returns a user's account on a pop3test server.
func account(srv *pop3test.Server, user string, security mailbox.Security) mailbox.Account {
	return mailbox.Account{
		Server: srv.Host(), Port: srv.Port(), Security: security,
		UserName: user, Password: pop3test.DefaultPassword,
		Roots: srv.Roots(), StepTimeout: stepTimeout, GreetingPatience: time.Hour, // on a busy machine
	}
}

// open opens a session that ends with the test.
func open(t *testing.T, a mailbox.Account) *mailbox.Session {
	t.Helper()
	s, err := mailbox.Open(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// octetsOf reads the whole spool, checks its digest and closes it.
func octetsOf(t *testing.T, spool *mailbox.Spool) []byte {
	t.Helper()
	defer func() {
		if err := spool.Close(); err != nil {
			t.Error(err)
		}
	}()
	b, err := io.ReadAll(io.NewSectionReader(spool, 0, spool.Size()))
	if err != nil {
		t.Fatal(err)
	}
	if spool.Digest() != sha256.Sum256(b) {
		t.Error("the digest does not match the octets")
	}
	return b
}

// mail returns a small message.
func mail(n int) []byte {
	return fmt.Appendf(nil, "From: a@example.com\r\nSubject: %d\r\n\r\nline\r\n.\r\n..two\r\n", n)
}

// bigMail returns a message of about size octets, with lines that begin with dots.
func bigMail(size int) []byte {
	line := strings.Repeat("0123456789", 7) + "\r\n"
	b := bytes.NewBufferString("Subject: big\r\n\r\n")
	for i := 0; b.Len() < size; i++ {
		if i%10 == 0 {
			b.WriteByte('.')
		}
		b.WriteString(line)
	}
	return b.Bytes()
}
