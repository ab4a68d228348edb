package pop3test

import (
	"bytes"
	"fmt"
	"maps"
	"strconv"
	"strings"
)

// execute executes one command of RFC 1939, 2449 or 2595. An error ends the session.
func (n *session) execute(name, argument string) error {
	switch name {
	case "CAPA":
		n.capa()
		return nil
	case "QUIT":
		return n.quit()
	}
	if n.maildrop == nil {
		return n.authorization(name, argument)
	}
	n.transaction(name, argument)
	return nil
}

// authorization executes a command of the state before log-in (RFC 1939 §4).
func (n *session) authorization(name, argument string) error {
	switch name {
	case "STLS":
		return n.stls()
	case "USER":
		n.user = argument
		n.ok("and the password")
	case "PASS":
		n.pass(argument)
	case "AUTH":
		return n.auth(argument)
	default:
		n.refuse("not before log-in")
	}
	return nil
}

// transaction executes a command of the state after log-in (RFC 1939 §5).
func (n *session) transaction(name, argument string) {
	switch name {
	case "STAT":
		n.stat()
	case "LIST":
		n.listing(argument, func(m *Message) string { return strconv.FormatInt(n.listedOctets(m), 10) })
	case "UIDL":
		if n.server.options.NoUIDL {
			n.refuse("unknown command")
			return
		}
		n.listing(argument, func(m *Message) string { return m.UIDL })
	case "RETR":
		n.retr(argument)
	case "TOP":
		n.top(argument)
	case "DELE":
		n.dele(argument)
	case "NOOP":
		n.ok("")
	case "RSET":
		clear(n.deleted)
		n.ok("")
	default:
		n.refuse("unknown command")
	}
}

// capa lists the capabilities.
func (n *session) capa() {
	if n.server.options.NoCAPA {
		n.refuse("unknown command")
		return
	}
	n.ok("capabilities follow")
	for _, line := range n.server.capabilities(n.secure) {
		fmt.Fprintf(n.out, "%s\r\n", line)
	}
	fmt.Fprint(n.out, ".\r\n")
}

// stls starts TLS (RFC 2595 §4). It ends the session if commands arrived ahead of TLS, so that none is executed within
// it.
func (n *session) stls() error {
	if n.server.options.TLS != STLS || n.secure {
		n.refuse("no STLS here")
		return nil
	}
	n.ok("begin TLS")
	if err := n.out.Flush(); err != nil {
		return err
	}
	if n.muted || n.in.Buffered() > 0 {
		return errOver
	}
	return n.startTLS()
}

// pass logs in.
func (n *session) pass(password string) {
	n.logIn(n.user, password)
}

// logIn locks the maildrop, if the secret is its password or token.
func (n *session) logIn(user, secret string) {
	d, messages, refusal := n.server.logIn(user, secret)
	if refusal != "" {
		n.refuse(refusal)
		return
	}
	n.maildrop, n.messages = d, messages
	n.ok("maildrop has %d messages", len(messages))
}

// quit ends the session. After log-in it first removes the marked messages and releases the maildrop (RFC 1939 §6).
func (n *session) quit() error {
	if n.maildrop != nil {
		maps.Copy(n.deleted, n.retrieved)
		n.server.remove(n.maildrop, n.deleted)
		n.releaseMaildrop()
	}
	n.ok("bye")
	_ = n.out.Flush() // the session ends in any case
	return errOver
}

// listedOctets returns the size that the server announces for a message.
func (n *session) listedOctets(m *Message) int64 {
	n.server.mu.Lock()
	f := n.server.listedSize
	n.server.mu.Unlock()
	return f(int64(len(m.Octets)))
}

// stat answers with the drop listing.
func (n *session) stat() {
	var count, octets int64
	for _, m := range n.messages {
		if !n.deleted[m] {
			count++
			octets += n.listedOctets(m)
		}
	}
	n.ok("%d %d", count, octets)
}

// message returns the message with a number, or answers -ERR when there is none.
func (n *session) message(number string) (*Message, bool) {
	i, err := strconv.Atoi(number)
	if err != nil || i < 1 || i > len(n.messages) || n.deleted[n.messages[i-1]] {
		n.refuse("no such message")
		return nil, false
	}
	return n.messages[i-1], true
}

// listing answers with the line of one message, or of all.
func (n *session) listing(argument string, line func(*Message) string) {
	if argument != "" {
		if m, ok := n.message(argument); ok {
			n.ok("%s %s", argument, line(m))
		}
		return
	}
	n.ok("listing follows")
	for i, m := range n.messages {
		if !n.deleted[m] {
			fmt.Fprintf(n.out, "%d %s\r\n", i+1, line(m))
		}
	}
	fmt.Fprint(n.out, ".\r\n")
}

// retr sends a message.
func (n *session) retr(argument string) {
	if m, ok := n.message(argument); ok {
		n.ok("%d octets", n.listedOctets(m))
		octets := m.Octets
		if n.limit >= 0 {
			octets = octets[:min(n.limit, len(octets))]
		}
		_, _ = n.out.Write(Stuff(octets)) // Flush returns the error
		if n.server.options.DeletesRetrieved {
			n.retrieved[m] = true
		}
	}
}

// top sends a message's header and the first lines of its body (RFC 1939 §7).
func (n *session) top(argument string) {
	number, count, _ := strings.Cut(argument, " ")
	lines, err := strconv.Atoi(count)
	if err != nil || lines < 0 {
		n.refuse("how many lines?")
		return
	}
	m, ok := n.message(number)
	if !ok {
		return
	}
	header, body, _ := bytes.Cut(m.Octets, []byte("\r\n\r\n"))
	head := append(bytes.Clone(header), "\r\n\r\n"...)
	for line := range bytes.Lines(body) {
		if lines == 0 {
			break
		}
		head = append(head, line...)
		lines--
	}
	n.ok("top follows")
	_, _ = n.out.Write(Stuff(head)) // Flush returns the error
}

// dele marks a message for QUIT to remove.
func (n *session) dele(argument string) {
	if m, ok := n.message(argument); ok {
		n.deleted[m] = true
		n.ok("marked")
	}
}

// Stuff returns octets as a multi-line response (RFC 1939 §3): with another dot before each line that begins with one,
// CRLF at the end where it is missing, and the final "." CRLF. Only CRLF starts a new line.
func Stuff(octets []byte) []byte {
	out := bytes.ReplaceAll(octets, []byte("\r\n."), []byte("\r\n.."))
	if bytes.HasPrefix(out, []byte(".")) {
		out = append([]byte("."), out...)
	}
	if len(out) > 0 && !bytes.HasSuffix(out, []byte("\r\n")) {
		out = append(out, "\r\n"...)
	}
	return append(out, ".\r\n"...)
}
