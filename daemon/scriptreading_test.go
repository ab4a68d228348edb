package daemon

import (
	"bytes"
	"crypto/sha256"
	"strconv"
	"strings"
)

// scriptReading is a session as a client must read it. The client sees only octets in their order, and trusts that each
// answer belongs to the next command. All that it may believe about a message follows from this reading.
type scriptReading struct {
	read    int           // commands that have an answer, from the first on
	rest    int           // octets after the last of these answers
	end     int           // where the rest begins
	sizes   map[int]int64 // as LIST says
	texts   []scriptText  // the answers to RETR
	refused map[int]bool  // message-numbers whose RETR was refused
	expires bool          // EXPIRE 0 was announced, and nothing else later
}

// scriptText is the text that RETR returned for a message-number.
type scriptText struct {
	message int
	octets  []byte
}

// readBack reads the octets that the server sent as answers to the commands.
func readBack(commands []scriptCommand, wire []byte) *scriptReading {
	r := &scriptReading{sizes: map[int]int64{}, refused: map[int]bool{}}
	for _, c := range commands {
		n := r.answer(c, wire[r.end:])
		if n == 0 {
			break
		}
		r.read++
		r.end += n
	}
	r.rest = len(wire) - r.end
	return r
}

// answer reads the answer to one command and returns its length, 0 when there is no answer.
func (r *scriptReading) answer(c scriptCommand, wire []byte) int {
	line, _, whole := bytes.Cut(wire, []byte("\r\n"))
	ok := hasStatus(line, "+OK")
	if !whole || bytes.IndexByte(line, '\n') >= 0 || !ok && !hasStatus(line, "-ERR") {
		return 0
	}
	length := len(line) + 2
	switch {
	case !ok:
		if c.verb == "RETR" {
			r.refused[c.message] = true
		}
		return length
	case c.verb == "STAT" && !isDropListing(string(line)):
		return 0
	case !c.isMultiLine():
		return length
	}
	body := wire[length:]
	n := bodyLength(body)
	if n == 0 {
		return 0
	}
	r.note(c, body[:n])
	return length + n
}

// hasStatus reports whether a line begins with a status indicator.
func hasStatus(line []byte, status string) bool {
	rest, ok := bytes.CutPrefix(line, []byte(status))
	return ok && (len(rest) == 0 || rest[0] == ' ' || rest[0] == '\t')
}

// isDropListing reports whether a line is an answer to STAT: a status and two numbers.
func isDropListing(line string) bool {
	words := strings.Fields(line)
	return len(words) >= 3 && strings.Trim(words[1]+words[2], "0123456789") == ""
}

// bodyLength returns the length of a multi-line answer's lines with the final line, 0 when the final line is missing.
func bodyLength(wire []byte) int {
	if bytes.HasPrefix(wire, []byte(".\r\n")) {
		return 3
	}
	if i := bytes.Index(wire, []byte("\r\n.\r\n")); i >= 0 {
		return i + 5
	}
	return 0
}

// note remembers the contents of a multi-line answer.
func (r *scriptReading) note(c scriptCommand, body []byte) {
	switch c.verb {
	case "RETR":
		r.texts = append(r.texts, scriptText{c.message, unstuffed(body)})
	case "LIST":
		for line := range strings.Lines(string(body)) {
			words := strings.Fields(line)
			if len(words) < 2 {
				continue
			}
			n, _ := strconv.Atoi(words[0])
			r.sizes[n], _ = strconv.ParseInt(words[1], 10, 64)
		}
	case "CAPA":
		r.expires = bytes.Contains(body, []byte("EXPIRE 0\r\n"))
	}
}

// unstuffed removes byte-stuffing and the final line (RFC 1939 §3).
func unstuffed(body []byte) []byte {
	body = bytes.TrimPrefix(body[:len(body)-3], []byte("."))
	return bytes.ReplaceAll(body, []byte("\r\n."), []byte("\r\n"))
}

// isShort reports whether a text is far shorter than LIST says.
func (r *scriptReading) isShort(t scriptText) bool {
	octets, listed := int64(len(t.octets)), r.sizes[t.message]
	return 2*octets+512 < listed || octets == 0 && listed > 2
}

// reading reads the octets that were sent before QUIT was received, or all of them without QUIT.
func (n *scriptSession) reading() *scriptReading {
	n.mu.Lock()
	defer n.mu.Unlock()
	return readBack(n.commands, n.wire)
}

// isAccountedFor reports whether every command before QUIT has an answer and no answer is left over. It looks at all
// octets that were sent before QUIT was received, without stray lines after the last answer, or at the octets that the
// client could see when it sent QUIT.
func (n *scriptSession) isAccountedFor() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := readBack(n.commands, n.wire)
	if !n.overflow && all.read == len(n.commands) && all.end >= n.answered {
		return true
	}
	if n.asked < 0 || n.asked > len(n.wire) {
		return false
	}
	seen := readBack(n.commands, n.wire[:n.asked])
	return seen.read == len(n.commands) && seen.rest == 0
}

// note remembers the octets that a client had to take for each message.
func (n *scriptSession) note() {
	r := n.reading()
	for _, t := range r.texts {
		if t.message < 1 || t.message > len(n.messages) {
			continue
		}
		m := n.messages[t.message-1]
		if r.isShort(t) {
			m.shorts++
			continue
		}
		m.served[sha256.Sum256(t.octets)] = true
	}
}
