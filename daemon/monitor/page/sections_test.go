package page

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mailintegration/daemon"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// wants fails the test unless a page has each of the texts.
func (w *world) wants(path string, texts ...string) {
	w.t.Helper()
	got := w.get(path)
	for _, text := range texts {
		if got.Code != http.StatusOK || !strings.Contains(got.Body.String(), text) {
			w.t.Errorf("%s: %d, %q is not in %s", path, got.Code, text, got.Body)
		}
	}
}

// rows are the rows that an event, a problem or a mail of the outbox needs.
const rows = `INSERT INTO team (name) VALUES ('IT');
	INSERT INTO mailbox (name, team_id) VALUES ('helpdesk', 1);`

func TestTheTroublesAreShownWithWhatToDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.openDatabase()
	w.wants("/trouble", "Nothing is wrong.")
	w.status.Configuration = []daemon.ConfigurationProblem{{File: "a.xml", Mailbox: "sales", Mistakes: []string{"a.xml:3: <Prt>"}, Since: noon}}
	w.wants("/trouble", "A configuration file has mistakes: sales", "a.xml:3: &lt;Prt&gt;")
	for _, path := range []string{"/trouble?after=x", "/trouble?after=-1", "/trouble?after=99999999999999999999", "/outbox?after=x"} {
		if got := w.get(path); got.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.Code)
		}
	}
	w.away = store.ErrUnavailable
	w.wants("/trouble", "shows only what this daemon sees itself", "sales")
	w.status.Database = daemon.DatabaseStatus{Err: errors.New("no route"), Since: noon}
	w.wants("/trouble", "The database cannot be used", "no route")
}

func TestTheOutboxShowsWhatWaitsAndWhatIsNeverSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	db := w.openDatabase()
	w.wants("/outbox", "No mail waits to be sent.", "0 mails wait")
	db.Exec(t, rows)
	for i := range mailsOnPage + 1 {
		db.Exec(t, fmt.Sprintf(`INSERT INTO outbox (kind, team_id, message_id, to_address, due_at, last_error, attempts)
			VALUES ('denied', 1, '%d@it', 'a%d@example.net', now(), '451 <greylisted>', 1)`, i, i))
	}
	db.Exec(t, `INSERT INTO outbox (kind, team_id, message_id, to_address, given_up_at, last_error)
		VALUES ('denied', 1, 'g@it', 'gone@example.net', now(), '550 no such user')`)
	w.status.Sending = []daemon.SendingStatus{{Server: "smtp.example.com:587", Err: errors.New("535 bad password"), Since: noon}}
	w.wants("/outbox", "51 mails wait", "a0@example.net", "451 &lt;greylisted&gt;", "no request was opened", "(1 attempt so far)", "Never sent",
		"gone@example.net", "550 no such user", "given up", "Mail cannot be sent through smtp.example.com:587.", "535 bad password")
	body := w.get("/outbox").Body.String()
	if len(body) > 50_000 || strings.Contains(body, "a50@example.net") {
		t.Errorf("the first page has %d octets, and the last mail: %v", len(body), strings.Contains(body, "a50@example.net"))
	}
	_, next, _ := strings.Cut(body, `<nav class="pager"`)
	_, next, _ = strings.Cut(next, `<a href="`)
	next, _, _ = strings.Cut(next, `"`)
	w.wants(next, "a50@example.net")
	w.away = store.ErrUnavailable
	if got := w.get("/outbox"); got.Code != http.StatusServiceUnavailable || !strings.Contains(got.Body.String(), "The database is away") {
		t.Errorf("without the database: %d", got.Code)
	}
}

func TestEachKindOfTroubleAndOfMailHasItsText(t *testing.T) {
	t.Parallel()
	lang := allTexts(t).all[0]
	for _, kind := range store.ProblemKinds() {
		if _, isThere := lang.text("trouble.kind." + string(kind)); !isThere {
			t.Errorf("there is no text for problems of kind %s", kind)
		}
	}
	for _, kind := range []string{"denied", "acknowledgement", "closed", "new_event"} {
		if _, isThere := lang.text("outbox.kind." + kind); !isThere {
			t.Errorf("there is no text for mail of kind %s", kind)
		}
	}
}

func TestAChartShowsEachHourThatHadMessages(t *testing.T) {
	t.Parallel()
	c := newChart([24]int{1, 0, 1000, 23: 500}, 24)
	if want := "M230 40v-2h8v2zM210 40v-40h8v40zM0 40v-20h8v20z"; c.Path != want || c.All != 1501 || c.Most != 1000 {
		t.Errorf("%+v, want the path %s", c, want)
	}
	if c := newChart([24]int{0, 0, 7}, 2); c.Path != "" || c.All != 0 || c.Hours != 2 {
		t.Errorf("hours that are not counted whole are drawn: %+v", c)
	}
}

