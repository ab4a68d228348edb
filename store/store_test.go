package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailintegration/store"
	"mailintegration/store/storetest"
)

func TestOpenNamesTheProblemAndHidesThePassword(t *testing.T) {
	t.Parallel()
	good, empty := storetest.New(t).URL, storetest.Empty(t).URL
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, url, directory, want string
		is                         error
	}{
		{"no schema", empty, t.TempDir(), "db migrate", store.ErrSchemaOlder},
		{"nobody listens", "postgres://u:s3cret@127.0.0.1:1/x", t.TempDir(), "connect", store.ErrUnavailable},
		{"a wrong password", strings.Replace(storetest.Direct(t, good), "@", "s3cret@", 1), t.TempDir(), "password", store.ErrUnavailable},
		{"an address with a bad port", "postgres://u:s3cret@host:port/x", t.TempDir(), "address of the database", nil},
		{"an address with a bad escape", "postgres://u:s3cret%zz@host/x", t.TempDir(), "address of the database", nil},
		{"an address with a slash in the password", "postgres://u:s3cret/x@host/db", t.TempDir(), "address of the database", nil},
		{"keywords with a space in the password", "host=h password=x s3cret", t.TempDir(), "address of the database", nil},
		{"a missing certificate", "postgres://u:s3cret@host/db?sslmode=verify-full&sslrootcert=/no/such", t.TempDir(), "/no/such", os.ErrNotExist},
		{"keywords with a bad port", "host=h password=s3cret port=x", t.TempDir(), "address of the database", nil},
		{"keywords with a bad quote", "host=h password='s3cret", t.TempDir(), "address of the database", nil},
		{"a directory whose parent is missing", good, filepath.Join(t.TempDir(), "a", "b"), "attachment directory", os.ErrNotExist},
		{"a directory that is a file", good, file, "attachment directory", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := store.Open(t.Context(), store.Options{URL: test.url, AttachmentDirectory: test.directory})
			if err == nil || !strings.Contains(err.Error(), test.want) || test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("error is %v", err)
			}
			_, statusErr := store.Status(t.Context(), test.url)
			_, migrateErr := store.Migrate(t.Context(), test.url)
			for _, err := range []error{err, statusErr, migrateErr} {
				if err != nil && strings.Contains(err.Error(), "s3cret") {
					t.Errorf("the error contains the password: %v", err)
				}
			}
		})
	}
}

func TestOpenMakesTheAttachmentDirectoryAndLeavesItsMarkerInIt(t *testing.T) {
	t.Parallel()
	directory := filepath.Join(t.TempDir(), "attachments")
	s, err := store.Open(t.Context(), store.Options{URL: storetest.New(t).URL, AttachmentDirectory: directory, MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if entries, err := os.ReadDir(directory); err != nil || len(entries) != 1 || entries[0].Name() != markerName {
		t.Errorf("entries %v, %v", entries, err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAcceptDoesNotDependOnTheServersDefaults(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := d.open(t, d.url+"&synchronous_commit=off&default_transaction_isolation=serializable&default_transaction_read_only=on")
	d.exec(t, `CREATE FUNCTION check_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF current_setting('synchronous_commit') <> 'on' OR current_setting('transaction_isolation') <> 'read committed' THEN RAISE 'not durable'; END IF; RETURN NEW; END $$;
		CREATE TRIGGER check_commit BEFORE INSERT ON receipt FOR EACH ROW EXECUTE FUNCTION check_commit()`)
	got, err := s.Accept(t.Context(), d.mailbox, []store.Delivery{mail("1", "a")}, d.clerk())
	if err != nil || got[0].Err != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAStoreWithoutAnAttachmentDirectoryRecordsMessagesWithoutFiles(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s, err := store.Open(t.Context(), store.Options{URL: d.url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if got, err := s.Accept(t.Context(), d.mailbox, []store.Delivery{mail("1", "a")}, d.clerk()); err != nil ||
		got[0].Result != store.Opened {
		t.Errorf("a message without a file: %+v, %v", got, err)
	}
	got, err := s.Accept(t.Context(), d.mailbox, []store.Delivery{mail("1", "b", with(attachment("x", "")))}, d.clerk())
	if err != nil || !errors.Is(got[0].Err, store.ErrDirectory) {
		t.Errorf("a message with a file: %+v, %v", got, err)
	}
	if n, err := s.CollectOrphans(t.Context(), 0); n != 0 || err != nil {
		t.Errorf("collected %d, %v", n, err)
	}
}

func TestCheckAttachmentDirectoryChangesNothing(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	file := filepath.Join(directory, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, directory string
		ok              bool
	}{
		{"a directory", directory, true},
		{"a directory that Open can make", filepath.Join(directory, "new"), true},
		{"a directory whose parent is missing", filepath.Join(directory, "a", "b"), false},
		{"a file", file, false},
		{"no directory", "", false},
	}
	for _, test := range tests {
		if err := store.CheckAttachmentDirectory(test.directory); (err == nil) != test.ok {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	if entries, err := os.ReadDir(directory); err != nil || len(entries) != 1 {
		t.Errorf("entries %v, %v", entries, err)
	}
}
