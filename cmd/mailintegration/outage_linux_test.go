package main

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"mailintegration/store/storetest"
)

// outage is the program, which runs as a daemon in a process of its own while a test pulls a plug. It collects what an
// administrator gets to see.
type outage struct {
	installed
	dir    string
	log    *followed
	daemon *begun
	seen   map[int64]bool // events to report
}

// reports keeps the reports of outages that end at the same time apart.
var reports sync.Mutex

// wholeOutages reports whether to pull every plug and to print what it caused (make outages), not only those that take little
// time.
func wholeOutages() bool { return os.Getenv("OUTAGES") != "" }

// newOutage installs the program on a database, with a team, the users daemon and unknown, and no mailbox. Its directory can be
// entered by other accounts.
func newOutage(t *testing.T, database string) *outage {
	t.Helper()
	dir, err := os.MkdirTemp("", "outage-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	o := &outage{dir: dir, log: &followed{}, seen: map[int64]bool{}}
	o.TB, o.config = t, filepath.Join(dir, "mailintegration.xml")
	o.rows, err = pgxpool.New(context.WithoutCancel(t.Context()), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.rows.Close)
	o.service("", database)
	o.verb("team", "add", "IT")
	o.verb("user", "add", "daemon", "--name", "MailIntegration")
	o.verb("user", "add", "unknown", "--name", "Unknown sender")
	t.Cleanup(o.print)
	return o
}

// write writes a file below the installation's directory.
func (o *outage) write(name, text string) {
	o.Helper()
	path := filepath.Join(o.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		o.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		o.Fatal(err)
	}
}

// service writes the service file with more tags.
func (o *outage) service(tags, database string) {
	o.Helper()
	var escaped strings.Builder
	if err := xml.EscapeText(&escaped, []byte(database)); err != nil {
		o.Fatal(err)
	}
	o.write("mailintegration.xml", "<MailIntegrationService>\n  <Database>"+escaped.String()+"</Database>\n"+
		"  <DataDirectory>data</DataDirectory>\n  <AttachmentDirectory>attachments</AttachmentDirectory>\n"+
		"  <Login>daemon</Login>\n  <Team>IT</Team>\n  "+tags+"\n</MailIntegrationService>\n")
}

// mailbox writes the file of a mailbox for end users at a port of this machine.
func (o *outage) mailbox(name string, port int, password, tags string) {
	o.Helper()
	if !strings.Contains(tags, "<SecureSocketOption>") {
		tags += "\n  <SecureSocketOption>None</SecureSocketOption>"
	}
	if !strings.Contains(tags, "<MessageProcessorTypeName>") {
		tags += "\n  <MessageProcessorTypeName>EndUserIncidentMailMessageProcessor</MessageProcessorTypeName>"
	}
	o.write("mailboxes/"+name+".xml", fmt.Sprintf("<MailIntegration>\n  <ServerName>127.0.0.1</ServerName>\n  <Port>%d</Port>\n"+
		"  <UserName>%s</UserName>\n  <Password>%s</Password>\n  <Schedule>1s</Schedule>\n"+
		"  <IncidentFallbackUserLogon>unknown</IncidentFallbackUserLogon>\n  %s\n</MailIntegration>\n", port, name, password, tags))
}

// verb runs a verb that must succeed, and returns its output.
func (o *outage) verb(args ...string) string {
	o.Helper()
	out, err := o.command(args...).CombinedOutput()
	if err != nil {
		o.Fatalf("%v: %v\n%s", args, err, out)
	}
	return string(out)
}

// start starts the daemon, which ends with the test.
func (o *outage) start() { o.startAs(o.command("run")) }

func (o *outage) startAs(command *exec.Cmd) {
	o.Helper()
	o.daemon = begin(o, command, o.log)
	o.Cleanup(o.stop)
	o.log.await(o, "daemon started")
}

// stop stops the daemon. It may be called twice.
func (o *outage) stop() {
	_ = o.daemon.Process.Signal(syscall.SIGTERM) // it may have ended
	_ = o.daemon.Wait()
}

// paused does something while the daemon stands still, and sees nothing of it.
func (o *outage) paused(do func()) {
	o.Helper()
	for _, signal := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGCONT} {
		if err := o.daemon.Process.Signal(signal); err != nil {
			o.Fatal(err)
		}
		if signal == syscall.SIGSTOP {
			do()
		}
	}
}

