package daemon

import (
	"bytes"
	"fmt"

	"mailintegration/mailbox/pop3test"
)

// The faults in this file are in the messages that a server sends.

// sendMessage sends other octets as the message that RETR asks for.
func (n *scriptSession) sendMessage(c scriptCommand, change func(octets []byte) []byte) {
	answer := n.execute(c)
	if m := n.message(c.message); m != nil && n.loggedIn {
		answer.body = change(m.octets)
	}
	n.send(answer.octets())
}

// shortMessage sends the beginning of a message as if it were the whole.
func shortMessage(s *serverScript) {
	percent := pick(s.random, 0, 0, 1, 10, 30, 60, 95)
	s.at("short message", []string{"RETR"}, fmt.Sprintf("%d %% of it", percent), func(n *scriptSession, c scriptCommand) {
		n.sendMessage(c, func(octets []byte) []byte {
			return pop3test.Stuff(octets[: len(octets)*percent/100 : len(octets)*percent/100])
		})
	})
}

// longMessage sends more than the message.
func longMessage(s *serverScript) {
	more := pick(s.random, 1, 10, 1000, 30_000, 2<<20)
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
