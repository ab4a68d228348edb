package daemon

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// scriptClass is one kind of fault in the grammar.
type scriptClass struct {
	name string
	draw func(s *serverScript)
}

// everywhere has the commands at which a fault may strike, the frequent ones more than once.
var everywhere = []string{
	"greeting", "CAPA", "USER", "PASS", "STAT", "LIST", "UIDL", "RETR", "RETR", "RETR", "RETR", "DELE", "DELE", "DELE", "QUIT", "QUIT", "TOP",
}

// withLines has the commands whose answers have lines.
var withLines = []string{"CAPA", "LIST", "UIDL", "RETR", "RETR", "TOP"}

// scriptStepTimeout is the client's timeout for a step, in the time of the bubble, where waiting takes no real time.
const scriptStepTimeout = 5 * time.Second

// scriptClasses is the grammar: all kinds of faults that a server can have.
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

// garbage has answers that mean nothing.
var garbage = []string{
	"\x00\xff\r\n", "nonsense\r\n", "1 120\r\n", ".\r\n", "\r\n", "+OKAY\r\n", "+ \r\n", "+OK\n", "+OK\r", "-ERROR\r\n", "* OK IMAP4\r\n",
	"220 SMTP\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "+OK\r\n.\r\n", "+OK\r\n", "+OK 1 1\r\n1 1\r\n.\r\n",
	"+OK " + strings.Repeat("x", 600) + "\r\n", strings.Repeat("y", 9000) + "\r\n",
}

// garbageAnswer answers with garbage.
func garbageAnswer(s *serverScript) {
	octets := pick(s.random, garbage...)
	s.at("garbage for an answer", everywhere, fmt.Sprintf("%.40q", octets), func(n *scriptSession, _ scriptCommand) {
		n.send([]byte(octets))
	})
}

// refusals has the texts of refusals.
var refusals = []string{
	"no", "[SYS/TEMP] try later", "[SYS/PERM] ask an administrator", "[AUTH] who are you?", "[IN-USE] locked", "[LOGIN-DELAY] wait",
	"[UTF8] no", "", "internal error", "unknown command",
}

// refusedCommand refuses a command.
func refusedCommand(s *serverScript) {
	text := pick(s.random, refusals...)
	s.at("refused", everywhere, fmt.Sprintf("%q", text), func(n *scriptSession, _ scriptCommand) {
		n.send(refused(text).octets())
	})
}

// inUse refuses the log-in because another session has the maildrop.
func inUse(s *serverScript) {
	s.at("maildrop in use", []string{"PASS"}, "[IN-USE]", func(n *scriptSession, _ scriptCommand) {
		n.send(refused("[IN-USE] another session has the maildrop locked").octets())
	})
}

// unreachable refuses the connection.
func unreachable(s *serverScript) {
	s.at("unreachable", []string{"connect"}, "connection refused", nil)
}

// doneButRefused executes a command and answers that it did not.
func doneButRefused(s *serverScript) {
	s.at("done but refused", []string{"DELE", "DELE", "QUIT", "PASS", "USER"}, "-ERR", func(n *scriptSession, c scriptCommand) {
		n.execute(c)
		n.send(refused("no").octets())
	})
}

// grantedNotDone does not execute a command and answers that it did.
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

// silent stops answering.
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

// late answers late, sometimes too late.
func late(s *serverScript) {
	justInTime, tooLate := scriptStepTimeout-time.Millisecond, scriptStepTimeout+time.Millisecond
	d := pick(s.random, time.Millisecond, time.Second, justInTime, tooLate, time.Minute, 24*time.Hour)
	s.at("late", everywhere, d.String(), func(n *scriptSession, c scriptCommand) {
		answer := n.execute(c).octets()
		n.wait(d)
		n.send(answer)
	})
}

// octetByOctet sends an answer slowly.
func octetByOctet(s *serverScript) {
	d := pick(s.random, time.Millisecond, 100*time.Millisecond, time.Second, scriptStepTimeout-time.Millisecond)
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

// endless sends an answer that never ends.
func endless(s *serverScript) {
	long := strings.Repeat("z", 500) + "\r\n"
	line := pick(s.random, "\r\n", "x\r\n", "1 120\r\n", long, "a line without an end, ", "\r", "\n", "+OK\r\n", "..")
	pause := pick(s.random, 0, 0, time.Millisecond, time.Second)
	status := pick(s.random, "+OK\r\n", "+OK\r\n", "")
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
