package store_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// desk is a service desk in a database of its own: the team IT with a mailbox, some users, and the team HR.
type desk struct {
	url     string
	files   string
	store   *store.Store
	mailbox store.Mailbox
	pool    *pgxpool.Pool // for queries that bypass the store
}

const deskSQL = `
INSERT INTO team (name) VALUES ('IT'), ('HR');
INSERT INTO site (name) VALUES ('Montreal');
INSERT INTO user_account (logon, name, site_id) VALUES ('mailintegration', 'Mail', NULL), ('guest', 'Guest', NULL), ('anna', 'Anna', 1), ('bob', 'Bob', NULL);
INSERT INTO user_address VALUES ('anna@example.com', 3), ('anna@home.example', 3), ('bob@example.com', 4);
INSERT INTO support_group (team_id, name) VALUES (1, 'Service Desk'), (1, 'Network'), (2, 'People');
INSERT INTO priority (team_id, name) VALUES (1, 'Normal'), (1, 'High');
INSERT INTO source (team_id, name) VALUES (1, 'Email');
UPDATE team SET default_priority_id = 1, service_desk_group_id = 1 WHERE id = 1;
`

var deskNames = processor.Names{Team: "it", Login: "MailIntegration", FallbackUser: "guest", Source: "email"}

func newDesk(t testing.TB) *desk {
	t.Helper()
	return deskOn(t, storetest.New(t).URL)
}

// deskOn fills a migrated database and returns its desk.
func deskOn(t testing.TB, url string) *desk {
	t.Helper()
	d := &desk{url: storetest.Direct(t, url), files: t.TempDir()}
	var err error
	if d.pool, err = pgxpool.New(t.Context(), d.url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.pool.Close)
	d.exec(t, deskSQL)
	d.store = d.open(t, url)
	d.mailbox = d.resolve(t, "helpdesk", deskNames)
	return d
}

// exec runs statements without arguments.
func (d *desk) exec(t testing.TB, sql string) {
	t.Helper()
	if _, err := d.pool.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatalf("%v in %s", err, sql)
	}
}

// open opens another store on the same database and directory.
func (d *desk) open(t testing.TB, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: url, AttachmentDirectory: d.files, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	s.Limits(time.Hour, time.Hour) // a busy machine lets transactions wait for each other
	return s
}

func (d *desk) resolve(t testing.TB, name string, names processor.Names) store.Mailbox {
	t.Helper()
	mb, err := d.store.Resolve(t.Context(), name, names)
	if err != nil {
		t.Fatal(err)
	}
	return mb
}

var today = time.Date(2026, 11, 22, 10, 0, 0, 123456789, time.UTC)

func clock() time.Time { return today }

// accept accepts a batch, and fails the test when Accept fails as a whole.
func (d *desk) accept(t testing.TB, decider store.Decider, batch ...store.Delivery) []store.Outcome {
	t.Helper()
	outcomes, err := d.store.Accept(t.Context(), d.mailbox, batch, decider)
	if err != nil {
		t.Fatal(err)
	}
	return outcomes
}

// count returns the number of rows.
func (d *desk) count(t testing.TB, from string, args ...any) int {
	t.Helper()
	return one[int](t, d, `SELECT count(*) FROM `+from, args...)
}

// one reads a single value.
func one[T any](t testing.TB, d *desk, sql string, args ...any) T {
	t.Helper()
	rows, _ := d.pool.Query(context.WithoutCancel(t.Context()), sql, args...)
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%v in %s", err, sql)
	}
	return v
}

// all reads a column.
func all[T any](t testing.TB, d *desk, sql string, args ...any) []T {
	t.Helper()
	rows, _ := d.pool.Query(t.Context(), sql, args...)
	v, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%v in %s", err, sql)
	}
	return v
}

// markerName is the name of the file that names the owner of an attachment directory.
const markerName = ".mailintegration-database"

// fileNames returns the names of the files in the attachment directory, temporary files included, without the marker.
func (d *desk) fileNames(t testing.TB) []string {
	t.Helper()
	if _, err := os.Stat(d.files); err != nil {
		t.Fatal(err)
	}
	return d.fileNamesIfAny()
}

func (d *desk) fileNamesIfAny() []string {
	var names []string
	_ = filepath.WalkDir(d.files, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && e.Name() != markerName {
			names = append(names, e.Name())
		}
		return nil
	})
	return names
}

// path returns the path of the file with this content.
func (d *desk) path(content string) string {
	name := fmt.Sprintf("%x", sha256.Sum256([]byte(content)))
	return filepath.Join(d.files, name[:2], name[2:4], name)
}

// octets is a raw message in memory.
type octets string

func (o octets) ReadAt(p []byte, off int64) (int, error) {
	return strings.NewReader(string(o)).ReadAt(p, off)
}
func (o octets) Size() int64      { return int64(len(o)) }
func (o octets) Digest() [32]byte { return sha256.Sum256([]byte(o)) }

// mail returns a delivery from Anna. Its octets only distinguish it from other messages: the values in m are not read
// from them.
func mail(uidl, raw string, change ...func(m *processor.Message)) store.Delivery {
	m := &processor.Message{
		MessageID: raw + "@example.com",
		Date:      today.Add(-time.Hour),
		From:      processor.Address{Name: "Anna", Addr: "Anna@Example.com"},
		To:        []processor.Address{{Addr: "helpdesk@example.com"}},
		Subject:   "about " + raw,
		Text:      "text of " + raw,
		Octets:    int64(len(raw)),
	}
	for _, f := range change {
		f(m)
	}
	return store.Delivery{UIDL: uidl, Message: m, Raw: octets(raw)}
}

