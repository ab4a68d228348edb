package smtptest

import (
	"bytes"
	"io"
	"slices"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// newSession implements smtp.Backend.
func (s *Server) newSession(*smtp.Conn) (smtp.Session, error) { return &session{server: s}, nil }

// session is one SMTP session, with the envelope of the current message.
type session struct {
	server   *Server
	user     string
	from, to string
}

// AuthMechanisms implements smtp.AuthSession.
func (s *session) AuthMechanisms() []string { return s.server.options.Mechanisms }

// errRefused is the answer of Exchange Online to a wrong password or token.
var errRefused = &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 3}, Message: "Authentication unsuccessful"}

// Auth implements smtp.AuthSession.
func (s *session) Auth(mechanism string) (sasl.Server, error) {
	switch {
	case !slices.Contains(s.server.options.Mechanisms, mechanism):
		return nil, smtp.ErrAuthUnknownMechanism
	case mechanism == "PLAIN":
		return sasl.NewPlainServer(func(_, user, password string) error { return s.logIn(s.server.passwords, user, password) }), nil
	case mechanism == "LOGIN":
		return &login{session: s}, nil
	case mechanism == "XOAUTH2":
		return &xoauth2{session: s}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

// logIn compares a secret with the known one.
func (s *session) logIn(known map[string]string, user, secret string) error {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if want, found := known[user]; !found || want != secret {
		return errRefused
	}
	s.user = user
	return nil
}

// login is the mechanism LOGIN.
type login struct {
	session *session
	asked   int
	user    string
}

// Next implements sasl.Server.
func (l *login) Next(response []byte) (challenge []byte, done bool, err error) {
	l.asked++
	switch l.asked {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.session.logIn(l.session.server.passwords, l.user, string(response))
}

// xoauth2 is Google's and Microsoft's mechanism XOAUTH2. It gives the reason of a refusal as a challenge, which the client
// answers with an empty line.
type xoauth2 struct {
	session *session
	refused bool
}

// Next implements sasl.Server.
func (x *xoauth2) Next(response []byte) (challenge []byte, done bool, err error) {
	if x.refused {
		return nil, false, errRefused
	}
	if len(response) == 0 {
		return nil, false, nil
	}
	fields := bytes.Split(response, []byte{1})
	user, hasUser := bytes.CutPrefix(fields[0], []byte("user="))
	if hasUser && len(fields) > 1 {
		if token, is := bytes.CutPrefix(fields[1], []byte("auth=Bearer ")); is &&
			x.session.logIn(x.session.server.tokens, string(user), string(token)) == nil {
			return nil, true, nil
		}
	}
	x.refused = true
	return []byte(`{"status":"401","schemes":"bearer"}`), false, nil
}

// Mail implements smtp.Session.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

// Rcpt implements smtp.Session.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return nil
}

// Data implements smtp.Session.
func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.messages = append(s.server.messages, Message{User: s.user, From: s.from, To: s.to, Data: data})
	s.server.signal()
	return nil
}

// Reset implements smtp.Session.
func (s *session) Reset() { s.from, s.to = "", "" }

// Logout implements smtp.Session.
func (s *session) Logout() error { return nil }

var _ smtp.AuthSession = (*session)(nil)
