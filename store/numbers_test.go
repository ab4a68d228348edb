package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// breakDatabase makes the database refuse every receipt, as a full disk does, until mendDatabase.
func (d *desk) breakDatabase(t testing.TB) {
	t.Helper()
	d.exec(t, `
		CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
		CREATE TRIGGER fail BEFORE INSERT ON receipt FOR EACH ROW EXECUTE FUNCTION fail()`)
}

func (d *desk) mendDatabase(t testing.TB) {
	t.Helper()
	d.exec(t, `DROP TRIGGER fail ON receipt`)
}

// requestNumbers returns the numbers of all requests in ascending order.
func (d *desk) requestNumbers(t testing.TB) []int64 {
	t.Helper()
	return all[int64](t, d, `SELECT number FROM request ORDER BY number`)
}

func TestNumbersOfATransactionThatRolledBackAreUsedByTheNext(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.breakDatabase(t)
	batch := batchOf("a", "b", "c", "d", "e")
	for range 3 {
		if _, err := d.store.Accept(t.Context(), d.mailbox, batch, d.clerk()); !errors.Is(err, store.ErrUnavailable) {
			t.Fatalf("error is %v", err)
		}
	}
	d.mendDatabase(t)
	for i, o := range d.accept(t, d.clerk(), batch...) {
		if o.Request != int64(i+1) {
			t.Errorf("message %d opened request %d", i, o.Request)
		}
	}
	d.accept(t, d.clerk(), mail("6", "f"))
	if diff := cmp.Diff([]int64{1, 2, 3, 4, 5, 6}, d.requestNumbers(t)); diff != "" {
		t.Errorf("numbers (-want +got):\n%s", diff)
	}
}

func TestNumbersFollowOnWhenMessagesAreTriedOneByOne(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.failOn(t, "bad")
	c := d.exceptFor("about odd", func() processor.Decision { return processor.OpenRequest{Kind: "problem", Subject: "x"} })
	got := d.accept(t, c, batchOf("a", "bad", "b", "odd", "c")...)
	if fates(got) != "RERSR" {
		t.Fatalf("outcomes %s", fates(got))
	}
	if diff := cmp.Diff([]int64{1, 2, 3, 4}, d.requestNumbers(t)); diff != "" {
		t.Errorf("numbers (-want +got):\n%s", diff)
	}
}

func TestNumbersFollowOnAfterAReconsiderationThatFailed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	late := mail("1", "late")
	event := d.setAside(t, late)
	still := d.exceptFor("about late", func() processor.Decision { return processor.SetAside{} })
	for range 3 {
		if _, err := d.reconsider(t, d.store, event, late, still); err == nil {
			t.Fatal("the message was recorded")
		}
	}
	if n := one[int64](t, d, `SELECT last_value FROM request_number`); n != event {
		t.Errorf("the attempts drew numbers up to %d", n)
	}
	if o, err := d.reconsider(t, d.store, event, late, d.clerk()); err != nil || o.Request != event+1 {
		t.Errorf("request %d after event %d, error %v", o.Request, event, err)
	}
}

func TestFollowUpsDrawNoNumbers(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.clerk(), mail("1", "a"))
	for i := range 3 {
		var batch []store.Delivery
		for n := range 10 {
			batch = append(batch, mail(fmt.Sprintf("%d-%d", i, n), fmt.Sprintf("f%d-%d", i, n), answerTo("a")))
		}
		d.accept(t, d.clerk(), batch...)
	}
	if n := one[int64](t, d, `SELECT last_value FROM request_number`); n != 1 {
		t.Errorf("%d numbers were drawn", n)
	}
}

func TestATransactionThatIsTriedAgainKeepsItsNumbers(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.exec(t, `
		CREATE SEQUENCE tries;
		CREATE FUNCTION contend() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF nextval('tries') < 4 THEN RAISE 'try again' USING ERRCODE = 'serialization_failure'; END IF;
			RETURN NEW;
		END $$;
		CREATE TRIGGER contend BEFORE INSERT ON receipt FOR EACH ROW EXECUTE FUNCTION contend()`)
	d.accept(t, d.clerk(), batchOf("a", "b", "c")...)
	if diff := cmp.Diff([]int64{1, 2, 3}, d.requestNumbers(t)); diff != "" {
		t.Errorf("numbers (-want +got):\n%s", diff)
	}
}