// outageTime is how long the daemon may take to notice an outage or its end: failed polls are repeated after minutes.
const outageTime = 5 * time.Minute

// until waits until done reports true.
func (o *outage) until(what string, done func() bool) {
	o.Helper()
	tick, late := time.NewTicker(100*time.Millisecond), time.After(outageTime)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-late:
			o.Fatalf("waited in vain until %s\nThe problems:\n%s\nThe log:\n%s", what, o.problems(), o.log)
		}
	}
}

// problems lists the problems in the database.
func (o *outage) problems() string {
	rows, _ := o.rows.Query(context.Background(), `
		SELECT kind || ' ' || source || ', event ' || event_id || coalesce(', closed ' || closed_at, '') FROM problem ORDER BY id`)
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err.Error()
	}
	return strings.Join(list, "\n")
}

// has reports whether a query returns a row. A database that is down has none.
func (o *outage) has(query string, args ...any) bool {
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	var found bool
	return o.rows.QueryRow(ctx, `SELECT EXISTS (`+query+`)`, args...).Scan(&found) == nil && found
}

// opened waits until a problem of a kind has an event, and returns the event's number.
func (o *outage) opened(kind string) (event int64) {
	o.Helper()
	o.until("a problem of the kind "+kind+" is open", func() bool {
		return o.has(`SELECT 1 FROM problem WHERE kind = $1`, kind)
	})
	if err := o.rows.QueryRow(context.Background(), `SELECT max(event_id) FROM problem WHERE kind = $1`, kind).Scan(&event); err != nil {
		o.Fatal(err)
	}
	return event
}

// pass lets time pass for the open problems: what the daemon plans for later is due by so much earlier.
func (o *outage) pass(d time.Duration) {
	o.Helper()
	for _, change := range []string{
		`UPDATE request SET opened_at = opened_at - $1::interval WHERE number IN (SELECT event_id FROM problem WHERE closed_at IS NULL)`,
		`UPDATE problem SET first_seen_at = first_seen_at - $1::interval, last_seen_at = last_seen_at - $1::interval,
			tell_at = tell_at - $1::interval, quiet_since = quiet_since - $1::interval WHERE closed_at IS NULL`,
	} {
		if _, err := o.rows.Exec(context.Background(), change, d); err != nil {
			o.Fatal(err)
		}
	}
}

// activities returns how many activities a request has.
func (o *outage) activities(request int64) int {
	o.Helper()
	return o.count(fmt.Sprintf(`SELECT count(*) FROM activity WHERE request_id = %d`, request))
}

// lasts lets time pass and waits for the activity that says that the trouble lasts.
func (o *outage) lasts(event int64, d time.Duration) {
	o.Helper()
	before := o.activities(event)
	o.pass(d)
	o.until("an activity says that the trouble lasts", func() bool { return o.activities(event) > before })
}

// closed waits until an event is processed and its problem closed.
func (o *outage) closed(event int64) {
	o.Helper()
	o.until(fmt.Sprintf("event %d is processed", event), func() bool {
		return o.has(`SELECT 1 FROM problem AS p JOIN request AS r ON r.number = p.event_id
			WHERE p.event_id = $1 AND p.closed_at IS NOT NULL AND r.state = 'processed'`, event)
	})
}

// recorded waits until so many messages are recorded.
func (o *outage) recorded(n int) {
	o.Helper()
	o.until(fmt.Sprintf("%d messages are recorded", n), func() bool {
		return o.has(`SELECT 1 FROM receipt HAVING count(*) >= $1`, n)
	})
}

