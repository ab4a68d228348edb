package daemon

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"mailintegration/mailbox/pop3test"
)

// scriptClass is one kind of fault in the grammar.
type scriptClass struct {
	name string
	draw func(s *serverScript)
}

// everywhere are the places of a fault, the frequent ones more than once.
var everywhere = []string{
	"greeting", "CAPA", "USER", "PASS", "STAT", "LIST", "UIDL", "RETR", "RETR", "RETR", "RETR", "DELE", "DELE", "DELE", "QUIT", "QUIT", "TOP",
}

// withLines are the commands whose answers have lines.
var withLines = []string{"CAPA", "LIST", "UIDL", "RETR", "RETR", "TOP"}

// scriptStepTimeout is the client's; the time is the bubble's, so that waiting costs none.
const scriptStepTimeout = 5 * time.Second

// scriptClasses are the grammar: what can be wrong with a server.
var scriptClasses = []scriptClass{
	{"stray before an answer", strayBefore},
	{"stray after an answer", strayAfter},
	{"answer left out", leftOut},
	{"answer given twice", givenTwice},
	{"answers shifted by one", shifted},
	{"two answers swapped", swappedAnswers},
	{"garbage for an answer", garbageAnswer},
	{"refused", refusedCommand},
	{"done but refused", doneButRefused},
	{"granted but not done", grantedNotDone},
	{"maildrop in use", inUse},
	{"unreachable", unreachable},
	{"cut", cutOff},
	{"silent", silent},
	{"late", late},
	{"octet by octet", octetByOctet},
	{"endless", endless},
	{"short message", shortMessage},
	{"long message", longMessage},
	{"damaged message", damagedMessage},
	{"wrong sizes", wrongSizes},
	{"wrong listing", wrongListing},
	{"wrong drop listing", wrongDropListing},
	{"TOP", wrongTop},
	{"unique-ids", wrongUIDLs},
	{"capabilities", wrongCapabilities},
	{"EXPIRE", expires},
	{"stop", stopped},
}

// strayLines are lines that no command asks for.
var strayLines = []string{
	"+OK", "-ERR", "+OK 2 400", "+OK 0 0", "-ERR [SYS/TEMP] busy", "-ERR [IN-USE] busy", "* BYE", "nonsense", "", "1 120", ".", "+OK\r\n.", "+ ", "+OK\r\n\r\n.",
}

// strayBefore sends a line before the answer, in one piece with it or apart.
func strayBefore(s *serverScript) {
	line, apart := strayLines[s.random.IntN(len(strayLines))], s.random.IntN(2) == 0
	s.at("stray before an answer", everywhere, fmt.Sprintf("%q, apart %t", line, apart), func(n *scriptSession, c scriptCommand) {
		answer := n.execute(c).octets()
		if !apart {
			n.send(append([]byte(line+"\r\n"), answer...))
			return
		}
		n.put([]byte(line + "\r\n"))
		n.wait(time.Millisecond)
		n.send(answer)
	})
}

// strayAfter sends a line behind the answer, in one piece with it or apart.
func strayAfter(s *serverScript) {
	line, apart := strayLines[s.random.IntN(len(strayLines))], s.random.IntN(2) == 0
	s.at("stray after an answer", everywhere, fmt.Sprintf("%q, apart %t", line, apart), func(n *scriptSession, c scriptCommand) {
		n.sendWith(n.execute(c).octets(), []byte(line+"\r\n"), apart)
	})
}

// sendWith answers and sends what nobody asked for.
func (n *scriptSession) sendWith(answer, stray []byte, apart bool) {
	if apart {
		n.send(answer)
		n.wait(time.Millisecond)
		n.put(stray)
		return
	}
	n.send(append(answer, stray...))
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.quit {
		n.answered -= len(stray)
	}
}

// leftOut gives no answer.
func leftOut(s *serverScript) {
	done := s.random.IntN(2) == 0
	s.at("answer left out", everywhere, fmt.Sprintf("done %t", done), func(n *scriptSession, c scriptCommand) {
		if done {
			n.execute(c)
		}
		n.over = false // though it was QUIT
	})
}

// givenTwice gives an answer twice, so that all that follow come one command late.
func givenTwice(s *serverScript) {
	apart := s.random.IntN(2) == 0
	s.at("answer given twice", everywhere, fmt.Sprintf("apart %t", apart), func(n *scriptSession, c scriptCommand) {
		answer := n.execute(c).octets()
		n.sendWith(bytes.Clone(answer), answer, apart)
	})
}

