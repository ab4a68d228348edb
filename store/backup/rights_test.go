package backup_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"mailintegration/store"
	"mailintegration/store/storetest"
)

const rightsList = "../testdata/rights.txt"

// wantReaderRefused lets a reader use the schema, and fails the test unless PostgreSQL refuses the reader's call of a function.
func (d *desk) wantReaderRefused() {
	d.Helper()
	d.exec(`GRANT USAGE ON SCHEMA service_desk TO mailintegration_reader`)
	conn, err := pgx.Connect(d.Context(), d.url+"&options=-crole%3Dmailintegration_reader")
	d.must(err)
	defer conn.Close(d.Context())
	_, err = conn.Exec(d.Context(), `SELECT service_desk.set_state(1, 'daemon', 'processed', 'x')`)
	if pg := new(pgconn.PgError); !errors.As(err, &pg) || pg.Code != "42501" {
		d.Errorf("a reader calls set_state: %v", err)
	}
}

func (d *desk) wantRights() {
	d.Helper()
	storetest.CheckRights(d, &storetest.Database{URL: d.url}, rightsList)
}

// grantBefore grants the roles something in an empty database, as db roles has done in the one that was lost.
func (d *desk) grantBefore() {
	d.Helper()
	d.exec(`DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO mailintegration_reader, mailintegration_desk, mailintegration_daemon',
		current_database()); END $$`)
}

// loadByHand loads a dump of another desk as the README says for a server of one's own.
func (d *desk) loadByHand(of *desk) {
	d.Helper()
	dump := filepath.Join(d.TempDir(), "mail.dump")
	for _, args := range [][]string{
		{"pg_dump", "-Fc", "--file=" + dump, "--dbname=" + of.url},
		{"pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--dbname=" + d.url, dump},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			d.Fatalf("%s: %v\n%s", args[0], err, out)
		}
	}
}

// grantedDesk returns a desk whose database has granted the roles their rights.
func grantedDesk(t *testing.T) *desk {
	d := newDesk(t)
	d.must(store.GrantRoles(t.Context(), d.url))
	return d
}

func TestAReaderOnlyReadsAfterARestore(t *testing.T) {
	t.Parallel()
	name := grantedDesk(t).archive()

	p := place(t)
	p.mustRestore(name)
	p.wantReaderRefused()
	p.must(store.GrantRoles(t.Context(), p.url))
	p.wantRights()

	before := place(t)
	before.grantBefore()
	before.mustRestore(name)
	before.wantRights()
	before.wantReaderRefused()
}

func TestAReaderOnlyReadsAfterARestoreByHand(t *testing.T) {
	t.Parallel()
	original := grantedDesk(t)
	roles := filepath.Join(t.TempDir(), "roles.sql")
	original.must(os.WriteFile(roles, []byte(store.Roles), 0o600))
	for _, tt := range []struct {
		name   string
		then   func(p *desk) error
		before bool // the roles had rights in the database before
		rights bool // they have all of them without db roles
	}{
		{"and db migrate", func(p *desk) error { _, err := store.Migrate(t.Context(), p.url); return err }, false, false},
		{"and db migrate, where the roles had rights", func(p *desk) error { _, err := store.Migrate(t.Context(), p.url); return err }, true, true},
		{"and a start of the daemon", func(p *desk) error {
			s, err := store.Open(t.Context(), store.Options{URL: p.url, Migrate: true, WithoutFiles: true})
			if err == nil {
				s.Close()
			}
			return err
		}, true, true},
		{"and db roles --apply", func(p *desk) error { return store.GrantRoles(t.Context(), p.url) }, false, true},
		{"and db roles for psql", func(p *desk) error {
			return exec.Command("psql", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-f", roles, p.url).Run()
		}, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := place(t)
			if tt.before {
				p.grantBefore()
			}
			p.loadByHand(original)
			s, err := store.Open(t.Context(), store.Options{URL: p.url, WithoutFiles: true})
			p.must(err)
			defer s.Close()
			if err := s.CheckFunctions(t.Context()); !errors.Is(err, store.ErrExposed) || store.Hint(err) == "" {
				t.Errorf("the check after pg_restore: %v", err)
			}
			p.must(tt.then(p))
			p.must(s.CheckFunctions(t.Context()))
			p.wantReaderRefused()
			if tt.rights {
				p.wantRights()
			}
		})
	}
}

// TestADaemonThatCannotProtectTheFunctionsStarts starts as an account that does not own them, and finds that they are exposed.
func TestADaemonThatCannotProtectTheFunctionsStarts(t *testing.T) {
	t.Parallel()
	d := grantedDesk(t)
	d.exec(`GRANT EXECUTE ON FUNCTION service_desk.link(bigint, text, bigint) TO PUBLIC`)
	s, err := store.Open(t.Context(), store.Options{
		URL: d.url + "&options=-crole%3Dmailintegration_daemon", AttachmentDirectory: d.files, Migrate: true,
	})
	d.must(err)
	defer s.Close()
	err = s.CheckFunctions(t.Context())
	if !errors.Is(err, store.ErrExposed) {
		t.Error(err)
	}
}

// TestAFunctionOfAnotherOwnerIsGivenToTheOwnerOfTheTables has a superuser restore, and give only the tables away.
func TestAFunctionOfAnotherOwnerIsGivenToTheOwnerOfTheTables(t *testing.T) {
	t.Parallel()
	d := grantedDesk(t)
	d.exec(`ALTER FUNCTION service_desk.link(bigint, text, bigint) OWNER TO mailintegration_desk`)
	d.must(store.GrantRoles(t.Context(), d.url))
	if n := d.count(`SELECT count(*) FROM pg_proc WHERE pronamespace = 'service_desk'::regnamespace AND proowner = 'mailintegration_desk'::regrole`); n != 0 {
		t.Error("the function keeps its owner")
	}
	d.wantRights()
}
