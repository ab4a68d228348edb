package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// granted returns a desk whose database has granted the roles their rights.
func granted(t testing.TB) *desk {
	t.Helper()
	d := newDesk(t)
	must(t, store.GrantRoles(t.Context(), d.url))
	return d
}

// as returns the URL of the desk's database for somebody who has a role, and no other.
func (d *desk) as(role string) string { return d.url + "&options=-crole%3D" + role }

// poolAs returns connections of somebody who has a role.
func (d *desk) poolAs(t testing.TB, role string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), d.as(role))
	must(t, err)
	t.Cleanup(pool.Close)
	return pool
}

func TestPublicAndTheRolesHaveTheRightsOfTheList(t *testing.T) {
	t.Parallel()
	storetest.CheckRights(t, &storetest.Database{URL: granted(t).url}, "testdata/rights.txt")
}

func TestEachRoleMayDoWhatItIsForAndNothingElse(t *testing.T) {
	t.Parallel()
	d := granted(t)
	d.accept(t, d.clerk(), mail("1", "printer"))
	number := one[int64](t, d, `SELECT number FROM request`)
	views := all[string](t, d, `SELECT relname::text FROM pg_class WHERE relnamespace = 'service_desk'::regnamespace`)
	tables := all[string](t, d, `SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`)
	var reads, writes, takes, reaches []string
	for _, view := range views {
		reads = append(reads, `SELECT * FROM service_desk.`+view)
		writes = append(writes, `DELETE FROM service_desk.`+view)
	}
	writes = append(writes, `UPDATE service_desk.history SET detail = ''`, `UPDATE service_desk.user SET name = 'x'`)
	for _, table := range tables {
		takes = append(takes, `TRUNCATE `+table+` CASCADE`, `DROP TABLE `+table+` CASCADE`, `ALTER TABLE `+table+` ADD x int`,
			`CREATE TRIGGER x BEFORE INSERT ON `+table+` FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`)
		reaches = append(reaches, `SELECT * FROM `+table, `DELETE FROM `+table, `INSERT INTO `+table+` DEFAULT VALUES`)
	}
	calls := []string{
		fmt.Sprintf(`SELECT service_desk.add_activity(%d, 'anna', 'x')`, number),
		fmt.Sprintf(`SELECT service_desk.set_state(%d, 'anna', 'pending')`, number),
		fmt.Sprintf(`SELECT service_desk.assign(%d, 'anna', 'bob')`, number),
		fmt.Sprintf(`SELECT service_desk.link(%d, 'anna', NULL)`, number),
	}
	inside := []string{
		fmt.Sprintf(`SELECT interface_request(%d)`, number), fmt.Sprintf(`SELECT interface_note(%d, NULL, 1, 'closed', '')`, number),
		fmt.Sprintf(`SELECT interface_add(%d, 1, 'x', '')`, number), `SELECT interface_user('anna')`,
	}
	always := []string{
		`CREATE TABLE public.x ()`, `CREATE TABLE service_desk.x ()`, `CREATE SCHEMA x`, `CREATE ROLE x`, `DROP SCHEMA service_desk CASCADE`,
		`CREATE FUNCTION public.lower(bigint) RETURNS text LANGUAGE sql AS 'SELECT 1::text'`,
		`CREATE OR REPLACE FUNCTION service_desk.link(bigint, text, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT true'`,
		`ALTER FUNCTION service_desk.link(bigint, text, bigint) RESET search_path`, `ALTER SEQUENCE request_number RESTART`,
		`SELECT setval('request_number', 1)`, `ALTER TABLE history DISABLE TRIGGER history_notify`, `SELECT pg_read_file('/etc/passwd')`,
		`COPY (SELECT 1) TO PROGRAM 'true'`, `SET session_replication_role = replica`, `GRANT mailintegration_daemon TO mailintegration_reader`,
	}
	kept := []string{
		`DELETE FROM request`, `DELETE FROM activity`, `DELETE FROM attachment`, `DELETE FROM history`, `UPDATE history SET detail = ''`,
		`UPDATE activity SET body = ''`, `UPDATE attachment SET name = 'x'`, `UPDATE goose_db_version SET is_applied = true`,
		`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`,
		`DELETE FROM problem`, `DELETE FROM mailbox`, `DELETE FROM thread`, `DELETE FROM participant`,
	}
	for role, r := range map[string]struct{ may, mayNot [][]string }{
		store.RoleReader: {[][]string{reads}, [][]string{calls, writes, reaches, inside, takes, always}},
		store.RoleDesk:   {[][]string{reads, calls}, [][]string{writes, reaches, inside, takes, always}},
		store.RoleDaemon: {nil, [][]string{calls, writes, inside, takes, always, kept}},
	} {
		pool := d.poolAs(t, role)
		for _, statements := range r.may {
			for _, sql := range statements {
				if err := inVain(t, pool, sql); err != nil {
					t.Errorf("%s may not: %s: %v", role, sql, err)
				}
			}
		}
		for _, statements := range r.mayNot {
			for _, sql := range statements {
				if err := inVain(t, pool, sql); !isRefused(err) {
					t.Errorf("%s may: %s (%v)", role, sql, err)
				}
			}
		}
	}
}