// shifted holds every answer back from now on until the next command.
func shifted(s *serverScript) {
	s.at("answers shifted by one", everywhere, "from here on", func(n *scriptSession, c scriptCommand) {
		n.lagging = true
		n.send(n.execute(c).octets())
	})
}

// swappedAnswers gives an answer after the next one.
func swappedAnswers(s *serverScript) {
	s.at("two answers swapped", everywhere, "with the next", func(n *scriptSession, c scriptCommand) {
		n.swapped = n.execute(c).octets()
	})
}

// garbage are answers that mean nothing.
var garbage = []string{
	"\x00\xff\r\n", "nonsense\r\n", "1 120\r\n", ".\r\n", "\r\n", "+OKAY\r\n", "+ \r\n", "+OK\n", "+OK\r", "-ERROR\r\n", "* OK IMAP4\r\n",
	"220 SMTP\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "+OK\r\n.\r\n", "+OK\r\n", "+OK 1 1\r\n1 1\r\n.\r\n", "+OK " + strings.Repeat("x", 600) + "\r\n",
	strings.Repeat("y", 9000) + "\r\n",
}

// garbageAnswer answers with something else.
func garbageAnswer(s *serverScript) {
	octets := garbage[s.random.IntN(len(garbage))]
	s.at("garbage for an answer", everywhere, fmt.Sprintf("%.40q", octets), func(n *scriptSession, _ scriptCommand) {
		n.send([]byte(octets))
	})
}

// refusals are what a server says no with.
var refusals = []string{
	"no", "[SYS/TEMP] try later", "[SYS/PERM] ask an administrator", "[AUTH] who are you?", "[IN-USE] locked", "[LOGIN-DELAY] wait", "[UTF8] no", "",
	"internal error", "unknown command",
}

// refusedCommand refuses a command.
func refusedCommand(s *serverScript) {
	text := refusals[s.random.IntN(len(refusals))]
	s.at("refused", everywhere, fmt.Sprintf("%q", text), func(n *scriptSession, _ scriptCommand) {
		n.send(refused(text).octets())
	})
}

// inUse says that another session has the maildrop.
func inUse(s *serverScript) {
	s.at("maildrop in use", []string{"PASS"}, "[IN-USE]", func(n *scriptSession, _ scriptCommand) {
		n.send(refused("[IN-USE] another session has the maildrop locked").octets())
	})
}

// unreachable takes no connection.
func unreachable(s *serverScript) {
	s.at("unreachable", []string{"connect"}, "connection refused", nil)
}

// doneButRefused does what it is asked and says that it has not.
func doneButRefused(s *serverScript) {
	s.at("done but refused", []string{"DELE", "DELE", "QUIT", "PASS", "USER"}, "-ERR", func(n *scriptSession, c scriptCommand) {
		n.execute(c)
		n.send(refused("no").octets())
	})
}

// grantedNotDone does not what it is asked and says that it has.
func grantedNotDone(s *serverScript) {
	s.at("granted but not done", []string{"DELE", "DELE", "QUIT", "PASS", "USER"}, "+OK", func(n *scriptSession, c scriptCommand) {
		n.send(ok("done").octets())
		n.over = c.verb == "QUIT"
	})
}

// cutOff cuts the connection within an answer.
func cutOff(s *serverScript) {
	at, done := s.random.IntN(300), s.random.IntN(3) > 0
	if s.random.IntN(3) == 0 {
		at = s.random.IntN(4)
	}
	s.at("cut", everywhere, fmt.Sprintf("after %d octets, done %t", at, done), func(n *scriptSession, c scriptCommand) {
		if done {
			answer := n.execute(c).octets()
			n.put(answer[:min(at, len(answer))])
		}
		n.over = true
	})
}

// silent answers nothing any more.
func silent(s *serverScript) {
	done, part := s.random.IntN(2) == 0, s.random.IntN(2) == 0
	s.at("silent", everywhere, fmt.Sprintf("done %t, after a part %t", done, part), func(n *scriptSession, c scriptCommand) {
		if done {
			if answer := n.execute(c).octets(); part {
				n.put(answer[:len(answer)/2])
			}
		}
		n.fallSilent()
	})
}

// late answers late, at times too late.
func late(s *serverScript) {
	d := []time.Duration{time.Millisecond, time.Second, scriptStepTimeout - time.Millisecond, scriptStepTimeout + time.Millisecond, time.Minute, 24 * time.Hour}[s.random.IntN(6)]
	s.at("late", everywhere, d.String(), func(n *scriptSession, c scriptCommand) {
		answer := n.execute(c).octets()
		n.wait(d)
		n.send(answer)
	})
}

