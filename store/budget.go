package store

import (
	"fmt"
	"runtime"
	"sync"
	"time"

	"mailintegration/processor"
)

// turnParts is the number of parts in which the limit of a turn passes. However long the process stands still, because its
// machine is paused, one part passes: no message is to blame for that.
const turnParts = 10

// turns says which of the messages that take turns is being worked on, and how much of its limit has passed.
type turns struct {
	mu        sync.Mutex
	current   *newMessage // nil before the first turn
	parts     int
	ended     bool
	abandoned bool
}

// begin starts a message's turn. It ends the goroutine if inTurn has abandoned it: nobody would use its work.
func (t *turns) begin(m *newMessage) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.abandoned {
		runtime.Goexit()
	}
	t.current, t.parts = m, 0
}

// end notes that the last turn is over. It reports whether inTurn still waits for that.
func (t *turns) end() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
	return !t.abandoned
}

// pass notes that a part of the limit has passed. It gives up the current turn when more than all of them have, and returns
// its message.
func (t *turns) pass() (late *newMessage) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.parts++
	if t.parts <= turnParts || t.ended || t.current == nil {
		return nil
	}
	t.abandoned = true
	return t.current
}

// inTurn runs work, which begins a turn for each message; no turn may last longer than decideTime. All
// turns run in one goroutine, which costs a batch next to nothing. Go cannot end a goroutine that does not return:
// inTurn abandons it with everything that it uses, and the caller must not touch that again. A panic is the fault of
// the message whose turn it is.
func (a *acceptance) inTurn(work func(*turns)) error {
	t := &turns{}
	done := make(chan error, 1)
	go func() {
		var err error
		defer func() { // runs after Goexit too, when nobody listens
			if v := recover(); v != nil {
				err = t.fault(panicReason(v))
			}
			if t.end() {
				done <- err
			}
		}()
		work(t)
	}()
	parts, stop := a.store.tick(decideTime / turnParts)
	defer stop()
	for {
		select {
		case err := <-done:
			return err
		case <-parts:
			if late := t.pass(); late != nil {
				return tooSlow(late, decideTime)
			}
		}
	}
}

// tick returns the ticks of a new time.Ticker, and what stops it. Who was not ready for several ticks gets one.
func tick(interval time.Duration) (ticks <-chan time.Time, stop func()) {
	t := time.NewTicker(interval)
	return t.C, t.Stop
}

// fault returns an error that blames the message whose turn it is.
func (t *turns) fault(reason processor.Reason) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current == nil {
		return &messageError{reason: reason}
	}
	return &messageError{reason: reason, digest: &t.current.digest}
}

func tooSlow(m *newMessage, limit time.Duration) error {
	detail := fmt.Sprintf("understanding the message took longer than %s", limit)
	return &messageError{reason: processor.NewReason(processor.ReasonTooSlow, detail), digest: &m.digest}
}
