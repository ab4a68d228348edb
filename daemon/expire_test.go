package daemon

import (
	"context"
	"strings"
	"testing"

	"mailintegration/mailbox/pop3test"
	"mailintegration/processor"
	"mailintegration/store"
)

// expireZero has servers that delete every retrieved message at QUIT (EXPIRE 0, RFC 2449 §6.7), as Gmail does.
var expireZero = map[string]pop3test.Options{
	"":                     {DeletesRetrieved: true, Without: []string{"PIPELINING"}},
	" with PIPELINING":     {DeletesRetrieved: true},
	" and no UIDL":         {DeletesRetrieved: true, Without: []string{"PIPELINING"}, NoUIDL: true},
	" in several sessions": {DeletesRetrieved: true, Extra: []string{"IMPLEMENTATION Gpop"}},
}

// wantNoneLost fails the test unless every message is recorded or still in the maildrop.
func (w *world) wantNoneLost() {
	w.Helper()
	recorded, left := w.count(`SELECT count(*) FROM receipt`), w.maildrops.Count(helpdesk)
	if recorded+left < w.added {
		w.Errorf("%d messages recorded and %d left of %d: the others are lost", recorded, left, w.added)
	}
}

func TestNothingIsLostOnAServerThatDeletesRetrievedMessages(t *testing.T) {
	t.Parallel()
	refuse := func(w *world) { w.exec(`ALTER TABLE receipt RENAME TO receipt_gone`) }
	mend := func(w *world) { w.exec(`ALTER TABLE IF EXISTS receipt_gone RENAME TO receipt`) }
	for which, o := range expireZero {
		for _, tt := range []struct {
			name  string
			batch int
			at    int // after this many recorded messages
			fault func(w *world, stop context.CancelFunc)
		}{
			{"when the database refuses the first batch", 50, 0, func(w *world, _ context.CancelFunc) { refuse(w) }},
			{"when the database fails between batches", 2, 2, func(w *world, _ context.CancelFunc) { refuse(w) }},
			{"when a stop comes in the middle", 1, 2, func(_ *world, stop context.CancelFunc) { stop() }},
			{"when a stop comes within a batch", 3, 2, func(_ *world, stop context.CancelFunc) { stop() }},
		} {
			t.Run(tt.name+which, func(t *testing.T) {
				t.Parallel()
				w := newWorldOn(t, o)
				for range 6 {
					w.mail()
				}
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				w.options.BatchMessages = tt.batch
				if tt.at == 0 {
					tt.fault(w, stop)
				}
				n := 0
				w.options.Recorded = func(string, *processor.Message, store.Outcome) {
					if n++; n == tt.at {
						tt.fault(w, stop)
					}
				}
				w.pollUnder(ctx)
				w.idle()
				mend(w)
				w.wantNoneLost()
				w.options.Recorded = nil
				w.pollUntilGood()
				w.wantEachOnce(6)
			})
		}
	}
}

func TestAMessageThatCannotBeRecordedStaysOnAServerThatDeletesAtQuit(t *testing.T) {
	t.Parallel()
	for which, o := range expireZero {
		if o.NoUIDL {
			continue // the next session cannot recognise the message that has to stay
		}
		t.Run("others are recorded and deleted"+which, func(t *testing.T) {
			t.Parallel()
			w := newWorldOn(t, o)
			w.refuseSubject("Nr. 2", "XX000")
			for range 5 {
				w.mail()
			}
			w.poll()
			w.idle()
			w.wantRecorded(4)
			if left := w.maildrops.Count(helpdesk); left != 1 {
				t.Errorf("%d messages are left, want the one that could not be recorded", left)
			}
			w.exec(`DROP TRIGGER refuse ON request`)
			w.pollUntilGood()
			w.wantEachOnce(5)
		})
	}
}

func TestAMessageThatIsTooLargeStaysOnAServerThatDeletesAtQuit(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, pop3test.Options{DeletesRetrieved: true})
	w.mailbox.Account.MaxOctets = 10_000
	w.mail()
	w.add(large())
	w.mail()
	w.pollUntilGood()
	w.wantOversize()
	w.wantRecorded(3)
}

func TestTheLogWarnsOfAServerThatExpiresMessages(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		expire string
		large  bool
		want   bool
	}{
		{"no warning when no message stays there", "EXPIRE 7", false, false},
		{"a warning when a message that is too large stays there", "EXPIRE 7", true, true},
		{"no warning of EXPIRE NEVER", "EXPIRE NEVER", true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOn(t, pop3test.Options{Extra: []string{tt.expire}})
			w.mailbox.Account.MaxOctets = 10_000
			w.mail()
			if tt.large {
				w.add(large())
			}
			w.poll()
			if warned := w.logged.FilterMessage("server deletes messages by itself").Len() > 0; warned != tt.want {
				t.Errorf("warned: %t", warned)
			}
		})
	}
}

// exec runs a statement in the database.
func (w *world) exec(sql string, args ...any) {
	w.Helper()
	if _, err := w.rows.Exec(context.WithoutCancel(w.Context()), sql, args...); err != nil {
		w.Fatal(err)
	}
}

// refuseSubject makes the database fail to open a request with that subject, with that SQLSTATE.
func (w *world) refuseSubject(subject, state string) {
	w.Helper()
	w.exec(strings.NewReplacer("STATE", state, "SUBJECT", subject).Replace(`
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'cache lookup failed' USING ERRCODE = 'STATE'; END $$`))
	w.exec(strings.NewReplacer("SUBJECT", subject).Replace(
		`CREATE TRIGGER refuse BEFORE INSERT ON request FOR EACH ROW WHEN (NEW.subject = 'SUBJECT') EXECUTE FUNCTION refuse()`))
}

// refuseAll makes the database fail to open any request, with an unexplained error.
func (w *world) refuseAll() {
	w.Helper()
	w.refuseSubject("", "XX000") // for the function
	w.exec(`DROP TRIGGER refuse ON request`)
	w.exec(`CREATE TRIGGER refuse BEFORE INSERT ON request FOR EACH ROW EXECUTE FUNCTION refuse()`)
}
