package daemon

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"mailintegration/mailbox/pop3test"
	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// onParse calls before with the number of each message ("Nr. n") before a daemon parses it.
func onParse(d *Daemon, before func(n string)) {
	read := d.workers[0].parse
	d.workers[0].parse = func(raw io.ReaderAt, size int64) *processor.Message {
		m := read(raw, size)
		before(strings.TrimPrefix(m.Subject, "Nr. "))
		return m
	}
}

// holdAcceptances takes the lock that acceptances share, as a collector of files does, so that nothing can be recorded
// until letGo is called.
func (w *world) holdAcceptances() (letGo func()) {
	w.Helper()
	tx, err := w.rows.Begin(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	if _, err := tx.Exec(w.Context(), `SELECT pg_advisory_xact_lock(x'6d61696c61636370'::bigint)`); err != nil {
		w.Fatal(err)
	}
	return sync.OnceFunc(func() {
		if err := tx.Rollback(context.WithoutCancel(w.Context())); err != nil {
			w.Error(err)
		}
	})
}

func TestTheNextBatchIsRetrievedAndParsedWhileOneIsRecorded(t *testing.T) {
	t.Parallel()
	for which, o := range map[string]pop3test.Options{"": {}, "without PIPELINING": {Without: []string{"PIPELINING"}}} {
		t.Run(which, func(t *testing.T) {
			t.Parallel()
			w := newWorldOn(t, o)
			w.options.BatchMessages = 1
			for range 4 {
				w.mail()
			}
			letGo := w.holdAcceptances()
			defer letGo()
			d := w.daemon()
			onParse(d, func(n string) {
				if n == "2" { // the first one cannot be recorded yet
					letGo()
				}
			})
			if r := once(t, d); r.Opened != 4 || r.Err != nil {
				t.Fatalf("%+v", r)
			}
			w.wantEachOnce(4)
		})
	}
}

func TestNoMoreThanTwoBatchesAreInMemory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.BatchMessages = 2
	for range 12 {
		w.mail()
	}
	var mu sync.Mutex
	parsed, recorded := 0, 0
	w.options.Recorded = func(string, *processor.Message, store.Outcome) {
		mu.Lock()
		defer mu.Unlock()
		recorded++
	}
	d := w.daemon()
	onParse(d, func(string) {
		mu.Lock()
		defer mu.Unlock()
		if parsed++; parsed-recorded > 4 {
			t.Errorf("%d messages are parsed and only %d are recorded, want 2 batches of 2 in memory", parsed, recorded)
		}
	})
	once(t, d)
	w.wantEachOnce(12)
}

func TestSessionsThatMustNotReadAheadTakeOneStepAfterAnother(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		on    pop3test.Options
		given func(*world)
	}{
		{"on a server whose QUIT deletes what was retrieved", pop3test.Options{DeletesRetrieved: true}, func(*world) {}},
		{"after the death of a process", pop3test.Options{}, func(w *world) { w.exec(`UPDATE mailbox SET working_since = now()`) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOn(t, tt.on)
			w.options.BatchMessages = 1
			w.poll() // makes the row of the mailbox
			w.idle()
			tt.given(w)
			for range 4 {
				w.mail()
			}
			parsed := 0
			d := w.daemon()
			onParse(d, func(string) {
				if n := w.count(`SELECT count(*) FROM receipt`); n != parsed {
					t.Errorf("%d messages are recorded when message %d is parsed, want %d", n, parsed+1, parsed)
				}
				parsed++
			})
			once(t, d)
			w.wantEachOnce(4)
		})
	}
}

func TestABatchIsGivenBackWhenTheOneBeforeFails(t *testing.T) {
	t.Parallel()
	var proxy *storetest.Proxy
	w := newWorldVia(t, func(url string) string {
		proxy = storetest.NewProxy(t, url)
		return proxy.URL
	})
	w.options.BatchMessages = 2
	for range 6 {
		w.mail()
	}
	letGo := w.holdAcceptances()
	defer letGo()
	d := w.daemon()
	parsed := make(chan string, 6)
	onParse(d, func(n string) {
		if parsed <- n; n == "3" { // of the second batch
			proxy.Refuse()
		}
	})
	r := once(t, d)
	if r.Failed != 2 || r.Deferred != 4 || r.Err == nil {
		t.Errorf("%+v, want the first batch failed and the others not looked at", r)
	}
	if left := w.maildrops.Count(helpdesk); left != 6 {
		t.Errorf("%d messages left of 6", left)
	}
	letGo()
	proxy.Pass()
	w.pollUntilGood()
	w.wantEachOnce(6)
}

func TestARefusalAfterAFailedBatchIsCountedForNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.BatchMessages = 1
	for range 3 {
		w.mail()
	}
	w.exec(`ALTER TABLE receipt RENAME TO receipt_gone`)
	w.maildrops.At("RETR 2").Times(1).Reply("-ERR not now")
	if r := w.poll(); r.Failed != 1 || r.Deferred != 2 {
		t.Errorf("%+v, want the first message failed and the others not looked at", r)
	}
	w.idle()
	if n := w.count(`SELECT count(*) FROM attempt`); n != 0 {
		t.Errorf("%d messages are counted as failed, want none: the session ended before it looked at them", n)
	}
	w.exec(`ALTER TABLE receipt_gone RENAME TO receipt`)
	w.pollUntilGood()
	w.wantEachOnce(3)
}

func TestAStopFinishesBothBatchesInHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.BatchMessages = 1
	for range 6 {
		w.mail()
	}
	letGo := w.holdAcceptances()
	defer letGo()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	d := w.daemon()
	onParse(d, func(n string) {
		if n == "2" {
			stop()
			letGo()
		}
	})
	reports, err := d.Once(ctx)
	if err != nil || reports[0].Opened != 2 || reports[0].Deferred != 4 {
		t.Errorf("%+v, %v, want the two messages in hand recorded", reports, err)
	}
	w.idle()
	if left := w.maildrops.Count(helpdesk); left != 4 {
		t.Errorf("%d messages left, want 4: those in hand are deleted", left)
	}
}

func TestALostSessionLeavesTheBatchesInHandRecordedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.BatchMessages = 1
	for range 3 {
		w.mail()
	}
	letGo := w.holdAcceptances()
	defer letGo()
	w.maildrops.At("RETR 3").Times(1).Call(letGo)
	w.maildrops.At("RETR 3").Times(1).Drop()
	w.poll()
	w.pollUntilGood()
	w.wantEachOnce(3)
}

func TestADatabaseThatIsSilentWhileTheNextBatchIsRetrievedCostsALimitedTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.BatchMessages = 1
	w.options.StopGrace = time.Nanosecond
	w.mail()
	w.mail()
	letGo := w.holdAcceptances() // until the end: the first message is never recorded
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	d := w.daemon()
	onParse(d, func(n string) {
		if n == "2" {
			stop()
		}
	})
	if reports, err := d.Once(ctx); err != nil || reports[0].Recorded() != 0 || reports[0].Err == nil {
		t.Errorf("%+v, %v, want nothing recorded", reports, err)
	}
	letGo()
	w.pollUntilGood()
	w.wantEachOnce(2)
}
