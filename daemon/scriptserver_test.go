package daemon

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// scriptMessage is one message of a scripted server's maildrop, and what the server has sent as that message.
type scriptMessage struct {
	name   string // for people
	uidl   string
	octets []byte
	digest [sha256.Size]byte
	served map[[sha256.Size]byte]bool // digests of texts that a client had to take for the message, without short ones
	shorts int                        // how often the server sent a text that was far too short
}

func newScriptMessage(name, uidl string, octets []byte) *scriptMessage {
	return &scriptMessage{
		name: name, uidl: uidl, octets: octets, digest: sha256.Sum256(octets), served: map[[sha256.Size]byte]bool{},
	}
}

// scriptServer is a POP3 server with one maildrop. Without faults it keeps to RFC 1939: DELE marks, QUIT removes, and
// with EXPIRE 0 (RFC 2449 §6.7) QUIT also removes every retrieved message. Its script decides what it announces.
type scriptServer struct {
	script *serverScript
	stop   func() // asks the daemon to stop

	mu       sync.Mutex
	messages []*scriptMessage // in the maildrop
	healed   bool             // the server keeps to the rules from now on
	sessions []*scriptSession // all sessions so far
	renewed  int              // unique-ids given anew
	spare    []string         // unique-ids of messages that are gone
	breaches []string         // faults of the client that the server noticed
}

// newScriptServer returns the server of a script, with its first messages.
func newScriptServer(script *serverScript) *scriptServer {
	s := &scriptServer{script: script, stop: func() {}}
	for range script.first {
		s.deliver()
	}
	return s
}

// deliver puts the script's next message into the maildrop.
func (s *scriptServer) deliver() {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.script.delivered)
	uidl := fmt.Sprintf("u%d", n+1)
	switch s.script.uidl {
	case duplicateUIDL:
		uidl = fmt.Sprintf("u%d", n/2)
	case reusedUIDL:
		if len(s.spare) > 0 {
			uidl, s.spare = s.spare[0], s.spare[1:]
		}
	}
	m := newScriptMessage(fmt.Sprintf("message %d", n+1), uidl, s.script.octets(n))
	s.script.delivered = append(s.script.delivered, m)
	s.messages = append(s.messages, m)
}

// heal makes the server keep to the rules from now on.
func (s *scriptServer) heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.healed = true
}

// left returns the messages in the maildrop.
func (s *scriptServer) left() []*scriptMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// breach notes that the client did something that it must not do.
func (s *scriptServer) breach(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.breaches = append(s.breaches, fmt.Sprintf(format, args...))
}

var errScriptRefuses = errors.New("connection refused")

// Dial connects to the server; it fits mailbox.Account.Dial.
func (s *scriptServer) Dial(context.Context, string, string) (net.Conn, error) {
	client, server := newScriptConns()
	n := &scriptSession{
		server: s, conn: server, done: make(chan struct{}), asked: -1,
		deleted: map[*scriptMessage]bool{}, retrieved: map[*scriptMessage]bool{},
	}
	client.wrote = n.clientWrote
	s.mu.Lock()
	if len(s.sessions) > 0 {
		n.last = s.sessions[len(s.sessions)-1]
	}
	n.number = len(s.sessions) + 1
	s.sessions = append(s.sessions, n)
	s.mu.Unlock()
	if f := s.faultAt("connect", 0); f != nil {
		close(n.done)
		n.say("! " + f.String())
		return nil, errScriptRefuses
	}
	go n.run()
	return client, nil
}

// faultAt returns the fault that strikes at a command about a message, 0 for none; nil when none does.
func (s *scriptServer) faultAt(verb string, message int) *scriptFault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.healed {
		return nil
	}
	for _, f := range s.script.faults {
		if f.strikes(verb, message) {
			return f
		}
	}
	return nil
}

// snapshot returns the messages that a session sees from its log-in on.
func (s *scriptServer) snapshot() []*scriptMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.script.uidl == renewedUIDL && !s.healed {
		for _, m := range s.messages {
			s.renewed++
			m.uidl = fmt.Sprintf("r%d", s.renewed)
		}
	}
	return slices.Clone(s.messages)
}

// remove takes messages out of the maildrop.
func (s *scriptServer) remove(gone map[*scriptMessage]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = slices.DeleteFunc(s.messages, func(m *scriptMessage) bool {
		if gone[m] {
			s.spare = append(s.spare, m.uidl)
		}
		return gone[m]
	})
}

// capabilities returns the lines of CAPA (RFC 2449 §5).
func (s *scriptServer) capabilities() []string {
	lines := []string{"USER", "RESP-CODES"}
	c := s.script
	if !c.noTOP {
		lines = append(lines, "TOP")
	}
	if c.uidl != absentUIDL {
		lines = append(lines, "UIDL")
	}
	if c.pipelining {
		lines = append(lines, "PIPELINING")
	}
	if c.expire != "" {
		lines = append(lines, "EXPIRE "+c.expire)
	}
	if c.loginDelay != "" {
		lines = append(lines, "LOGIN-DELAY "+c.loginDelay)
	}
	return lines
}

// scriptCommand is one command as it was received.
type scriptCommand struct {
	line     string
	verb     string
	argument string
	message  int // the message-number in the argument, 0 for none
}

func parseScriptCommand(line string) scriptCommand {
	c := scriptCommand{line: line}
	c.verb, c.argument, _ = strings.Cut(line, " ")
	c.verb = strings.ToUpper(c.verb)
	first, _, _ := strings.Cut(c.argument, " ")
	c.message, _ = strconv.Atoi(first) // 0 stands for no number
	return c
}

// isMultiLine reports whether lines follow +OK to the command.
func (c scriptCommand) isMultiLine() bool {
	switch c.verb {
	case "CAPA", "RETR", "TOP":
		return true
	case "LIST", "UIDL":
		return c.argument == ""
	}
	return false
}
