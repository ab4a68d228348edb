package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// TestALostConnectionNeitherLosesNorDoublesAMessage cuts the connection at every message of the protocol that Accept
// sends or receives, and then accepts the batch again, as the next poll does.
func TestALostConnectionNeitherLosesNorDoublesAMessage(t *testing.T) {
	t.Parallel()
	cuts := []struct {
		name string
		cut  func(*storetest.Proxy, int)
		long int // the distance between the cuts of a long dialogue
	}{
		{"instead of sending", (*storetest.Proxy).CutAtFrontend, 5},
		{"before the answer", (*storetest.Proxy).CutBeforeComplete, 1},
		{"after the answer", (*storetest.Proxy).CutAfterComplete, 1},
	}
	batches := []struct {
		name string
		bad  bool              // one message cannot be recorded, so that the store tries them one by one
		rows map[string][2]int // the rows of the first batch, and of each later one, by table
	}{
		{"a batch that is recorded together", false,
			map[string][2]int{
				"receipt": {2, 2}, "request": {1, 1}, "activity": {1, 1}, "history": {2, 2}, "attachment": {2, 2}, "set_aside": {}, "problem": {},
			}},
		{"a batch with a message that is set aside", true,
			map[string][2]int{ // the same fault again is an activity on the first event
				"receipt": {3, 3}, "request": {2, 1}, "activity": {1, 2}, "history": {3, 3}, "attachment": {1, 1}, "set_aside": {1, 1}, "problem": {1, 0},
			}},
	}
	for _, cut := range cuts {
		for _, batch := range batches {
			t.Run(cut.name+", "+batch.name, func(t *testing.T) {
				t.Parallel()
				apart := 1
				if batch.bad {
					apart = cut.long
				}
				testCuts(t, func(p *storetest.Proxy, n int) { cut.cut(p, 1+(n-1)*apart) }, batch.bad, batch.rows)
			})
		}
	}
}

func testCuts(t *testing.T, cut func(*storetest.Proxy, int), bad bool, rows map[string][2]int) {
	d := newDesk(t)
	proxy := storetest.NewProxy(t, d.url)
	proxied := d.open(t, proxy.URL)
	var decider store.Decider = d.clerk()
	if bad {
		decider = d.exceptFor("bad", func() processor.Decision { return processor.OpenRequest{Kind: "problem", Subject: "x"} })
	}
	failed := 0
	for n := 1; ; n++ {
		batch := []store.Delivery{
			mail("1", fmt.Sprintf("opens-%d", n), func(m *processor.Message) {
				if !bad { // the event has a file already
					m.Attachments = []processor.Attachment{attachment("a", fmt.Sprint(n)), attachment("b", "same")}
				}
			}),
			mail("2", fmt.Sprintf("answers-%d", n), answerTo(fmt.Sprintf("opens-%d", n))),
		}
		if bad {
			batch = append(batch, mail("3", fmt.Sprintf("bad-%d", n), func(m *processor.Message) { m.Subject = "bad" }))
		}
		before := d.count(t, "receipt")
		cut(proxy, n)
		_, err := proxied.Accept(t.Context(), d.mailbox, batch, decider)
		if err == nil && proxy.Cuts() == 0 {
			if failed < 10 {
				t.Errorf("only %d of %d cuts made Accept fail", failed, n)
			}
			return
		}
		if err != nil {
			failed++
			if !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("cut %d: the error does not say that the database is unavailable: %v", n, err)
			}
		}
		proxy.Pass()
		if recorded := d.count(t, "receipt") - before; !bad && recorded != 0 && recorded != len(batch) {
			t.Errorf("cut %d: %d of %d messages are recorded", n, recorded, len(batch))
		}
		outcomes, err := proxied.Accept(t.Context(), d.mailbox, batch, decider)
		if err != nil {
			t.Fatalf("cut %d: accepting again: %v", n, err)
		}
		for i, o := range outcomes {
			if o.Err != nil {
				t.Errorf("cut %d: message %d: %v", n, i, o.Err)
			}
		}
		for what, want := range rows {
			want := want[0] + want[1]*(n-1)
			if got := d.count(t, what); got != want {
				t.Fatalf("cut %d: %d rows in %s, want %d", n, got, what, want)
			}
		}
	}
}

func TestWhileTheDatabaseIsDownAcceptSaysThatItIsUnavailable(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	proxy := storetest.NewProxy(t, d.url)
	proxied := d.open(t, proxy.URL)
	proxy.Refuse()
	_, err := proxied.Accept(t.Context(), d.mailbox, []store.Delivery{mail("1", "a")}, d.clerk())
	if !errors.Is(err, store.ErrUnavailable) || !strings.HasPrefix(err.Error(), "accept: ") {
		t.Errorf("error is %v", err)
	}
	if err := proxied.Ping(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Ping: %v", err)
	}
	proxy.Pass()
	if got, err := proxied.Accept(t.Context(), d.mailbox, []store.Delivery{mail("1", "a")}, d.clerk()); err != nil || got[0].Known {
		t.Errorf("after the database is up again: %+v, %v", got, err)
	}
}

