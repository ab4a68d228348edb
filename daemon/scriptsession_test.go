package daemon

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"
	"sync"
	"time"
)

const (
	maxScriptWire = 128 << 10 // octets of a session that are kept to be read again
	maxScriptSaid = 120       // lines of a session's dialogue that are kept
	// maxSwallowed is how many octets of an endless answer a client may read before it closes the connection.
	maxSwallowed = 40 << 20
)

// scriptSession is one connection to a scripted server.
type scriptSession struct {
	server *scriptServer
	number int
	last   *scriptSession // the session before
	conn   *scriptConn
	done   chan struct{}
	over   bool

	user      bool // USER was sent
	loggedIn  bool
	messages  []*scriptMessage // as they were at log-in; message-number n is n-1 here
	deleted   map[*scriptMessage]bool
	retrieved map[*scriptMessage]bool

	lagging bool   // each answer waits for the next command
	held    []byte // the answer that waits
	swapped []byte // an answer that comes after the next one

	mu       sync.Mutex
	commands []scriptCommand // before QUIT, the greeting first
	wire     []byte          // the octets that were sent before QUIT was received
	overflow bool            // the octets were too many for wire
	answered int             // length of wire up to the last answer, without stray lines after it
	asked    int             // length of wire when the client sent QUIT, -1 before
	quit     bool            // QUIT was received
	removed  []*scriptMessage
	dialogue []string
}

// clientWrote notes how much the client may have read when it sends QUIT.
func (n *scriptSession) clientWrote(b []byte) {
	if !bytes.Contains(b, []byte("QUIT\r\n")) {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = len(n.wire)
}

// run serves the session until it ends.
func (n *scriptSession) run() {
	defer close(n.done)
	defer n.conn.Close()
	in := bufio.NewReaderSize(n.conn, 4096)
	n.step(scriptCommand{verb: "greeting"})
	for !n.over {
		line, err := in.ReadString('\n')
		if err != nil || len(line) > 4000 {
			n.say("(the client has left)")
			return
		}
		n.step(parseScriptCommand(strings.TrimRight(line, "\r\n")))
	}
}

// step executes a command like an honest server, or as a fault of the script says.
func (n *scriptSession) step(c scriptCommand) {
	n.receive(c)
	f := n.server.faultAt(c.verb, c.message)
	if f == nil {
		n.send(n.execute(c).octets())
		return
	}
	n.say("! " + f.String())
	f.act(n, c)
}

// receive notes a command.
func (n *scriptSession) receive(c scriptCommand) {
	n.say("C: " + c.line)
	n.mu.Lock()
	defer n.mu.Unlock()
	if c.verb == "QUIT" {
		n.quit = true
	} else if !n.quit {
		n.commands = append(n.commands, c)
	}
}

// say adds a line to the dialogue.
func (n *scriptSession) say(line string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.dialogue) < maxScriptSaid {
		n.dialogue = append(n.dialogue, fmt.Sprintf("%2d %.200s", n.number, line))
	}
}

// send sends an answer.
func (n *scriptSession) send(b []byte) {
	if n.lagging {
		b, n.held = n.held, b
	}
	n.put(b)
	if late := n.swapped; late != nil && b != nil {
		n.swapped = nil
		n.put(late)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.quit {
		n.answered = len(n.wire)
	}
}

// put writes octets to the connection.
func (n *scriptSession) put(b []byte) {
	if len(b) == 0 {
		return
	}
	n.quote(b)
	n.keep(b)
	if _, err := n.conn.Write(b); err != nil {
		n.say("(the client does not listen any more)")
	}
}

// quote adds the beginning of an answer to the dialogue.
func (n *scriptSession) quote(b []byte) {
	lines := 0
	for line := range strings.Lines(string(b[:min(len(b), 300)])) {
		if lines++; lines > 7 {
			break
		}
		n.say(fmt.Sprintf("S: %.60q", line))
	}
	if len(b) > 300 {
		n.say(fmt.Sprintf("S: … %d octets", len(b)))
	}
}

// keep remembers octets that are sent before QUIT is received.
func (n *scriptSession) keep(b []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.quit || n.overflow:
	case len(n.wire)+len(b) > maxScriptWire:
		n.overflow = true
	default:
		n.wire = append(n.wire, b...)
	}
}

// wait waits for d, or until the client closes the connection.
func (n *scriptSession) wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		gone, changed := n.conn.out.gone()
		if gone {
			return
		}
		select {
		case <-timer.C:
			return
		case <-changed:
		}
	}
}

// isLeft reports whether the client has closed the connection.
func (n *scriptSession) isLeft() bool {
	gone, _ := n.conn.out.gone()
	return gone
}

// fallSilent reads without answering until the client closes the connection.
func (n *scriptSession) fallSilent() {
	n.say("(silence)")
	b := make([]byte, 512)
	for {
		if _, err := n.conn.Read(b); err != nil {
			n.over = true
			return
		}
	}
}

// sendEndless sends a block over and over, with a pause after each, until the client closes the connection.
func (n *scriptSession) sendEndless(what string, block []byte, pause time.Duration) {
	n.say("(endless " + what + ")")
	n.keep(make([]byte, maxScriptWire+1))
	n.over = true
	for sent := 0; sent < maxSwallowed; sent += len(block) {
		if _, err := n.conn.Write(block); err != nil {
			return
		}
		if pause > 0 {
			n.wait(pause)
		}
	}
	n.server.breach("the client took %d MiB of %s in session %d and did not leave", maxSwallowed>>20, what, n.number)
}
