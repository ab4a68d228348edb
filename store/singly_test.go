package store_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailintegration/processor"
	"mailintegration/store"
)

// failOn makes the database fail on messages whose subject matches a regular expression, with an error that blames
// neither the database nor the message.
func (d *desk) failOn(t testing.TB, subjects string) {
	t.Helper()
	d.exec(t, `
		CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN RAISE 'cache lookup failed' USING ERRCODE = 'internal_error'; END $$;
		DROP TRIGGER IF EXISTS fail ON request;
		CREATE TRIGGER fail BEFORE INSERT ON request FOR EACH ROW WHEN (NEW.subject ~ '`+subjects+`') EXECUTE FUNCTION fail()`)
}

// batchOf returns mails with these octets.
func batchOf(raws ...string) (batch []store.Delivery) {
	for i, raw := range raws {
		batch = append(batch, mail(fmt.Sprint(i+1), raw))
	}
	return batch
}

// fates returns a letter for each message: R for recorded, K for known, S for set aside, E for an error.
func fates(outcomes []store.Outcome) string {
	var b strings.Builder
	for _, o := range outcomes {
		switch {
		case o.Err != nil:
			b.WriteByte('E')
		case o.Result == store.SetAside:
			b.WriteByte('S')
		case o.Known:
			b.WriteByte('K')
		default:
			b.WriteByte('R')
		}
	}
	return b.String()
}

func TestTwoUnexplainedErrorsInARowEndABatch(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		raws  []string
		want  string
		fails bool
	}{
		{"one at the head does not hold up the others", []string{"bad 1", "a", "b"}, "ERR", false},
		{"one alone", []string{"bad 1"}, "E", false},
		{"two with a recorded message between them", []string{"bad 1", "a", "bad 2", "b"}, "ERER", false},
		{"two in a row", []string{"a", "bad 1", "bad 2", "b"}, "REE", true},
		{"two with a known message between them, which proves nothing", []string{"bad 1", "known", "bad 2", "b"}, "EKE", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.accept(t, d.clerk(), mail("0", "known"))
			d.failOn(t, "bad")
			got, err := d.store.Accept(t.Context(), d.mailbox, batchOf(test.raws...), d.clerk())
			if fates(got) != test.want || (err != nil) != test.fails || err != nil && !store.IsUnexplained(err) {
				t.Errorf("outcomes %s, want %s; error %v", fates(got), test.want, err)
			}
		})
	}
}

// TestOneBrokenFolderOfTheAttachmentDirectoryHoldsUpOneMessage makes a folder unusable, as it is for the daemon after
// root ran a verb that created it.
func TestOneBrokenFolderOfTheAttachmentDirectoryHoldsUpOneMessage(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	folder := filepath.Dir(filepath.Dir(d.path("content")))
	if err := os.WriteFile(folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	batch := append([]store.Delivery{mail("0", "bad", with(attachment("x", "content")))}, batchOf("a", "b", "c")...)
	if got := d.accept(t, d.clerk(), batch...); fates(got) != "ERRR" || !strings.Contains(got[0].Err.Error(), folder) {
		t.Errorf("outcomes %s: %v", fates(got), got[0].Err)
	}
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	if got := d.accept(t, d.clerk(), batch...); fates(got) != "RKKK" {
		t.Errorf("after the repair: %s", fates(got))
	}
}

func TestARemovedReferenceIsNotBlamedOnAMessage(t *testing.T) {
	t.Parallel()
	stranger := func(m *processor.Message) { m.From.Addr = "stranger@far.example" }
	tests := []struct{ name, sql string }{
		{"the fallback user", `DELETE FROM user_account WHERE logon = 'guest'`},
		{"the source", `DELETE FROM source`},
		{"the service desk", `UPDATE team SET service_desk_group_id = NULL; DELETE FROM support_group WHERE name = 'Service Desk'`},
		{"the mailbox", `DELETE FROM mailbox`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.exec(t, test.sql)
			batch := []store.Delivery{mail("1", "a", stranger), mail("2", "b", stranger), mail("3", "c", stranger)}
			for _, batch := range [][]store.Delivery{batch, batch[:1]} {
				got, err := d.store.Accept(t.Context(), d.mailbox, batch, d.clerk())
				if !errors.Is(err, store.ErrReferenceGone) || got != nil || store.IsUnexplained(err) ||
					store.Hint(err) == "" {
					t.Errorf("outcomes %s, error %v", fates(got), err)
				}
			}
			if n := d.count(t, "receipt") + d.count(t, "set_aside"); n != 0 {
				t.Errorf("%d rows", n)
			}
			d.exec(t, `INSERT INTO user_account (logon, name) VALUES ('guest', 'Guest') ON CONFLICT DO NOTHING;
				INSERT INTO source (team_id, name) VALUES (1, 'Email') ON CONFLICT DO NOTHING`)
			d.mailbox = d.resolve(t, "helpdesk", deskNames)
			if got := d.accept(t, d.clerk(), batch...); fates(got) != "RRR" {
				t.Errorf("after resolving the names again: %s", fates(got))
			}
		})
	}
}

