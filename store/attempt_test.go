package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mailintegration/store"
)

func TestAttemptsAtAMessageAreCountedDurably(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	key := store.AttemptKey("u1", [32]byte{})
	before := one[time.Time](t, d, `SELECT clock_timestamp()`)
	for n := 1; n <= 3; n++ {
		a, err := d.store.CountAttempt(t.Context(), d.mailbox, key, store.NotRecorded, strings.Repeat("no\x00 ", n))
		if err != nil || a.Count != n || a.Key != key || a.Kept || a.OthersSince {
			t.Errorf("attempt %d is %+v, %v", n, a, err)
		}
	}
	d.store = d.open(t, d.url) // as after a restart
	attempts, err := d.store.Attempts(t.Context(), d.mailbox)
	a := attempts[key]
	if err != nil || len(attempts) != 1 || a.Count != 3 || !strings.HasPrefix(a.Reason, "no") {
		t.Errorf("attempts are %+v, %v", attempts, err)
	}
	after := one[time.Time](t, d, `SELECT clock_timestamp()`)
	if a.FirstAt.Before(before) || !a.LastAt.After(a.FirstAt) || a.LastAt.After(after) {
		t.Errorf("first and last time are %s and %s, not by the clock of the database", a.FirstAt, a.LastAt)
	}
	other := d.resolve(t, "other", deskNames)
	if attempts, err := d.store.Attempts(t.Context(), other); err != nil || len(attempts) != 0 {
		t.Errorf("attempts of another mailbox are %+v, %v", attempts, err)
	}
}

func TestAnAttemptTellsWhetherOtherMessagesWereRecordedSince(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.clerk(), mail("1", "a"))
	count := func() store.Attempt {
		t.Helper()
		a, err := d.store.CountAttempt(t.Context(), d.mailbox, "key", store.NotRecorded, "because")
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	if count().OthersSince {
		t.Error("a message that was recorded before the first attempt counts")
	}
	d.accept(t, d.clerk(), mail("1", "a")) // seen again: nothing is recorded
	if count().OthersSince {
		t.Error("a message that was seen again counts")
	}
	d.mailbox = d.resolve(t, "other", deskNames)
	d.accept(t, d.clerk(), mail("1", "b"))
	d.mailbox = d.resolve(t, "helpdesk", deskNames)
	if !count().OthersSince {
		t.Error("a message that was recorded for another mailbox does not count")
	}
	if attempts, err := d.store.Attempts(t.Context(), d.mailbox); err != nil || !attempts["key"].OthersSince {
		t.Errorf("attempts are %+v, %v", attempts, err)
	}
}

func TestAnAttemptIsKeptAndForgotten(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	keep := func(key string) {
		t.Helper()
		if err := d.store.KeepAttempt(t.Context(), d.mailbox, key); err != nil {
			t.Fatal(err)
		}
	}
	counted, err := d.store.CountAttempt(t.Context(), d.mailbox, "counted", store.NotRecorded, "short")
	if err != nil {
		t.Fatal(err)
	}
	keep("counted")
	keep("at once")
	attempts, err := d.store.Attempts(t.Context(), d.mailbox)
	if a := attempts["counted"]; err != nil || !a.Kept || a.Count != 1 || a.Reason != "short" || !a.LastAt.After(counted.LastAt) {
		t.Errorf("the counted attempt is %+v, %v", a, err)
	}
	if a := attempts["at once"]; !a.Kept || a.Count != 0 {
		t.Errorf("the attempt that was kept at once is %+v", a)
	}
	for _, keys := range [][]string{nil, {"counted", "unknown"}} {
		if err := d.store.ForgetAttempts(t.Context(), d.mailbox, keys); err != nil {
			t.Fatal(err)
		}
	}
	if attempts, err := d.store.Attempts(t.Context(), d.mailbox); err != nil || len(attempts) != 1 {
		t.Errorf("attempts are %+v, %v", attempts, err)
	}
}

func TestDifferentMessagesHaveDifferentAttemptKeys(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("u", 5000)
	keys := map[string]string{}
	for _, key := range []string{
		store.AttemptKey("u1", [32]byte{1}), store.AttemptKey("u2", [32]byte{1}),
		store.AttemptKey("", [32]byte{1}), store.AttemptKey("", [32]byte{2}),
		store.AttemptKey(long, [32]byte{}), store.AttemptKey(long+"u", [32]byte{}),
		store.AttemptKey("a\x00", [32]byte{}), store.AttemptKey("a", [32]byte{}),
	} {
		if keys[key] != "" || strings.Contains(key, "\x00") || len(key) > 1100 {
			t.Errorf("key %q is invalid, or another message has it", key)
		}
		keys[key] = key
	}
	if store.AttemptKey("u1", [32]byte{1}) != store.AttemptKey("u1", [32]byte{2}) {
		t.Error("the digest changes the key of a message with a unique-id")
	}
}

func TestWorkThatWasNotEndedIsAnInterruption(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	begin := func(want bool) {
		t.Helper()
		if interrupted, err := d.store.BeginWork(t.Context(), d.mailbox); err != nil || interrupted != want {
			t.Errorf("interrupted is %t, want %t; error %v", interrupted, want, err)
		}
	}
	end := func() {
		t.Helper()
		if err := d.store.EndWork(t.Context(), d.mailbox); err != nil {
			t.Error(err)
		}
	}
	begin(false)
	end()
	begin(false)
	begin(true) // the process died
	begin(true)
	end()
	end() // a second call does no harm
	begin(false)
	if n := one[int](t, d, `SELECT interruptions FROM mailbox`); n != 2 {
		t.Errorf("%d interruptions are counted, want 2", n)
	}
	d.exec(t, `DELETE FROM mailbox`)
	if _, err := d.store.BeginWork(t.Context(), d.mailbox); !errors.Is(err, store.ErrReferenceGone) {
		t.Errorf("of a mailbox that is gone: %v", err)
	}
	if _, err := d.store.CountAttempt(t.Context(), d.mailbox, "key", store.NotRecorded, ""); !errors.Is(err, store.ErrReferenceGone) {
		t.Errorf("of a mailbox that is gone: %v", err)
	}
}
