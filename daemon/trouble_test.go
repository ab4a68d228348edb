package daemon

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mailintegration/mailbox/pop3test"
	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// withFile returns a message whose attachment has the given content.
func withFile(content string) string {
	return "From: ann@acme.example\nSubject: with a file\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n" +
		"--b\nContent-Type: text/plain\n\nsee there\n--b\nContent-Type: application/octet-stream\n" +
		"Content-Disposition: attachment; filename=x\n\n" + content + "\n--b--\n"
}

// Each fault is of an unknown class, and its message is the first of the mailbox.
func TestAFaultOfOneMessageHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		prepare func(w *world)
		aside   bool // the message is set aside after its attempts
	}{
		{"when a trigger of the database fails on it", func(w *world) {
			w.refuseSubject("Nr. 1", "XX000")
			w.mail()
		}, true},
		{"when the directory of its attachment is broken", func(w *world) {
			sum := fmt.Sprintf("%x", sha256.Sum256([]byte("CONTENT")))
			if err := os.WriteFile(filepath.Join(w.attachments, sum[:2]), nil, 0o600); err != nil {
				w.Fatal(err)
			}
			w.add(withFile("CONTENT"))
			w.added++
		}, true},
		{"when it does not fit into the spool", func(w *world) {
			w.mailbox.Account.SpoolDirectory = filepath.Join(w.TempDir(), "missing")
			w.mailbox.Account.SpoolMemory = 2000
			w.add(large())
			w.added++
		}, false},
		{"when the server never gives it", func(w *world) {
			w.mail()
			w.maildrops.AtMessage("RETR", w.maildrops.Messages(helpdesk)[0].UIDL).Reply("-ERR not this one")
		}, false},
		{"when it ends the session", func(w *world) {
			w.mail()
			w.maildrops.AtMessage("RETR", w.maildrops.Messages(helpdesk)[0].UIDL).Drop()
		}, false},
		{"when its header ends the session", func(w *world) {
			w.mailbox.Account.MaxOctets = 10_000
			w.add(large())
			w.maildrops.At("TOP").Drop()
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tt.prepare(w)
			for range 4 {
				w.mail()
			}
			w.poll()
			w.idle()
			if n := w.count(`SELECT count(*) FROM request WHERE subject LIKE 'Nr. %'`); n < 4 {
				t.Errorf("%d of 4 good messages are recorded in the same poll", n)
			}
			for range maxAttempts {
				w.poll() // each by a process that remembers nothing itself
				w.idle()
			}
			aside := w.count(`SELECT count(*) FROM set_aside WHERE reason = 'keeps_failing'`)
			left := w.maildrops.Count(helpdesk)
			if tt.aside && (aside != 1 || left != 0) || !tt.aside && (aside != 0 || left != 1) {
				t.Errorf("%d set aside, %d left", aside, left)
			}
		})
	}
}

func TestAMessageThatFailsAloneIsNeverSetAside(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.refuseSubject("Nr. 1", "XX000")
	w.mail()
	for range 2 * maxAttempts {
		w.poll()
		w.idle()
	}
	if n := w.count(`SELECT count(*) FROM receipt`); n != 0 || w.maildrops.Count(helpdesk) != 1 {
		t.Errorf("%d receipts: nothing else was recorded, so the cause may lie in no message", n)
	}
	w.exec(`DROP TRIGGER refuse ON request`)
	w.pollUntilGood()
	w.wantEachOnce(1)
	if n := w.count(`SELECT count(*) FROM attempt`); n != 0 {
		t.Errorf("%d attempts are kept of a message that is recorded", n)
	}
}

// After the fault is corrected, each message is tried once more before it is given up.
func TestAFaultOfEveryMessageSetsNoneAside(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.refuseAll()
	for range 6 {
		w.mail()
	}
	for n := range 2 * maxAttempts {
		if r := w.poll(); r.Err == nil && n < 3 {
			t.Errorf("a poll in which nothing can be recorded went well: %+v", r)
		}
		w.idle()
		if tried := w.count(`SELECT sum(count) FROM attempt`); tried > maxInARow*(n+1) {
			t.Errorf("%d attempts in %d polls: two failures in a row must end a poll", tried, n+1)
		}
	}
	w.exec(`DROP TRIGGER refuse ON request`)
	w.pollUntilGood()
	w.pollUntilGood()
	w.wantEachOnce(6)
	if n := w.count(`SELECT count(*) FROM set_aside`); n != 0 {
		t.Errorf("%d messages are set aside", n)
	}
}