// TestNumbersOfACommitWithoutAnAnswerAreNeverUsedAgain cuts the connection around COMMIT, the last message of
// Accept.
func TestNumbersOfACommitWithoutAnAnswerAreNeverUsedAgain(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		cut  func(p *storetest.Proxy, frontend, completes int)
		next int64 // the number that another message gets afterwards; the batch that is cut has 4
	}{
		{"before COMMIT is sent", func(p *storetest.Proxy, _, completes int) { p.CutBeforeComplete(completes - 1) }, 4},
		{"instead of COMMIT", func(p *storetest.Proxy, frontend, _ int) { p.CutAtFrontend(frontend) }, 5},
		{"before the answer to COMMIT", func(p *storetest.Proxy, _, completes int) { p.CutBeforeComplete(completes) }, 5},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			proxy := storetest.NewProxy(t, d.url)
			d.store = d.open(t, proxy.URL)
			var frontend, completes int
			for i := range 3 { // the later rounds have their statements prepared
				proxy.Pass()
				d.accept(t, d.clerk(), mail(fmt.Sprint(i), fmt.Sprint("warm", i)))
				frontend, completes = proxy.Counts()
			}
			test.cut(proxy, frontend, completes)
			if _, err := d.store.Accept(t.Context(), d.mailbox, batchOf("a"), d.clerk()); !errors.Is(err, store.ErrUnavailable) ||
				proxy.Cuts() != 1 {
				t.Fatalf("%d cuts, error %v", proxy.Cuts(), err)
			}
			proxy.Pass()
			if got := d.accept(t, d.clerk(), mail("9", "other")); got[0].Known || got[0].Request != test.next {
				t.Errorf("another message gave %+v, want request %d", got[0], test.next)
			}
		})
	}
}

// TestASlowSequenceIsNotBlamedOnAMessage locks the sequence for longer than a decision may take.
func TestASlowSequenceIsNotBlamedOnAMessage(t *testing.T) {
	t.Parallel()
	d, limit := timed(t)
	d.store.Limits(time.Hour, time.Hour) // it waits for the lock as long as the test does
	tx, err := d.pool.Begin(t.Context())
	must(t, err)
	_, err = tx.Exec(t.Context(), `ALTER SEQUENCE request_number CACHE 1`)
	must(t, err) // if the test ends here, the database goes with it, and the lock
	accepted := make(chan []store.Outcome, 1)
	go func() {
		got, err := d.store.Accept(t.Context(), d.mailbox, batchOf("a", "b"), d.clerk())
		if err != nil {
			t.Error(err)
		}
		accepted <- got
	}()
	storetest.Until(t, "the acceptance waits for the sequence", func() bool {
		return d.count(t, `pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) > 0
	})
	for range store.TurnParts + 1 {
		select {
		case limit <- time.Time{}:
			t.Error("the time is taken from a decision")
		default:
		}
	}
	must(t, tx.Rollback(t.Context()))
	if got := storetest.Await(t, "the messages are accepted", accepted); fates(got) != "RR" {
		t.Errorf("outcomes %s", fates(got))
	}
}

// TestANumberThatIsTakenIsNotBlamedOnAMessage sets the sequence back, as a crash of the server does before the numbers
// that it gave out are on disk.
func TestANumberThatIsTakenIsNotBlamedOnAMessage(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.clerk(), batchOf("a", "b", "c", "d")...)
	d.exec(t, `SELECT setval('request_number', 1)`)
	if got := d.accept(t, d.clerk(), batchOf("e", "f", "g")...); fates(got) != "RRR" {
		t.Errorf("outcomes %s: %v", fates(got), got[0].Err)
	}
	if n := d.count(t, `request WHERE kind = 'event'`); n != 0 {
		t.Errorf("%d events", n)
	}
}

// TestASequenceThatIsFarBehindCatchesUp sets the sequence back by more numbers than a transaction is tried, as a crash in
// the middle of a large batch does.
func TestASequenceThatIsFarBehindCatchesUp(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.clerk(), mail("1", "a"))
	d.exec(t, `INSERT INTO request (number, team_id, kind, subject, requester_id, user_id, opened_at, opened_by_id)
		SELECT n, team_id, kind, subject, requester_id, user_id, opened_at, opened_by_id FROM request, generate_series(2, 60) n`)
	for i, id := range []string{"b", "c"} {
		if got := d.accept(t, d.clerk(), mail("2", id)); got[0].Err != nil || got[0].Request != int64(61+i) {
			t.Errorf("message %s opened request %d, error %v", id, got[0].Request, got[0].Err)
		}
	}
}

// TestATakenNumberIsNotBlamedOnAMessageAfterAReindex makes the other unique index on numbers the older one, as REINDEX
// CONCURRENTLY of the primary key does. PostgreSQL checks the older one first.
func TestATakenNumberIsNotBlamedOnAMessageAfterAReindex(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.exec(t, `REINDEX INDEX CONCURRENTLY request_pkey`)
	d.accept(t, d.clerk(), batchOf("a", "b")...)
	d.exec(t, `SELECT setval('request_number', 1)`)
	if got := d.accept(t, d.clerk(), mail("3", "c")); fates(got) != "R" || got[0].Request != 3 {
		t.Errorf("outcomes %s, request %d: %v", fates(got), got[0].Request, got[0].Err)
	}
}