// TestOfRequestsNamesTheForeignKeysToRequests compares the list with the schema. With a key missing, the store would
// blame the configuration for a request that was removed.
func TestOfRequestsNamesTheForeignKeysToRequests(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	want := all[string](t, d, `SELECT conname FROM pg_constraint
		WHERE contype = 'f' AND confrelid IN ('request'::regclass, 'activity'::regclass, 'receipt'::regclass) ORDER BY conname COLLATE "C"`)
	got := slices.Sorted(slices.Values(store.OfRequests))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-schema +list):\n%s", diff)
	}
}

func TestAConstraintThatRefusesMessagesInARowSetsAsideTwo(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.exec(t, `ALTER TABLE request ADD CONSTRAINT new_rule CHECK (subject !~ '^about bad')`)
	got := d.accept(t, d.clerk(), batchOf("bad 1", "bad 2", "bad 3", "a", "bad 4")...)
	if fates(got) != "SSERS" {
		t.Errorf("outcomes %s", fates(got))
	}
	err := got[2].Err
	if !errors.Is(err, store.ErrConstraint) || store.IsUnexplained(err) || !strings.Contains(err.Error(), "new_rule") ||
		!strings.Contains(store.Hint(err), "new_rule") {
		t.Errorf("error %v, hint %q", err, store.Hint(err))
	}
	// The row goes on in the next batches of this mailbox.
	if got := d.accept(t, d.clerk(), batchOf("bad 5")...); fates(got) != "S" {
		t.Errorf("outcomes %s", fates(got))
	}
	if got := d.accept(t, d.clerk(), batchOf("bad 6")...); fates(got) != "E" {
		t.Errorf("outcomes %s", fates(got))
	}
	helpdesk := d.mailbox
	d.mailbox = d.resolve(t, "other", deskNames)
	if got := d.accept(t, d.clerk(), batchOf("bad 7")...); fates(got) != "S" {
		t.Errorf("in another mailbox: %s", fates(got))
	}
	d.mailbox = helpdesk
	if got := d.accept(t, d.clerk(), batchOf("b")...); fates(got) != "R" {
		t.Errorf("outcomes %s", fates(got))
	}
	if got := d.accept(t, d.clerk(), batchOf("bad 6")...); fates(got) != "S" {
		t.Errorf("after another message was recorded: %s", fates(got))
	}
}

func TestAPanicFailsOnlyItsMessage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		bad  func(store.Delivery) store.Delivery
		want string
	}{
		{"in Size", func(d store.Delivery) store.Delivery { d.Raw = sizeless{d.Raw}; return d }, "RER"},
		{"in ReadAt, while it is set aside", func(d store.Delivery) store.Delivery {
			d.Raw, d.Message.Subject = unreadable{d.Raw}, "panics"
			return d
		}, "RER"},
		{"in Why, while it is recorded", func(d store.Delivery) store.Delivery { d.Message.Subject = "panics"; return d }, "RSR"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			c := d.exceptFor("panics", func() processor.Decision { return unknown{} })
			batch := []store.Delivery{mail("1", "a"), test.bad(mail("2", "bad")), mail("3", "c")}
			got := d.accept(t, c, batch...)
			if fates(got) != test.want || got[1].Err != nil && !strings.Contains(got[1].Err.Error(), "the program failed") {
				t.Errorf("outcomes %s: %v", fates(got), got[1].Err)
			}
		})
	}
}