func TestAMessageOnWhichParsingDoesNotReturnIsSetAside(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mail()
	w.mail()
	w.add("Subject: endless\n\n" + strings.Repeat("0123456789\n", octetsPerSecond/10)) // has a second more than the others
	w.added++
	forever, over := make(chan struct{}), make(chan time.Time)
	w.options.ParseTime = 30 * time.Second
	w.options.parseTimer = func(limit time.Duration) (<-chan time.Time, func() bool) {
		if limit == w.options.ParseTime/parseParts {
			return nil, func() bool { return true } // the time of the other messages never runs out
		}
		return over, func() bool { return true }
	}
	d := w.daemon()
	defer close(forever)
	late := make(chan error, 1)
	d.workers[0].parse = func(raw io.ReaderAt, size int64) *processor.Message {
		if size > octetsPerSecond {
			close(over)
			<-forever
			_, err := raw.ReadAt(make([]byte, 1), 0)
			late <- err
		}
		return processor.Parse(raw, size)
	}
	r := once(t, d)
	if r.Opened != 2 || r.SetAside != 1 || r.Err != nil {
		t.Errorf("got %+v", r)
	}
	w.wantEachOnce(3)
	if n := w.count(`SELECT count(*) FROM set_aside WHERE reason = 'too_slow'`); n != 1 {
		t.Errorf("%d messages set aside as too slow, want 1", n)
	}
	forever <- struct{}{}
	if err := <-late; !errors.Is(err, errSevered) {
		t.Errorf("the goroutine that returned late can still read: %v", err)
	}
}

// TestAStandstillIsNoMessagesFault lets a part of the budget pass after the other, the last of which may have lasted for hours.
func TestAStandstillIsNoMessagesFault(t *testing.T) {
	t.Parallel()
	for passed, isRead := range map[int]bool{parseParts: true, parseParts + 1: false} {
		hang, parts := make(chan struct{}), make(chan time.Time)
		g := newGuard(helpdesk, processor.Policy{}, func(raw io.ReaderAt, size int64) *processor.Message {
			for range passed {
				parts <- time.Time{}
			}
			if !isRead {
				<-hang
			}
			return processor.Parse(raw, size)
		}, 0)
		g.timer = func(time.Duration) (<-chan time.Time, func() bool) { return parts, func() bool { return true } }
		m := g.parse(bytes.NewReader([]byte("Subject: fine\n\n")))
		if _, _, failed := g.rulingFor(m); failed == isRead {
			t.Errorf("after %d parts of %d the message is read: %t", passed, parseParts, !failed)
		}
		close(hang)
	}
}

// The session of a message that takes long to parse releases its slot.
func TestASlowMessageKeepsNoOtherMailboxWaiting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mail()
	w.maildrops.Add("other", []byte("Subject: fine\r\n\r\n"))
	w.options.MaxPolls = 1
	d := w.daemon(w.newMailbox("other", w.maildrops))
	inside, goOn := make(chan struct{}), make(chan struct{})
	d.workers[0].parse = func(raw io.ReaderAt, size int64) *processor.Message {
		close(inside)
		<-goOn
		return processor.Parse(raw, size)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); d.Once(t.Context(), helpdesk) }()
	storetest.Await(t, "the message is parsed", inside)
	if r, err := d.Once(t.Context(), "other"); err != nil || r[0].Opened != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	close(goOn)
	<-ended
	w.wantRecorded(2)
}

func TestASlowServerKeepsNoOtherMailboxWaiting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.SlotTime = time.Millisecond
	w.options.MaxPolls = 1
	w.mail()
	stalled := make(chan struct{})
	w.maildrops.At("RETR 1").Times(1).Call(func() { close(stalled) })
	w.maildrops.At("RETR 1").Times(1).Stall()
	other := pop3test.Run(t, pop3test.Options{})
	other.Add("other", []byte("Subject: fine\r\n\r\n"))
	d := w.daemon(w.newMailbox("other", other))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); d.Once(ctx, helpdesk) }()
	storetest.Await(t, "the slow server is asked", stalled)
	if r, err := d.Once(t.Context(), "other"); err != nil || r[0].Opened != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	d.setOptions(func(o *Options) { o.StopGrace = time.Millisecond })
	stop()
	w.maildrops.Close()
	<-ended
}

// The test plays a process that dies by leaving its rows in the database.
func TestAMessageThatEndsTheProcessIsSetAside(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.poll() // makes the mailbox known
	w.idle()
	for range 3 {
		w.mail()
	}
	deadly := w.maildrops.Messages(helpdesk)[1].UIDL
	w.pollAndDie(deadly)
	w.wantRecorded(2) // the others went first, and are deleted
	w.pollAndDie(deadly)
	parsed := 0
	d := w.daemon()
	d.workers[0].parse = func(raw io.ReaderAt, size int64) *processor.Message {
		parsed++
		return processor.Parse(raw, size)
	}
	if r := once(t, d); r.SetAside != 1 || parsed != 0 {
		t.Errorf("%+v, %d messages were parsed", r, parsed)
	}
	w.wantEachOnce(3)
	if n := w.count(`SELECT count(*) FROM set_aside WHERE reason = 'keeps_failing'`); n != 1 {
		t.Errorf("%d set aside", n)
	}
}

