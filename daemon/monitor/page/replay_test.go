package page

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"mailintegration/daemon"
	"mailintegration/processor"
	"mailintegration/store"
)

// actions is a Log that keeps what people do.
type actions struct {
	nobody
	done []string
}

// Acted implements Log.
func (a *actions) Acted(token, user, action, path string) {
	a.done = append(a.done, fmt.Sprint(token, " as ", user, ": ", action, " ", path))
}

// newCase returns an office in which Ann acts with the token of Anna, and n messages are set aside with one event, which is 1.
func newCase(t *testing.T, n int) (*office, *actions) {
	t.Helper()
	o, log := newOffice(t), &actions{}
	o.standIn, o.log = &session{name: "Anna", logon: "ann", acts: true, csrf: "secret"}, log
	o.db.Exec(t, `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no paper' USING ERRCODE = '23514'; END $$;
		CREATE TRIGGER refuse BEFORE INSERT ON request FOR EACH ROW WHEN (NEW.kind = 'incident') EXECUTE FUNCTION refuse()`)
	for i := range n {
		o.gets("From: ann@acme.example", fmt.Sprintf("Subject: Fire %d", i+1), "", "It burns.")
	}
	o.wants("/setaside", fmt.Sprintf(`href="/setaside/%d"`, n), "no paper", `href="/requests/1"`)
	return o, log
}

// mend removes what keeps messages from being recorded.
func (o *office) mend() { o.t.Helper(); o.db.Exec(o.t, `DROP TRIGGER refuse ON request`) }

// acts sends the form of an action on a message.
func (o *office) acts(action string, fields ...string) *httptest.ResponseRecorder {
	form := url.Values{csrfField: {"secret"}}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return o.post("/setaside/"+action, form)
}

// wantAnswer fails the test unless an answer has a code and texts.
func (o *office) wantAnswer(got *httptest.ResponseRecorder, code int, texts ...string) {
	o.t.Helper()
	if got.Code != code {
		o.t.Errorf("%d, want %d: %s", got.Code, code, got.Body)
	}
	contains(o.t, got, texts...)
}

// wantDone fails the test unless an answer leads to the page of a message, which shows a notice.
func (o *office) wantDone(got *httptest.ResponseRecorder, path, notice string) {
	o.t.Helper()
	if got.Code != http.StatusSeeOther || got.Header().Get("Location") != path {
		o.t.Fatalf("%d to %q: %s", got.Code, got.Header().Get("Location"), got.Body)
	}
	contains(o.t, o.get(path, "Cookie", cookieOf(got)), notice)
}

// wantIncidents fails the test unless as many incidents were opened, and there are as many receipts as messages.
func (o *office) wantIncidents(want, receipts int) {
	o.t.Helper()
	var opened, kept int
	err := o.db.Pool(o.t).QueryRow(o.t.Context(), `SELECT (SELECT count(*) FROM request WHERE kind = 'incident'), (SELECT count(*) FROM receipt)`).
		Scan(&opened, &kept)
	if err != nil || opened != want || kept != receipts {
		o.t.Errorf("%d incidents and %d receipts, want %d and %d: %v", opened, kept, want, receipts, err)
	}
}

func TestMessagesThatWereSetAsideAreReplayedAndTheirEventCloses(t *testing.T) {
	t.Parallel()
	o, log := newCase(t, 2)
	o.wants("/trouble", "Messages are set aside", "1 mailbox: <bdi>"+o.mailbox.Name+"</bdi></p>")
	o.wants("/setaside/1", `action="/setaside/1/replay"`, `value="secret"`, `href="/setaside/1/discard"`)
	o.mend()
	o.wantDone(o.acts("1/replay"), "/setaside/1", "The message is recorded.")
	o.wants("/setaside/1", "recorded after all", "Ann Lee", `<a href="/requests/2">2</a>`, "Some wait for a decision")
	o.wants("/requests/1", "a trouble that lasts", "opened 2 (on the page, with the token of Anna)", "Ann Lee")
	o.wantDone(o.acts("2/replay"), "/setaside/2", "The message is recorded.")
	o.wants("/setaside/2", "None waits any more")
	o.wants("/requests/1", "processed", "no message of this event waits any more")
	o.wants("/setaside", "No message is set aside.")
	o.wants("/trouble", "Nothing is wrong.")
	o.wantIncidents(2, 2)
	want := []string{"Anna as ann: POST /setaside/{number}/replay /setaside/1/replay", "Anna as ann: POST /setaside/{number}/replay /setaside/2/replay"}
	if !slices.Equal(log.done, want) {
		t.Errorf("the log has %q, want %q", log.done, want)
	}
}

func TestAMessageThatFailsAgainStaysSetAsideAndItsNewCauseIsShown(t *testing.T) {
	t.Parallel()
	o, log := newCase(t, 1)
	o.db.Exec(t, `CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no <ink>' USING ERRCODE = '23514'; END $$`)
	o.wantAnswer(o.acts("1/replay"), http.StatusConflict, "The message still cannot be recorded, and stays set aside.", "no &lt;ink&gt;",
		"waits for a decision", `action="/setaside/1/replay"`)
	o.wantIncidents(0, 1)
	if len(log.done) > 0 || len(o.faults) > 0 {
		t.Errorf("the log has %q and %v", log.done, o.faults)
	}
	o.mend()
	o.wantDone(o.acts("1/replay"), "/setaside/1", "The message is recorded.")
}

