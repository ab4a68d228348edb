//go:build bench && linux

package bench

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// pop3Session is one session of Maildrops. It answers pipelined commands together, as servers do.
type pop3Session struct {
	*Maildrops
	port int
	in   *bufio.Reader
	out  *bufio.Writer

	user    string
	drop    *maildrop // nil before the log-in
	mails   []*mail   // the maildrop at the log-in, by message-number
	deleted []bool
}

// serve serves one connection until it ends.
func (s *Maildrops) serve(conn net.Conn, port int) {
	defer conn.Close() // the session has ended
	resumed := 0
	if encrypted, is := conn.(*tls.Conn); is {
		if encrypted.Handshake() != nil {
			return
		}
		if encrypted.ConnectionState().DidResume {
			resumed = 1
		}
	}
	s.mu.Lock()
	s.totals.Connections++
	s.totals.Resumed += resumed
	s.mu.Unlock()
	session := &pop3Session{Maildrops: s, port: port, in: bufio.NewReader(conn), out: bufio.NewWriterSize(conn, 64<<10)}
	defer session.end()
	session.reply("+OK ready")
	for session.out.Flush() == nil {
		line, err := session.in.ReadString('\n')
		for ; err == nil; line, err = session.in.ReadString('\n') {
			if !session.obey(strings.TrimRight(line, "\r\n")) {
				_ = session.out.Flush() // the client may be gone
				return
			}
			if session.in.Buffered() == 0 {
				break
			}
		}
		if err != nil {
			return
		}
	}
}

// reply writes a line.
func (p *pop3Session) reply(format string, a ...any) { fmt.Fprintf(p.out, format+"\r\n", a...) }

// obey answers one command. It returns false after QUIT.
func (p *pop3Session) obey(line string) bool {
	verb, rest, _ := strings.Cut(line, " ")
	verb = strings.ToUpper(verb)
	switch verb {
	case "CAPA":
		p.reply("+OK\r\nUSER\r\nUIDL\r\nTOP\r\nPIPELINING\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\n.")
	case "USER":
		p.user = rest
		p.reply("+OK")
	case "PASS":
		p.logIn()
	case "QUIT":
		p.update()
		p.reply("+OK bye")
		return false
	default:
		if p.drop == nil {
			p.reply("-ERR log in first")
		} else {
			p.transact(verb, rest)
		}
	}
	return true
}

// logIn locks the maildrop and notes the time.
func (p *pop3Session) logIn() {
	p.mu.Lock()
	defer p.mu.Unlock()
	drop := p.Maildrops.drop(p.user)
	if drop.locked {
		p.totals.InUse++
		p.reply("-ERR [IN-USE] another session has the maildrop")
		return
	}
	if len(drop.logins) == 0 {
		p.totals.Users++
	}
	p.totals.Sessions++
	drop.locked = true
	drop.logins = append(drop.logins, Login{time.Now(), p.port})
	p.drop, p.mails, p.deleted = drop, slices.Clone(drop.mails), make([]bool, len(drop.mails))
	p.reply("+OK logged in")
}

// transact answers a command of the TRANSACTION state.
func (p *pop3Session) transact(verb, rest string) {
	switch verb {
	case "STAT":
		count, octets := 0, 0
		for i, m := range p.mails {
			if !p.deleted[i] {
				count, octets = count+1, octets+m.octets
			}
		}
		p.reply("+OK %d %d", count, octets)
	case "LIST":
		p.list(rest, func(m *mail) string { return strconv.Itoa(m.octets) })
	case "UIDL":
		p.list(rest, func(m *mail) string { return m.uidl })
	case "RETR", "TOP":
		p.retrieve(verb, rest)
	case "DELE":
		p.delete(rest)
	case "RSET":
		clear(p.deleted)
		p.reply("+OK")
	case "NOOP":
		p.reply("+OK")
	default:
		p.reply("-ERR unknown command")
	}
}