type sizeless struct{ store.Raw }

func (sizeless) Size() int64 { panic("no size") }

type unreadable struct{ store.Raw }

func (unreadable) ReadAt([]byte, int64) (int, error) { panic("no octets") }

func TestAPanicWhileAMessageIsReconsideredLeavesItSetAside(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	event := d.setAside(t, mail("1", "late"))
	c := d.exceptFor("about late", func() processor.Decision { return unknown{} })
	_, err := d.reconsider(t, d.store, event, mail("1", "late"), always{c})
	if still := new(store.StillAsideError); !errors.As(err, &still) || !strings.Contains(err.Error(), "no reason") {
		t.Errorf("error is %v", err)
	}
}

func TestAcceptWaitsBrieflyForALock(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, hold string
		batch      bool // the whole batch fails
	}{
		{"on the row of the mailbox, which fails the batch", `SELECT FROM mailbox WHERE name = 'helpdesk' FOR UPDATE`, true},
		{"of the collector, which fails the batch", fmt.Sprintf(`SELECT pg_advisory_xact_lock(%d)`, int64(store.AcceptanceLock)), true},
		{"on the row of a request, which fails the messages that need it", `SELECT FROM request WHERE number = 1 FOR UPDATE`, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.accept(t, d.clerk(), mail("0", "held"))
			tx, err := d.pool.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
			if _, err := tx.Exec(t.Context(), test.hold); err != nil {
				t.Fatal(err)
			}
			d.store.Limits(300*time.Millisecond, time.Hour)
			batch := []store.Delivery{mail("1", "a"), mail("2", "b", answerTo("held")), mail("3", "c")}
			got, err := d.store.Accept(t.Context(), d.mailbox, batch, d.clerk())
			if test.batch {
				if !errors.Is(err, store.ErrLocked) || got != nil {
					t.Errorf("outcomes %s, error %v", fates(got), err)
				}
				return
			}
			if err != nil || fates(got) != "RER" || !errors.Is(got[1].Err, store.ErrLocked) || store.IsUnexplained(got[1].Err) {
				t.Errorf("outcomes %s, error %v", fates(got), err)
			}
		})
	}
}

// TestAStatementThatTakesTooLongHoldsUpOneMessage shortens the limit for what follows the row of that message, so that no other
// statement is too slow on a busy machine.
func TestAStatementThatTakesTooLongHoldsUpOneMessage(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.exec(t, `
		CREATE FUNCTION hurry() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			PERFORM set_config('statement_timeout', '500ms', true); RETURN NEW; END $$;
		CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF current_setting('statement_timeout') = '500ms' THEN PERFORM pg_sleep(600); END IF; RETURN NEW; END $$;
		CREATE TRIGGER hurry BEFORE INSERT ON request FOR EACH ROW WHEN (NEW.subject = 'about bad') EXECUTE FUNCTION hurry();
		CREATE TRIGGER slow BEFORE INSERT ON receipt FOR EACH ROW EXECUTE FUNCTION slow()`)
	d.store.Limits(time.Hour, time.Hour)
	got := d.accept(t, d.clerk(), batchOf("a", "bad", "c")...)
	if fates(got) != "RER" || !strings.Contains(got[1].Err.Error(), "statement timeout") {
		t.Errorf("outcomes %s: %v", fates(got), got[1].Err)
	}
}

func TestAFileThatIsNeverWrittenHoldsUpOneMessage(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	hang := make(chan struct{})
	defer close(hang)
	passed := make(chan struct{})
	d.store.EndFiles(passed)
	endless := processor.Attachment{Name: "x"}.WithContent(func(io.ReaderAt) io.Reader {
		return readerFunc(func([]byte) (int, error) {
			passed <- struct{}{}
			<-hang
			return 0, io.EOF
		})
	})
	got := d.accept(t, d.clerk(), mail("1", "a"), mail("2", "bad", with(endless)), mail("3", "c"))
	if fates(got) != "RER" || !store.IsUnexplained(got[1].Err) || !strings.Contains(got[1].Err.Error(), "took longer than") {
		t.Errorf("outcomes %s: %v", fates(got), got[1].Err)
	}
}
