package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// TestAPoolerInTransactionModeChangesNothing makes the calls of a poll through pgbouncer, over and over and at once: each
// transaction may get another session of PostgreSQL, which knows nothing of the one before.
func TestAPoolerInTransactionModeChangesNothing(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	d := deskOn(t, db.URL)
	s := d.open(t, storetest.Pooled(t, db))
	var clients errgroup.Group
	for client := range 6 {
		clients.Go(func() error {
			mailbox, err := s.Resolve(t.Context(), fmt.Sprint("mailbox", client), deskNames)
			if err != nil {
				return err
			}
			holder := store.NewHolder("1")
			for round := range 20 {
				kept, err := s.KeepLeases(t.Context(), holder, store.Keeping{Mailboxes: []string{mailbox.Name}, Duration: time.Minute, Once: true})
				if err != nil || !kept.Leases[0].Held {
					return fmt.Errorf("leases %+v: %w", kept.Leases, err)
				}
				if err := pollOnce(t, s, mailbox, fmt.Sprintf("%d-%d", client, round)); err != nil {
					return fmt.Errorf("round %d: %w", round, err)
				}
			}
			return nil
		})
	}
	if err := clients.Wait(); err != nil {
		t.Fatal(err)
	}
	if receipts, requests := d.count(t, "receipt"), d.count(t, "request"); receipts != 6*20*2 || requests != receipts {
		t.Errorf("%d receipts, %d requests", receipts, requests)
	}
}

// pollOnce makes the calls of one poll that finds two messages.
func pollOnce(t *testing.T, s *store.Store, mailbox store.Mailbox, name string) error {
	if _, err := s.BeginWork(t.Context(), mailbox); err != nil {
		return err
	}
	if _, err := s.Known(t.Context(), mailbox, []string{name}); err != nil {
		return err
	}
	if _, err := s.Attempts(t.Context(), mailbox); err != nil {
		return err
	}
	outcomes, err := s.Accept(t.Context(), mailbox, batchOf(name+"a", name+"b"), clerk{Mailbox: mailbox})
	if err != nil {
		return err
	}
	for _, o := range outcomes {
		if o.Err != nil || o.Result != store.Opened {
			return fmt.Errorf("%+v", o)
		}
	}
	return nil
}

func TestNothingOutlastsATransactionBehindAPooler(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	d := deskOn(t, db.URL)
	d.exec(t, `CREATE TABLE told (value text);
		CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO told VALUES (current_setting('lock_timeout') || ' ' || current_setting('statement_timeout')); RETURN NEW; END $$;
		CREATE TRIGGER tell BEFORE INSERT ON receipt FOR EACH ROW EXECUTE FUNCTION tell()`)
	url := storetest.Pooled(t, db)
	s, err := openAt(t, store.Options{URL: url, AttachmentDirectory: d.files})
	must(t, err)
	if _, err := s.Accept(t.Context(), d.mailbox, batchOf("a"), d.clerk()); err != nil {
		t.Fatal(err)
	}
	if got := one[string](t, d, `SELECT value FROM told`); got != "10s 1min" {
		t.Errorf("within the transaction: %s", got)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for range 10 { // the pooler takes its sessions in turn
		var kept string
		err := conn.QueryRow(t.Context(), `SELECT coalesce(string_agg(name, ' '), '') FROM (SELECT name FROM pg_settings
				WHERE source = 'session' AND name ~ '^tcp_|_timeout$|^default_' UNION ALL SELECT statement FROM pg_prepared_statements) AS kept`,
			pgx.QueryExecModeSimpleProtocol).Scan(&kept)
		if err != nil || kept != "" {
			t.Errorf("a session keeps %s, %v", kept, err)
		}
	}
}

func TestAReadOnlyStoreBehindAPoolerChangesNothing(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	d := deskOn(t, db.URL)
	s, err := store.Open(t.Context(), store.Options{URL: storetest.Pooled(t, db), ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Accept(t.Context(), d.mailbox, batchOf("a"), d.clerk()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Accept: %v", err)
	}
	if _, err := s.CountAttempt(t.Context(), d.mailbox, "1", store.NotRecorded, "x"); err == nil {
		t.Error("a failed attempt was recorded")
	}
	if _, err := s.LookUp(t.Context(), d.mailbox.Team, processor.Keys{Numbers: []int64{1}}); err != nil {
		t.Error(err)
	}
	if n := d.count(t, "receipt") + d.count(t, "attempt"); n != 0 {
		t.Errorf("%d rows", n)
	}
}

func TestFourProgramsMigrateAtOnceBehindAPooler(t *testing.T) {
	t.Parallel()
	db := storetest.Empty(t)
	url := storetest.Pooled(t, db)
	var programs errgroup.Group
	for range 4 {
		programs.Go(func() error {
			_, err := store.Migrate(t.Context(), url)
			return err
		})
	}
	if err := programs.Wait(); err != nil {
		t.Fatal(err)
	}
	status, err := store.Status(t.Context(), url)
	if err != nil || len(status.Pending) != 0 {
		t.Errorf("status %+v, %v", status, err)
	}
}