func TestTwoPeopleWhoReplayAMessageAtOnceRecordItOnce(t *testing.T) {
	t.Parallel()
	o, _ := newCase(t, 1)
	o.mend()
	var answers [2]*httptest.ResponseRecorder
	var both sync.WaitGroup
	for i := range answers {
		both.Go(func() { answers[i] = o.acts("1/replay") })
	}
	both.Wait()
	first, second := answers[0], answers[1]
	if first.Code != http.StatusSeeOther {
		first, second = second, first
	}
	o.wantDone(first, "/setaside/1", "The message is recorded.")
	o.wantAnswer(second, http.StatusConflict, "somebody has decided about this message already", "recorded after all", `href="/requests/2"`)
	o.wantIncidents(1, 1)
}

func TestAMessageWhoseEventIsProcessedIsReplayedWhenAPersonInsists(t *testing.T) {
	t.Parallel()
	o, _ := newCase(t, 1)
	o.mend()
	o.db.Exec(t, `UPDATE request SET state = 'processed', processed_at = now()`)
	o.wantAnswer(o.acts("1/replay"), http.StatusConflict, "the event is marked as processed", `name="again" value="1"`, "Record it all the same")
	o.wantIncidents(0, 1)
	o.wantDone(o.acts("1/replay", "again", "1"), "/setaside/1", "The message is recorded.")
	o.wantIncidents(1, 1)
}

