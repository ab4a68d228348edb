package page

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"mailintegration/daemon"
	"mailintegration/store"
)

// well returns the status of a mailbox that this daemon polls.
func well(name string) daemon.MailboxStatus {
	return daemon.MailboxStatus{
		Name: name, Server: "mail.example.com:995", State: daemon.Waiting, Held: true, PolledAt: noon.Add(-3 * time.Minute),
		SucceededAt: noon.Add(-3 * time.Minute), NextPoll: noon.Add(2 * time.Minute), Backlog: 4,
	}
}

func TestTheStateOfEachMailboxIsInWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.openDatabase()
	for _, tt := range []struct {
		change func(*daemon.MailboxStatus)
		want   []string
	}{
		{func(*daemon.MailboxStatus) {}, []string{
			"All is well", "3 min ago", "in 2 min", "4 messages", "desk1 (7)", "this daemon", "mail.example.com:995",
		}},
		{func(m *daemon.MailboxStatus) { m.State = daemon.Polling }, []string{"Is polled now"}},
		{func(m *daemon.MailboxStatus) { m.State = daemon.Queued }, []string{"Waits for its turn"}},
		{func(m *daemon.MailboxStatus) { m.State = daemon.Stopping }, []string{"for the last time"}},
		{func(m *daemon.MailboxStatus) { m.State = daemon.Paused }, []string{"Waits for the database"}},
		{func(m *daemon.MailboxStatus) { m.PolledAt = time.Time{} }, []string{"Waits for its first poll", "not yet"}},
		{func(m *daemon.MailboxStatus) { m.State, m.Held = daemon.Standby, false }, []string{"Nobody polls it at the moment", "1 in trouble"}},
		{func(m *daemon.MailboxStatus) { m.Failure = errors.New("disk full") }, []string{"A message stays on the server", "disk full"}},
		{func(m *daemon.MailboxStatus) {
			m.Cause, m.Err, m.Since = daemon.CauseLogin, errors.New("-ERR <b>no</b>"), noon.Add(-time.Hour)
		}, []string{"Cannot be read: the mail server refuses the log-in", "-ERR &lt;b&gt;no&lt;/b&gt;", "began", "1 in trouble"}},
		{func(m *daemon.MailboxStatus) { m.SilentSince = noon.Add(-100 * time.Hour) }, []string{"has had none since"}},
	} {
		m := well("helpdesk")
		tt.change(&m)
		w.status.Mailboxes = []daemon.MailboxStatus{m}
		got := w.get("/mailboxes")
		for _, want := range tt.want {
			if !strings.Contains(got.Body.String(), want) {
				t.Errorf("%d, %q is not in %s", got.Code, want, got.Body)
			}
		}
	}
}

func TestAMailboxWithMistakesIsShownAlthoughNobodyPollsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.status.Mailboxes = []daemon.MailboxStatus{well("helpdesk")}
	w.status.Configuration = []daemon.ConfigurationProblem{
		{File: "a.xml", Mailbox: "broken", Mistakes: []string{"a.xml:3: Port: 99999 is not a port"}},
		{File: "h.xml", Mailbox: "HelpDesk", Mistakes: []string{"h.xml:9: no such tag"}, Polled: true},
		{File: "service.xml", Mistakes: []string{"not about a mailbox"}},
	}
	body := w.get("/mailboxes").Body.String()
	for _, want := range []string{"2 mailboxes", "2 in trouble", "Not polled: its file has mistakes", "99999 is not a port", "Polled as before"} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is not in %s", want, body)
		}
	}
}

func TestTheMailboxesAreShownWithoutTheDatabaseAndWithoutAnAnswerOfTheDaemon(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.status.Mailboxes = []daemon.MailboxStatus{well("helpdesk")}
	if body := w.get("/mailboxes").Body.String(); !strings.Contains(body, "helpdesk") || !strings.Contains(body, "gives no answer at the moment") {
		t.Errorf("without the database: %s", body)
	}
	w.status.Database = daemon.DatabaseStatus{Cause: daemon.CauseDatabase, Err: store.ErrUnavailable, Since: noon.Add(-time.Hour)}
	if body := w.get("/mailboxes").Body.String(); !strings.Contains(body, "The database has been away since") {
		t.Errorf("the daemon knows of the outage: %s", body)
	}
	w.silent = errors.New("stuck")
	if got := w.get("/mailboxes"); got.Code != 200 || !strings.Contains(got.Body.String(), "does not say how it is") {
		t.Errorf("a daemon that is stuck: %d %s", got.Code, got.Body)
	}
}

func TestManyMailboxesTakeSeveralPagesOfLessThan50KB(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 100 {
		m := well(fmt.Sprintf("m%03d", i))
		if i == 99 {
			m.Cause, m.Err = daemon.CauseLogin, errors.New("no")
		}
		w.status.Mailboxes = append(w.status.Mailboxes, m)
	}
	seen := ""
	for path, pages := "/mailboxes", 0; path != ""; pages++ {
		body := w.get(path).Body.String()
		if len(body) > 50_000 || pages > 5 {
			t.Fatalf("page %d has %d octets", pages, len(body))
		}
		seen += body
		_, path, _ = strings.Cut(body, `<nav class="pager"`)
		_, path, _ = strings.Cut(path, `<a href="`)
		path, _, _ = strings.Cut(path, `"`)
	}
	for i := range 100 {
		if n := strings.Count(seen, fmt.Sprintf("<h2>m%03d</h2>", i)); n != 1 {
			t.Errorf("m%03d is shown %d times", i, n)
		}
	}
	if strings.Index(seen, "<h2>m099") > strings.Index(seen, "<h2>m000") {
		t.Error("a mailbox in trouble does not come first")
	}
}
