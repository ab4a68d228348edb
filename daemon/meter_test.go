package daemon

import (
	"sync/atomic"
	"testing"
	"time"

	"mailintegration/mailbox/pop3test"
	"mailintegration/store/storetest"
)

// counting counts what a meter is told.
type counting struct{ polls, parses, commits, negative atomic.Int32 }

func (c *counting) note(n *atomic.Int32, took time.Duration) {
	n.Add(1)
	if took < 0 {
		c.negative.Add(1)
	}
}

func (c *counting) Polled(took time.Duration)    { c.note(&c.polls, took) }
func (c *counting) Parsed(took time.Duration)    { c.note(&c.parses, took) }
func (c *counting) Committed(took time.Duration) { c.note(&c.commits, took) }

func TestAMeterIsToldOfEachPollMessageAndBatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	meter := &counting{}
	w.options.Meter, w.options.BatchMessages = meter, 2
	for range 5 {
		w.mail()
	}
	octets := 0
	for n := range 5 {
		octets += len(shortMail(n + 1))
	}
	if r := w.poll(); r.Octets != int64(octets) || r.Opened != 5 {
		t.Errorf("%d octets of %d messages, want %d of 5", r.Octets, r.Opened, octets)
	}
	w.idle()
	if r := w.poll(); r.Octets != 0 {
		t.Errorf("%d octets of an empty mailbox", r.Octets)
	}
	if p, m, b := meter.polls.Load(), meter.parses.Load(), meter.commits.Load(); p != 2 || m != 5 || b != 3 || meter.negative.Load() != 0 {
		t.Errorf("the meter was told of %d polls, %d messages and %d batches, want 2, 5 and 3", p, m, b)
	}
}

func TestFiguresAreNotAskedOfADatabaseThatIsDown(t *testing.T) {
	t.Parallel()
	c := newCluster(t, pop3test.Options{})
	m := c.join(c.oneMailbox(), nil)
	c.first(m)
	if f, err := m.Figures(t.Context()); err != nil || len(f.OpenProblems) != 0 {
		t.Errorf("%+v, %v", f, err)
	}
	m.silenceDatabase()
	c.setForward(beatEvery)
	m.until(t, "the daemon is not ready", isUnready)
	if _, err := m.Figures(t.Context()); err != errNoFigures {
		t.Errorf("error %v", err)
	}
	m.answer()
	storetest.Until(t, "the figures are there again", func() bool {
		c.setForward(time.Second)
		_, err := m.Figures(t.Context())
		return err == nil
	})
}
