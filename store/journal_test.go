package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// because returns a reason of the tests.
func because(why string) processor.Reason { return processor.NewReason("test", why) }

// event returns an event about the helpdesk mailbox, with files that have these contents.
func (d *desk) event(subject string, contents ...string) store.NewRequest {
	e := store.NewRequest{
		Reason: because("it is broken"), Kind: processor.Event, Team: d.mailbox.Team, MailboxID: d.mailbox.ID,
		Subject: subject, Body: "What to do: mend it.", Source: d.mailbox.Source, Priority: d.mailbox.DefaultPriority, Group: d.mailbox.ServiceDesk,
	}
	for i, content := range contents {
		e.Files = append(e.Files, store.File{
			Name: fmt.Sprintf("file-%d.xml", i), MediaType: "application/xml", Content: store.OctetsOf([]byte(content)),
		})
	}
	return e
}

// write writes with the account of the helpdesk mailbox, and fails the test if that fails.
func (d *desk) write(t testing.TB, f func(ctx context.Context, j *store.Journal) error) {
	t.Helper()
	if err := d.tryWrite(t, f); err != nil {
		t.Fatal(err)
	}
}

func (d *desk) tryWrite(t testing.TB, f func(ctx context.Context, j *store.Journal) error) error {
	return d.store.Write(t.Context(), d.mailbox.Login, func(j *store.Journal) error { return f(t.Context(), j) })
}

// openRequest opens a request, and fails the test if that fails.
func (d *desk) openRequest(t testing.TB, r store.NewRequest) (number int64) {
	t.Helper()
	d.write(t, func(ctx context.Context, j *store.Journal) (err error) {
		number, err = j.Open(ctx, r)
		return err
	})
	return number
}

// journalRows counts the rows of all tables that a Journal writes to.
func (d *desk) journalRows(t testing.TB) int {
	t.Helper()
	return d.count(t, "request") + d.count(t, "request_field") + d.count(t, "activity") + d.count(t, "history") + d.count(t, "attachment")
}

