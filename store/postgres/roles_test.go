package postgres_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"mailintegration/store"
	"mailintegration/store/postgres"
)

// privileges selects the privileges of the role in URL.
const privileges = `SELECT concat_ws(' ', rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls)
	FROM pg_roles WHERE rolname = current_user`

func TestTheRoleOfTheURLOwnsTheDatabaseAndMayDoNothingElse(t *testing.T) {
	t.Parallel()
	s := start(t, dataDirectory(t))
	if got := ask(t, s, privileges); got != "f f f f f" {
		t.Errorf("the role has the privileges %q", got)
	}
	if _, err := store.Migrate(t.Context(), s.URL()); err != nil {
		t.Errorf("the owner of the database cannot bring its schema up to date: %v", err)
	}
	conn, err := pgx.Connect(t.Context(), s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, sql := range []string{
		`COPY (SELECT 1) TO PROGRAM 'true'`, `SELECT pg_read_file('/etc/passwd')`, `ALTER SYSTEM SET fsync = off`,
		`CREATE ROLE another`, `CREATE DATABASE another`,
	} {
		if _, err := conn.Exec(t.Context(), sql); err == nil {
			t.Errorf("the role may %s", sql)
		}
	}
}

// older makes a cluster as the first versions did, with a superuser as its only role, and a port.
func older(t *testing.T) (dir string) {
	t.Helper()
	dir = dataDirectory(t)
	s := startWith(t, postgres.Options{DataDirectory: dir, Disposable: true})
	if _, err := store.Migrate(t.Context(), s.URL()); err != nil {
		t.Fatal(err)
	}
	execute(t, s, `CREATE SCHEMA desk; CREATE TABLE desk.kept (id bigint GENERATED ALWAYS AS IDENTITY, word text);
		INSERT INTO desk.kept (word) VALUES ('kept'); CREATE SEQUENCE loose; CREATE VIEW seen AS SELECT word FROM desk.kept;
		CREATE TYPE mood AS ENUM ('good'); CREATE TYPE pair AS (a int, b int);
		CREATE DOMAIN short AS text; CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT 2 * n';
		CREATE PROCEDURE nothing() LANGUAGE sql AS 'SELECT 1'; CREATE MATERIALIZED VIEW old AS SELECT 1 AS one`)
	stop(t, s)
	return dir
}

// notOurs counts the objects in the database that do not belong to the role.
const notOurs = `SELECT count(*)::text FROM (
	SELECT relowner AS owner FROM pg_class WHERE oid >= 16384 AND relnamespace <> 'pg_toast'::regnamespace
	UNION ALL SELECT proowner FROM pg_proc WHERE oid >= 16384
	UNION ALL SELECT typowner FROM pg_type WHERE oid >= 16384 AND typnamespace <> 'pg_toast'::regnamespace
	UNION ALL SELECT nspowner FROM pg_namespace WHERE oid >= 16384 AND nspname !~ '^pg_'
	UNION ALL SELECT datdba FROM pg_database WHERE datname = current_database()
) o WHERE owner <> (SELECT oid FROM pg_roles WHERE rolname = current_user)`

// TestAClusterOfOneRoleGetsAnother starts an older cluster, also one whose roles a killed process has begun to
// separate.
func TestAClusterOfOneRoleGetsAnother(t *testing.T) {
	t.Parallel()
	const password = "0123456789abcdef"
	for _, tc := range []struct {
		name  string
		wrote bool   // the killed process wrote the administrator's password
		ran   string // the statement that it ran as the old superuser
	}{
		{"from the beginning", false, ""},
		{"the administrator's password was written", true, ""},
		{"the third role was made", true, `CREATE ROLE mailintegration_separating LOGIN SUPERUSER PASSWORD 'another'`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := older(t)
			if tc.wrote {
				write(t, filepath.Join(dir, "admin-password"), password+"\n", 0o600)
			}
			if tc.ran != "" {
				s := startWith(t, postgres.Options{DataDirectory: dir, Disposable: true})
				execute(t, s, tc.ran)
				stop(t, s)
			}
			wantSeparated(t, dir)
		})
	}
}

