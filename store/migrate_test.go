package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"golang.org/x/sync/errgroup"

	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

func TestMigrateAppliesEverythingOnceToAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	db := storetest.Empty(t)
	before, err := store.Status(t.Context(), db.URL)
	if err != nil {
		t.Fatal(err)
	}
	if len(before.Pending) == 0 || before.Database != 0 {
		t.Fatalf("status of an empty database is %+v", before)
	}
	applied, err := store.Migrate(t.Context(), db.URL)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before.Pending, applied); diff != "" {
		t.Errorf("the applied migrations are not the pending ones (-pending +applied):\n%s", diff)
	}
	if again, err := store.Migrate(t.Context(), db.URL); err != nil || len(again) != 0 {
		t.Errorf("a second Migrate applied %v, %v", again, err)
	}
	if err := store.CheckSchema(t.Context(), db.Pool(t)); err != nil {
		t.Error(err)
	}
}

func TestFourProgramsMigrateAtOnceAndOneDoesTheWork(t *testing.T) {
	t.Parallel()
	db := storetest.Empty(t)
	var all [4][]string
	group, ctx := errgroup.WithContext(t.Context())
	for i := range all {
		group.Go(func() (err error) {
			all[i], err = store.Migrate(ctx, db.URL)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	var count int
	for _, applied := range all {
		count += len(applied)
	}
	status, err := store.Status(t.Context(), db.URL)
	if err != nil {
		t.Fatal(err)
	}
	if count != len(status.Applied) || len(status.Pending) != 0 {
		t.Errorf("the programs applied %d migrations, the status is %+v", count, status)
	}
}

func TestCheckSchemaRefusesOtherVersions(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, prepare string
		want          error
		says          string
	}{
		{"a newer schema is refused", `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`, store.ErrSchemaNewer, "9999"},
		{"an older schema says what to run", `DELETE FROM goose_db_version WHERE version_id > 0`, store.ErrSchemaOlder, "run mailintegration db migrate"},
		{"an empty database says what to run", `DROP TABLE goose_db_version`, store.ErrSchemaOlder, "run mailintegration db migrate"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			db := storetest.New(t)
			db.Exec(t, tc.prepare)
			err := store.CheckSchema(t.Context(), db.Pool(t))
			if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("CheckSchema: %v, want %v saying %q", err, tc.want, tc.says)
			}
		})
	}
}

