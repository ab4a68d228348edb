package store_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailintegration/processor"
	"mailintegration/store"
)

// discard discards a message as anna.
func (d *desk) discard(t testing.TB, id int64, reason string) (event int64, err error) {
	t.Helper()
	anna, err := d.store.UserNamed(t.Context(), "anna")
	must(t, err)
	err = d.store.Write(t.Context(), anna, func(j *store.Journal) (err error) {
		event, err = j.Discard(t.Context(), id, reason)
		return err
	})
	return event, err
}

func TestAnEventIsProcessedWhenItsLastMessageIsReplayedOrDiscarded(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	first, second, third := mail("1", "a"), mail("2", "b"), mail("3", "c")
	event := d.setAside(t, first)
	equal(t, event, d.setAside(t, second))
	equal(t, event, d.setAside(t, third))
	states := func() string {
		return one[string](t, d, `SELECT string_agg(state, ' ' ORDER BY id) FROM set_aside`) + ", " +
			one[string](t, d, `SELECT state FROM request WHERE number = $1`, event) + ", " +
			one[string](t, d, `SELECT CASE WHEN closed_at IS NULL THEN 'open' ELSE 'closed' END FROM problem`)
	}
	_, err := d.reconsider(t, d.store, event, second, d.clerk())
	must(t, err)
	equal(t, "waiting replayed waiting, new, open", states())
	got, err := d.discard(t, 1, "Recorded by hand.")
	must(t, err)
	equal(t, event, got)
	equal(t, "discarded replayed waiting, new, open", states())
	_, err = d.reconsider(t, d.store, event, third, d.clerk())
	must(t, err)
	equal(t, "discarded replayed replayed, processed, closed", states())
	history := all[string](t, d, `SELECT concat_ws('|', u.logon, h.what, h.detail) FROM history h JOIN user_account u ON u.id = h.author_id
		WHERE h.request_id = $1 AND h.what NOT IN ('opened', 'activity_added') ORDER BY h.id`, event)
	if diff := cmp.Diff([]string{
		"mailintegration|replayed|message 2 that was set aside was recorded after all: opened 2",
		"anna|discarded|message 1: Recorded by hand.",
		"mailintegration|replayed|message 3 that was set aside was recorded after all: opened 3",
		"mailintegration|processed|no message of this event waits any more: each was recorded or discarded",
	}, history); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	asides, err := d.store.Asides(t.Context(), store.AsideFilter{Mailbox: "HELPDESK"})
	must(t, err)
	if a := asides[0]; a.State != store.Discarded || a.SettledBy.Logon != "anna" || a.Remark != "Recorded by hand." || a.Request != nil {
		t.Errorf("the discarded message is %+v", a)
	}
	if a := asides[1]; a.State != store.Replayed || *a.Request != 2 {
		t.Errorf("the replayed message is %+v", a)
	}
	equal(t, int64(4), d.setAside(t, mail("4", "d"))) // the fault is back: another event
}

func TestADiscardedMessageKeepsItsOctetsAndIsRecordedOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	late := mail("1", "late")
	event := d.setAside(t, late)
	_, err := d.discard(t, 1, "spam")
	must(t, err)
	equal(t, "late", read(t, d.path("late")))
	if got := d.accept(t, d.clerk(), late)[0]; !got.Known || got.Result != store.SetAside {
		t.Errorf("met again: %+v", got)
	}
	before := d.everything(t)
	if _, err := d.discard(t, 1, "spam"); !isSettled(err, store.Discarded) || !strings.Contains(store.Hint(err), "setaside show 1") {
		t.Errorf("discarded again: %v", err)
	}
	if _, err := d.discard(t, 99, "spam"); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("an unknown number: %v", err)
	}
	if _, err := d.discard(t, 1, " "); err == nil {
		t.Error("discarded without a reason")
	}
	if _, err := d.reconsider(t, d.store, event, late, d.clerk()); !errors.Is(err, store.ErrProcessed) {
		t.Errorf("replayed: %v", err)
	}
	d.exec(t, `UPDATE request SET state = 'new', processed_at = NULL`)
	if _, err := d.reconsider(t, d.store, event, late, d.clerk()); !isSettled(err, store.Discarded) {
		t.Errorf("replayed: %v", err)
	}
	d.exec(t, `UPDATE request SET state = 'processed', processed_at = (SELECT settled_at FROM set_aside)`)
	if diff := cmp.Diff(before, d.everything(t)); diff != "" {
		t.Errorf("changed (-before +after):\n%s", diff)
	}
	aside, err := d.store.OpenAside(t.Context(), 1)
	must(t, err)
	defer aside.Raw.Close()
	bob, err := d.store.UserNamed(t.Context(), "bob")
	must(t, err)
	o, err := d.store.Reconsider(t.Context(), d.mailbox, aside, late.Message, d.clerk(), store.Reconsideration{Again: true, By: bob})
	if err != nil || o.Result != store.Opened {
		t.Errorf("%+v, %v", o, err)
	}
	equal(t, "replayed 4", one[string](t, d, `SELECT state || ' ' || settled_by_id FROM set_aside`))
}

// TestADiscardAndAReplayAtOnceSettleAMessageOnce also has the same fault come again at the same time.
func TestADiscardAndAReplayAtOnceSettleAMessageOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for round := range 10 {
		late := mail(fmt.Sprint(round), fmt.Sprint("late", round))
		event := d.setAside(t, late)
		id := d.asideOf(t, event, late)
		var discarded, replayed error
		var all sync.WaitGroup
		all.Go(func() { _, discarded = d.discard(t, id, "by hand") })
		all.Go(func() { _, replayed = d.reconsider(t, d.store, event, late, d.clerk()) })
		all.Go(func() {
			again := mail(fmt.Sprint("again", round), fmt.Sprint("again", round))
			why := processor.SetAside{Reason: processor.NewReason("mine", "because")}
			_, err := d.store.Accept(t.Context(), d.mailbox, []store.Delivery{again}, d.exceptFor(again.Message.Subject, func() processor.Decision { return why }))
			if err != nil {
				t.Error(err)
			}
		})
		all.Wait()
		settled := isSettled(discarded, store.Replayed) || isSettled(replayed, store.Discarded) || errors.Is(replayed, store.ErrProcessed)
		if (discarded == nil) == (replayed == nil) || !settled {
			t.Errorf("round %d: discarded: %v; replayed: %v", round, discarded, replayed)
		}
	}
	if lost := d.count(t, `set_aside s JOIN request r ON r.number = s.event_id WHERE s.state = 'waiting' AND r.state = 'processed'`); lost != 0 {
		t.Errorf("%d messages wait on processed events", lost)
	}
	if lost := d.count(t, `set_aside s WHERE s.state = 'waiting' AND NOT EXISTS (SELECT FROM problem p WHERE p.event_id = s.event_id AND p.closed_at IS NULL)`); lost != 0 {
		t.Errorf("%d messages wait without an open problem", lost)
	}
}

func TestAReceiptThatIsRemovedTakesTheRowOfAReplayedMessageWithIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	late, kept := mail("1", "late"), mail("2", "kept")
	event := d.setAside(t, late)
	d.setAside(t, kept)
	_, err := d.reconsider(t, d.store, event, late, d.clerk())
	must(t, err)
	d.exec(t, `UPDATE receipt SET last_seen_at = now() - interval '10 years'`)
	_, err = d.store.PurgeReceipts(t.Context(), 0)
	must(t, err)
	equal(t, "waiting", one[string](t, d, `SELECT string_agg(state, ' ') FROM set_aside`))
	equal(t, 1, d.count(t, "receipt"))
}
