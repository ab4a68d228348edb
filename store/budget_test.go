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

// parts are the parts of the limit of a decision, which pass when a test says so.
type parts chan time.Time

// timed returns a desk, and the parts of the limit of its decisions.
func timed(t *testing.T) (*desk, parts) {
	t.Helper()
	d, p := newDesk(t), make(parts)
	d.store.TickBy(p)
	return d, p
}

// pass lets n parts pass during a decision.
func (p parts) pass(n int) {
	for range n {
		p <- time.Time{}
	}
}

// stuck is a decider that blocks on messages with the subject "about bad", beyond the limit, until hang is closed: in Keys or
// in Decide.
type stuck struct {
	clerk
	parts  parts
	inKeys bool
	hang   chan struct{}
	passed *atomic.Int32 // counts the decisions after hang was closed
}

func (s stuck) Keys(m *processor.Message) processor.Keys {
	if s.inKeys && m.Subject == "about bad" {
		s.parts.pass(store.TurnParts + 1)
		<-s.hang
	}
	return s.clerk.Keys(m)
}

func (s stuck) Decide(m *processor.Message, dir processor.Directory, now time.Time) processor.Decision {
	if !s.inKeys && m.Subject == "about bad" {
		s.parts.pass(store.TurnParts + 1)
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
			d, limit := timed(t)
			c := stuck{d.clerk(), limit, inKeys, make(chan struct{}), new(atomic.Int32)}
			got := d.accept(t, c, batchOf("a", "bad", "c")...)
			if fates(got) != "RSR" {
				t.Fatalf("outcomes %s", fates(got))
			}
			if why := got[1].Decision.Why(); why.Code != processor.ReasonTooSlow || !strings.Contains(why.Detail(), "30s") {
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
	d, limit := timed(t)
	event := d.setAside(t, mail("1", "bad"))
	c := stuck{d.clerk(), limit, false, make(chan struct{}), new(atomic.Int32)}
	defer close(c.hang)
	_, err := d.reconsider(t, d.store, event, mail("1", "bad"), c)
	if still := new(store.StillAsideError); !errors.As(err, &still) || still.Reason.Code != processor.ReasonTooSlow {
		t.Errorf("error is %v", err)
	}
}

// TestEachMessageHasItsOwnTimeForADecision decides about messages that together take longer than the limit.
func TestEachMessageHasItsOwnTimeForADecision(t *testing.T) {
	t.Parallel()
	d, limit := timed(t)
	c := d.clerk()
	c.instead = func(*processor.Message, processor.Directory) processor.Decision {
		limit.pass(store.TurnParts - 1) // the last one may count for the next turn
		return nil
	}
	if got := d.accept(t, c, batchOf("a", "b", "c", "d", "e", "f")...); fates(got) != "RRRRRR" {
		t.Errorf("outcomes %s", fates(got))
	}
}

// TestTimeBeforeTheFirstTurnIsNobodysFault lets the limit pass, as when the machine stands still, before any decision has begun.
func TestTimeBeforeTheFirstTurnIsNobodysFault(t *testing.T) {
	t.Parallel()
	d, limit := timed(t)
	must(t, d.store.InTurn(func(begin func()) {
		limit.pass(2 * store.TurnParts)
		begin()
		limit.pass(store.TurnParts - 1)
	}))
}
