package daemon

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// serverScript is the life of one server, drawn from a number: its abilities, its faults and when they strike, and how
// the client is set.
type serverScript struct {
	number    uint64
	random    *rand.Rand
	delivered []*scriptMessage // all messages so far

	first    int   // messages in the maildrop at first
	arrivals []int // messages that come before each poll
	same     bool  // two messages have the same octets
	faults   []*scriptFault

	pipelining bool
	noCAPA     bool
	noTOP      bool
	uidl       uidlHabit
	expire     string // argument of EXPIRE, "" for no EXPIRE
	loginDelay string // argument of LOGIN-DELAY, "" for no LOGIN-DELAY

	restarts bool // each poll has a new daemon
	client   scriptClient
}

// scriptClient is the daemon's configuration.
type scriptClient struct {
	batch, session int // messages
	memory, limit  int64
	leave          LeavePolicy
	sleep          time.Duration
}

// uidlHabit says how a server treats unique-ids.
type uidlHabit string

const (
	properUIDL    uidlHabit = "proper"
	absentUIDL    uidlHabit = "absent"
	duplicateUIDL uidlHabit = "duplicate"
	renewedUIDL   uidlHabit = "renewed in each session"
	reusedUIDL    uidlHabit = "used again for another message"
)

// pick returns one of several values, drawn at random.
func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// scriptSeed is the same for all scripts, so that the number of a script determines it.
const scriptSeed = 0x4d61696c

// drawScript returns the script with that number. It has up to most faults, all from classes.
func drawScript(number uint64, classes []scriptClass, most int) *serverScript {
	r := rand.New(rand.NewPCG(number, scriptSeed))
	s := &serverScript{
		number: number, random: r, uidl: properUIDL, pipelining: r.IntN(2) == 0,
		first: 1 + r.IntN(4), same: r.IntN(20) == 0, restarts: r.IntN(3) == 0,
		client: scriptClient{
			batch: 1 + r.IntN(5), session: pick(r, 1, 2, 3, 1000),
			memory: pick[int64](r, 200, 1<<20), limit: pick[int64](r, 900, 2500, 20_000, 20_000),
			sleep: pick(r, 0, 0, 0, time.Second),
		},
	}
	s.client.leave = pick(r, LeaveNever, LeaveNever, LeaveNever, LeaveNever, 3, LeaveAlways)
	if r.IntN(8) == 0 {
		s.expire = "0"
	}
	for range 1 + r.IntN(2) {
		s.arrivals = append(s.arrivals, r.IntN(2)*r.IntN(3))
	}
	s.arrivals[0] = 0
	if most > 0 {
		for range pick(r, 1, 1, 1, 2, 2, 3) {
			if len(s.faults) < most {
				pick(r, classes...).draw(s)
			}
		}
	}
	return s
}

// messageLines are the lines of messages.
var messageLines = []string{
	"The printer is on fire.\r\n", ".\r\n", "..dots\r\n", "bare \n and \r here\r\n", "\xe9t\xe9\r\n", "\r\n", "+OK 2 400\r\n", "-ERR no\r\n",
}

// octets returns the script's message with index n, which no other script has.
func (s *serverScript) octets(n int) []byte {
	if s.same && n == 1 {
		return s.delivered[0].octets
	}
	var b strings.Builder
	b.WriteString("From: Ann Lee <ann@acme.example>\r\nTo: desk@acme.example\r\n")
	fmt.Fprintf(&b, "Message-ID: <%d.%d@acme.example>\r\nSubject: Script %d, message %d\r\n", s.number, n+1, s.number, n+1)
	if n > 0 && s.random.IntN(8) == 0 {
		fmt.Fprintf(&b, "In-Reply-To: <%d.1@acme.example>\r\n", s.number)
	}
	b.WriteString("\r\nHelp!\r\n")
	for size := 1 + s.random.IntN(3000); b.Len() < size; {
		line := messageLines[0]
		if s.random.IntN(3) == 0 {
			line = pick(s.random, messageLines...)
		}
		b.WriteString(line)
	}
	return []byte(b.String())
}

// String describes the script.
func (s *serverScript) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "script %d: a server with PIPELINING=%t CAPA=%t TOP=%t, unique-ids %s, EXPIRE %q, LOGIN-DELAY %q, ",
		s.number, s.pipelining, !s.noCAPA, !s.noTOP, s.uidl, s.expire, s.loginDelay)
	fmt.Fprintf(&b, "%d messages, arrivals %v, same octets %t\n", s.first, s.arrivals, s.same)
	c := s.client
	fmt.Fprintf(&b, "  a client with batches of %d, sessions of %d, %d octets of spool in memory, ", c.batch, c.session, c.memory)
	fmt.Fprintf(&b, "messages up to %d octets, LeaveOnServer %d, restarts %t\n", c.limit, c.leave, s.restarts)
	for _, f := range s.faults {
		fmt.Fprintf(&b, "  fault: %s\n", f)
	}
	for _, m := range s.delivered {
		fmt.Fprintf(&b, "  %s: unique-id %s, %d octets\n", m.name, m.uidl, len(m.octets))
	}
	return b.String()
}

// scriptFault is one thing that a server does wrong at some commands.
type scriptFault struct {
	class   string
	how     string // in words
	verb    string // "connect", "greeting" or a command's
	message int    // message-number, 0 for any
	skip    int    // how many more commands to spare
	times   int    // how many more times to strike, -1 for always
	act     func(n *scriptSession, c scriptCommand)
	drawn   string // the place in words
}

// String describes the fault.
func (f *scriptFault) String() string { return f.class + " at " + f.drawn + ": " + f.how }

// strikes reports whether the fault strikes at a command now, and counts that.
func (f *scriptFault) strikes(verb string, message int) bool {
	if f.verb != verb || f.message != 0 && f.message != message || f.times == 0 {
		return false
	}
	if f.skip > 0 {
		f.skip--
		return false
	}
	if f.times > 0 {
		f.times--
	}
	return true
}

// at adds a fault to the script, at a command drawn from verbs.
func (s *serverScript) at(class string, verbs []string, how string, act func(n *scriptSession, c scriptCommand)) {
	r := s.random
	f := &scriptFault{class: class, how: how, act: act, verb: pick(r, verbs...), times: pick(r, 1, 1, 1, 2, 3, -1)}
	switch {
	case slices.Contains([]string{"RETR", "DELE", "TOP"}, f.verb) && r.IntN(2) == 0:
		f.message = 1 + r.IntN(4)
	case r.IntN(2) == 0:
		f.skip = r.IntN(3)
	}
	f.drawn = f.verb
	if f.message > 0 {
		f.drawn += fmt.Sprintf(" %d", f.message)
	}
	if f.skip > 0 {
		f.drawn += fmt.Sprintf(", after %d", f.skip)
	}
	if f.times > 0 {
		f.drawn += fmt.Sprintf(", %d times", f.times)
	}
	s.faults = append(s.faults, f)
}
