package smtptest

import "slices"

// action says what a fault does at its step.
type action int

const (
	proceed action = iota // no fault: the step is executed as usual
	dropConnection
	dropReply
	stall
	hold
	replace
)

// fault is a rule for a step: which action, and how often.
type fault struct {
	step   string
	skip   int // remaining times to do nothing
	times  int // remaining times to act, -1 for always
	action action
	reply  string // for replace
	call   func() // called before the action
}

// isExecuted reports whether the command is executed.
func (f fault) isExecuted() bool {
	return f.action == proceed || f.action == dropReply || f.action == hold
}

// Step is a step of a session at which a test sets a fault; the last method of the chain sets it.
type Step struct {
	server *Server
	fault  fault
}

// At names a step; the package comment lists them.
func (s *Server) At(step string) *Step { return &Step{server: s, fault: fault{step: step, times: -1}} }

// Times limits the fault to n times; without it the fault lasts until Heal.
func (p *Step) Times(n int) *Step { p.fault.times = n; return p }

// After lets the step succeed n times first.
func (p *Step) After(n int) *Step { p.fault.skip = n; return p }

// Drop cuts the connection; the command is not executed.
func (p *Step) Drop() { p.set(dropConnection) }

// DropReply executes the command and cuts the connection instead of answering.
func (p *Step) DropReply() { p.set(dropReply) }

// Stall sends nothing until the client leaves; the command is not executed.
func (p *Step) Stall() { p.set(stall) }

// Hold executes the command and sends no answer until the client leaves.
func (p *Step) Hold() { p.set(hold) }

// Reply answers with lines, such as "450 4.2.0 busy"; the command is not executed.
func (p *Step) Reply(lines string) {
	p.fault.reply = lines
	p.set(replace)
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

// Heal removes all faults.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// faultsAt returns the faults at a step with these names: all calls, and the first other fault, or the zero fault when
// there is none.
func (s *Server) faultsAt(names ...string) (calls []func(), other fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if !slices.Contains(names, f.step) || f.times == 0 || f.action != proceed && other.action != proceed {
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
