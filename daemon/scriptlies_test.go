package daemon

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"mailintegration/mailbox/pop3test"
)

// wrongSizes makes LIST give wrong sizes.
func wrongSizes(s *serverScript) {
	which := s.random.IntN(8)
	how := []string{
		"none", "half", "tenfold", "an octet more", "a third more", "the same for all", "not a number", "too large a number",
	}[which]
	lie := func(size int) string {
		return []string{
			"0", fmt.Sprint(size / 2), fmt.Sprint(size * 10), fmt.Sprint(size + 1), fmt.Sprint(size * 4 / 3), "1000", "-7", "99999999999999999999",
		}[which]
	}
	s.at("wrong sizes", []string{"LIST"}, how, func(n *scriptSession, c scriptCommand) {
		n.sendLines(c, func(lines []string) []string {
			for i := range lines {
				number, size := 0, 0
				fmt.Sscan(lines[i], &number, &size)
				lines[i] = fmt.Sprintf("%d %s", number, lie(size))
			}
			return lines
		})
	})
}

// sendLines answers with other lines than an honest server.
func (n *scriptSession) sendLines(c scriptCommand, change func([]string) []string) {
	answer := n.execute(c)
	if answer.body == nil {
		n.send(answer.octets())
		return
	}
	lines := strings.Split(string(bytes.TrimSuffix(answer.body, []byte(".\r\n"))), "\r\n")
	lines = change(lines[:len(lines)-1])
	n.send(listed("listing follows", lines).octets())
}

// wrongListing makes LIST or UIDL send wrong lines.
func wrongListing(s *serverScript) {
	which := s.random.IntN(10)
	how := []string{
		"a line missing", "a line twice", "a message that does not exist", "backwards", "numbers from 2 on", "a line that means nothing", "empty",
		"the first unique-id or size for all", "an overlong line", "200,000 messages",
	}[which]
	s.at("wrong listing", []string{"LIST", "UIDL", "UIDL"}, how, func(n *scriptSession, c scriptCommand) {
		n.sendLines(c, func(lines []string) []string { return wrongLines(which, lines) })
	})
}

// wrongLines returns the lines of a listing, wrong in one of ten ways.
func wrongLines(which int, lines []string) []string {
	if len(lines) == 0 {
		return []string{"1 120"}
	}
	switch which {
	case 0:
		return lines[1:]
	case 1:
		return append(lines, lines[0])
	case 2:
		return append(lines, "9 909")
	case 3:
		for i := range len(lines) / 2 {
			lines[i], lines[len(lines)-1-i] = lines[len(lines)-1-i], lines[i]
		}
	case 4:
		for i := range lines {
			_, rest, _ := strings.Cut(lines[i], " ")
			lines[i] = fmt.Sprintf("%d %s", i+2, rest)
		}
	case 5:
		lines[0] = "no line at all"
	case 6:
		return nil
	case 7:
		_, first, _ := strings.Cut(lines[0], " ")
		for i := range lines {
			number, _, _ := strings.Cut(lines[i], " ")
			lines[i] = number + " " + first
		}
	case 8:
		lines[0] += strings.Repeat("u", 3000)
	case 9:
		for i := len(lines); i < 200_000; i++ {
			lines = append(lines, strconv.Itoa(i+1)+" 300")
		}
	}
	return lines
}

// wrongDropListing makes STAT give wrong numbers.
func wrongDropListing(s *serverScript) {
	text := pick(s.random, "0 0", "1 100", "2 200", "3 300", "99 9900", "999999999 1", "-1 -1", "many", "1", "1 1 1 1",
		"0 99999999999999999999")
	s.at("wrong drop listing", []string{"STAT"}, text, func(n *scriptSession, _ scriptCommand) { n.send(ok("%s", text).octets()) })
}

// wrongTop makes a message too large for the client and TOP misbehave.
func wrongTop(s *serverScript) {
	s.client.limit = 300
	which := s.random.IntN(6)
	how := []string{"the whole message", "cut", "refused", "endless", "silent", "nothing"}[which]
	s.at("TOP", []string{"TOP"}, how, func(n *scriptSession, c scriptCommand) {
		answer := n.execute(c)
		switch which {
		case 0:
			if m := n.message(c.message); m != nil {
				answer.body = pop3test.Stuff(append(bytes.Clone(m.octets), bytes.Repeat([]byte("0123456789\r\n"), 200_000)...))
			}
			n.send(answer.octets())
		case 1:
			n.put(answer.octets()[:20])
			n.over = true
		case 2:
			n.send(refused("no TOP today").octets())
		case 3:
			n.put([]byte("+OK\r\n"))
			n.sendEndless("header", bytes.Repeat([]byte("X-Header: of a header without an end\r\n"), 800), 0)
		case 4:
			n.fallSilent()
		case 5:
			n.send([]byte("+OK\r\n.\r\n"))
		}
	})
}

// wrongUIDLs gives the server another habit with unique-ids.
func wrongUIDLs(s *serverScript) {
	s.uidl = pick(s.random, absentUIDL, duplicateUIDL, renewedUIDL, reusedUIDL)
	if s.uidl == reusedUIDL {
		s.arrivals = []int{0, 1 + s.random.IntN(3)}
	}
}

// wrongCapabilities makes the server announce too few capabilities, or too many.
func wrongCapabilities(s *serverScript) {
	switch s.random.IntN(5) {
	case 0:
		s.noCAPA, s.pipelining, s.expire = true, false, ""
		return
	case 1:
		s.noTOP = true
		return
	case 2:
		s.loginDelay = pick(s.random, "5", "600", "999999999", "x")
		return
	}
	line := pick(s.random, "x", "PIPELINING", "", "\x00", "SASL PLAIN LOGIN", "EXPIRE", "LOGIN-DELAY", "SASL", "UTF8", "STLS")
	times := 1
	if s.random.IntN(3) == 0 {
		times = hugeListing / (len(line) + 2)
	}
	s.at("capabilities", []string{"CAPA"}, fmt.Sprintf("%q %d times more", line, times), func(n *scriptSession, c scriptCommand) {
		answer := n.execute(c).octets()
		body := bytes.TrimSuffix(answer, []byte(".\r\n"))
		if len(body) == len(answer) { // refused
			n.send(answer)
			return
		}
		n.put(body)
		n.putTimes([]byte(line+"\r\n"), times)
		n.send([]byte(".\r\n"))
	})
}

// hugeListing is the size in octets of a listing that is far too long, but ends.
const hugeListing = 3 << 20

// putTimes sends a line many times.
func (n *scriptSession) putTimes(line []byte, times int) {
	const most = 4096
	block := bytes.Repeat(line, most)
	for ; times > 0 && !n.isLeft(); times -= most {
		n.put(block[:len(line)*min(times, most)])
	}
}

// expires makes the server announce EXPIRE.
func expires(s *serverScript) {
	s.noCAPA = false
	s.expire = pick(s.random, "0", "0", "0", "1", "NEVER", "x")
	if s.random.IntN(2) == 0 {
		stopped(s)
	}
}