func TestAnEventIsOpenedFollowedAndProcessedWithoutAMail(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var number, activity int64
	d.write(t, func(ctx context.Context, j *store.Journal) (err error) {
		e := d.event("Mailbox helpdesk: the server refuses the log-in", "<MailIntegration/>")
		original := store.File{Name: store.RawName, MediaType: "message/rfc822", IsMessage: true, Content: octets("Subject: x\r\n")}
		e.Files = append(e.Files, original)
		number, err = j.Open(ctx, e)
		return err
	})
	d.write(t, func(ctx context.Context, j *store.Journal) (err error) {
		lasting := store.NewActivity{Request: number, Body: "It still is, after 5 minutes.", Reason: because("it lasts"), Files: d.event("", "log").Files}
		activity, err = j.Add(ctx, lasting)
		return err
	})
	d.write(t, func(ctx context.Context, j *store.Journal) error {
		last, err := j.Add(ctx, store.NewActivity{Request: number, Body: "It works again.", Reason: because("it is over")})
		if err != nil {
			return err
		}
		changed, err := j.SetState(ctx, store.StateChange{Request: number, Activity: last, State: processor.StateProcessed, Reason: because("it is over")})
		if !changed {
			t.Error("the event was processed before")
		}
		return err
	})
	got, err := d.store.Request(t.Context(), number)
	if err != nil {
		t.Fatal(err)
	}
	daemon := &store.Person{Logon: "mailintegration", Name: "Mail"}
	summary := got.RequestSummary
	want := store.RequestSummary{
		Number: 1, Kind: processor.Event, State: processor.StateProcessed, Team: "IT", Subject: "Mailbox helpdesk: the server refuses the log-in",
		Requester: daemon, User: daemon, Source: "Email", Priority: "Normal", Group: "Service Desk", Mailbox: "helpdesk",
		OpenedBy: daemon, OpenedAt: summary.OpenedAt, ProcessedAt: summary.ProcessedAt, ActivityCount: 2, AttachmentCount: 3,
	}
	if diff := cmp.Diff(want, summary); diff != "" || summary.ProcessedAt == nil {
		t.Errorf("the event (-want +got):\n%s", diff)
	}
	if got.Body != "What to do: mend it." || len(got.Activities) != 2 || got.Activities[0].ID != activity ||
		got.Activities[0].Body != "It still is, after 5 minutes." || *got.Activities[0].Author != *daemon || got.Activities[0].Subject != "" {
		t.Errorf("body %q, activities %+v", got.Body, got.Activities)
	}
	var history []string
	for _, h := range got.History {
		history = append(history, strings.Join([]string{h.Author.Logon, h.What, h.Reason, h.Detail}, "|"))
	}
	if diff := cmp.Diff([]string{
		"mailintegration|opened|test|it is broken", "mailintegration|activity_added|test|it lasts",
		"mailintegration|activity_added|test|it is over", "mailintegration|processed|test|it is over",
	}, history); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	files := all[string](t, d, `SELECT concat_ws('|', coalesce(activity_id, 0), position, name, media_type, octets, raw) FROM attachment ORDER BY id`)
	if diff := cmp.Diff([]string{
		"0|1|file-0.xml|application/xml|18|f", "0|2|message.eml|message/rfc822|12|t", fmt.Sprint(activity, "|1|file-0.xml|application/xml|3|f"),
	}, files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	for _, content := range []string{"<MailIntegration/>", "Subject: x\r\n", "log"} {
		if kept, err := os.ReadFile(d.path(content)); string(kept) != content {
			t.Errorf("%q is kept as %q, %v", content, kept, err)
		}
	}
}

func TestAnIncidentAndAServiceRequestKeepAllTheirValues(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.exec(t, `INSERT INTO service_request_type (team_id, name) VALUES (1, 'Laptop')`)
	first := d.openRequest(t, store.NewRequest{Reason: because("asked by phone"), Kind: processor.Incident, Team: d.mailbox.Team, Subject: "printer"})
	anna, bob := processor.User{ID: 3}, processor.User{ID: 4}
	second := d.openRequest(t, store.NewRequest{
		Reason: because("asked"), Kind: processor.ServiceRequest, Team: d.mailbox.Team, Subject: "laptop", Body: "one", HTML: "<b>one</b>",
		Requester: anna, User: bob, Site: processor.Ref{ID: 1}, Assignee: bob, LinkedTo: first, Type: processor.Ref{ID: 1}, Due: today,
		Sender: store.Sender{Name: "Anna", Address: "anna@example.com"}, SentAt: today,
		Fields: []processor.FormField{{Name: "Colour", Value: "grey"}, {Value: "without a name"}},
	})
	got, err := d.store.Request(t.Context(), second)
	if err != nil {
		t.Fatal(err)
	}
	summary := fmt.Sprint(got.Kind, got.State, got.Requester.Logon, got.User.Logon, got.Assignee.Logon, got.Site, *got.LinkedTo, got.Type,
		got.Sender, got.DueAt.Equal(got.SentAt.Local()), got.Body, got.HTML, got.Fields, got.Mailbox == "")
	want := "service_requestnewannabobbobMontreal 1 Laptop{Anna anna@example.com} trueone<b>one</b>[{Colour grey}]true"
	if strings.ReplaceAll(summary, " ", "") != strings.ReplaceAll(want, " ", "") {
		t.Errorf("it is %s\nwant  %s", summary, want)
	}
	if got, err := d.store.Request(t.Context(), first); err != nil || got.Requester.Logon != "mailintegration" || got.Kind != processor.Incident {
		t.Errorf("the first is %+v, %v", got, err)
	}
}

// TestAJournalWritesAllOrNothing has one entry fail after others were written.
func TestAJournalWritesAllOrNothing(t *testing.T) {
	t.Parallel()
	enough := errors.New("enough")
	tests := []struct {
		name string
		last func(ctx context.Context, d *desk, j *store.Journal, event int64) error
		want error // matched by errors.Is, or anything if nil
	}{
		{"the caller returns an error", func(context.Context, *desk, *store.Journal, int64) error { return enough }, enough},
		{"an activity is for a request that does not exist", func(ctx context.Context, _ *desk, j *store.Journal, _ int64) error {
			_, err := j.Add(ctx, store.NewActivity{Request: 4711})
			return err
		}, store.ErrUnknown},
		{"a request continues one that does not exist", func(ctx context.Context, d *desk, j *store.Journal, _ int64) error {
			e := d.event("linked")
			e.LinkedTo = 4711
			_, err := j.Open(ctx, e)
			return err
		}, store.ErrUnknown},
		{"a state is for a request that does not exist", func(ctx context.Context, _ *desk, j *store.Journal, _ int64) error {
			_, err := j.SetState(ctx, store.StateChange{Request: 4711, State: processor.StateProcessed})
			return err
		}, store.ErrUnknown},
		{"an event is to be closed", func(ctx context.Context, _ *desk, j *store.Journal, event int64) error {
			_, err := j.SetState(ctx, store.StateChange{Request: event, State: processor.StateClosed})
			return err
		}, nil},
		{"a priority is gone", func(ctx context.Context, d *desk, j *store.Journal, _ int64) error {
			e := d.event("urgent")
			e.Priority.ID = 99
			_, err := j.Open(ctx, e)
			return err
		}, store.ErrReferenceGone},
		{"a group is another team's", func(ctx context.Context, d *desk, j *store.Journal, _ int64) error {
			e := d.event("for the others")
			e.Group.ID = 3
			_, err := j.Open(ctx, e)
			return err
		}, store.ErrReferenceGone},
		{"no team is given", func(ctx context.Context, d *desk, j *store.Journal, _ int64) error {
			e := d.event("whose?")
			e.Team = processor.Ref{}
			_, err := j.Open(ctx, e)
			return err
		}, nil},
		{"there is no such kind of request", func(ctx context.Context, d *desk, j *store.Journal, _ int64) error {
			e := d.event("what?")
			e.Kind = "problem"
			_, err := j.Open(ctx, e)
			return err
		}, nil},
		{"a statement fails, and the caller goes on", func(ctx context.Context, d *desk, j *store.Journal, _ int64) error {
			e := d.event("urgent")
			e.Priority.ID = 99
			_, _ = j.Open(ctx, e)
			return nil
		}, store.ErrReferenceGone},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			err := d.tryWrite(t, func(ctx context.Context, j *store.Journal) error {
				number, err := j.Open(ctx, d.event("broken", "content"))
				if err != nil {
					return err
				}
				if _, err := j.Add(ctx, store.NewActivity{Request: number, Body: "still"}); err != nil {
					return err
				}
				if _, err := j.SetState(ctx, store.StateChange{Request: number, State: processor.StateProcessed}); err != nil {
					return err
				}
				return test.last(ctx, d, j, number)
			})
			if err == nil || test.want != nil && !errors.Is(err, test.want) || errors.Is(err, store.ErrUnavailable) {
				t.Errorf("error is %v", err)
			}
			if n := d.journalRows(t); n != 0 {
				t.Errorf("%d rows are written", n)
			}
			if number := d.openRequest(t, d.event("next")); number > 2 {
				t.Errorf("the next request has the number %d: those of the transaction are lost", number)
			}
		})
	}
}