func TestAMessageWhoseFileIsDamagedOrMissingStaysSetAside(t *testing.T) {
	t.Parallel()
	o, _ := newCase(t, 1)
	o.mend()
	waiting, err := o.store.Asides(t.Context(), store.AsideFilter{})
	if err != nil || len(waiting) != 1 {
		t.Fatal(waiting, err)
	}
	sum := waiting[0].SHA256
	file := filepath.Join(o.store.AttachmentDirectory(), sum[:2], sum[2:4], sum)
	octets, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for text, write := range map[string]func() error{
		"the file of the message is damaged": func() error { return os.WriteFile(file, octets[1:], 0o600) },
		"the file of the message is missing": func() error { return os.Remove(file) },
	} {
		if err := write(); err != nil {
			t.Fatal(err)
		}
		o.wantAnswer(o.acts("1/replay"), http.StatusConflict, text, "waits for a decision")
		if err := os.WriteFile(file, octets, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o.wantIncidents(0, 1)
	o.wantDone(o.acts("1/replay"), "/setaside/1", "The message is recorded.")
}

func TestWhatKeepsAMessageSetAsideIsSaidInWords(t *testing.T) {
	t.Parallel()
	o, log := newCase(t, 1)
	for _, tt := range []struct {
		err  error
		code int
		text string
	}{
		{daemon.ErrNotConfigured, http.StatusConflict, "its mailbox is not in the configuration"},
		{store.ErrOtherTeam, http.StatusConflict, "the mailbox has another team now"},
		{&store.UnresolvedError{}, http.StatusConflict, "names what is not in the database"},
		{store.ErrReferenceGone, http.StatusConflict, "names what is not in the database"},
		{&store.StillAsideError{Reason: processor.NewReason(processor.ReasonTooSlow, "30 s")}, http.StatusConflict, "Reading it took too long."},
		{fs.ErrNotExist, http.StatusConflict, "the file of the message is missing"},
		{store.ErrHanging, http.StatusConflict, "the attachment directory cannot be used at the moment"},
		{context.DeadlineExceeded, http.StatusConflict, "It took too long, and was given up."},
		{store.ErrLocked, http.StatusConflict, "somebody else, or the daemon, works on the event or its mailbox at this moment"},
		{errQueue, http.StatusConflict, "another message is being recorded at this moment"},
		{store.ErrUnavailable, http.StatusServiceUnavailable, "The database is away"},
		{errors.New("SELECT hunter2"), http.StatusInternalServerError, "In the log, look for the number"},
	} {
		o.reconsider = func(context.Context, int64, store.Reconsideration) (store.Outcome, error) {
			return store.Outcome{}, fmt.Errorf("event 1, message 1: %w", tt.err)
		}
		got := o.acts("1/replay")
		o.wantAnswer(got, tt.code, tt.text)
		if strings.Contains(got.Body.String(), "hunter2") {
			t.Errorf("%s", got.Body)
		}
	}
	o.reconsider = func(context.Context, int64, store.Reconsideration) (store.Outcome, error) { panic("oh") }
	o.wantAnswer(o.acts("1/replay"), http.StatusInternalServerError)
	if len(o.faults) != 2 || len(log.done) > 0 {
		t.Errorf("the log has %v and %q", o.faults, log.done)
	}
	o.reconsider = nil
	o.wantAnswer(o.acts("1/replay"), http.StatusNotFound)
	if body := o.wants("/setaside/1", "waits for a decision"); strings.Contains(body, "/replay") {
		t.Errorf("a daemon that replays nothing offers it: %s", body)
	}
}

func TestAReplayThatHangsEndsItsVisitAndHoldsUpNoOtherPage(t *testing.T) {
	t.Parallel()
	o, _ := newCase(t, 1)
	end := make(chan struct{})
	o.replayTime = 1 - replayGrace
	o.reconsider = func(context.Context, int64, store.Reconsideration) (store.Outcome, error) {
		<-end
		return store.Outcome{}, errors.New("late")
	}
	o.wantAnswer(o.acts("1/replay"), http.StatusConflict, "It took too long, and was given up.", "waits for a decision")
	if len(o.replaying) != 1 {
		t.Error("another message could be replayed beside the one that hangs")
	}
	o.wants("/setaside", "Fire 1")
	close(end)
	o.replaying <- struct{}{} // once the one that hung has ended
}

// TestAnEventThatSomebodyElseHasLockedIsSaidInWordsAndHoldsUpNoOther locks an event, as a transaction of another program does that does
// not end.
func TestAnEventThatSomebodyElseHasLockedIsSaidInWordsAndHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	o, log := newCase(t, 1)
	other := o.mailbox
	other.Name = "sales"
	d, err := daemon.New(daemon.Options{Store: o.store, Mailboxes: []daemon.Mailbox{o.mailbox, other}})
	if err != nil {
		t.Fatal(err)
	}
	o.reconsider, o.mailbox = d.Reconsider, other
	o.gets("From: ann@acme.example", "Subject: Flood", "", "It is wet.")
	o.wants("/setaside/2", `href="/requests/2"`)
	o.mend()
	tx, err := o.db.Pool(t).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if _, err := tx.Exec(t.Context(), `SELECT FROM request WHERE number = 1 FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	var locked, free *httptest.ResponseRecorder
	var both sync.WaitGroup
	both.Go(func() { locked = o.acts("1/replay") })
	both.Go(func() { free = o.acts("2/replay") })
	both.Wait()
	const text = "somebody else, or the daemon, works on the event or its mailbox at this moment. Try again in a moment."
	o.wantAnswer(locked, http.StatusConflict, text, "waits for a decision", `action="/setaside/1/replay"`)
	o.wantDone(free, "/setaside/2", "The message is recorded.")
	o.wantAnswer(o.acts("1/discard", "reason", "x"), http.StatusConflict, text, "waits for a decision")
	o.wantIncidents(1, 2)
	if len(log.done) != 1 || len(o.faults) > 0 {
		t.Errorf("the log has %q and %v", log.done, o.faults)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.wantDone(o.acts("1/replay"), "/setaside/1", "The message is recorded.")
	o.wantIncidents(2, 2)
}

func TestAReplayThatWaitsForAnotherOneGivesUpInTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.replaying <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (&visit{ctx: ctx, page: w.Page}).replay(1, store.Reconsideration{}); !errors.Is(err, errQueue) {
		t.Error(err)
	}
}

func TestNobodyReplaysOrDiscardsWithATokenForReadingOrAnotherForm(t *testing.T) {
	t.Parallel()
	o, log := newCase(t, 1)
	o.mend()
	for _, action := range []string{"replay", "discard"} {
		path := "/setaside/1/" + action
		o.wantAnswer(o.post(path, url.Values{"reason": {"x"}}), http.StatusForbidden, "The form is not valid any more")
		o.wantAnswer(o.acts("1/"+action, "reason", "x", csrfField, "other"), http.StatusForbidden)
		o.wantAnswer(o.acts("2/"+action, "reason", "x"), http.StatusNotFound)
		if got := o.post(path, url.Values{csrfField: {"secret"}, "reason": {"x"}}, "Sec-Fetch-Site", "cross-site"); got.Code != http.StatusForbidden {
			t.Errorf("%s from another page: %d", action, got.Code)
		}
	}
	if got := o.get("/setaside/1/replay"); got.Code != http.StatusMethodNotAllowed && got.Code != http.StatusNotFound {
		t.Errorf("GET: %d", got.Code)
	}
	o.standIn.logon = "gone"
	o.wantAnswer(o.acts("1/replay"), http.StatusConflict, "the user of your token does not exist any more")
	o.wantAnswer(o.acts("1/discard", "reason", "x"), http.StatusConflict, "the user of your token does not exist any more")
	o.standIn.acts = false
	for _, action := range []string{"replay", "discard"} {
		o.wantAnswer(o.acts("1/"+action, "reason", "x"), http.StatusForbidden, "Your token is for reading")
	}
	o.wantAnswer(o.get("/setaside/1/discard"), http.StatusForbidden)
	if body := o.wants("/setaside/1", "log in with a token that is for acting"); strings.Contains(body, "/setaside/1/replay") {
		t.Errorf("a form that cannot be sent: %s", body)
	}
	o.wantIncidents(0, 1)
	if len(log.done) > 0 {
		t.Errorf("the log has %q", log.done)
	}
}
