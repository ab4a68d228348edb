package store_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// setAside sets a message aside and returns its event.
func (d *desk) setAside(t testing.TB, one store.Delivery) int64 {
	t.Helper()
	why := processor.SetAside{Reason: processor.NewReason("mine", "because")}
	got := d.accept(t, d.exceptFor(one.Message.Subject, func() processor.Decision { return why }), one)
	if got[0].Result != store.SetAside {
		t.Fatalf("the message was not set aside: %+v", got[0])
	}
	return got[0].Request
}

// reconsider opens the message of an event and reconsiders it.
func (d *desk) reconsider(t testing.TB, s *store.Store, event int64, one store.Delivery, decider store.Decider) (store.Outcome, error) {
	t.Helper()
	aside, err := s.OpenAside(t.Context(), d.asideOf(t, event, one))
	if err != nil {
		return store.Outcome{}, err
	}
	defer aside.Raw.Close()
	if aside.Event != event || aside.Mailbox != "helpdesk" || aside.Raw.Size() != one.Raw.Size() || aside.Raw.Digest() != one.Raw.Digest() {
		t.Errorf("opened %d octets of mailbox %s", aside.Raw.Size(), aside.Mailbox)
	}
	return s.Reconsider(t.Context(), d.mailbox, aside, one.Message, decider, store.Reconsideration{})
}

// asideOf returns the number of a message among those set aside with an event.
func (d *desk) asideOf(t testing.TB, event int64, m store.Delivery) int64 {
	t.Helper()
	digest := m.Raw.Digest()
	return one[int64](t, d, `SELECT id FROM set_aside WHERE event_id = $1 AND digest = $2`, event, digest[:])
}

// receiptOf returns the receipt of a unique-id as text.
func (d *desk) receiptOf(t testing.TB, uidl string) string {
	t.Helper()
	return one[string](t, d, `SELECT concat_ws('|', outcome, reason, request_id IS NOT NULL, raw_kept, times_seen, accepted_at::date) FROM receipt WHERE uidl = $1`, uidl)
}

func TestAMessageThatWasSetAsideIsRecordedByALaterDecision(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		answers string // the recorded message that it answers, if any
		decide  func() processor.Decision
		receipt string
		history string
	}{
		{"as a request", "", nil, "opened|new_mail|t|f|3|2026-11-01", "opened"},
		{"as an activity", "first", nil, "added|in_reply_to|t|f|3|2026-11-01", "added"},
		{"as an ignored message", "", func() processor.Decision {
			return processor.Ignore{Reason: processor.NewReason(processor.ReasonFilter, "a filter")}
		}, "ignored|filter|f|t|3|2026-11-01", "ignored"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.accept(t, d.clerk(), mail("1", "first"))
			late := mail("2", "late", func(m *processor.Message) {
				m.Attachments = []processor.Attachment{attachment("a", "late file")}
				if test.answers != "" {
					answerTo(test.answers)(m)
				}
			})
			event := d.setAside(t, late)
			d.exec(t, `UPDATE receipt SET times_seen = 3, accepted_at = '2026-11-01 10:00' WHERE uidl = '2'`)
			decider := d.clerk()
			if test.decide != nil {
				decider = d.exceptFor(late.Message.Subject, test.decide)
			}
			o, err := d.reconsider(t, d.store, event, late, decider)
			if err != nil {
				t.Fatal(err)
			}
			if got := d.receiptOf(t, "2"); got != test.receipt {
				t.Errorf("the receipt says %s, want %s", got, test.receipt)
			}
			if got := one[string](t, d, `SELECT concat_ws('|', state, settled_at IS NULL, settled_by_id) FROM set_aside`); got != "replayed|f|1" {
				t.Errorf("the message is %s", got)
			}
			got := all[string](t, d, `SELECT concat_ws('|', r.state, h.what, h.reason, h.detail) FROM request r JOIN history h ON h.request_id = r.number
				WHERE r.number = $1 AND h.what <> 'opened' ORDER BY h.id`, event)
			replayed := "processed|replayed|reconsidered|message 1 that was set aside was recorded after all: " + test.history
			if o.Request != 0 {
				replayed += fmt.Sprint(" ", o.Request)
			}
			if diff := cmp.Diff([]string{replayed, "processed|processed|reconsidered|no message of this event waits any more: each was recorded or discarded"}, got); diff != "" {
				t.Errorf("the history of the event (-want +got):\n%s", diff)
			}
			if n := d.count(t, "problem WHERE closed_at IS NULL"); n != 0 {
				t.Errorf("%d problems are open", n)
			}
			again := d.accept(t, d.clerk(), late)[0]
			if diff := cmp.Diff(store.Outcome{Known: true, Result: o.Result, Request: o.Request, Activity: o.Activity}, again, ignoreDecision); diff != "" {
				t.Errorf("seen again (-want +got):\n%s", diff)
			}
			if _, err := d.reconsider(t, d.store, event, late, d.clerk()); !isSettled(err, store.Replayed) {
				t.Errorf("reconsidered again: %v", err)
			}
		})
	}
}

