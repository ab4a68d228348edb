package main

import (
	"context"
	"time"

	"mailintegration/cmd/mailintegration/service"
	"mailintegration/daemon"
)

const (
	// attendSoon and attendEvery are the times between two looks at the daemon, just after the start and later.
	attendSoon, attendEvery = time.Second, 5 * time.Second
	// soonLooks is how many looks come soon.
	soonLooks = 10
	// stopExtension is the time that a daemon which stops asks for, again at each look.
	stopExtension = 3 * attendEvery
)

// attendant looks at the daemon every few seconds, and tells the service manager how the daemon is and that it makes progress.
type attendant struct {
	manager service.Manager
	daemon  attended
	log     events
	timer   func(time.Duration) <-chan time.Time // time.After

	said    string // the last sentence
	isStuck bool   // the daemon makes no progress
	done    chan struct{}
	ended   chan struct{} // nil before begin
}

// stoppingSentence tells how a daemon is that stops.
const stoppingSentence = "stopping: the messages in hand are finished first"

// attended is the part of a daemon that an attendant needs.
type attended interface {
	Status() daemon.Status
	Stuck() error
}

// newAttendant returns the attendant of a daemon that is still to be made.
func newAttendant(m service.Manager) *attendant {
	return &attendant{manager: m, timer: time.After, done: make(chan struct{})}
}

// begin says that the daemon is live, and looks at it until end is called. When ctx ends, the daemon stops.
func (a *attendant) begin(ctx context.Context, d attended, log events) {
	a.daemon, a.log, a.ended = d, log, make(chan struct{})
	a.look(ctx)
	a.manager.Ready()
	go func() {
		defer close(a.ended)
		a.run(ctx)
	}()
}

// end ends the looks. The daemon has stopped, and everything that it needed.
func (a *attendant) end() {
	close(a.done)
	if a.ended != nil {
		<-a.ended
	}
}

// run looks at the daemon until end is called.
func (a *attendant) run(ctx context.Context) {
	stops := ctx.Done()
	for n := 0; ; n++ {
		wait := attendEvery
		if n < soonLooks {
			wait = attendSoon
		}
		select {
		case <-a.timer(wait):
			a.look(ctx)
		case <-stops:
			stops = nil // the next looks say so again
		case <-a.done:
			return
		}
		if ctx.Err() != nil {
			a.manager.Stopping(stopExtension)
			a.tell(stoppingSentence)
		}
	}
}

// look tells the service manager how the daemon is. It is alive only while each of its loops makes progress: should one wait for
// another for ever, Status or Stuck may not return either, and the service manager hears nothing.
func (a *attendant) look(ctx context.Context) {
	if ctx.Err() == nil {
		a.tell(a.daemon.Status().Sentence())
	}
	err := a.daemon.Stuck()
	if err == nil {
		a.manager.Alive()
	}
	if err != nil && !a.isStuck {
		a.log.daemonStuck(err, a.manager.Watchdog())
	}
	a.isStuck = err != nil
}

// tell passes a sentence on if it is new.
func (a *attendant) tell(sentence string) {
	if sentence != a.said {
		a.said = sentence
		a.manager.Tell(sentence)
	}
}
