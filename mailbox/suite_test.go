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
	"mailintegration/mailbox/pop3test"
)

// server is what a session test needs of a server, be it pop3test or a real one.
type server interface {
	account(user string, security mailbox.Security) mailbox.Account
	deliver(user string, octets []byte)
	count(user string) int
	idle() // waits until no session holds a maildrop
}

// fake is a pop3test server for each kind of security.
type fake struct {
	t     *testing.T
	plain *pop3test.Server // with STLS
}

func newFake(t *testing.T) server {
	return &fake{t: t, plain: pop3test.Run(t, pop3test.Options{TLS: pop3test.STLS})}
}

func (f *fake) account(user string, security mailbox.Security) mailbox.Account {
	return account(f.plain, user, security)
}

func (f *fake) deliver(user string, octets []byte) { f.plain.Add(user, octets) }
func (f *fake) count(user string) int              { return f.plain.Count(user) }

func (f *fake) idle() {
	if err := f.plain.Idle(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

// account is a user's account on a pop3test server.
func account(srv *pop3test.Server, user string, security mailbox.Security) mailbox.Account {
	return mailbox.Account{
		Server: srv.Host(), Port: srv.Port(), Security: security,
		UserName: user, Password: pop3test.DefaultPassword,
		Roots: srv.Roots(), StepTimeout: 20 * time.Second,
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

// octetsOf reads a spool whole, checks its digest and closes it.
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
		t.Error("the digest is not that of the octets")
	}
	return b
}

// mail is a small message.
func mail(n int) []byte {
	return fmt.Appendf(nil, "From: a@example.com\r\nSubject: %d\r\n\r\nline\r\n.\r\n..two\r\n", n)
}

// bigMail is a message of about size octets, with lines that begin with dots.
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
