package smtptest

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
)

// errEnd ends a dialogue.
var errEnd = errors.New("the dialogue has ended")

// dialogue is one connection. It passes each line of the client on to go-smtp, and each answer back. Clients that send
// several commands at once are not supported.
type dialogue struct {
	server *Server
	tcp    net.Conn
	stream net.Conn // tcp, or the TLS over it
	in     *bufio.Reader
	inner  net.Conn // go-smtp
	answer *bufio.Reader

	closing sync.Once
}

// close drops the connection. Any goroutine may call it.
func (d *dialogue) close() { d.closing.Do(func() { _ = d.tcp.Close() }) }

// run leads the dialogue until either side ends it.
func (d *dialogue) run() {
	defer d.server.forget(d)
	defer d.close()
	if err := d.fault("connect"); err != nil {
		return
	}
	if d.server.options.TLS == ImplicitTLS && d.startTLS() != nil {
		return
	}
	d.in = bufio.NewReader(d.stream)
	inner, err := d.server.inner.dial()
	if err != nil {
		return
	}
	d.inner, d.answer = inner, bufio.NewReader(inner)
	defer func() { _ = d.inner.Close() }()
	if d.step("", "greeting") != nil {
		return
	}
	for d.command() == nil {
	}
}

// startTLS starts TLS on the connection.
func (d *dialogue) startTLS() error {
	t := tls.Server(d.tcp, d.server.tls)
	if err := t.Handshake(); err != nil {
		return err
	}
	d.stream, d.in = t, bufio.NewReader(t)
	return nil
}

// command handles one command of the client, with the lines that belong to it.
func (d *dialogue) command() error {
	line, err := d.in.ReadString('\n')
	if err != nil {
		return err
	}
	line = strings.TrimRight(line, "\r\n")
	verb := verbOf(line)
	d.server.note(logged(line, verb))
	if verb == "STARTTLS" {
		return d.acceptTLS()
	}
	return d.step(line, verb, line)
}

// verbOf returns the verb of a command line.
func verbOf(line string) string {
	verb, _, _ := strings.Cut(line, " ")
	return strings.ToUpper(verb)
}

// logged returns a command line without the response of AUTH.
func logged(line, verb string) string {
	if words := strings.Fields(line); verb == "AUTH" && len(words) > 2 {
		return words[0] + " " + words[1] + " …"
	}
	return line
}

// acceptTLS answers STARTTLS.
func (d *dialogue) acceptTLS() error {
	if err := d.fault("STARTTLS"); err != nil {
		return ignoreReplaced(err)
	}
	if d.server.options.TLS != StartTLS || d.isTLS() {
		return d.send("502 5.5.1 STARTTLS is not offered\r\n")
	}
	if err := d.send("220 2.0.0 ready\r\n"); err != nil {
		return err
	}
	return d.startTLS()
}

// isTLS reports whether the dialogue is encrypted.
func (d *dialogue) isTLS() bool { return d.stream != d.tcp }

// step passes a line on and its answer back, unless a fault of the step says otherwise. Without a line it passes the
// greeting back.
func (d *dialogue) step(line string, names ...string) error {
	calls, f := d.server.faultsAt(names...)
	for _, call := range calls {
		call()
	}
	if !f.isExecuted() {
		return ignoreReplaced(d.act(f))
	}
	if line != "" || names[0] == "response" {
		if _, err := fmt.Fprintf(d.inner, "%s\r\n", line); err != nil {
			return err
		}
	}
	answer, err := d.readAnswer()
	if err != nil || f.action != proceed {
		d.leave(f)
		return errors.Join(err, errEnd)
	}
	if err := d.send(d.edited(answer, names[0])); err != nil {
		return err
	}
	switch answer[:3] {
	case "334":
		return d.response()
	case "354":
		return d.data()
	case "221":
		return errEnd
	}
	return nil
}

