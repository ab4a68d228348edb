package store_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mailintegration/processor"
	"mailintegration/store"
)

// impatient opens a store that gives a decision little time.
func (d *desk) impatient(t testing.TB, limit time.Duration) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: d.url, AttachmentDirectory: d.files, Now: clock, DecideTime: limit})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// stuck is a decider that blocks on messages with the subject "about bad" until hang is closed: in Keys or in Decide.
type stuck struct {
	clerk
	inKeys bool
	hang   chan struct{}
	passed *atomic.Int32 // counts the decisions after hang was closed
}

func (s stuck) Keys(m *processor.Message) processor.Keys {
	if s.inKeys && m.Subject == "about bad" {
		<-s.hang
	}
	return s.clerk.Keys(m)
}

func (s stuck) Decide(m *processor.Message, dir processor.Directory, now time.Time) processor.Decision {
	if !s.inKeys && m.Subject == "about bad" {
		<-s.hang
	}
	select {
	case <-s.hang:
		s.passed.Add(1)
	default:
	}
	return s.clerk.Decide(m, dir, now)
}

func TestAMessageWithoutADecisionInTimeIsSetAsideAlone(t *testing.T) {
	t.Parallel()
	for _, inKeys := range []bool{false, true} {
		t.Run(map[bool]string{false: "in Decide", true: "in Keys"}[inKeys], func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.store = d.impatient(t, 100*time.Millisecond)
			c := stuck{d.clerk(), inKeys, make(chan struct{}), new(atomic.Int32)}
			got := d.accept(t, c, batchOf("a", "bad", "c")...)
			if fates(got) != "RSR" {
				t.Fatalf("outcomes %s", fates(got))
			}
			if why := got[1].Decision.Why(); why.Code != processor.ReasonTooSlow || !strings.Contains(why.Detail(), "100ms") {
				t.Errorf("reason is %+v", why)
			}
			before := d.count(t, "request")
			close(c.hang) // the decision that was given up goes on, and ends before the next message
			if got := d.accept(t, c, batchOf("d")...); fates(got) != "R" || c.passed.Load() > 3 {
				t.Errorf("outcomes %s, %d decisions", fates(got), c.passed.Load())
			}
			if n := d.count(t, "request"); n != before+1 {
				t.Errorf("%d requests, want %d", n, before+1)
			}
		})
	}
}

func TestAMessageWithoutADecisionInTimeStaysSetAside(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	event := d.setAside(t, mail("1", "bad"))
	c := stuck{d.clerk(), false, make(chan struct{}), new(atomic.Int32)}
	defer close(c.hang)
	_, err := d.reconsider(t, d.impatient(t, 50*time.Millisecond), event, mail("1", "bad"), c)
	if still := new(store.StillAsideError); !errors.As(err, &still) || still.Reason.Code != processor.ReasonTooSlow {
		t.Errorf("error is %v", err)
	}
}

// TestEachMessageHasItsOwnTimeForADecision decides about messages that together take longer than the limit.
func TestEachMessageHasItsOwnTimeForADecision(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.store = d.impatient(t, 500*time.Millisecond)
	c := d.clerk()
	c.instead = func(*processor.Message, processor.Directory) processor.Decision {
		<-time.After(150 * time.Millisecond)
		return nil
	}
	if got := d.accept(t, c, batchOf("a", "b", "c", "d", "e", "f")...); fates(got) != "RRRRRR" {
		t.Errorf("outcomes %s", fates(got))
	}
}