// isRefused reports whether PostgreSQL refused a statement for lack of a right (42501), or because no view like that takes changes
// of anybody (55000).
func isRefused(err error) bool {
	pg := new(pgconn.PgError)
	return errors.As(err, &pg) && (pg.Code == "42501" || pg.Code == "55000")
}

// inVain runs a statement in a transaction that is rolled back.
func inVain(t testing.TB, pool *pgxpool.Pool, sql string) error {
	t.Helper()
	tx, err := pool.Begin(t.Context())
	must(t, err)
	defer tx.Rollback(context.WithoutCancel(t.Context()))
	_, err = tx.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
	return err
}

// TestATableOfTheCallerIsNotWrittenInsteadOfOurs calls a function with a table, and a function, that hide those of the schema.
func TestATableOfTheCallerIsNotWrittenInsteadOfOurs(t *testing.T) {
	t.Parallel()
	d := granted(t)
	number, _ := d.twins(t, processor.Incident)
	conn, err := pgx.Connect(t.Context(), d.as(store.RoleDesk))
	must(t, err)
	defer conn.Close(context.WithoutCancel(t.Context()))
	for _, sql := range []string{
		`CREATE TEMPORARY TABLE user_account (id bigint, logon text, name text)`, `INSERT INTO user_account VALUES (1, 'mallory', 'Mallory')`,
		`CREATE FUNCTION pg_temp.interface_user(text) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'`, `SET search_path = pg_temp, public`,
	} {
		_, err := conn.Exec(t.Context(), sql)
		must(t, err)
	}
	_, err = conn.Exec(t.Context(), `SELECT service_desk.set_state($1, 'mallory', 'closed')`, number)
	refused(t, err, "P0002", `user "mallory" does not exist`)
	_, err = conn.Exec(t.Context(), `SELECT service_desk.set_state($1, 'anna', 'closed')`, number)
	must(t, err)
	equal(t, "closed", one[string](t, d, `SELECT state FROM request WHERE number = $1`, number))
}

// TestTheDaemonNeedsNoMoreThanItsRole does what the daemon and the verbs of reference data do, as an account that has the role and
// nothing else. The script role.txt plays all verbs.
func TestTheDaemonNeedsNoMoreThanItsRole(t *testing.T) {
	t.Parallel()
	d := granted(t)
	d.store = d.open(t, d.as(store.RoleDaemon))
	d.mailbox = d.resolve(t, "another", deskNames)
	outcomes := d.accept(t, d.clerk(), mail("1", "printer"), mail("2", "answer", func(m *processor.Message) { m.InReplyTo = []string{"printer@example.com"} }))
	if outcomes[0].Result != store.Opened || outcomes[1].Result != store.Added {
		t.Fatalf("outcomes are %+v", outcomes)
	}
	aside := d.accept(t, d.exceptFor("about odd", func() processor.Decision { panic("odd") }), mail("3", "odd"))
	if aside[0].Result != store.SetAside {
		t.Fatalf("outcomes are %+v", aside)
	}
	must(t, d.byAnna(t, func(ctx context.Context, j *store.Journal) error {
		_, err := j.Discard(ctx, aside[0].Aside, "spam")
		return err
	}))
	_, err := d.handle(t, outcomes[0].Request, store.Close, "Done.")
	must(t, err)
	must(t, d.see(t, serverDown))
	_, err = d.store.KeepLeases(t.Context(), store.NewHolder("1.0"), store.Keeping{Mailboxes: []string{"helpdesk", "new"}, Duration: leaseTime})
	must(t, err)
	_, err = d.store.BeginWork(t.Context(), d.mailbox)
	must(t, err)
	_, err = d.store.PurgeReceipts(t.Context(), time.Hour)
	must(t, err)
	must(t, d.store.AddUser(t.Context(), store.User{Logon: "gone", Name: "Gone", Addresses: []string{"gone@acme.example"}}))
	must(t, d.store.RemoveUser(t.Context(), "gone"))
	must(t, d.store.AddTeam(t.Context(), "Gone", store.TeamOptions{}))
	must(t, d.store.RemoveTeam(t.Context(), "Gone"))
}