// response passes on a line of AUTH.
func (d *dialogue) response() error {
	line, err := d.in.ReadString('\n')
	if err != nil {
		return err
	}
	return d.step(strings.TrimRight(line, "\r\n"), "response")
}

// data reads a message to its end and then passes it on, so that a fault at its end leaves go-smtp without it.
func (d *dialogue) data() error {
	var message strings.Builder
	for {
		line, err := d.in.ReadString('\n')
		if err != nil {
			return err
		}
		if line == ".\r\n" {
			break
		}
		message.WriteString(line)
	}
	calls, f := d.server.faultsAt(".")
	for _, call := range calls {
		call()
	}
	if !f.isExecuted() {
		_ = d.inner.Close() // go-smtp waits for a message that does not come
		if err := d.act(f); !errors.Is(err, errReplaced) {
			return err
		}
		return d.restartInner()
	}
	if _, err := io.WriteString(d.inner, message.String()+".\r\n"); err != nil {
		return err
	}
	answer, err := d.readAnswer()
	if err != nil || f.action != proceed {
		d.leave(f)
		return errors.Join(err, errEnd)
	}
	return d.send(answer)
}

// restartInner begins another session of go-smtp, whose user is logged in already as far as the client can see.
func (d *dialogue) restartInner() error {
	inner, err := d.server.inner.dial()
	if err != nil {
		return err
	}
	d.inner, d.answer = inner, bufio.NewReader(inner)
	if _, err := d.readAnswer(); err != nil {
		return err
	}
	if _, err := fmt.Fprint(d.inner, "EHLO again\r\n"); err != nil {
		return err
	}
	_, err = d.readAnswer()
	return err
}

// edited returns an answer of go-smtp with what this server adds to or removes from it: STARTTLS, and AUTH before it.
func (d *dialogue) edited(answer, verb string) string {
	if verb != "EHLO" || d.server.options.TLS != StartTLS || d.isTLS() || !strings.HasPrefix(answer, "250") {
		return answer
	}
	var kept strings.Builder
	for line := range strings.Lines(answer) {
		if !strings.HasPrefix(line[4:], "AUTH") {
			kept.WriteString("250-" + line[4:])
		}
	}
	return kept.String() + "250 STARTTLS\r\n"
}

// readAnswer reads an answer of go-smtp with all its lines.
func (d *dialogue) readAnswer() (string, error) {
	var answer strings.Builder
	for {
		line, err := d.answer.ReadString('\n')
		if err != nil || len(line) < 4 {
			return "", errors.Join(err, errEnd)
		}
		answer.WriteString(line)
		if line[3] != '-' {
			return answer.String(), nil
		}
	}
}

// send sends octets to the client.
func (d *dialogue) send(answer string) error {
	_, err := io.WriteString(d.stream, answer)
	return err
}

// errReplaced says that a fault has answered in go-smtp's place.
var errReplaced = errors.New("a fault has answered")

// ignoreReplaced returns nil for errReplaced: the dialogue goes on.
func ignoreReplaced(err error) error {
	if errors.Is(err, errReplaced) {
		return nil
	}
	return err
}

// fault acts on the faults of a step; nil means that there is none.
func (d *dialogue) fault(step string) error {
	calls, f := d.server.faultsAt(step)
	for _, call := range calls {
		call()
	}
	if f.action == proceed {
		return nil
	}
	return d.act(f)
}

// leave waits until the client leaves, if the fault says so.
func (d *dialogue) leave(f fault) {
	if f.action == hold {
		_, _ = io.Copy(io.Discard, d.stream)
	}
}

// act does what a fault says instead of the command.
func (d *dialogue) act(f fault) error {
	switch f.action {
	case stall:
		_, _ = io.Copy(io.Discard, d.stream) // until the client leaves, or the server is closed
	case replace:
		if err := d.send(f.reply + "\r\n"); err != nil {
			return err
		}
		if !strings.HasPrefix(f.reply, "421") {
			return errReplaced
		}
	}
	return errEnd
}