func TestAJournalNeedsAnAuthor(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	if err := d.store.Write(t.Context(), processor.User{}, func(*store.Journal) error { panic("called") }); err == nil {
		t.Error("no error")
	}
	if err := d.store.Write(t.Context(), processor.User{ID: 99}, func(j *store.Journal) error {
		_, err := j.Open(t.Context(), d.event("by nobody"))
		return err
	}); !errors.Is(err, store.ErrReferenceGone) {
		t.Errorf("error for an unknown author is %v", err)
	}
}

func TestAPanicInAJournalWritesNothingAndKeepsNoConnection(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for range 20 { // more than the pool has connections
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was lost")
				}
			}()
			_ = d.tryWrite(t, func(ctx context.Context, j *store.Journal) error {
				_, _ = j.Open(ctx, d.event("broken"))
				panic("a mistake")
			})
		}()
	}
	if n := d.journalRows(t); n != 0 {
		t.Errorf("%d rows", n)
	}
	d.openRequest(t, d.event("next"))
}

func TestAJournalThatLosesAgainstAnotherTransactionRunsAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.exec(t, `
		CREATE SEQUENCE tries;
		CREATE FUNCTION contend() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF nextval('tries') < 4 THEN RAISE 'try again' USING ERRCODE = 'serialization_failure'; END IF;
			RETURN NEW;
		END $$;
		CREATE TRIGGER contend BEFORE INSERT ON activity FOR EACH ROW EXECUTE FUNCTION contend()`)
	runs := 0
	d.write(t, func(ctx context.Context, j *store.Journal) error {
		runs++
		number, err := j.Open(ctx, d.event("broken", "content"))
		if err != nil {
			return err
		}
		_, err = j.Add(ctx, store.NewActivity{Request: number, Body: "still"})
		return err
	})
	if numbers := d.requestNumbers(t); runs != 4 || !slices.Equal(numbers, []int64{1}) || d.journalRows(t) != 5 {
		t.Errorf("%d runs, requests %v, %d rows", runs, numbers, d.journalRows(t))
	}
}

