package daemon

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/robfig/cron/v3"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// world is a maildrop, a database, and a daemon between them.
type world struct {
	testing.TB
	maildrops *pop3test.Server
	rows      *pgxpool.Pool // to check the records, without a proxy in between
	store     *store.Store
	mailbox   Mailbox
	options   Options // of the daemons that poll makes
	logged    *observer.ObservedLogs
	added     int

	attachments string // directory
}

const helpdesk = "helpdesk"

// people is the reference data of every world.
const people = `
	INSERT INTO site (name) VALUES ('Head Office');
	INSERT INTO user_account (logon, name, site_id) VALUES ('daemon', 'MailIntegration', NULL), ('unknown', 'Unknown sender', 1), ('ann', 'Ann Lee', 1);
	INSERT INTO user_address (address, user_id) VALUES ('ann@acme.example', 3);
	INSERT INTO team (name) VALUES ('IT');
	INSERT INTO support_group (team_id, name) VALUES (1, 'Service Desk');
	INSERT INTO priority (team_id, name) VALUES (1, 'Normal');
	INSERT INTO source (team_id, name) VALUES (1, 'Email');
	UPDATE team SET default_priority_id = 1, service_desk_group_id = 1;`

func newWorld(t testing.TB) *world { return newWorldVia(t, func(url string) string { return url }) }

// newWorldOn returns a world whose mail server has these options.
func newWorldOn(t testing.TB, o pop3test.Options) *world {
	t.Helper()
	w := newWorld(t)
	w.maildrops = pop3test.Run(t, o)
	w.mailbox = w.newMailbox(helpdesk, w.maildrops)
	return w
}

// newWorldVia returns a world whose daemon reaches the database at via(its URL).
func newWorldVia(t testing.TB, via func(url string) string) *world {
	t.Helper()
	db := storetest.New(t)
	db.Exec(t, people)
	w := &world{TB: t, maildrops: pop3test.Run(t, pop3test.Options{}), rows: db.Pool(t)}
	w.store = w.openStore(via(db.URL))
	core, logged := observer.New(zap.DebugLevel)
	w.logged = logged
	w.mailbox = w.newMailbox(helpdesk, w.maildrops)
	w.options = patientOptions()
	w.options.Store, w.options.Logger, w.options.holder = w.store, zap.New(eventsLogged.Core(core)), store.NewHolder("test")
	return w
}

// patientOptions returns options whose times run out only where a test shortens them, however long a busy machine stands still.
func patientOptions() Options {
	const never = time.Hour
	return Options{
		BatchTime: never, StopGrace: never, ParseTime: never, SlotTime: never, SessionTime: never, beatTime: never,
		rawMessages: &rawMessages{limit: never, write: writeRawMessage},
	}
}

func (w *world) openStore(url string) *store.Store {
	w.Helper()
	w.attachments = filepath.Join(w.TempDir(), "attachments")
	s, err := store.Open(w.Context(), store.Options{URL: url, AttachmentDirectory: w.attachments})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(s.Close)
	return s
}

// newMailbox returns a mailbox for end users on a server.
func (w *world) newMailbox(name string, on *pop3test.Server) Mailbox {
	return Mailbox{
		Name: name,
		Account: mailbox.Account{
			Server: on.Host(), Port: on.Port(), Security: mailbox.None, Dial: on.Dial,
			UserName: name, Password: pop3test.DefaultPassword, StepTimeout: time.Minute,
			GreetingPatience: time.Hour, // a greeting that is late would cost a second connection
		},
		Rules:    endUserRules(),
		Schedule: cron.Every(30 * time.Second),
	}
}

// endUserRules returns the rules of a mailbox for end users.
func endUserRules() processor.Rules {
	return processor.Rules{
		Processor:         processor.EndUserIncident,
		Names:             processor.Names{Team: "it", Login: "daemon", FallbackUser: "unknown", Source: "email"},
		CreateNewRequests: true,
		UnknownFollowUp:   processor.AcceptAndFlag,
		ClosedFollowUp:    processor.AddActivityOnly,
	}
}

// mail puts a new short message into the maildrop.
func (w *world) mail() {
	w.added++
	w.add(strings.ReplaceAll(shortMail(w.added), "\r\n", "\n"))
}

// shortMail returns the n-th message that mail adds.
func shortMail(n int) string {
	return fmt.Sprintf("From: ann@acme.example\r\nSubject: Nr. %d\r\nMessage-ID: <%d@acme.example>\r\n\r\nHelp!\r\n", n, n)
}

// add puts a message into the maildrop. octets has lines that end in LF, the message has CRLF.
func (w *world) add(octets string) {
	w.maildrops.Add(helpdesk, []byte(strings.ReplaceAll(octets, "\n", "\r\n")))
}

// daemon returns a new daemon for the mailbox and for others, as after a restart. It has the leases of those before,
// which may not have given them back.
func (w *world) daemon(others ...Mailbox) *Daemon {
	w.Helper()
	opts := w.options
	opts.Mailboxes = append([]Mailbox{w.mailbox}, others...)
	d, err := New(opts)
	if err != nil {
		w.Fatal(err)
	}
	return d
}

// poll polls once with a new daemon.
func (w *world) poll() Report { w.Helper(); return w.pollUnder(w.Context()) }

func (w *world) pollUnder(ctx context.Context) Report {
	w.Helper()
	reports, err := w.daemon().Once(ctx)
	if err != nil {
		w.Fatal(err)
	}
	r := reports[0]
	if sum := r.Recorded() + r.Known + r.Oversize + r.Failed + r.Deferred; sum != r.Listed {
		w.Errorf("of %d messages listed %d are accounted for: %+v", r.Listed, sum, r)
	}
	return r
}

// pollUntilGood polls until a poll goes well. The first may fail: a lost connection to the database is noticed at its
// next use.
func (w *world) pollUntilGood() {
	w.Helper()
	var last Report
	for range 5 {
		w.idle()
		if last = w.poll(); last.Err == nil && last.Failed == 0 && !last.Skipped {
			return
		}
	}
	w.Fatalf("none of five polls went well, though nothing is wrong: %+v", last)
}

// idle waits until the server has released the maildrop.
func (w *world) idle() {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), 3*time.Minute)
	defer cancel()
	if err := w.maildrops.Idle(ctx); err != nil {
		w.Fatal(err)
	}
}

// wantEachOnce fails the test unless each of n messages is recorded once and the maildrop is empty.
func (w *world) wantEachOnce(n int) {
	w.Helper()
	w.wantRecorded(n)
	if left := w.maildrops.Count(helpdesk); left != 0 {
		w.Errorf("%d messages are still in the maildrop", left)
	}
}

// wantRecorded fails the test unless n messages are recorded, each once.
func (w *world) wantRecorded(n int) {
	w.Helper()
	if got := w.count(`SELECT count(*) FROM receipt`); got != n {
		w.Errorf("%d receipts for %d messages", got, n)
	}
	if got := w.count(`SELECT (SELECT count(*) FROM request) + (SELECT count(*) FROM activity)`); got != n {
		w.Errorf("%d requests and activities for %d messages", got, n)
	}
}

func (w *world) count(query string, args ...any) (n int) {
	w.Helper()
	if err := w.rows.QueryRow(w.Context(), query, args...).Scan(&n); err != nil {
		w.Fatal(err)
	}
	return n
}