// octetByOctet sends an answer slowly.
func octetByOctet(s *serverScript) {
	d := []time.Duration{time.Millisecond, 100 * time.Millisecond, time.Second, scriptStepTimeout - time.Millisecond}[s.random.IntN(4)]
	s.at("octet by octet", everywhere, "one each "+d.String(), func(n *scriptSession, c scriptCommand) {
		answer := n.execute(c).octets()
		slow := min(len(answer), 200)
		for i := range slow {
			n.put(answer[i : i+1])
			n.wait(d)
		}
		n.send(answer[slow:])
	})
}

// endless sends something without an end.
func endless(s *serverScript) {
	line := []string{"\r\n", "x\r\n", "1 120\r\n", strings.Repeat("z", 500) + "\r\n", "a line without an end, ", "\r", "\n", "+OK\r\n", ".."}[s.random.IntN(9)]
	pause := []time.Duration{0, 0, time.Millisecond, time.Second}[s.random.IntN(4)]
	status := []string{"+OK\r\n", "+OK\r\n", ""}[s.random.IntN(3)]
	block := bytes.Repeat([]byte(line), 32<<10/len(line))
	s.at("endless", withLines, fmt.Sprintf("%.20q after %q, 32 KiB each %v", line, status, pause), func(n *scriptSession, c scriptCommand) {
		n.execute(c)
		n.put([]byte(status))
		n.sendEndless(fmt.Sprintf("%.20q at %s", line, c.verb), block, pause)
	})
}

// stopped asks the daemon to stop.
func stopped(s *serverScript) {
	s.at("stop", everywhere, "the daemon is asked to stop", func(n *scriptSession, c scriptCommand) {
		n.server.stop()
		n.send(n.execute(c).octets())
	})
}

// retrieved sends octets as the message that RETR asks for.
func (n *scriptSession) sendMessage(c scriptCommand, change func(octets []byte) []byte) {
	answer := n.execute(c)
	if m := n.message(c.message); m != nil && n.loggedIn {
		answer.body = change(m.octets)
	}
	n.send(answer.octets())
}

// shortMessage sends a message's beginning as if it were all.
func shortMessage(s *serverScript) {
	percent := []int{0, 0, 1, 10, 30, 60, 95}[s.random.IntN(7)]
	s.at("short message", []string{"RETR"}, fmt.Sprintf("%d %% of it", percent), func(n *scriptSession, c scriptCommand) {
		n.sendMessage(c, func(octets []byte) []byte { return pop3test.Stuff(bytes.Clone(octets[:len(octets)*percent/100])) })
	})
}

// longMessage sends more than the message.
func longMessage(s *serverScript) {
	more := []int{1, 10, 1000, 30_000, 2 << 20}[s.random.IntN(5)]
	s.at("long message", []string{"RETR"}, fmt.Sprintf("%d octets more", more), func(n *scriptSession, c scriptCommand) {
		n.sendMessage(c, func(octets []byte) []byte {
			return pop3test.Stuff(append(bytes.Clone(octets), bytes.Repeat([]byte("m"), more)...))
		})
	})
}

// damagedMessage sends other octets.
func damagedMessage(s *serverScript) {
	which, place := s.random.IntN(5), s.random.IntN(300)
	how := []string{"an octet changed", "another message", "a line put in", "without byte-stuffing", "the same message as always"}[which]
	s.at("damaged message", []string{"RETR"}, how, func(n *scriptSession, c scriptCommand) {
		n.sendMessage(c, func(octets []byte) []byte { return n.damaged(which, place, bytes.Clone(octets)) })
	})
}

// damaged returns a message's octets on the wire, damaged in one of five ways.
func (n *scriptSession) damaged(which, place int, octets []byte) []byte {
	place = min(place, len(octets)-1)
	switch which {
	case 0:
		octets[place] ^= 1
	case 1:
		octets = bytes.Clone(n.messages[len(n.messages)-1].octets)
	case 2:
		octets = append(octets[:place:place], append([]byte("\r\n-ERR stray\r\n"), octets[place:]...)...)
	case 3:
		return append(octets, "\r\n.\r\n"...)
	case 4:
		octets = bytes.Clone(n.messages[0].octets)
	}
	return pop3test.Stuff(octets)
}