// wantEvents fails the test unless the daemon has opened just these events. It reports them.
func (o *outage) wantEvents(events ...int64) {
	o.Helper()
	rows, err := o.rows.Query(context.Background(), `SELECT number FROM request WHERE kind = 'event' ORDER BY number`)
	if err != nil {
		o.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		o.Fatal(err)
	}
	for _, n := range all {
		o.tell(n)
	}
	slices.Sort(events)
	if !slices.Equal(all, events) {
		o.Errorf("the events are %d, want %d", all, events)
	}
}

// wantText fails the test unless an event, with its activities, says each of the words. It reports the event.
func (o *outage) wantText(event int64, words ...string) {
	o.Helper()
	text := o.tell(event)
	for _, word := range words {
		if !strings.Contains(text, word) {
			o.Errorf("event %d does not say %q:\n%s", event, word, text)
		}
	}
}

// told is a request or an activity as the report has it.
type told struct{ When, Subject, Body, State string }

// tell adds an event with its activities to the report, and returns its text.
func (o *outage) tell(event int64) string {
	o.Helper()
	ctx := context.Background()
	one := func(sql string) (list []told) {
		rows, _ := o.rows.Query(ctx, sql, event)
		list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[told])
		if err != nil {
			o.Fatal(err)
		}
		return list
	}
	var b strings.Builder
	r := one(`SELECT to_char(opened_at, 'HH24:MI:SS'), subject, body, state FROM request WHERE number = $1`)[0]
	fmt.Fprintf(&b, "── event %d (%s) ── %s\n%s\n", event, r.State, r.Subject, indented(r.Body))
	for _, f := range one(`
		SELECT '', name, octets || ' octets, ' || media_type, coalesce(activity_id::text, '') FROM attachment WHERE request_id = $1 ORDER BY id`) {
		fmt.Fprintf(&b, "   attached: %s (%s)%s\n", f.Subject, f.Body, map[bool]string{true: " with activity " + f.State}[f.State != ""])
	}
	for _, a := range one(`SELECT to_char(recorded_at, 'HH24:MI:SS'), subject, body, id::text FROM activity WHERE request_id = $1 ORDER BY id`) {
		fmt.Fprintf(&b, "── activity %s ── %s\n%s\n", a.State, a.Subject, indented(a.Body))
	}
	for _, h := range one(`SELECT to_char(at, 'HH24:MI:SS'), what, detail, reason FROM history WHERE request_id = $1 ORDER BY id`) {
		fmt.Fprintf(&b, "   history: %s (%s) %s\n", h.Subject, h.State, h.Body)
	}
	if strings.Contains(b.String(), "secret-of") {
		o.Errorf("event %d has a secret", event)
	}
	o.seen[event] = true
	return b.String()
}

func indented(text string) string {
	return "   " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n   ")
}

// print prints the events that were told, as they are at the end of the test.
func (o *outage) print() {
	if len(o.seen) == 0 || !wholeOutages() {
		return
	}
	var events []int64
	for n := range o.seen {
		events = append(events, n)
	}
	slices.Sort(events)
	reports.Lock()
	defer reports.Unlock()
	fmt.Printf("\n════ %s ════\n", o.Name())
	for _, n := range events {
		_, _ = io.WriteString(os.Stdout, o.tell(n)+"\n")
	}
}

// TestAnOutageIsToldAndSoIsItsEnd pulls one plug after another while the daemon runs on real servers. Without OUTAGES it
// leaves out those that take minutes.
func TestAnOutageIsToldAndSoIsItsEnd(t *testing.T) {
	t.Parallel()
	for _, plug := range plugs {
		if plug.takesLong && !wholeOutages() {
			continue
		}
		t.Run(plug.name, func(t *testing.T) {
			t.Parallel()
			plug.pull(t)
		})
	}
}

// newDatabase returns the address of a database for one outage that leaves the database alone.
func newDatabase(t *testing.T) string { return storetest.New(t).URL }
