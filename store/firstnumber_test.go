package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"mailintegration/store"
	"mailintegration/store/storetest"
)

func TestRequestsBeginAtTheFirstNumber(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	n, err := d.store.SetFirstNumber(t.Context(), 5000)
	if err != nil || n != (store.FirstNumber{First: 5000}) {
		t.Fatalf("%+v, %v", n, err)
	}
	for i, o := range d.accept(t, d.clerk(), batchOf("a", "b", "c")...) {
		if o.Request != int64(5000+i) {
			t.Errorf("message %d opened request %d", i, o.Request)
		}
	}
}

func TestAFirstNumberThatWouldRepeatOneIsRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.clerk(), batchOf("a", "b", "c")...)
	for _, first := range []int64{1, 2, 3} {
		n, err := d.store.SetFirstNumber(t.Context(), first)
		var refused *store.FirstNumberError
		if !errors.As(err, &refused) || refused.Highest != 3 || store.Hint(err) != "choose a number above 3" {
			t.Errorf("%d: %+v, %v, hint %q", first, n, err, store.Hint(err))
		}
	}
	for _, first := range []int64{-1, 0, 1_000_000_001} {
		if _, err := d.store.SetFirstNumber(t.Context(), first); err == nil || store.Hint(err) == "" {
			t.Errorf("%d: %v", first, err)
		}
	}
	if n, err := d.store.SetFirstNumber(t.Context(), 4); err != nil || n.Highest != 3 {
		t.Errorf("4: %+v, %v", n, err)
	}
	if got := d.accept(t, d.clerk(), mail("9", "d")); got[0].Request != 4 {
		t.Errorf("the next request is %d", got[0].Request)
	}
}

func TestAFirstNumberThatWasAMistakeIsLoweredWhileNoRequestHasIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, first := range []int64{50_000, 5_000} {
		if _, err := d.store.SetFirstNumber(t.Context(), first); err != nil {
			t.Fatal(err)
		}
	}
	if got := d.accept(t, d.clerk(), mail("1", "a")); got[0].Request != 5_000 {
		t.Errorf("the next request is %d", got[0].Request)
	}
}

// TestARunningDaemonUsesNoNumberThatItDrewBeforeTheFirstNumberWasSet leaves numbers in the pool of one store while another
// one sets the first number.
func TestARunningDaemonUsesNoNumberThatItDrewBeforeTheFirstNumberWasSet(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.breakDatabase(t)
	if _, err := d.store.Accept(t.Context(), d.mailbox, batchOf("a", "b", "c", "d", "e"), d.clerk()); err == nil {
		t.Fatal("the batch was accepted")
	}
	d.mendDatabase(t)
	if _, err := d.open(t, d.url).SetFirstNumber(t.Context(), 5000); err != nil {
		t.Fatal(err)
	}
	got := d.accept(t, d.clerk(), batchOf("f", "g")...)
	if fates(got) != "RR" || got[0].Request != 5000 || got[1].Request != 5001 {
		t.Errorf("outcomes %s: requests %d and %d, error %v", fates(got), got[0].Request, got[1].Request, got[0].Err)
	}
	if n := d.count(t, `request WHERE kind = 'event'`); n != 0 {
		t.Errorf("%d events", n)
	}
}

// TestSettingTheFirstNumberWaitsForATransactionThatOpensARequest has another transaction write request 7, which
// SetFirstNumber must not overlook.
func TestSettingTheFirstNumberWaitsForATransactionThatOpensARequest(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.clerk(), mail("1", "a"))
	tx, err := d.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.WithoutCancel(t.Context()))
	_, err = tx.Exec(t.Context(), `INSERT INTO request (number, team_id, kind, subject, requester_id, user_id, opened_at, opened_by_id)
		SELECT 7, team_id, kind, subject, requester_id, user_id, opened_at, opened_by_id FROM request`)
	if err != nil {
		t.Fatal(err)
	}
	result := make(chan error)
	go func() {
		_, err := d.store.SetFirstNumber(t.Context(), 5)
		result <- err
	}()
	storetest.Until(t, "the other transaction is waited for", func() bool {
		return one[int](t, d, `SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'request'::regclass`) > 0
	})
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	var refused *store.FirstNumberError
	if err := <-result; !errors.As(err, &refused) || refused.Highest != 7 {
		t.Errorf("got %v", err)
	}
}

// TestTheFirstNumberIsSetWhileTwoDaemonsRecord records with two stores until the first number has been set, and a little
// longer.
func TestTheFirstNumberIsSetWhileTwoDaemonsRecord(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	stores := []*store.Store{d.store, d.open(t, d.url)}
	var set, running sync.WaitGroup
	var mu sync.Mutex
	isSet, before, after := false, []int64{}, []int64{}
	set.Add(2 * len(stores))
	record := func(s *store.Store, name string) {
		for i, wasSet := 0, false; i < 4 || !wasSet; i++ {
			mu.Lock()
			wasSet = isSet
			mu.Unlock()
			got, err := s.Accept(t.Context(), d.mailbox, batchOf(fmt.Sprint(name, i, "a"), fmt.Sprint(name, i, "b"), fmt.Sprint(name, i, "c")), d.clerk())
			if err != nil || fates(got) != "RRR" {
				t.Errorf("outcomes %s, %v", fates(got), err)
			}
			mu.Lock()
			for _, o := range got {
				if wasSet {
					after = append(after, o.Request)
				} else {
					before = append(before, o.Request)
				}
			}
			mu.Unlock()
			if i < 2 {
				set.Done()
			}
		}
	}
	for i, s := range stores {
		running.Go(func() { record(s, fmt.Sprint("store", i)) })
	}
	set.Wait()
	if _, err := stores[0].SetFirstNumber(t.Context(), 100_000); err != nil {
		t.Error(err)
	}
	mu.Lock()
	isSet = true
	mu.Unlock()
	running.Wait()
	if lowest := slices.Min(after); lowest < 100_000 {
		t.Errorf("request %d was opened after the first number had been set", lowest)
	}
	all := append(before, after...)
	slices.Sort(all)
	if n := len(all); len(slices.Compact(all)) != n || n != len(d.requestNumbers(t)) {
		t.Errorf("%d outcomes, %d requests", n, len(d.requestNumbers(t)))
	}
}

// TestSettingTheFirstNumberEndsWhenSomebodyHoldsTheTable holds the sequence for ever.
func TestSettingTheFirstNumberEndsWhenSomebodyHoldsTheTable(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	tx, err := d.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.WithoutCancel(t.Context()))
	if _, err := tx.Exec(t.Context(), `SELECT nextval('request_number')`); err != nil {
		t.Fatal(err)
	}
	d.store.Limits(100*time.Millisecond, time.Minute)
	if _, err := d.store.SetFirstNumber(t.Context(), 5000); !errors.Is(err, store.ErrLocked) || store.Hint(err) == "" {
		t.Errorf("got %v, hint %q", err, store.Hint(err))
	}
}
