package store

import (
	"fmt"
	"runtime"
	"sync"
	"time"

	"mailintegration/processor"
)

// turns says which of the messages that take turns is being worked on, and since when.
type turns struct {
	mu        sync.Mutex
	current   *newMessage
	since     time.Time
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
	t.current, t.since = m, time.Now()
}

// end notes that the last turn is over. It reports whether inTurn still waits for that.
func (t *turns) end() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
	return !t.abandoned
}

// abandon gives up the current turn if it has lasted for limit, and returns its message. Otherwise it returns the time
// that the turn has left.
func (t *turns) abandon(limit time.Duration) (left time.Duration, late *newMessage) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if left = limit - time.Since(t.since); left > 0 || t.ended {
		return left, nil
	}
	t.abandoned = true
	return 0, t.current
}

// inTurn runs work, which begins a turn for each message; no turn may last longer than the store's decideTime. All
// turns run in one goroutine, which costs a batch next to nothing. Go cannot end a goroutine that does not return:
// inTurn abandons it with everything that it uses, and the caller must not touch that again. A panic is the fault of
// the message whose turn it is.
func (a *acceptance) inTurn(work func(*turns)) error {
	t := &turns{since: time.Now()}
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
	limit := a.store.decideTime
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-timer.C:
			left, late := t.abandon(limit)
			if late != nil {
				return tooSlow(late, limit)
			}
			timer.Reset(max(left, time.Millisecond))
		}
	}
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