// TestAJournalWhoseNumberIsTakenDrawsAnother sets the sequence back, as a crash of the server does.
func TestAJournalWhoseNumberIsTakenDrawsAnother(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.clerk(), batchOf("a", "b", "c", "d", "e", "f", "g", "h")...)
	d.exec(t, `SELECT setval('request_number', 1)`)
	if number := d.openRequest(t, d.event("broken")); number != 9 {
		t.Errorf("the event has the number %d", number)
	}
	d.accept(t, d.clerk(), mail("9", "i"))
	if diff := cmp.Diff([]int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, d.requestNumbers(t)); diff != "" {
		t.Errorf("numbers (-want +got):\n%s", diff)
	}
}

// TestAJournalWithoutADirectoryGoesOnWithoutTheFiles takes the directory away. Whether the event is worth anything without
// its file is for the caller to say.
func TestAJournalWithoutADirectoryGoesOnWithoutTheFiles(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		spoil func(t *testing.T, d *desk)
		want  error
	}{
		{"it is gone", func(t *testing.T, d *desk) { must(t, os.RemoveAll(d.files)) }, store.ErrDirectory},
		{"it is another database's", func(t *testing.T, d *desk) { d.exec(t, `UPDATE attachment_directory SET identity = gen_random_uuid()`) }, store.ErrDirectory},
		{"it does not answer", func(t *testing.T, d *desk) { hang(t, d.store, "publish", true) }, store.ErrHanging},
		{"its disk is full", func(_ *testing.T, d *desk) {
			d.store.OnFiles(func(string) error { return errors.New("no space left on device") })
		}, store.ErrFilesNotKept},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			test.spoil(t, d)
			d.write(t, func(ctx context.Context, j *store.Journal) error {
				e := d.event("broken", "content")
				if _, err := j.Open(ctx, e); !errors.Is(err, store.ErrFilesNotKept) || !errors.Is(err, test.want) {
					t.Errorf("error is %v", err)
				}
				e.Files = nil
				number, err := j.Open(ctx, e)
				if err != nil {
					return err
				}
				a := store.NewActivity{Request: number, Body: "still", Files: d.event("", "log").Files}
				if _, err := j.Add(ctx, a); !errors.Is(err, store.ErrFilesNotKept) {
					t.Errorf("error is %v", err)
				}
				a.Files = nil
				_, err = j.Add(ctx, a)
				return err
			})
			if d.count(t, "request") != 1 || d.count(t, "activity") != 1 || d.count(t, "history") != 2 || d.count(t, "attachment") != 0 {
				t.Error("not exactly one event and one activity, without files, are written")
			}
		})
	}
}

func TestAFileThatCannotBeReadToItsEndIsNotKept(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	e := d.event("broken")
	e.Files = []store.File{{Name: "a", Content: torn{octets("a")}}}
	err := d.tryWrite(t, func(ctx context.Context, j *store.Journal) error {
		_, err := j.Open(ctx, e)
		return err
	})
	if !errors.Is(err, store.ErrFilesNotKept) || d.journalRows(t) != 0 || len(d.fileNames(t)) != 0 {
		t.Errorf("error %v, %d rows, files %v", err, d.journalRows(t), d.fileNames(t))
	}
}

func TestAStopWhileFilesAreKeptWritesNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ctx, stop := context.WithCancel(t.Context())
	d.store.OnFiles(func(step string) error {
		if step == "publish" {
			stop()
		}
		return nil
	})
	err := d.store.Write(ctx, d.mailbox.Login, func(j *store.Journal) error {
		_, err := j.Open(ctx, d.event("broken", "content"))
		return err
	})
	if !errors.Is(err, context.Canceled) || errors.Is(err, store.ErrUnavailable) || d.journalRows(t) != 0 {
		t.Errorf("error %v, %d rows", err, d.journalRows(t))
	}
}

// TestALostConnectionNeitherLosesNorDoublesAnEvent cuts the connection at every message of the protocol that Write sends or
// receives, and then writes again. The caller's key makes sure of one event, and every row has its file.
func TestALostConnectionNeitherLosesNorDoublesAnEvent(t *testing.T) {
	t.Parallel()
	cuts := []struct {
		name string
		cut  func(*storetest.Proxy, int)
	}{
		{"instead of sending", (*storetest.Proxy).CutAtFrontend},
		{"before the answer", (*storetest.Proxy).CutBeforeComplete},
		{"after the answer", (*storetest.Proxy).CutAfterComplete},
	}
	for _, cut := range cuts {
		t.Run(cut.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.exec(t, `CREATE TABLE reported (name text PRIMARY KEY, event_id bigint REFERENCES request)`)
			proxy := storetest.NewProxy(t, d.url)
			d.store = d.open(t, proxy.URL)
			for n := 1; ; n++ {
				cut.cut(proxy, n)
				err := d.report(t, n)
				if err == nil && proxy.Cuts() == 0 {
					if n < 10 {
						t.Errorf("only %d cuts", n)
					}
					return
				}
				if err != nil && !errors.Is(err, store.ErrUnavailable) {
					t.Errorf("cut %d: the error does not say that the database is unavailable: %v", n, err)
				}
				proxy.Pass()
				written := d.count(t, "reported")
				if rows := d.journalRows(t); rows != 6*written || written < n-1 {
					t.Fatalf("cut %d: %d rows for %d problems", n, rows, written)
				}
				for i := range written {
					if content := fmt.Sprint("configuration ", i+1); !isThere(d.path(content)) {
						t.Errorf("cut %d: %s is named and not kept", n, content)
					}
				}
				if err := d.report(t, n); err != nil {
					t.Fatalf("cut %d: again: %v", n, err)
				}
				if got := d.count(t, "reported JOIN request ON number = event_id"); got != n || d.count(t, "request") != n {
					t.Fatalf("cut %d: %d problems, %d events", n, got, d.count(t, "request"))
				}
			}
		})
	}
}

// report opens an event for the nth problem, unless it has one.
func (d *desk) report(t *testing.T, n int) error {
	return d.tryWrite(t, func(ctx context.Context, j *store.Journal) error {
		key := fmt.Sprint("problem ", n)
		if d.count(t, "reported WHERE name = $1", key) > 0 {
			return nil
		}
		if err := j.Exec(ctx, `INSERT INTO reported (name) VALUES ($1)`, key); err != nil {
			return err
		}
		number, err := j.Open(ctx, d.event(key, fmt.Sprint("configuration ", n)))
		if err != nil {
			return err
		}
		if _, err := j.Add(ctx, store.NewActivity{Request: number, Body: "still", Files: d.event("", "log").Files}); err != nil {
			return err
		}
		return j.Exec(ctx, `UPDATE reported SET event_id = $2 WHERE name = $1`, key, number)
	})
}