// index returns the index of a message-number, and replies when there is no such message.
func (p *pop3Session) index(number string) (int, bool) {
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > len(p.mails) || p.deleted[n-1] {
		p.reply("-ERR no such message")
		return 0, false
	}
	return n - 1, true
}

// list answers LIST and UIDL, for one message or for all.
func (p *pop3Session) list(number string, of func(*mail) string) {
	if number != "" {
		if i, is := p.index(number); is {
			p.reply("+OK %d %s", i+1, of(p.mails[i]))
		}
		return
	}
	p.reply("+OK")
	for i, m := range p.mails {
		if !p.deleted[i] {
			p.reply("%d %s", i+1, of(m))
		}
	}
	p.reply(".")
}

// retrieve answers RETR and, with the header alone, TOP.
func (p *pop3Session) retrieve(verb, rest string) {
	number, _, _ := strings.Cut(rest, " ")
	i, is := p.index(number)
	if !is {
		return
	}
	m := p.mails[i]
	p.reply("+OK")
	if verb == "TOP" {
		header, _, _ := bytes.Cut(m.text, []byte("\r\n\r\n"))
		_, _ = p.out.Write(header) // Flush has the error
		_, _ = io.WriteString(p.out, "\r\n\r\n.\r\n")
		return
	}
	p.mu.Lock()
	if m.Retrieves == 0 {
		m.Retrieved = time.Now()
		p.totals.Retrieved++
	}
	m.Retrieves++
	p.mu.Unlock()
	_, _ = p.out.Write(m.text)
}

// delete marks a message as deleted.
func (p *pop3Session) delete(number string) {
	i, is := p.index(number)
	if !is {
		return
	}
	p.deleted[i] = true
	p.mu.Lock()
	if p.mails[i].Recorded.IsZero() {
		p.mails[i].Recorded = time.Now()
	}
	p.mu.Unlock()
	p.reply("+OK")
}

// update deletes the marked messages and unlocks the maildrop (RFC 1939 §6).
func (p *pop3Session) update() {
	if p.drop == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, m := range p.mails {
		if p.deleted[i] {
			m.Deleted, m.text = true, nil
			p.totals.Left--
		}
	}
	p.drop.mails = slices.DeleteFunc(p.drop.mails, func(m *mail) bool { return m.Deleted })
	p.drop.locked = false
	p.drop = nil
}

// end unlocks the maildrop when the connection ended without QUIT.
func (p *pop3Session) end() {
	if p.drop == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop.locked = false
	p.totals.Broken++
}

// distant is a connection whose answers reach the client a round trip after the server wrote them. The first answer
// takes another round trip, as after a handshake.
type distant struct {
	net.Conn
	roundTrip time.Duration
	extra     time.Duration // of the next answer
	answers   chan chunk    // until Close
}

func newDistant(conn net.Conn, roundTrip time.Duration) *distant {
	d := &distant{Conn: conn, roundTrip: roundTrip, extra: roundTrip, answers: make(chan chunk, 1024)}
	go d.send()
	return d
}

// send writes the answers when they are due, and closes the connection after the last one.
func (d *distant) send() {
	for c := range d.answers {
		<-time.After(time.Until(c.due))
		_, _ = d.Conn.Write(c.octets) // the client may be gone, and the next Read tells it
	}
	_ = d.Conn.Close() // the session has ended
}

// Write keeps the octets until they are due. It does not report errors: Read does.
func (d *distant) Write(octets []byte) (int, error) {
	d.answers <- chunk{time.Now().Add(d.roundTrip + d.extra), bytes.Clone(octets)}
	d.extra = 0
	return len(octets), nil
}

// Close closes the connection when all answers are sent.
func (d *distant) Close() error {
	close(d.answers)
	return nil
}

// SetWriteDeadline does nothing: TLS sets a deadline that has passed when it closes, while answers are on their way.
func (d *distant) SetWriteDeadline(time.Time) error { return nil }