func TestMigrateLeavesANewerSchemaAlone(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	db.Exec(t, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`)
	if applied, err := store.Migrate(t.Context(), db.URL); !errors.Is(err, store.ErrSchemaNewer) || applied != nil {
		t.Errorf("Migrate: %v, %v", applied, err)
	}
}

func TestMigrateDoesNotTellThePasswordOfAnUnreachableDatabase(t *testing.T) {
	t.Parallel()
	_, err := store.Migrate(context.Background(), "postgres://u:secret@127.0.0.1:1/x?sslmode=disable")
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("Migrate: %v", err)
	}
}

func TestMigrateWaitsForALockWithinALimit(t *testing.T) {
	t.Parallel()
	db := storetest.Empty(t)
	migrateTo(t, db, 2)
	conn, err := pgx.Connect(t.Context(), db.URL)
	must(t, err)
	defer conn.Close(context.WithoutCancel(t.Context()))
	_, err = conn.Exec(t.Context(), `BEGIN; LOCK TABLE thread IN ACCESS SHARE MODE`)
	must(t, err)
	applied, err := store.MigrateWithin(t.Context(), db.URL, 300*time.Millisecond)
	if !errors.Is(err, store.ErrMigrationLocked) || len(applied) != 0 {
		t.Errorf("applied %v: %v", applied, err)
	}
	if hint := store.Hint(err); !strings.Contains(hint, "stop the other daemons") {
		t.Errorf("hint %q", hint)
	}
	_, err = conn.Exec(t.Context(), `ROLLBACK`)
	must(t, err)
	applied, err = store.Migrate(t.Context(), db.URL)
	if err != nil || len(applied) == 0 {
		t.Errorf("after the lock was released: %v, %v", applied, err)
	}
}

func TestThreadsOfAnOlderSchemaLeadToTheirRequests(t *testing.T) {
	t.Parallel()
	db := storetest.Empty(t)
	migrateTo(t, db, 2)
	db.Exec(t, deskSQL+`
		INSERT INTO request (team_id, kind, subject, requester_id, user_id, opened_at, opened_by_id)
			SELECT 1 + i % 2, 'incident', 'x', 1, 1, now(), 1 FROM generate_series(1, 4) AS i;
		INSERT INTO thread VALUES ('one@x', 1, 'seen'), ('one@x', 2, 'referenced'), ('one@x', 3, 'referenced'), ('one@x', 4, 'referenced')`)
	_, err := store.Migrate(t.Context(), db.URL)
	must(t, err)
	s, err := store.Open(t.Context(), store.Options{URL: db.URL, AttachmentDirectory: t.TempDir()})
	must(t, err)
	defer s.Close()
	for team, want := range map[int64]int64{1: 4, 2: 1} {
		dir, err := s.LookUp(t.Context(), processor.Ref{ID: team}, processor.Keys{MessageIDs: []string{"one@x"}})
		must(t, err)
		if r, ok := dir.RequestOf("one@x"); !ok || r.Number != want {
			t.Errorf("in team %d it leads to request %d, want %d", team, r.Number, want)
		}
	}
}

func TestMailboxesOfAnOlderSchemaGetLeases(t *testing.T) {
	t.Parallel()
	db := storetest.Empty(t)
	migrateTo(t, db, 5)
	db.Exec(t, `INSERT INTO mailbox (name, working_since, recorded_at) VALUES ('helpdesk', NULL, NULL), ('Sales', now(), now())`)
	_, err := store.Migrate(t.Context(), db.URL)
	must(t, err)
	s, err := store.Open(t.Context(), store.Options{URL: db.URL})
	must(t, err)
	defer s.Close()
	states, err := s.MailboxStates(t.Context())
	if err != nil || len(states) != 2 || states[1].Name != "Sales" || states[1].Holder != nil {
		t.Errorf("states are %+v, %v", states, err)
	}
	if n := one[int](t, &desk{pool: db.Pool(t)}, `SELECT count(*) FROM mailbox WHERE mail_at IS NOT DISTINCT FROM recorded_at AND mail_days = 0`); n != 2 {
		t.Errorf("%d of 2 mailboxes know when they had mail last", n)
	}
	kept, err := s.KeepLeases(t.Context(), store.NewHolder("1.0"), store.Keeping{Mailboxes: []string{"sales", "new"}, Duration: leaseTime})
	leases := kept.Leases
	if err != nil || len(leases) != 2 || !leases[0].Held || !leases[1].Held || !leases[0].DueAt.IsZero() {
		t.Errorf("leases are %+v, %v", leases, err)
	}
	if interrupted, err := s.BeginWork(t.Context(), store.Mailbox{ID: leases[0].ID}); err != nil || !interrupted {
		t.Errorf("the work that was interrupted before: %t, %v", interrupted, err)
	}
}

// migrateTo migrates an empty database to an older schema.
func migrateTo(t testing.TB, db *storetest.Database, version int64) {
	t.Helper()
	config, err := pgx.ParseConfig(storetest.Direct(t, db.URL))
	must(t, err)
	conn := stdlib.OpenDB(*config)
	defer conn.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, conn, os.DirFS("migrations"),
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	must(t, err)
	_, err = provider.UpTo(t.Context(), version)
	must(t, err)
}

// TestMigrateKeepsTheRowsOfTheFirstSchema fills a database that has the first schema.
func TestMigrateKeepsTheRowsOfTheFirstSchema(t *testing.T) {
	t.Parallel()
	db := storetest.Empty(t)
	migrateTo(t, db, 1)
	db.Exec(t, `INSERT INTO team (name) VALUES ('IT');
		INSERT INTO user_account (logon, name) VALUES ('daemon', 'Daemon');
		INSERT INTO mailbox (name) VALUES ('helpdesk');
		INSERT INTO request (team_id, kind, subject, requester_id, user_id, opened_at, opened_by_id, linked_to)
		VALUES (1, 'service_request', 'A desk', 1, 1, now(), 1, NULL), (1, 'event', 'Set aside', 1, 1, now(), 1, 1);
		INSERT INTO participant (request, address) VALUES (1, 'bob@example.com');
		INSERT INTO activity (request, body, recorded_at, recorded_by_id) VALUES (1, 'Which one?', now(), 1);
		INSERT INTO history (request, activity_id, at, author_id, what, reason) VALUES (1, 1, now(), 1, 'activity_added', 'subject');
		INSERT INTO attachment (request, activity_id, position, name, media_type, octets, sha256)
		VALUES (1, 1, 1, 'desk.png', 'image/png', 1, decode(repeat('01', 32), 'hex'));
		INSERT INTO thread (message_id, request, via) VALUES ('desk@example.com', 1, 'seen');
		INSERT INTO receipt (mailbox_id, digest, octets, outcome, reason, request, raw_kept, accepted_at, last_seen_at)
		VALUES (1, decode(repeat('02', 32), 'hex'), 1, 'set_aside', 'panic', 2, true, now(), now());
		INSERT INTO set_aside (mailbox_id, digest, event, reason, at) VALUES (1, decode(repeat('02', 32), 'hex'), 2, 'panic', now())`)
	applied, err := store.Migrate(t.Context(), db.URL)
	must(t, err)
	if len(applied) == 0 {
		t.Error("nothing was applied")
	}
	s, err := store.Open(t.Context(), store.Options{URL: db.URL, AttachmentDirectory: t.TempDir(), Adopt: true})
	must(t, err)
	defer s.Close()
	r, err := s.Request(t.Context(), 1)
	must(t, err)
	equal(t, "A desk: Which one? desk.png, bob@example.com, activity_added, desk@example.com", fmt.Sprintf("%s: %s %s, %s, %s, %s",
		r.Subject+r.Type, r.Activities[0].Body, r.Activities[0].Attachments[0].Name, r.Participants[0].Address, r.History[0].What, r.Messages[0]))
	users, err := s.Users(t.Context())
	must(t, err)
	teams, err := s.Teams(t.Context())
	must(t, err)
	equal(t, "", users[0].Language+teams[0].Language)
	event, err := s.Request(t.Context(), 2)
	must(t, err)
	if event.LinkedTo == nil || *event.LinkedTo != 1 {
		t.Errorf("the event is linked to %v", event.LinkedTo)
	}
	if problems, err := s.Problems(t.Context(), false); err != nil || len(problems) != 0 {
		t.Errorf("problems from before there were any: %+v, %v", problems, err)
	}
	senders := one[int](t, &desk{pool: db.Pool(t)}, `SELECT count(*) FROM receipt WHERE sender_address IS NOT NULL OR sent_at IS NOT NULL`)
	if senders != 0 {
		t.Errorf("%d receipts have a sender, who was not known then", senders)
	}
	asides, err := s.Asides(t.Context(), store.AsideFilter{Event: 2})
	must(t, err)
	equal(t, "1 helpdesk 2 waiting Set aside panic", fmt.Sprint(asides[0].ID, " ", asides[0].Mailbox, " ", asides[0].Event, " ", asides[0].State, " ",
		asides[0].Subject, " ", asides[0].Reason))
	if _, err := s.OpenAside(t.Context(), 1); !errors.Is(err, os.ErrNotExist) { // the row is there; its file never was
		t.Errorf("the message that was set aside: %v", err)
	}
}

// TestTheInterfaceShowsTheRowsOfAnEarlyVersion fills a database that has the schema of commit 5d48227, brings it up to date, and
// reads and changes its rows as another program does.
func TestTheInterfaceShowsTheRowsOfAnEarlyVersion(t *testing.T) {
	t.Parallel()
	db := storetest.Empty(t)
	migrateTo(t, db, 2)
	db.Exec(t, deskSQL+`
		INSERT INTO mailbox (name) VALUES ('helpdesk');
		INSERT INTO service_request_type (team_id, name) VALUES (1, 'A desk');
		INSERT INTO request (team_id, kind, subject, body, requester_id, user_id, source_id, group_id, mailbox_id, opened_at, opened_by_id, type_id, linked_to, state)
		VALUES (1, 'service_request', 'A desk', 'please', 3, 4, 1, 2, 1, now(), 1, 1, NULL, 'open'), (1, 'event', 'Set aside', '', 1, 1, 1, 1, 1, now(), 1, NULL, 1, 'new'),
			(1, 'incident', 'Paper', '', 3, 3, 1, 1, 1, now(), 1, NULL, NULL, 'closed');
		INSERT INTO request_field VALUES (1, 2, 'Colour', 'red'), (1, 1, 'Size', 'L');
		INSERT INTO activity (request, body, sender_id, recorded_at, recorded_by_id) VALUES (1, 'Which one?', 4, now(), 1);
		INSERT INTO history (request, activity_id, at, author_id, what, reason) VALUES (1, NULL, now(), 1, 'opened', 'new'), (1, 1, now(), 4, 'activity_added', 'subject');
		INSERT INTO attachment (request, activity_id, position, name, media_type, octets, sha256)
		VALUES (1, 1, 1, 'desk.png', 'image/png', 1, decode(repeat('0a', 32), 'hex'));
		INSERT INTO receipt (mailbox_id, digest, octets, outcome, reason, detail, request, raw_kept, accepted_at, last_seen_at) VALUES
			(1, decode(repeat('01', 32), 'hex'), 7, 'opened', 'new', '', 1, false, now() - interval '2 h', now()),
			(1, decode(repeat('02', 32), 'hex'), 8, 'set_aside', 'panic', '', 2, true, now() - interval '1 h', now()),
			(1, decode(repeat('03', 32), 'hex'), 9, 'ignored', 'loop', 'it is a loop', NULL, true, now(), now());
		INSERT INTO set_aside (mailbox_id, digest, event, reason, detail, at) VALUES (1, decode(repeat('02', 32), 'hex'), 2, 'panic', 'odd', now())`)
	_, err := store.Migrate(t.Context(), db.URL)
	must(t, err)
	d := &desk{pool: db.Pool(t)}
	equal(t, []string{
		"1 service_request open IT A desk please anna bob Email Network A desk <nil> [{Size L} {Colour red}]",
		"2 event new IT Set aside  mailintegration mailintegration Email Service Desk  1 []",
		"3 incident closed IT Paper  anna anna Email Service Desk  <nil> []",
	}, interfaceRequests(t, d))
	equal(t, []string{"1 bob Which one?"}, all[string](t, d, `SELECT request || ' ' || author_logon || ' ' || body FROM service_desk.activity`))
	equal(t, []string{"1 1 desk.png 0a/0a/" + strings.Repeat("0a", 32)},
		all[string](t, d, `SELECT request || ' ' || activity || ' ' || name || ' ' || file FROM service_desk.attachment`))
	equal(t, []string{"helpdesk ignored it is a loop", "helpdesk set_aside odd waiting 2", "helpdesk opened  1"},
		all[string](t, d, `SELECT concat_ws(' ', mailbox, outcome, detail, set_aside_state, request) FROM service_desk.message ORDER BY accepted_at DESC`))
	equal(t, "anna Montreal anna@example.com", one[string](t, d, `SELECT concat_ws(' ', logon, site, addresses[1]) FROM service_desk.user WHERE logon = 'anna'`))
	if changed, err := d.call(t, "set_state", 1, "anna", "pending", "It is on its way."); err != nil || changed != true {
		t.Errorf("%v, %v", changed, err)
	}
	if changed, err := d.call(t, "set_state", 3, "anna", "cancelled"); err != nil || changed != true {
		t.Errorf("%v, %v", changed, err)
	}
	equal(t, []string{"opened", "activity_added", "activity_added", "pending"}, all[string](t, d, `SELECT what FROM service_desk.history WHERE request = 1 ORDER BY id`))
}

// interfaceRequests returns what the view shows of each request.
func interfaceRequests(t testing.TB, d *desk) []string {
	t.Helper()
	rows, _ := d.pool.Query(t.Context(), `SELECT number, kind, state, team, subject, body, requester_logon, user_logon, source, assigned_group,
		coalesce(request_type, ''), linked_to, fields FROM service_desk.request ORDER BY number`)
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (string, error) {
		var number int64
		var linked *int64
		var fields []struct{ Name, Value string }
		texts := make([]string, 10)
		into := []any{&number}
		for i := range texts {
			into = append(into, &texts[i])
		}
		err := row.Scan(append(into, &linked, &fields)...)
		link := any(nil)
		if linked != nil {
			link = *linked
		}
		return fmt.Sprint(number, " ", strings.Join(texts, " "), " ", link, " ", fields), err
	})
	must(t, err)
	return list
}

// TestForeignKeysAreNamedAfterTheirColumns looks for the former names of columns.
func TestForeignKeysAreNamedAfterTheirColumns(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, name := range all[string](t, d, `
		SELECT table_name || '.' || column_name FROM information_schema.columns
			WHERE table_schema = 'public' AND column_name IN ('request', 'event', 'linked_to')
		UNION ALL SELECT conname FROM pg_constraint
			WHERE contype IN ('f', 'u') AND conname ~ '(^|_)(request|event|linked_to)_(fkey|id_key|activity_id)'
		UNION ALL SELECT indexname FROM pg_indexes WHERE indexname ~ '_request$'`) {
		t.Errorf("%s has the former name of a column", name)
	}
}
