package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestAQueueHandsOverInOrderAndWhatWaitsAtTheEnd(t *testing.T) {
	t.Parallel()
	var got []string
	q := lineQueue{newQueue(queueOptions[[]byte]{give: func(line []byte) error {
		got = append(got, string(line))
		return nil
	}, room: 100, limit: time.Minute})}
	line := []byte("0")
	for i := range 50 {
		line[0] = '0' + byte(i)
		fmt.Fprintf(q, "%s", line)
	}
	if !q.close() {
		t.Error("the queue did not end")
	}
	if len(got) != 50 || got[0] != "0" || got[49] != string(rune('0'+49)) {
		t.Errorf("got %q", got)
	}
}

// TestAQueueTellsOfFailuresOnceAndOfTheirEnd has a receiver that fails, as a full disk does.
func TestAQueueTellsOfFailuresOnceAndOfTheirEnd(t *testing.T) {
	t.Parallel()
	var told []string
	full := errors.New("no space left on device")
	q := newQueue(queueOptions[string]{
		give: func(s string) error {
			if strings.HasPrefix(s, "lost") {
				return full
			}
			return nil
		},
		failed:   func(err error) { told = append(told, err.Error()) },
		regained: func(lost int64) { told = append(told, fmt.Sprint(lost, " lost")) },
		room:     100, limit: time.Minute,
	})
	for _, s := range []string{"one", "lost 1", "lost 2", "lost 3", "two", "three", "lost 4", "four"} {
		q.add(s)
	}
	q.close()
	if got := strings.Join(told, ", "); got != "no space left on device, 3 lost, no space left on device, 1 lost" {
		t.Error(got)
	}
}

// TestAReceiverThatNeverReturnsHoldsUpNothing adds more than there is room for.
func TestAReceiverThatNeverReturnsHoldsUpNothing(t *testing.T) {
	t.Parallel()
	entered, released := make(chan struct{}), make(chan struct{})
	lost := make(chan int64, 1)
	q := newQueue(queueOptions[int]{
		give: func(n int) error {
			if n == 0 {
				close(entered)
				<-released
			}
			return nil
		},
		regained: func(n int64) { lost <- n }, room: 10, limit: time.Millisecond,
	})
	q.add(0)
	<-entered
	for n := range 25 {
		q.add(n + 1)
	}
	if q.close() {
		t.Error("the queue has ended, though its receiver has not returned")
	}
	close(released)
	if n := <-lost; n != 15 {
		t.Errorf("%d things were lost, want 15", n)
	}
	<-q.ended
}
