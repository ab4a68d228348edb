package mailbox_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/dovecottest"
	"mailintegration/mailbox/pop3test"
)

// server is what a session test needs of a server, be it pop3test or a real one.
type server interface {
	account(user string, security mailbox.Security) mailbox.Account
	deliver(user string, octets []byte)
	count(user string) int
}

// fake is pop3test: a server with STLS and one with implicit TLS, which are given the same mail.
type fake struct{ stls, implicit *pop3test.Server }

func newFake(t *testing.T) server {
	return fake{
		pop3test.Run(t, pop3test.Options{TLS: pop3test.STLS}),
		pop3test.Run(t, pop3test.Options{TLS: pop3test.ImplicitTLS}),
	}
}

func (f fake) account(user string, security mailbox.Security) mailbox.Account {
	if security == mailbox.SslOnConnect {
		return account(f.implicit, user, security)
	}
	return account(f.stls, user, security)
}

func (f fake) deliver(user string, octets []byte) {
	f.stls.Add(user, octets)
	f.implicit.Add(user, octets)
}

func (f fake) count(user string) int { return f.stls.Count(user) }

// dovecot is a real server.
type dovecot struct{ *dovecottest.Server }

func newDovecot(t *testing.T) server { return dovecot{dovecottest.Start(t, dovecottest.Options{})} }

func (d dovecot) account(user string, security mailbox.Security) mailbox.Account {
	a := mailbox.Account{
		Server: d.Host, Port: d.Port, Security: security,
		UserName: user, Password: dovecottest.DefaultPassword,
		Roots: d.Roots(), StepTimeout: 20 * time.Second,
	}
	if security == mailbox.SslOnConnect {
		a.Port = d.TLSPort
	}
	return a
}

func (d dovecot) deliver(user string, octets []byte) { d.Deliver(user, octets) }
func (d dovecot) count(user string) int              { return d.Count(user) }

// reopen opens a session once the server has noticed that the last one was dropped.
func reopen(t *testing.T, a mailbox.Account) *mailbox.Session {
	t.Helper()
	for {
		s, err := mailbox.Open(t.Context(), a)
		if errors.Is(err, mailbox.ErrMaildropLocked) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
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