// pollAndDie polls like a process that dies when it parses the message with that unique-id: it leaves in the database
// the rows that such a process would leave.
func (w *world) pollAndDie(uidl string) {
	w.Helper()
	key := store.AttemptKey(uidl, [32]byte{})
	w.exec(`UPDATE mailbox SET working_since = now()`) // as a process that is killed leaves it
	d, deaths := w.daemon(), 0
	read := d.workers[0].parse
	d.workers[0].parse = func(raw io.ReaderAt, size int64) *processor.Message {
		m := read(raw, size)
		isCounted := w.count(`SELECT count(*) FROM attempt WHERE key <> $1 AND kind = 'in_hand'`, key) == 1
		if m.Subject == "Nr. 2" {
			deaths = w.count(`SELECT coalesce(sum(count), 0) FROM attempt WHERE key = $1 AND kind = 'in_hand'`, key)
			isCounted = deaths > 0
			m.ReadError = errors.New("dead") // so that the poll does not record it
		}
		if !isCounted {
			w.Error("a message is parsed that was not counted before")
		}
		return m
	}
	if _, err := d.Once(w.Context()); err != nil {
		w.Fatal(err)
	}
	w.idle()
	if n := w.count(`SELECT count(*) FROM attempt WHERE kind = 'in_hand'`); n != 0 {
		w.Errorf("%d messages are in hand after a poll that ended", n)
	}
	w.exec(`INSERT INTO attempt (mailbox_id, key, count, first_at, last_at, kind) VALUES (1, $1, $2, now(), now(), 'in_hand')
		ON CONFLICT (mailbox_id, key) DO UPDATE SET count = excluded.count, kind = 'in_hand'`, key, deaths) // as if this process had died
}

func TestAPollThatRecordsNothingFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.refuseSubject("Nr. 1", "XX000")
	w.mail()
	if r := w.poll(); r.Err == nil {
		t.Error("a poll whose only message failed went well")
	}
	w.idle()
	if r := w.poll(); r.Err != nil {
		t.Errorf("a message that failed before slows down the polls that other mail waits for: %v", r.Err)
	}
}

func TestANameThatIsRemovedDuringAPollIsNoMessagesFault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.BatchMessages = 2
	for n := range 6 {
		w.add(fmt.Sprintf("From: stranger%d@x.example\nSubject: Nr. %d\n\nhello\n", n, n))
	}
	var removed atomic.Bool
	w.options.Recorded = func(string, *processor.Message, store.Outcome) {
		if removed.Swap(true) {
			return
		}
		w.exec(`UPDATE request SET requester_id = 1, user_id = 1, site_id = NULL`)
		w.exec(`DELETE FROM participant WHERE user_id = 2`)
		w.exec(`DELETE FROM user_account WHERE logon = 'unknown'`)
	}
	r := w.poll()
	var names *store.UnresolvedError
	if !errors.As(r.Err, &names) || !strings.Contains(names.Error(), "unknown") {
		t.Errorf("error %v, want that the fallback user is missing", r.Err)
	}
	if n := w.count(`SELECT count(*) FROM set_aside`); n != 0 {
		t.Errorf("%d messages are set aside", n)
	}
	w.idle()
	w.exec(`INSERT INTO user_account (logon, name) VALUES ('unknown', 'Unknown sender')`)
	w.pollUntilGood()
	w.wantEachOnce(6)
}

// once polls each mailbox of a daemon once and returns the first report.
func once(t *testing.T, d *Daemon) Report {
	t.Helper()
	r, err := d.Once(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r[0]
}

// The server allows one session in a poll, and each poll has a new daemon.
func TestAMessageThatFailedIsRetriedWhileNewMailKeepsComing(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, pop3test.Options{Extra: []string{"LOGIN-DELAY 60"}})
	now := time.Now()
	w.options.Now = func() time.Time { return now }
	w.mail()
	w.maildrops.AtMessage("RETR", w.maildrops.Messages(helpdesk)[0].UIDL).Times(1).Reply("-ERR not now")
	pollAfter := func(wait time.Duration) {
		now = now.Add(wait)
		w.exec(`UPDATE lease SET not_before = NULL`) // the database's clock does not follow the daemon's
		w.poll()
		w.idle()
	}
	for range 3 {
		w.mail()
		pollAfter(time.Minute)
	}
	if n := w.count(`SELECT count(*) FROM request WHERE subject = 'Nr. 1'`); n != 0 {
		t.Error("the failed message is tried before newer ones")
	}
	w.mail()
	pollAfter(overdueAfter)
	if n := w.count(`SELECT count(*) FROM request WHERE subject = 'Nr. 1'`); n != 1 {
		t.Error("the failed message is not tried again")
	}
	pollAfter(time.Minute)
	w.wantEachOnce(5)
}