// wantSeparated fails the test unless the server of an older cluster gives the database to a role without privileges.
func wantSeparated(t *testing.T, dir string) {
	t.Helper()
	s := start(t, dir)
	if got := ask(t, s, privileges); got != "f f f f f" {
		t.Errorf("the role has the privileges %q", got)
	}
	if got := ask(t, s, notOurs); got != "0" {
		t.Errorf("%s objects do not belong to the role", got)
	}
	got := ask(t, s, `SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles WHERE rolcanlogin`)
	if got != "mailintegration mailintegration_admin" {
		t.Errorf("the roles are %s", got)
	}
	execute(t, s, `ALTER TABLE desk.kept ADD another int; INSERT INTO desk.kept (word) VALUES ('new');
		SELECT nextval('loose'); DROP TYPE mood; DROP VIEW seen`)
	if _, err := store.Migrate(t.Context(), s.URL()); err != nil {
		t.Error(err)
	}
	stop(t, s)
	execute(t, start(t, dir), `SELECT word FROM desk.kept`)
}

// TestThePasswordStaysHereWhenAnotherServerAnswers replaces our server with one that asks for less than SCRAM.
func TestThePasswordStaysHereWhenAnotherServerAnswers(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(filepath.Dir(dataDirectory(t)), strings.Repeat("long", 25)) // too long for a socket
	s := start(t, dir)
	url, at := s.URL(), port(t, s)
	stop(t, s)
	for name, ask := range map[string]pgproto3.BackendMessage{
		"in clear": &pgproto3.AuthenticationCleartextPassword{},
		"as MD5":   &pgproto3.AuthenticationMD5Password{Salt: [4]byte{1, 2, 3, 4}},
		"not":      &pgproto3.AuthenticationOk{},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:"+at)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			got := make(chan pgproto3.FrontendMessage, 1)
			go func() { got <- rogue(l, ask) }()
			if conn, err := pgx.Connect(t.Context(), url); err == nil {
				conn.Close(t.Context())
				t.Error("pgx has logged in to the other server")
			}
			if m := <-got; m != nil {
				t.Errorf("pgx has sent it %T", m)
			}
		})
	}
}

// rogue accepts a connection, asks for a login with one method, and returns the answer, nil for none.
func rogue(l net.Listener, ask pgproto3.BackendMessage) pgproto3.FrontendMessage {
	conn, err := l.Accept()
	if err != nil {
		return nil
	}
	defer conn.Close()
	b := pgproto3.NewBackend(conn, conn)
	if _, err := b.ReceiveStartupMessage(); err != nil {
		return nil
	}
	b.Send(ask)
	if err := b.Flush(); err != nil {
		return nil
	}
	if _, ok := ask.(*pgproto3.AuthenticationOk); !ok {
		_ = b.SetAuthType(authType(ask))
	}
	m, err := b.Receive()
	if _, ended := m.(*pgproto3.Terminate); err != nil || ended {
		return nil
	}
	return m
}

func authType(ask pgproto3.BackendMessage) uint32 {
	if _, md5 := ask.(*pgproto3.AuthenticationMD5Password); md5 {
		return pgproto3.AuthTypeMD5Password
	}
	return pgproto3.AuthTypeCleartextPassword
}

func TestALostPasswordOfTheAdministratorIsAClearError(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	stop(t, start(t, dir))
	if err := os.Remove(filepath.Join(dir, "admin-password")); err != nil {
		t.Fatal(err)
	}
	said := startFails(t, postgres.Options{DataDirectory: dir})
	if !strings.Contains(said, "admin-password") || !strings.Contains(said, "backup") {
		t.Error(said)
	}
}

// TestTheRolesOfOtherProgramsAreMade starts a cluster of an earlier version, which lacks them, and a new one.
func TestTheRolesOfOtherProgramsAreMade(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	stop(t, startWith(t, postgres.Options{DataDirectory: dir}))
	for range 2 {
		s := startWith(t, postgres.Options{DataDirectory: dir, Roles: []string{"portal reader", "portal"}})
		got := ask(t, s, `SELECT string_agg(concat_ws(' ', quote_ident(rolname), rolcanlogin, rolsuper, rolcreaterole, pg_has_role(current_user, oid, 'MEMBER')), ', ' ORDER BY rolname)
			FROM pg_roles WHERE rolname LIKE 'portal%'`)
		if want := `portal f f f t, "portal reader" f f f t`; got != want {
			t.Errorf("the roles are %s, want %s", got, want)
		}
		if got := ask(t, s, `SELECT count(*)::text FROM pg_database AS d, aclexplode(datacl) AS a JOIN pg_roles AS r ON r.oid = grantee
			WHERE datname = current_database() AND privilege_type = 'CONNECT' AND rolname LIKE 'portal%'`); got != "2" {
			t.Errorf("%s of 2 roles may connect", got)
		}
		stop(t, s)
	}
}