// isSettled reports whether err says that a message has the state already.
func isSettled(err error, state store.AsideState) bool {
	var settled *store.SettledError
	return errors.As(err, &settled) && settled.State == state
}

func TestAMessageThatStillCannotBeRecordedStaysSetAside(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	tests := []struct {
		name   string
		decide func() processor.Decision
		says   string
	}{
		{"because the decision is to set it aside again", func() processor.Decision {
			return processor.SetAside{Reason: processor.NewReason("mine", "as before")}
		}, "the message still cannot be recorded: as before"},
		{"because PostgreSQL refuses it", func() processor.Decision {
			return processor.OpenRequest{Kind: "problem", Subject: "x", Requester: d.mailbox.Login, User: d.mailbox.Login}
		}, "the message still cannot be recorded: PostgreSQL refused"},
		{"because the program fails on it", func() processor.Decision { panic("again") },
			"the message still cannot be recorded: the program failed"},
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			late := mail(fmt.Sprint(i), fmt.Sprint("late", i))
			event := d.setAside(t, late)
			before := d.everything(t)
			_, err := d.reconsider(t, d.store, event, late, d.exceptFor(late.Message.Subject, test.decide))
			if still := new(store.StillAsideError); !errors.As(err, &still) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error is %v", err)
			}
			if diff := cmp.Diff(before, d.everything(t)); diff != "" {
				t.Errorf("changed (-before +after):\n%s", diff)
			}
		})
	}
}

// everything returns all rows that a reconsideration may change.
func (d *desk) everything(t testing.TB) []string {
	t.Helper()
	return all[string](t, d, `SELECT 'receipt ' || receipt::text FROM receipt UNION ALL SELECT 'aside ' || set_aside::text FROM set_aside
		UNION ALL SELECT 'request ' || request::text FROM request UNION ALL SELECT 'history ' || history::text FROM history
		UNION ALL SELECT 'attachment ' || attachment::text FROM attachment UNION ALL SELECT 'activity ' || activity::text FROM activity
		UNION ALL SELECT 'problem ' || problem::text FROM problem
		UNION ALL SELECT 'thread ' || thread::text FROM thread UNION ALL SELECT 'participant ' || participant::text FROM participant ORDER BY 1`)
}

func TestAMessageWhoseEventWasChangedStaysSetAside(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, sql, says string }{
		{"processed by a person", `UPDATE request SET state = 'processed', processed_at = now()`, "marked as processed"},
		{"of another team", `INSERT INTO source (team_id, name) VALUES (2, 'x'); INSERT INTO priority (team_id, name) VALUES (2, 'x');
			UPDATE request SET team_id = 2, source_id = (SELECT max(id) FROM source), priority_id = (SELECT max(id) FROM priority), group_id = 3`, "another team"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			late := mail("1", "late")
			event := d.setAside(t, late)
			d.exec(t, test.sql)
			before := d.everything(t)
			if _, err := d.reconsider(t, d.store, event, late, d.clerk()); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error is %v", err)
			}
			if diff := cmp.Diff(before, d.everything(t)); diff != "" {
				t.Errorf("changed (-before +after):\n%s", diff)
			}
		})
	}
}