// TestTheMessagesOfTheDayAreCountedOnceInAMinute: the charts of many readers cost the database one query.
func TestTheMessagesOfTheDayAreCountedOnceInAMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	db := w.openDatabase()
	db.Exec(t, rows)
	receive := func() {
		db.Exec(t, `INSERT INTO receipt (mailbox_id, digest, octets, outcome, reason, raw_kept, accepted_at, last_seen_at)
			VALUES (1, sha256(random()::text::bytea), 1, 'ignored', 'bulk', true, now(), now())`)
	}
	w.status.Mailboxes = []daemon.MailboxStatus{well("HelpDesk")}
	w.wants("/mailboxes", `<p class="quiet">No messages in the last 24 hours</p>`)
	w.now = func() time.Time { return noon.Add(dayEvery) }
	receive()
	w.wants("/mailboxes", "1 message in the last 24 hours, 1 at most in an hour")
	receive()
	w.wants("/mailboxes", "1 message in the last 24 hours")
	w.now = func() time.Time { return noon.Add(2 * dayEvery) }
	w.wants("/mailboxes", "2 messages in the last 24 hours")
}

// slowDay is a database that counts the messages of the day when the test lets it.
type slowDay struct {
	Desk
	begun chan struct{}  // receives an element for each count
	count chan store.Day // its answer
}

// Day implements Desk.
func (s slowDay) Day(ctx context.Context) (store.Day, error) {
	s.begun <- struct{}{}
	select {
	case day := <-s.count:
		return day, nil
	case <-ctx.Done():
		return store.Day{}, ctx.Err()
	}
}

// TestNoPageWaitsForTheMessagesOfTheDay: the page comes without charts while the database counts, and is told when it has counted.
func TestNoPageWaitsForTheMessagesOfTheDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.openDatabase().Exec(t, rows)
	slow := slowDay{Desk: w.desk, begun: make(chan struct{}, 9), count: make(chan store.Day)}
	w.desk = slow
	w.status.Mailboxes = []daemon.MailboxStatus{well("helpdesk")}
	const counting = "The messages of the last 24 hours are being counted"
	w.counted.patience = time.Nanosecond
	w.wants("/mailboxes", counting, "All is well")
	w.wants("/mailboxes", counting)
	<-slow.begun
	before := w.fingerprint()
	slow.count <- store.Day{Mailboxes: map[string]*[24]int{"helpdesk": {7}}, Hours: 24}
	w.counted.patience = time.Minute
	w.wants("/mailboxes", "7 messages in the last 24 hours")
	if w.fingerprint() == before {
		t.Error("the pages are not told")
	}
	w.counted.patience = time.Nanosecond
	w.now = func() time.Time { return noon.Add(dayKept - 1) }
	w.wants("/mailboxes", "7 messages in the last 24 hours") // while the database counts again
	<-slow.begun
	w.now = func() time.Time { return noon.Add(dayKept) }
	w.wants("/mailboxes", counting)
	if len(slow.begun) > 0 {
		t.Error("two counts are under way")
	}
}

// TestACountOfTheDayThatNeverEndsIsGivenUp: it keeps no visit from asking, and the next minute has a count of its own.
func TestACountOfTheDayThatNeverEndsIsGivenUp(t *testing.T) {
	t.Parallel()
	storetest.New(t) // its server is not of the bubble, in whose time nothing else takes any
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.openDatabase().Exec(t, rows)
		slow := slowDay{Desk: w.desk, begun: make(chan struct{}, 9)}
		w.desk = slow
		w.status.Mailboxes = []daemon.MailboxStatus{well("helpdesk")}
		w.patience = usualPatience
		if got := w.get("/mailboxes").Body.String(); strings.Contains(got, "24 hours") || !strings.Contains(got, "All is well") {
			t.Errorf("after a count that was given up: %s", got)
		}
		if len(w.asking) > 0 {
			t.Error("the count has not given its turn back")
		}
		w.wants("/mailboxes", "All is well")
		if len(slow.begun) != 1 {
			t.Errorf("%d counts within a minute", len(slow.begun))
		}
		w.now = func() time.Time { return noon.Add(dayEvery) }
		w.wants("/mailboxes", "All is well")
		if len(slow.begun) != 2 {
			t.Errorf("%d counts after a minute", len(slow.begun))
		}
	})
}

// brokenDay is a database that cannot count the messages of the day because of a bug.
type brokenDay struct{ Desk }

// Day implements Desk.
func (brokenDay) Day(context.Context) (store.Day, error) { panic("no such hour") }

func TestABugInTheCountOfTheDayIsLoggedAndLeavesThePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.openDatabase().Exec(t, rows)
	w.desk = brokenDay{w.desk}
	w.status.Mailboxes = []daemon.MailboxStatus{well("helpdesk")}
	w.wants("/mailboxes", "All is well")
	if len(w.faults) != 1 || !strings.Contains(fmt.Sprint(w.faults), "no such hour") {
		t.Errorf("the log has %v", w.faults)
	}
}
