package demo

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"mailintegration/mailbox/pop3test"
)

// maxOctets bounds the size of one message.
const maxOctets = 50 << 20

// MailServer accepts mail over SMTP, from any mail program, for the users of a POP3 server.
type MailServer struct {
	SMTP string // host:port
	smtp *smtp.Server
	done chan error
}

// StartMailServer listens at address and delivers each message to the maildrops of its recipients. The local-part of a
// recipient's address is the user; the server refuses an address of no user with 550.
func StartMailServer(address string, maildrops *pop3test.Server) (*MailServer, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for SMTP: %w", err)
	}
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &session{maildrops: maildrops}, nil
	}))
	s.Domain = "demo.localhost"
	s.MaxMessageBytes = maxOctets
	s.MaxRecipients = 100
	s.ReadTimeout = time.Minute
	s.WriteTimeout = time.Minute
	s.EnableSMTPUTF8 = true
	s.ErrorLog = silent{}
	m := &MailServer{SMTP: listener.Addr().String(), smtp: s, done: make(chan error, 1)}
	go func() { m.done <- s.Serve(listener) }()
	return m, nil
}

// Close closes the listener and the sessions.
func (m *MailServer) Close() error {
	err := m.smtp.Close()
	<-m.done
	return err
}

// Send delivers one message over SMTP, as any mail program would.
func (m *MailServer) Send(ctx context.Context, from, to string, octets []byte) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", m.SMTP)
	if err != nil {
		return fmt.Errorf("send to %s: %w", to, err)
	}
	client := smtp.NewClient(conn)
	defer client.Close()
	if err := client.SendMail(from, []string{to}, strings.NewReader(string(octets))); err != nil {
		return fmt.Errorf("send to %s: %w", to, err)
	}
	return client.Quit()
}

// Users are the names of the maildrops that accept mail.
var Users = []string{"servicedesk", "monitoring"}

// session is one SMTP session, with the envelope of the current message.
type session struct {
	maildrops  *pop3test.Server
	from       string
	recipients []string
}

var errNoUser = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user here"}

// Mail implements smtp.Session.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

// Rcpt implements smtp.Session.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	local, _, _ := strings.Cut(strings.ToLower(to), "@")
	if !slices.Contains(Users, local) {
		return errNoUser
	}
	s.recipients = append(s.recipients, local)
	return nil
}

// Data implements smtp.Session. Final delivery adds Return-Path and Received (RFC 5321 §4.4).
func (s *session) Data(r io.Reader) error {
	body, err := io.ReadAll(io.LimitReader(r, maxOctets+1))
	if err != nil {
		return err
	}
	for _, user := range s.recipients {
		trace := fmt.Sprintf("Return-Path: <%s>\r\nReceived: from localhost by demo.localhost with ESMTP for <%s>; %s\r\n",
			s.from, user, time.Now().Format(time.RFC1123Z))
		s.maildrops.Add(user, append([]byte(trace), body...))
	}
	return nil
}

// Reset implements smtp.Session.
func (s *session) Reset() { s.from, s.recipients = "", nil }

// Logout implements smtp.Session.
func (s *session) Logout() error { return nil }

var _ smtp.Session = (*session)(nil)

// silent discards the lines that go-smtp logs about clients that hang up.
type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}