// TestAnErrorIsBlamedOnTheDatabaseOrOnTheMessage makes the message in the middle of a batch fail.
func TestAnErrorIsBlamedOnTheDatabaseOrOnTheMessage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, sql string
		database  bool
	}{
		{"no disk space", `RAISE 'could not extend file' USING ERRCODE = 'disk_full'`, true},
		{"a cancelled statement", `RAISE 'canceling statement' USING ERRCODE = 'query_canceled'`, false},
		{"a read-only server", `RAISE 'read-only transaction' USING ERRCODE = 'read_only_sql_transaction'`, true},
		{"a schema that was changed", `RAISE 'cached plan must not change result type' USING ERRCODE = 'feature_not_supported'`, false},
		{"a table that is missing", `PERFORM 1 FROM no_such_table`, true},
		{"a missing privilege", `RAISE 'permission denied' USING ERRCODE = 'insufficient_privilege'`, true},
		{"an internal error", `RAISE 'cache lookup failed' USING ERRCODE = 'internal_error'`, false},
		{"a server that stops", `RAISE 'terminating connection' USING ERRCODE = 'admin_shutdown'`, true},
		{"an error of the file system", `RAISE 'could not open file' USING ERRCODE = 'io_error'`, true},
		{"an administrator's rule", `RAISE 'not today'`, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.exec(t, `
				CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN `+test.sql+`; END $$;
				CREATE TRIGGER fail BEFORE INSERT ON receipt FOR EACH ROW WHEN (NEW.uidl = '2') EXECUTE FUNCTION fail()`)
			outcomes, err := d.store.Accept(t.Context(), d.mailbox,
				[]store.Delivery{mail("1", "a"), mail("2", "b"), mail("3", "c")}, d.clerk())
			if test.database {
				if outcomes != nil || !errors.Is(err, store.ErrUnavailable) || store.IsUnexplained(err) {
					t.Errorf("outcomes %+v, error %v", outcomes, err)
				}
				if n := d.count(t, "receipt") + d.count(t, "request"); n != 0 {
					t.Errorf("%d rows", n)
				}
				return
			}
			if err != nil || outcomes[0].Err != nil || outcomes[2].Err != nil || !store.IsUnexplained(outcomes[1].Err) {
				t.Errorf("outcomes %+v, error %v", outcomes, err)
			}
			if n := d.count(t, "receipt"); n != 2 {
				t.Errorf("%d receipts", n)
			}
		})
	}
}

func TestAStopBeforeTheCommitRecordsNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ctx, stop := context.WithCancel(t.Context())
	c := d.exceptFor("about b", func() processor.Decision { stop(); return nil })
	_, err := d.store.Accept(ctx, d.mailbox, []store.Delivery{mail("1", "a"), mail("2", "b")}, c)
	if !errors.Is(err, context.Canceled) || errors.Is(err, store.ErrUnavailable) {
		t.Errorf("error is %v", err)
	}
	if n := d.count(t, "receipt"); n != 0 {
		t.Errorf("%d receipts", n)
	}
	d.accept(t, d.clerk(), mail("1", "a"), mail("2", "b"))
}

func TestAMessageWhoseFileCannotBeWrittenStaysInTheMailboxAlone(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		spoil func(t *testing.T, d *desk)
	}{
		{"a file is where a directory should be", func(t *testing.T, d *desk) {
			if err := os.WriteFile(filepath.Dir(filepath.Dir(d.path("content"))), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			test.spoil(t, d)
			got := d.accept(t, d.clerk(), mail("1", "a"), mail("2", "b", with(attachment("x", "content"))), mail("3", "c"))
			if err := got[1].Err; !store.IsUnexplained(err) || store.Hint(err) == "" {
				t.Errorf("error is %v", err)
			}
			if n := d.count(t, "receipt"); n != 2 || got[0].Err != nil || got[2].Err != nil {
				t.Errorf("%d receipts, %+v", n, got)
			}
			for _, name := range d.fileNamesIfAny() {
				if strings.HasPrefix(name, "tmp-") {
					t.Errorf("the temporary file %s is left", name)
				}
			}
		})
	}
}

func TestAMessageThatCannotBeReadToItsEndIsNotRecorded(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := d.clerk()
	c.attachRaw = true
	short := mail("1", "a")
	short.Raw = torn{octets("a")}
	if got := d.accept(t, c, short); !store.IsUnexplained(got[0].Err) {
		t.Errorf("error is %v", got[0].Err)
	}
	if names := d.fileNames(t); len(names) != 0 || d.count(t, "receipt") != 0 {
		t.Errorf("files %v, %d receipts", names, d.count(t, "receipt"))
	}
}

// torn is a raw message with fewer octets than Size returns.
type torn struct{ octets }

func (torn) Size() int64 { return 100 }
