package store_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"mailintegration/store"
	"mailintegration/store/storetest"
)

func TestRecheckFindsWhatHasBecomeOfTheDatabase(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		after string // statements after which the store is checked again
		want  error
		says  string
	}{
		{"nothing has changed", ``, nil, ""},
		{"a newer program has migrated it", `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`,
			store.ErrSchemaNewer, "install the newer version"},
		{"an older backup was restored", `DELETE FROM goose_db_version WHERE version_id > 1`, store.ErrSchemaOlder, "db migrate"},
		{"an empty database is at its address", `DROP SCHEMA public CASCADE; CREATE SCHEMA public`, store.ErrSchemaOlder, "db migrate"},
		{"another database is at its address", `UPDATE attachment_directory SET identity = gen_random_uuid()`,
			store.ErrForeignDirectory, "another database"},
		{"a database that has claimed no directory is at its address", `DELETE FROM attachment_directory`,
			store.ErrForeignDirectory, "another database"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			db := storetest.New(t)
			s, err := store.Open(t.Context(), store.Options{URL: db.URL, AttachmentDirectory: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if test.after != "" {
				db.Exec(t, test.after)
			}
			err = s.Recheck(t.Context())
			if !errors.Is(err, test.want) || err != nil && !strings.Contains(err.Error()+store.Hint(err), test.says) {
				t.Errorf("Recheck: %v", err)
			}
		})
	}
}

// TestAServerThatTurnsReadOnlyIsLeft makes the server refuse changes on the connections that are open, as the old primary of some
// managed databases does after a failover.
func TestAServerThatTurnsReadOnlyIsLeft(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	proxy := storetest.NewProxy(t, d.url)
	s := d.open(t, proxy.URL)
	d.exec(t, `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			RAISE 'cannot execute INSERT in a read-only transaction' USING ERRCODE = 'read_only_sql_transaction'; END $$;
		CREATE TRIGGER refuse BEFORE INSERT ON receipt FOR EACH ROW EXECUTE FUNCTION refuse()`)
	before := proxy.Opened()
	_, err := s.Accept(t.Context(), d.mailbox, batchOf("a"), d.clerk())
	if !errors.Is(err, store.ErrUnavailable) || !store.IsUnreachable(err) || store.Hint(err) == "" {
		t.Errorf("Accept: %v", err)
	}
	d.exec(t, `DROP TRIGGER refuse ON receipt`)
	if _, err := s.Accept(t.Context(), d.mailbox, batchOf("a"), d.clerk()); err != nil {
		t.Error(err)
	}
	if opened := proxy.Opened() - before; opened != 1 {
		t.Errorf("%d new connections, want one", opened)
	}
}

// TestNoLoadOpensMoreConnectionsThanTheSettingAllows lets the server refuse every connection beyond the bound.
func TestNoLoadOpensMoreConnectionsThanTheSettingAllows(t *testing.T) {
	t.Parallel()
	const bound = 3
	db := storetest.New(t)
	d := deskOn(t, db.URL)
	const role = "bounded"
	d.exec(t, `CREATE ROLE `+role+` LOGIN PASSWORD 'x' CONNECTION LIMIT 3;
		GRANT ALL ON ALL TABLES IN SCHEMA public TO `+role+`; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO `+role)
	t.Cleanup(func() {
		if _, err := d.pool.Exec(context.Background(), `DROP OWNED BY `+role+`; DROP ROLE `+role); err != nil {
			t.Error(err)
		}
	})
	s, err := store.Open(t.Context(), store.Options{URL: withUser(t, db.URL, role, "x"), AttachmentDirectory: d.files, MaxConns: bound})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var clients errgroup.Group
	for client := range 16 {
		clients.Go(func() error {
			mailbox, err := s.Resolve(t.Context(), fmt.Sprint("mailbox", client), deskNames)
			for round := 0; err == nil && round < 5; round++ {
				err = pollOnce(t, s, mailbox, fmt.Sprintf("%d-%d", client, round))
			}
			return err
		})
	}
	if err := clients.Wait(); err != nil {
		t.Fatal(err)
	}
}

func TestARunThatFindsTheSchemaCurrentOpensOneConnection(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	proxy := storetest.NewProxy(t, d.url)
	s, err := store.Open(t.Context(), store.Options{URL: proxy.URL, AttachmentDirectory: d.files, Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	mailbox, err := s.Resolve(t.Context(), "helpdesk", deskNames)
	if err != nil {
		t.Fatal(err)
	}
	if err := pollOnce(t, s, mailbox, "a"); err != nil {
		t.Error(err)
	}
	if opened := proxy.Opened(); opened != 1 {
		t.Errorf("%d connections", opened)
	}
}

func TestOpenMigratesAnOlderSchemaIfItMay(t *testing.T) {
	t.Parallel()
	db := storetest.Empty(t)
	options := store.Options{URL: db.URL, AttachmentDirectory: t.TempDir()}
	if _, err := store.Open(t.Context(), options); !errors.Is(err, store.ErrSchemaOlder) {
		t.Errorf("without Migrate: %v", err)
	}
	options.Migrate = true
	s, err := store.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}

func withUser(t *testing.T, address, user, password string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(user, password)
	return u.String()
}
