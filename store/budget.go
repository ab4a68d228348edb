package store

import (
	"fmt"
	"runtime"
	"sync"
	"time"

	"mailintegration/processor"
)

// turns tells whose turn it is among messages that are worked on one after another, and since when.
type turns struct {
	mu        sync.Mutex
	current   *newMessage
	since     time.Time
	ended     bool
	abandoned bool
}

// begin starts a message's turn. It ends the goroutine if the turns were abandoned: nobody uses its work any more.
func (t *turns) begin(arr *newMessage) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.abandoned {
		runtime.Goexit()
	}
	t.current, t.since = arr, time.Now()
}

// end notes that all turns have been taken, and reports false when nobody waits for that any more.
func (t *turns) end() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
	return !t.abandoned
}

// abandon gives up a turn that has taken limit, and otherwise returns how long it may still take.
func (t *turns) abandon(limit time.Duration) (left time.Duration, late *newMessage) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if left = limit - time.Since(t.since); left > 0 || t.ended {
		return left, nil
	}
	t.abandoned = true
	return 0, t.current
}

// inTurn runs work, which takes a turn for each message before it is worked on, and gives each no longer than the store's
// decideTime. All run in one goroutine, which costs a batch next to nothing. Nothing can end one that does not return:
// it is left to itself with all it has, which the caller must not touch again. A panic is the fault of the message whose
// turn it is.
func (a *acceptance) inTurn(work func(*turns)) error {
	t := &turns{since: time.Now()}
	done := make(chan error, 1)
	go func() {
		var err error
		defer func() { // also after Goexit, when nobody listens
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

// fault blames the message whose turn it is.
func (t *turns) fault(reason processor.Reason) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current == nil {
		return &messageError{reason: reason}
	}
	return &messageError{reason: reason, digest: &t.current.digest}
}

func tooSlow(arr *newMessage, limit time.Duration) error {
	detail := fmt.Sprintf("understanding the message took longer than %s", limit)
	return &messageError{reason: processor.NewReason(processor.ReasonTooSlow, detail), digest: &arr.digest}
}