func answerTo(id string) func(*processor.Message) {
	return func(m *processor.Message) { m.InReplyTo = []string{id + "@example.com"} }
}

func from(addr string) func(*processor.Message) {
	return func(m *processor.Message) { m.From = processor.Address{Addr: addr} }
}

// attachment returns an attachment with the given content, whatever the raw message contains.
func attachment(name, content string) processor.Attachment {
	a := processor.Attachment{Name: name, MediaType: "text/plain"}
	return a.WithContent(func(io.ReaderAt) io.Reader { return strings.NewReader(content) })
}

// clerk is a simple decider: an answer to a known message is added to its request, every other message opens one.
type clerk struct {
	store.Mailbox
	attachRaw bool
	reopen    bool
	// instead, when not nil, decides first. When it returns nil, the clerk decides.
	instead func(m *processor.Message, dir processor.Directory) processor.Decision
}

func (c clerk) Keys(m *processor.Message) processor.Keys {
	return processor.Keys{
		MessageIDs: append(m.References, m.InReplyTo...),
		Addresses:  []string{strings.ToLower(m.From.Addr)},
		Numbers:    numbersIn(m.Subject),
	}
}

func numbersIn(subject string) []int64 {
	var n int64
	if _, err := fmt.Sscanf(subject, "#%d", &n); err != nil {
		return nil
	}
	return []int64{n}
}

func (c clerk) Decide(m *processor.Message, dir processor.Directory, now time.Time) processor.Decision {
	if c.instead != nil {
		if d := c.instead(m, dir); d != nil {
			return d
		}
	}
	sender, known := dir.UserByAddress(strings.ToLower(m.From.Addr))
	for _, id := range append(m.References, m.InReplyTo...) {
		if r, ok := dir.RequestOf(id); ok {
			return c.add(m, r, sender)
		}
	}
	for _, n := range numbersIn(m.Subject) {
		if r, ok := dir.Request(n); ok {
			return c.add(m, r, sender)
		}
	}
	if !known {
		sender = c.FallbackUser
	}
	return processor.OpenRequest{
		Reason: processor.Reason{Code: processor.ReasonNewMail}, Kind: processor.Incident, Subject: m.Subject,
		Requester: sender, User: sender, Site: sender.Site, Source: c.Source, Priority: c.DefaultPriority,
		Group: c.ServiceDesk, Attachments: m.Attachments, AttachRaw: c.attachRaw,
	}
}

func (c clerk) add(m *processor.Message, r processor.Request, sender processor.User) processor.Decision {
	detail := fmt.Sprintf("answers request %d, which is %s and has %d users and %v", r.Number, r.State, len(r.Participants), r.Addresses)
	return processor.AddActivity{
		Reason: processor.NewReason(processor.ReasonInReplyTo, detail), Request: r.Number,
		Author: sender, Reopen: c.reopen, Attachments: m.Attachments, AttachRaw: c.attachRaw,
	}
}

// SetAside implements store.Decider.
func (c clerk) SetAside(d store.Delivery, why processor.Reason) processor.OpenRequest {
	return withEvents{Mailbox: c.Mailbox}.SetAside(d, why)
}

// Loop implements store.Decider.
func (c clerk) Loop(d store.Delivery, added processor.AddActivity) processor.OpenRequest {
	return withEvents{Mailbox: c.Mailbox}.Loop(d, added)
}

// SetAsideAgain implements store.Decider.
func (c clerk) SetAsideAgain(d store.Delivery, why processor.Reason, event int64) string {
	return withEvents{Mailbox: c.Mailbox}.SetAsideAgain(d, why, event)
}

// withEvents is a store.Decider whose decisions are those of a policy.
type withEvents struct {
	processor.Decider
	store.Mailbox
}

// SetAside implements store.Decider.
func (w withEvents) SetAside(d store.Delivery, why processor.Reason) processor.OpenRequest {
	return processor.OpenRequest{
		Kind: processor.Event, Subject: "Message set aside: " + d.Message.Subject, Body: "Why: " + why.Detail(),
		Requester: w.Login, User: w.Login, Source: w.Source, Priority: w.DefaultPriority, Group: w.ServiceDesk,
	}
}

// Loop implements store.Decider.
func (w withEvents) Loop(d store.Delivery, added processor.AddActivity) processor.OpenRequest {
	event := w.SetAside(d, added.Reason)
	event.Subject = fmt.Sprintf("Loop of %s on %d", d.Message.From.Addr, added.Request)
	return event
}

// SetAsideAgain implements store.Decider.
func (w withEvents) SetAsideAgain(d store.Delivery, why processor.Reason, event int64) string {
	return fmt.Sprintf("Message %d, as on event %d: %s", d.Aside, event, why.Detail())
}

func (d *desk) clerk() clerk { return clerk{Mailbox: d.mailbox} }

// exceptFor returns a clerk that calls decide for the messages with that subject.
func (d *desk) exceptFor(subject string, decide func() processor.Decision) clerk {
	c := d.clerk()
	c.instead = func(m *processor.Message, _ processor.Directory) processor.Decision {
		if m.Subject == subject {
			return decide()
		}
		return nil
	}
	return c
}
