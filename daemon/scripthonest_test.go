package daemon

import (
	"bytes"
	"fmt"
	"strings"

	"mailintegration/mailbox/pop3test"
)

// scriptAnswer is one answer of an honest server.
type scriptAnswer struct {
	status string
	body   []byte // the lines after the status, with the final "." CRLF; nil for none
}

func (a scriptAnswer) octets() []byte { return append([]byte(a.status+"\r\n"), a.body...) }

func ok(format string, args ...any) scriptAnswer {
	return scriptAnswer{status: "+OK " + fmt.Sprintf(format, args...)}
}

func refused(text string) scriptAnswer { return scriptAnswer{status: "-ERR " + text} }

// listed returns an answer with lines.
func listed(status string, lines []string) scriptAnswer {
	return scriptAnswer{"+OK " + status, []byte(strings.Join(append(lines, "."), "\r\n") + "\r\n")}
}

// execute executes a command as RFC 1939 has it, and returns the answer.
func (n *scriptSession) execute(c scriptCommand) scriptAnswer {
	switch c.verb {
	case "greeting":
		return ok("POP3 ready")
	case "CAPA":
		if n.server.script.noCAPA {
			return refused("unknown command")
		}
		return listed("capabilities follow", n.server.capabilities())
	case "QUIT":
		return n.update()
	case "USER":
		n.user = true
		return ok("and the password")
	case "PASS":
		return n.logIn()
	}
	if !n.loggedIn {
		return refused("not before log-in")
	}
	return n.transact(c)
}

// logIn locks the maildrop, once the session before has ended.
func (n *scriptSession) logIn() scriptAnswer {
	if !n.user {
		return refused("who?")
	}
	if n.last != nil {
		<-n.last.done
	}
	if !n.loggedIn {
		n.loggedIn, n.messages = true, n.server.snapshot()
	}
	return ok("maildrop has %d messages", len(n.messages))
}

// update executes QUIT: the server removes now (RFC 1939 §6).
func (n *scriptSession) update() scriptAnswer {
	n.over = true
	gone := n.deleted
	if n.server.script.expire == "0" && n.reading().expires { // only if it was announced
		for m := range n.retrieved {
			gone[m] = true
		}
	}
	n.server.remove(gone)
	for m := range gone {
		n.removed = append(n.removed, m)
	}
	return ok("bye")
}

// transact executes a command of the TRANSACTION state.
func (n *scriptSession) transact(c scriptCommand) scriptAnswer {
	switch c.verb {
	case "STAT":
		return n.stat()
	case "LIST":
		return n.list(c, func(m *scriptMessage) string { return fmt.Sprint(len(m.octets)) })
	case "UIDL":
		if n.server.script.uidl == absentUIDL {
			return refused("unknown command")
		}
		return n.list(c, func(m *scriptMessage) string { return m.uidl })
	case "RETR", "DELE", "TOP":
		m := n.message(c.message)
		if m == nil {
			return refused("no such message")
		}
		return n.about(c, m)
	case "NOOP":
		return ok("")
	case "RSET":
		clear(n.deleted)
		return ok("")
	}
	return refused("unknown command")
}

func (n *scriptSession) stat() scriptAnswer {
	count, octets := 0, 0
	for _, m := range n.messages {
		if !n.deleted[m] {
			count++
			octets += len(m.octets)
		}
	}
	return ok("%d %d", count, octets)
}

func (n *scriptSession) list(c scriptCommand, say func(*scriptMessage) string) scriptAnswer {
	if c.argument != "" {
		if m := n.message(c.message); m != nil {
			return ok("%d %s", c.message, say(m))
		}
		return refused("no such message")
	}
	var lines []string
	for i, m := range n.messages {
		if !n.deleted[m] {
			lines = append(lines, fmt.Sprintf("%d %s", i+1, say(m)))
		}
	}
	return listed("listing follows", lines)
}

// message returns the message of a number, nil when there is none.
func (n *scriptSession) message(number int) *scriptMessage {
	if number < 1 || number > len(n.messages) || n.deleted[n.messages[number-1]] {
		return nil
	}
	return n.messages[number-1]
}

// about executes a command about a message.
func (n *scriptSession) about(c scriptCommand, m *scriptMessage) scriptAnswer {
	switch c.verb {
	case "DELE":
		n.deleted[m] = true
		return ok("marked")
	case "RETR":
		n.retrieved[m] = true
		return scriptAnswer{fmt.Sprintf("+OK %d octets", len(m.octets)), pop3test.Stuff(m.octets)}
	}
	if n.server.script.noTOP {
		return refused("unknown command")
	}
	header, _, _ := bytes.Cut(m.octets, []byte("\r\n\r\n"))
	return scriptAnswer{"+OK top follows", pop3test.Stuff(append(bytes.Clone(header), "\r\n\r\n"...))}
}