func TestAMessageWhoseEventIsProcessedIsRecordedWhenAskedFor(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	event := d.setAside(t, mail("1", "late"))
	d.exec(t, `UPDATE request SET state = 'processed', processed_at = now()`)
	aside, err := d.store.OpenAside(t.Context(), d.asideOf(t, event, mail("1", "late")))
	if err != nil {
		t.Fatal(err)
	}
	defer aside.Raw.Close()
	if o, err := d.store.Reconsider(t.Context(), d.mailbox, aside, mail("1", "late").Message, d.clerk(), store.Reconsideration{Again: true}); err != nil ||
		o.Result != store.Opened {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestAFailureToProcessTheEventIsNotBlamedOnTheMessage(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	late := mail("1", "late")
	event := d.setAside(t, late)
	d.exec(t, `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no' USING ERRCODE = 'check_violation'; END $$;
		CREATE TRIGGER fail BEFORE INSERT ON history FOR EACH ROW WHEN (NEW.what = 'replayed') EXECUTE FUNCTION fail()`)
	_, err := d.reconsider(t, d.store, event, late, d.clerk())
	if still := new(store.StillAsideError); err == nil || errors.As(err, &still) {
		t.Errorf("error is %v", err)
	}
}

func TestReconsiderationsAtTheSameTimeRecordTheMessageOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	late := mail("1", "late")
	event := d.setAside(t, late)
	errs := make([]error, 4)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { _, errs[i] = d.reconsider(t, d.store, event, late, d.clerk()) })
	}
	all.Wait()
	done := 0
	for _, err := range errs {
		if err == nil {
			done++
		} else if !isSettled(err, store.Replayed) {
			t.Errorf("a slower reconsideration returned %v", err)
		}
	}
	if requests := d.count(t, "request WHERE kind = 'incident'"); done != 1 || requests != 1 {
		t.Errorf("%d reconsiderations succeeded, with %d requests; want one", done, requests)
	}
}

// TestALostConnectionLeavesAMessageSetAsideOrRecorded cuts the connection at every message of the protocol in turn, and
// then reconsiders the message again.
func TestALostConnectionLeavesAMessageSetAsideOrRecorded(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	proxy := storetest.NewProxy(t, d.url)
	proxied := d.open(t, proxy.URL)
	for n := 1; ; n++ {
		late := mail(fmt.Sprint(n), fmt.Sprintf("late-%d", n))
		event := d.setAside(t, late)
		proxy.CutAfterComplete(n)
		_, err := d.reconsider(t, proxied, event, late, d.clerk())
		cuts := proxy.Cuts()
		proxy.Pass()
		if err != nil {
			if !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("cut %d: the error does not say that the database is unavailable: %v", n, err)
			}
			if _, err := d.reconsider(t, proxied, event, late, d.clerk()); err != nil && !isSettled(err, store.Replayed) {
				t.Fatalf("cut %d: again: %v", n, err)
			}
		}
		if got := d.receiptOf(t, fmt.Sprint(n)); got != "opened|new_mail|t|f|1|2026-11-22" {
			t.Errorf("cut %d: the receipt says %s", n, got)
		}
		if incidents := d.count(t, "request WHERE kind = 'incident'"); incidents != n {
			t.Fatalf("cut %d: %d incidents, want %d", n, incidents, n)
		}
		if cuts == 0 {
			if n < 5 {
				t.Errorf("the dialogue had only %d messages to cut at", n-1)
			}
			return
		}
	}
}

func TestAMessageWhoseFileWasChangedIsNotReconsidered(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.setAside(t, mail("1", "late"))
	if err := os.WriteFile(d.path("late"), []byte("LATE"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.store.OpenAside(t.Context(), 1); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("error is %v", err)
	}
	if err := os.Remove(d.path("late")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.store.OpenAside(t.Context(), 1); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
	if _, err := d.store.OpenAside(t.Context(), 2); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("error is %v", err)
	}
}
