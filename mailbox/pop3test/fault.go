package pop3test

import "slices"

// action says what a fault does at its step.
type action int

const (
	proceed action = iota // no fault: the step is executed as usual
	dropConnection
	dropReply
	dropAfterReply
	stall
	replace
	precede
	follow
	truncate
	endless
)

// fault is a rule for a step: which action, and how often.
type fault struct {
	step   string
	skip   int // remaining times to do nothing
	times  int // remaining times to act, -1 for always
	action action
	octets []byte // for replace, precede, follow and endless
	limit  int    // for truncate
	call   func() // called before the action
}

// Step is a step of a session at which a test sets a fault; the last method of the chain sets it.
type Step struct {
	server *Server
	fault  fault
}

// At names a step: a command line as received ("DELE 2"), a command's name ("DELE"), "greeting" or "connect".
func (s *Server) At(step string) *Step {
	return &Step{server: s, fault: fault{step: step, times: -1}}
}

// AtMessage names the step of a command about the message with a unique-id, whatever its number is then.
func (s *Server) AtMessage(command, uidl string) *Step { return s.At(command + uidlMark + uidl) }

// uidlMark separates a command and a unique-id in a step's name; no command line contains it.
const uidlMark = " = "

// Times limits the fault to n times; without it the fault lasts until Heal.
func (p *Step) Times(n int) *Step { p.fault.times = n; return p }

// After lets the step succeed n times first.
func (p *Step) After(n int) *Step { p.fault.skip = n; return p }

// Drop cuts the connection; the command is not executed.
func (p *Step) Drop() { p.set(dropConnection) }

// DropReply executes the command and cuts the connection instead of answering.
func (p *Step) DropReply() { p.set(dropReply) }

// DropAfterReply executes the command, answers and cuts the connection.
func (p *Step) DropAfterReply() { p.set(dropAfterReply) }

// Stall sends nothing until the client leaves; the command is not executed.
func (p *Step) Stall() { p.set(stall) }

// Reply answers with line; the command is not executed.
func (p *Step) Reply(line string) { p.Garbage([]byte(line + "\r\n")) }

// Garbage answers with octets; the command is not executed.
func (p *Step) Garbage(octets []byte) {
	p.fault.octets = octets
	p.set(replace)
}

// Precede sends octets before the answer; the command is executed.
func (p *Step) Precede(octets []byte) {
	p.fault.octets = octets
	p.set(precede)
}

// Follow sends octets after the answer, in one write with it; the command is executed.
func (p *Step) Follow(octets []byte) {
	p.fault.octets = octets
	p.set(follow)
}

// Truncate sends only the first n octets of the message, as if it had no more; it is for RETR.
func (p *Step) Truncate(n int) {
	p.fault.limit = n
	p.set(truncate)
}

// Endless answers with octets and repeats their last line until the client leaves; the command is not executed.
func (p *Step) Endless(octets []byte) {
	p.fault.octets = octets
	p.set(endless)
}

// Call calls f before the command is executed, or before another fault of the same step. The server is not locked.
func (p *Step) Call(f func()) {
	p.fault.call = f
	p.set(proceed)
}

// set adds the fault to the server.
func (p *Step) set(a action) {
	p.fault.action = a
	f := p.fault
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	p.server.faults = append(p.server.faults, &f)
}

// CutAfterOctets cuts every session that begins from now on when the server has sent n octets, TLS included.
func (s *Server) CutAfterOctets(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = n
}

// ForgetDeletes makes the server answer +OK to DELE and QUIT and remove nothing.
func (s *Server) ForgetDeletes() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetDeletes = true
}

// RenewUIDLs makes the server give each message a new unique-id in each session, against RFC 1939 §7.
func (s *Server) RenewUIDLs() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renewUIDLs = true
}

// LieAboutSizes makes STAT and LIST announce f(octets) for a message of that many octets.
func (s *Server) LieAboutSizes(f func(octets int64) int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listedSize = f
}

// Heal removes all faults, also CutAfterOctets, ForgetDeletes, RenewUIDLs and LieAboutSizes.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
	s.cut = -1
	s.forgetDeletes = false
	s.renewUIDLs = false
	s.listedSize = func(octets int64) int64 { return octets }
}

// faultsAt returns the faults at a step with these names: all calls, and the first other fault, or the zero fault when
// there is none.
func (s *Server) faultsAt(names []string) (calls []func(), other fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if !slices.Contains(names, f.step) || f.times == 0 {
			continue
		}
		if f.action != proceed && other.action != proceed {
			continue
		}
		if f.skip > 0 {
			f.skip--
			continue
		}
		if f.times > 0 {
			f.times--
		}
		if f.action == proceed {
			calls = append(calls, f.call)
		} else {
			other = *f
		}
	}
	return calls, other
}
