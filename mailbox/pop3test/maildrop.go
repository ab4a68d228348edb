package pop3test

import (
	"fmt"
	"slices"
)

// Message is one message of a maildrop.
type Message struct {
	UIDL   string
	Octets []byte
}

// maildrop holds a user's messages.
type maildrop struct {
	password string
	token    string // accepted by XOAUTH2, "" for none
	messages []*Message
	locked   bool // by a session (RFC 1939 §4)
}

// maildrop returns the user's maildrop, and creates it if needed. The caller holds s.mu.
func (s *Server) maildrop(user string) *maildrop {
	d := s.maildrops[user]
	if d == nil {
		d = &maildrop{password: DefaultPassword}
		s.maildrops[user] = d
	}
	return d
}

// SetPassword sets the password of a user, who need not exist yet; others have DefaultPassword.
func (s *Server) SetPassword(user, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.maildrop(user).password = password
}

// SetToken sets the access token for XOAUTH2 of a user, who need not exist yet.
func (s *Server) SetToken(user, token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.maildrop(user).token = token
}

// hasToken reports whether the token is the user's.
func (s *Server) hasToken(user, token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.maildrops[user]
	return d != nil && d.token != "" && d.token == token
}

// Add puts a message into the user's maildrop, which it creates if needed, and returns the message's unique-id. Open
// sessions do not see it.
func (s *Server) Add(user string, octets []byte) string {
	s.mu.Lock()
	s.serial++
	uidl := fmt.Sprintf("%08x.%08x", 0x5eed, s.serial)
	s.mu.Unlock()
	s.AddUIDL(user, uidl, octets)
	return uidl
}

// AddUIDL adds a message like Add, with a unique-id that may be used already, or not be allowed.
func (s *Server) AddUIDL(user, uidl string, octets []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.maildrop(user)
	d.messages = append(d.messages, &Message{UIDL: uidl, Octets: slices.Clone(octets)})
}

// Replace replaces the octets of the user's message with a unique-id, like a server that changes its messages; nil
// removes the message.
func (s *Server) Replace(user, uidl string, octets []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.maildrop(user)
	d.messages = slices.Clone(d.messages) // open sessions keep their own list
	i := slices.IndexFunc(d.messages, func(m *Message) bool { return m.UIDL == uidl })
	switch {
	case i >= 0 && octets == nil:
		d.messages = slices.Delete(d.messages, i, i+1)
	case i >= 0:
		d.messages[i] = &Message{UIDL: uidl, Octets: slices.Clone(octets)}
	}
}

// Messages returns the messages in the user's maildrop, oldest first.
func (s *Server) Messages(user string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Message
	for _, m := range s.maildrop(user).messages {
		all = append(all, *m)
	}
	return all
}

// Count returns how many messages are in the user's maildrop.
func (s *Server) Count(user string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.maildrop(user).messages)
}

// logIn locks the user's maildrop for a session, or returns a refusal with its response code (RFC 2449 §8.1.2, RFC 3206
// §5). It accepts a token like the password, as XOAUTH2 has checked it.
func (s *Server) logIn(user, secret string) (d *maildrop, messages []*Message, refusal string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, known := s.maildrops[user]
	switch {
	case !known || d.password != secret && (d.token == "" || d.token != secret):
		return nil, nil, "[AUTH] invalid user name or password"
	case d.locked:
		return nil, nil, "[IN-USE] another session has the maildrop locked"
	}
	d.locked = true
	if s.renewUIDLs {
		for _, m := range d.messages {
			s.renewed++
			m.UIDL = fmt.Sprintf("renewed-%d", s.renewed)
		}
	}
	return d, slices.Clone(d.messages), ""
}

// logOut releases a maildrop.
func (s *Server) logOut(d *maildrop) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.locked = false
}

// remove removes messages from a maildrop, unless ForgetDeletes was called.
func (s *Server) remove(d *maildrop, gone map[*Message]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.forgetDeletes {
		return
	}
	d.messages = slices.DeleteFunc(d.messages, func(m *Message) bool { return gone[m] })
}