// TestAnyTextCanBeWritten gives every text octets that PostgreSQL cannot store, and more of them than it keeps.
func TestAnyTextCanBeWritten(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text string }{
		{"a text with U+0000", "a\x00b"},
		{"a text that is not UTF-8", "a\xff\xfeb\xc3"},
		{"a very long text", strings.Repeat("é\x00", 1<<20)}, // 5 MiB when each U+0000 has become U+FFFD
		{"an empty text", ""},
		{"only U+0000", "\x00"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			s := test.text
			var number int64
			d.write(t, func(ctx context.Context, j *store.Journal) (err error) {
				file := store.File{Name: s, MediaType: s, ContentID: s, Content: store.OctetsOf([]byte(s))}
				sender := store.Sender{Name: s, Address: s}
				number, err = j.Open(ctx, store.NewRequest{
					Kind: processor.Event, Team: d.mailbox.Team, Subject: s, Body: s, HTML: s, Sender: sender,
					Reason: processor.NewReason(processor.ReasonCode(s), s), Fields: []processor.FormField{{Name: s, Value: s}}, Files: []store.File{file},
				})
				if err != nil {
					return err
				}
				_, err = j.Add(ctx, store.NewActivity{
					Request: number, Subject: s, Body: s, HTML: s, Sender: sender, Reason: because(s), Files: []store.File{file},
				})
				if err == nil {
					_, err = j.SetState(ctx, store.StateChange{Request: number, State: processor.StateProcessed, Reason: because(s)})
				}
				return err
			})
			got, err := d.store.Request(t.Context(), number)
			if err != nil {
				t.Fatal(err)
			}
			if got.Subject == "" || got.Attachments[0].Name == "" || len(got.History) != 3 || len(got.Body) > 4<<20 {
				t.Errorf("subject of %d octets, name %q, %d history, body of %d", len(got.Subject), got.Attachments[0].Name, len(got.History), len(got.Body))
			}
			for _, kept := range []string{got.Subject, got.Body, got.Activities[0].Body, got.Attachments[0].Name, got.History[2].Detail} {
				if !utf8.ValidString(kept) || strings.Contains(kept, "\x00") {
					t.Errorf("%.20q is kept", kept)
				}
			}
			if kept, err := os.ReadFile(d.path(s)); string(kept) != s {
				t.Errorf("the file has %d of %d octets, %v", len(kept), len(s), err)
			}
		})
	}
}

// TestManyJournalsAndAcceptancesAtOnceShareNoNumber runs on two stores, as two daemons do, while one of them collects files.
func TestManyJournalsAndAcceptancesAtOnceShareNoNumber(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	other := d.open(t, d.url)
	const each = 10
	var group sync.WaitGroup
	for i := range each {
		for _, s := range []*store.Store{d.store, other} {
			group.Go(func() {
				err := s.Write(t.Context(), d.mailbox.Login, func(j *store.Journal) error {
					number, err := j.Open(t.Context(), d.event("broken", "the same configuration"))
					if err == nil {
						_, err = j.Add(t.Context(), store.NewActivity{Request: number, Body: "still"})
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Go(func() {
			if _, err := d.store.Accept(t.Context(), d.mailbox, batchOf(fmt.Sprint("a", i)), d.clerk()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Go(func() {
		for range each {
			if _, err := other.CollectOrphans(t.Context(), 0); err != nil {
				t.Error(err)
			}
		}
	})
	group.Wait()
	if d.count(t, "request") != 3*each || d.count(t, "activity") != 2*each || d.count(t, "attachment") != 2*each || !isThere(d.path("the same configuration")) {
		t.Errorf("%d requests, %d activities, %d files", d.count(t, "request"), d.count(t, "activity"), d.count(t, "attachment"))
	}
}

func TestOfManyThatProcessAnEventOneDoes(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	number := d.openRequest(t, d.event("broken"))
	var group sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for range 8 {
		group.Go(func() {
			err := d.tryWrite(t, func(ctx context.Context, j *store.Journal) error {
				changed, err := j.SetState(ctx, store.StateChange{Request: number, State: processor.StateProcessed, Reason: because("it is over")})
				mu.Lock()
				defer mu.Unlock()
				if changed {
					done++
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := d.count(t, `history WHERE what = 'processed'`); done != 1 || n != 1 {
		t.Errorf("%d changed the state, and the history says it %d times", done, n)
	}
}