// TestTheDaemonsRoleRemovesNothingThatIsNamed deletes rows that requests name, which the foreign keys refuse.
func TestTheDaemonsRoleRemovesNothingThatIsNamed(t *testing.T) {
	t.Parallel()
	d := granted(t)
	d.accept(t, d.clerk(), mail("1", "printer"))
	pool := d.poolAs(t, store.RoleDaemon)
	for _, sql := range []string{
		`DELETE FROM user_account WHERE id = (SELECT opened_by_id FROM request)`, `DELETE FROM team WHERE id = (SELECT team_id FROM request)`,
		`DELETE FROM support_group WHERE id = (SELECT group_id FROM request)`, `DELETE FROM source WHERE id = (SELECT source_id FROM request)`,
	} {
		if pg := new(pgconn.PgError); !errors.As(inVain(t, pool, sql), &pg) || pg.Code != "23503" {
			t.Errorf("the daemon may: %s (%v)", sql, pg)
		}
	}
}

// TestEveryTableHasItsRightsForTheDaemon fails for a new table until store/roles.sql names it.
func TestEveryTableHasItsRightsForTheDaemon(t *testing.T) {
	t.Parallel()
	d := granted(t)
	for _, table := range all[string](t, d, `SELECT relname::text FROM pg_class AS c
		WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'goose_db_version'
		AND NOT has_table_privilege('mailintegration_daemon', oid, 'INSERT')`) {
		t.Errorf("add the table %s to store/roles.sql, with what the program does to its rows", table)
	}
}

// TestAMigrationGrantsRightsOnlyWhereTheRolesHaveSomeAlready migrates two databases of a server that has the roles: one may be
// somebody else's.
func TestAMigrationGrantsRightsOnlyWhereTheRolesHaveSomeAlready(t *testing.T) {
	t.Parallel()
	granted(t)
	for connect, want := range map[string]bool{"": false, "GRANT CONNECT ON DATABASE %s TO mailintegration_reader, mailintegration_desk, mailintegration_daemon": true} {
		db := storetest.Empty(t)
		d := &desk{pool: db.Pool(t)}
		if connect != "" {
			d.exec(t, fmt.Sprintf(connect, one[string](t, d, `SELECT quote_ident(current_database())`)))
		}
		_, err := store.Migrate(t.Context(), db.URL)
		must(t, err)
		for _, right := range []string{
			`has_table_privilege('mailintegration_reader', 'service_desk.request', 'SELECT')`,
			`has_function_privilege('mailintegration_desk', 'service_desk.link(bigint, text, bigint)', 'EXECUTE')`,
			`has_table_privilege('mailintegration_daemon', 'receipt', 'DELETE')`,
		} {
			if got := one[bool](t, d, `SELECT `+right); got != want {
				t.Errorf("after %q: %s is %t", connect, right, got)
			}
		}
	}
}

func TestAnAccountThatMayNotMakeRolesIsToldWhoCan(t *testing.T) {
	t.Parallel()
	d := granted(t)
	err := store.GrantRoles(t.Context(), d.as(store.RoleDaemon))
	fails(t, err, store.ErrRoles)
	equal(t, "have an administrator of the server run it: mailintegration db roles | psql -d DATABASE", store.Hint(err))
}

// TestTheSQLThatIsPrintedIsOneStatement makes sure that psql runs all of it or nothing.
func TestTheSQLThatIsPrintedIsOneStatement(t *testing.T) {
	t.Parallel()
	body := []byte(store.Roles)
	if n := bytes.Count(body, []byte("$roles$")); n != 2 || !bytes.HasSuffix(bytes.TrimSpace(body), []byte("END $roles$;")) {
		t.Errorf("the text has %d marks", n)
	}
}
