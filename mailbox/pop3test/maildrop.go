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

// maildrop is what a user's messages lie in.
type maildrop struct {
	password string
	token    string // taken by XOAUTH2, "" for none
	messages []*Message
	locked   bool // by a session (RFC 1939 §4)
}

// maildrop returns the user's maildrop, which it makes when there is none. The server is locked.
func (s *Server) maildrop(user string) *maildrop {
	d := s.maildrops[user]
	if d == nil {
		d = &maildrop{password: DefaultPassword}
		s.maildrops[user] = d
	}
	return d
}

// SetPassword gives a user, who need not exist, a password; that of others is DefaultPassword.
func (s *Server) SetPassword(user, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.maildrop(user).password = password
}

// SetToken gives a user, who need not exist, an access token for XOAUTH2.
func (s *Server) SetToken(user, token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.maildrop(user).token = token
}

// hasToken reports whether a token is that of a user.
func (s *Server) hasToken(user, token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.maildrops[user]
	return d != nil && d.token != "" && d.token == token
}

// Add puts a message into the user's maildrop, which is made when there is none, and returns its unique-id. A session
// that is open does not see it.
func (s *Server) Add(user string, octets []byte) string {
	s.mu.Lock()
	s.serial++
	uidl := fmt.Sprintf("%08x.%08x", 0x5eed, s.serial)
	s.mu.Unlock()
	s.AddUIDL(user, uidl, octets)
	return uidl
}

// AddUIDL is Add with a unique-id that the caller chooses, be it one that is not unique or not allowed.
func (s *Server) AddUIDL(user, uidl string, octets []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.maildrop(user)
	d.messages = append(d.messages, &Message{UIDL: uidl, Octets: slices.Clone(octets)})
}

// Replace puts octets in the place of the user's message with a unique-id, as a server does that changes what lies there;
// nil takes the message out.
func (s *Server) Replace(user, uidl string, octets []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.maildrop(user)
	d.messages = slices.Clone(d.messages) // a session that is open keeps its own
	i := slices.IndexFunc(d.messages, func(m *Message) bool { return m.UIDL == uidl })
	switch {
	case i >= 0 && octets == nil:
		d.messages = slices.Delete(d.messages, i, i+1)
	case i >= 0:
		d.messages[i] = &Message{UIDL: uidl, Octets: slices.Clone(octets)}
	}
}

// Messages returns what is in the user's maildrop, oldest first.
func (s *Server) Messages(user string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Message
	for _, m := range s.maildrop(user).messages {
		all = append(all, *m)
	}
	return all
}

// Count is how many messages are in the user's maildrop.
func (s *Server) Count(user string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.maildrop(user).messages)
}

// logIn locks the user's maildrop for a session; refusal is why not, with its response code (RFC 2449 §8.1.2,
// RFC 3206 §5). A token counts like the password: who has one has shown it by XOAUTH2.
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

// remove takes messages out of a maildrop, unless the server is told to forget that.
func (s *Server) remove(d *maildrop, gone map[*Message]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.forgetDeletes {
		return
	}
	d.messages = slices.DeleteFunc(d.messages, func(m *Message) bool { return gone[m] })
}
