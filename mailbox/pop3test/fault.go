package pop3test

import "slices"

// action is what a fault does at its step.
type action int

const (
	proceed action = iota
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

// fault is one rule: what happens at a step, and how often.
type fault struct {
	step   string
	skip   int // times still to let pass
	times  int // times still to act, -1 for always
	action action
	octets []byte // for replace, precede, follow and endless
	limit  int    // for truncate
	call   func() // called before the action
}

// Step is a place in the dialogue where a fault can be set; its last method sets it.
type Step struct {
	server *Server
	fault  fault
}

// At names a step: a command line as received ("DELE 2"), a command's name ("DELE"), "greeting" or "connect".
func (s *Server) At(step string) *Step {
	return &Step{server: s, fault: fault{step: step, times: -1}}
}

// AtMessage names the step at which a command is about the message with a unique-id, whatever its number is then.
func (s *Server) AtMessage(command, uidl string) *Step { return s.At(command + uidlMark + uidl) }

// uidlMark stands between a command and a unique-id in a step's name; no command line has it.
const uidlMark = " = "

// Times limits the fault to n times; without it the fault is there until Heal.
func (p *Step) Times(n int) *Step { p.fault.times = n; return p }

// After lets the step pass n times first.
func (p *Step) After(n int) *Step { p.fault.skip = n; return p }

// Drop cuts the connection; the command is not executed.
func (p *Step) Drop() { p.set(dropConnection) }

// DropReply executes the command and cuts the connection instead of answering.
func (p *Step) DropReply() { p.set(dropReply) }

// DropAfterReply executes the command, answers and cuts the connection.
func (p *Step) DropAfterReply() { p.set(dropAfterReply) }

// Stall answers nothing, and goes on so until the client leaves; the command is not executed.
func (p *Step) Stall() { p.set(stall) }

// Reply answers with a line of the caller's; the command is not executed.
func (p *Step) Reply(line string) { p.Garbage([]byte(line + "\r\n")) }

// Garbage answers with octets of the caller's; the command is not executed.
func (p *Step) Garbage(octets []byte) {
	p.fault.octets = octets
	p.set(replace)
}

// Precede sends octets of the caller's before the answer; the command is executed.
func (p *Step) Precede(octets []byte) {
	p.fault.octets = octets
	p.set(precede)
}

// Follow sends octets of the caller's behind the answer, in one piece with it; the command is executed.
func (p *Step) Follow(octets []byte) {
	p.fault.octets = octets
	p.set(follow)
}

// Truncate hands out only the first n octets of the message, as though it had no more; it is for RETR.
func (p *Step) Truncate(n int) {
	p.fault.limit = n
	p.set(truncate)
}

// Endless answers with octets of the caller's and repeats their last line until the client leaves; the command is not
// executed.
func (p *Step) Endless(octets []byte) {
	p.fault.octets = octets
	p.set(endless)
}

// Call calls f before the command is executed, or before another fault of the same step. The server is not locked.
func (p *Step) Call(f func()) {
	p.fault.call = f
	p.set(proceed)
}

// set adds the fault to the server's.
func (p *Step) set(a action) {
	p.fault.action = a
	f := p.fault
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	p.server.faults = append(p.server.faults, &f)
}

// CutAfterOctets cuts every session that begins from now on after n octets sent by the server, TLS included.
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

// RenewUIDLs makes the server give every message a new unique-id in each session, against RFC 1939 §7.
func (s *Server) RenewUIDLs() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renewUIDLs = true
}

// LieAboutSizes makes STAT and LIST say f(octets) for a message of that many octets.
func (s *Server) LieAboutSizes(f func(octets int64) int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listedSize = f
}

// Heal takes back all faults, CutAfterOctets, ForgetDeletes, RenewUIDLs and LieAboutSizes.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
	s.cut = -1
	s.forgetDeletes = false
	s.renewUIDLs = false
	s.listedSize = func(octets int64) int64 { return octets }
}

// faultsAt returns what shall happen at a step that has these names: first all calls, then the first other fault,
// which is the zero fault when there is none.
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
