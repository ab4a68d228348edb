package daemon

import (
	"bytes"
	"fmt"
	"time"
)

// The faults in this file are in the order and the number of a server's answers.

// strayLines has lines that answer no command.
var strayLines = []string{
	"+OK", "-ERR", "+OK 2 400", "+OK 0 0", "-ERR [SYS/TEMP] busy", "-ERR [IN-USE] busy", "* BYE", "nonsense", "", "1 120", ".", "+OK\r\n.",
	"+ ", "+OK\r\n\r\n.",
}

// strayBefore sends a line before the answer, in one piece with it or apart.
func strayBefore(s *serverScript) {
	line, apart := pick(s.random, strayLines...), s.random.IntN(2) == 0
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
	line, apart := pick(s.random, strayLines...), s.random.IntN(2) == 0
	s.at("stray after an answer", everywhere, fmt.Sprintf("%q, apart %t", line, apart), func(n *scriptSession, c scriptCommand) {
		n.sendWith(n.execute(c).octets(), []byte(line+"\r\n"), apart)
	})
}

// sendWith sends an answer and a stray line.
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

// givenTwice gives an answer twice, so that all later answers come one command late.
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
