package store_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

var update = flag.Bool("update", false, "rewrite deploy/database.md, and add what is new to testdata/interface.txt")

// interfaceColumn is a column of a view of service_desk.
type interfaceColumn struct{ View, About, Column, Type, Meaning string }

// interfaceFunction is a function of service_desk.
type interfaceFunction struct{ Name, Parameters, Result, Meaning string }

func interfaceColumns(t testing.TB, d *desk) []interfaceColumn {
	t.Helper()
	rows, _ := d.pool.Query(t.Context(), `
		SELECT c.relname, coalesce(obj_description(c.oid), ''), a.attname, format_type(a.atttypid, a.atttypmod),
			coalesce(col_description(c.oid, a.attnum), '')
		FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE c.relnamespace = 'service_desk'::regnamespace
		ORDER BY array_position('{request,activity,attachment,history,message,user,mailbox,problem}', c.relname::text), c.relname, a.attnum`)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[interfaceColumn])
	must(t, err)
	return all
}

func interfaceFunctions(t testing.TB, d *desk) []interfaceFunction {
	t.Helper()
	rows, _ := d.pool.Query(t.Context(), `
		SELECT proname, pg_get_function_arguments(oid), pg_get_function_result(oid), coalesce(obj_description(oid), '')
		FROM pg_proc WHERE pronamespace = 'service_desk'::regnamespace ORDER BY proname, 2`)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[interfaceFunction])
	must(t, err)
	return all
}

// TestThePromisedColumnsAndParametersStay compares the schema with the promises of all versions. With -update it adds what is new,
// and never takes back a promise.
func TestThePromisedColumnsAndParametersStay(t *testing.T) {
	t.Parallel()
	const golden = "testdata/interface.txt"
	d := newDesk(t)
	var is []string
	for _, c := range interfaceColumns(t, d) {
		is = append(is, fmt.Sprintf("%s.%s %s", c.View, c.Column, c.Type))
	}
	for _, f := range interfaceFunctions(t, d) {
		is = append(is, fmt.Sprintf("%s(%s) %s", f.Name, f.Parameters, f.Result))
	}
	text, err := os.ReadFile(golden)
	must(t, err)
	promised := strings.Split(strings.TrimSpace(string(text)), "\n")
	for _, line := range promised {
		if line != "" && !slices.Contains(is, line) {
			t.Errorf("other programs rely on %s, which is no longer there", line)
		}
	}
	var added []string
	for _, line := range is {
		if !slices.Contains(promised, line) {
			added = append(added, line)
		}
	}
	switch {
	case len(added) > 0 && *update:
		must(t, os.WriteFile(golden, []byte(strings.TrimLeft(string(text)+strings.Join(added, "\n")+"\n", "\n")), 0o644))
	case len(added) > 0:
		t.Errorf("new in the interface, for good once it is released; promise it with make generate:\n%s", strings.Join(added, "\n"))
	}
}

func TestTheDatabaseIsDocumented(t *testing.T) {
	t.Parallel()
	const document = "../deploy/database.md"
	d := newDesk(t)
	want := describeInterface(t, interfaceColumns(t, d), interfaceFunctions(t, d))
	if *update {
		must(t, os.WriteFile(document, []byte(want), 0o644))
	}
	got, err := os.ReadFile(document)
	must(t, err)
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("deploy/database.md is not what the schema says; run make generate\n%s", diff)
	}
}

// describeInterface returns the text of deploy/database.md.
func describeInterface(t testing.TB, columns []interfaceColumn, functions []interfaceFunction) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(interfaceIntroduction)
	view := ""
	for _, c := range columns {
		if c.About == "" || c.Meaning == "" {
			t.Errorf("%s.%s, or its view, has no comment", c.View, c.Column)
		}
		if c.View != view {
			view = c.View
			fmt.Fprintf(&b, "\n### %s\n\n%s\n\n| column | type | meaning |\n|---|---|---|\n", c.View, c.About)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", c.Column, c.Type, strings.ReplaceAll(c.Meaning, "|", `\|`))
	}
	b.WriteString(functionsIntroduction)
	for _, f := range functions {
		if f.Meaning == "" {
			t.Errorf("%s has no comment", f.Name)
		}
		parameters := strings.ReplaceAll(strings.ReplaceAll(f.Parameters, "::text", ""), "NULL::", "NULL")
		fmt.Fprintf(&b, "\n### %s\n\n`service_desk.%s(%s)` returns %s. %s\n", f.Name, f.Name, parameters, f.Result, f.Meaning)
	}
	b.WriteString(notificationsDescription)
	return b.String()
}

const interfaceIntroduction = `<!-- Written by make generate from the comments of the schema; edit those of store/migrations and store/interface_test.go instead. -->
# The database as the interface for other programs

The schema ` + "`service_desk`" + ` has views to read and functions to call. A later version may add columns, views, functions, optional
parameters and words; it takes nothing away, and changes no type and no meaning. The tables in other schemas may change with every
version: read none of them, and never write to them, or messages may be lost or recorded twice. Name the columns that you read.

Your program connects to the database that ` + "`Database`" + ` names in the service file. No other program reaches a private PostgreSQL, which
MailIntegration runs where ` + "`Database`" + ` is not set.

Times have a time zone. Texts are valid UTF-8 without U+0000; what came by mail is as long and as strange as its sender wanted it to be.

## Roles

| role | may | may not, for instance |
|---|---|---|
| ` + "`mailintegration_reader`" + ` | read the views | write anything, read tables, such as the hashes of passwords |
| ` + "`mailintegration_desk`" + ` | read the views, call the functions | write in any other way |
| ` + "`mailintegration_daemon`" + ` | run the daemon and the verbs, but those below; read the views | change the schema, remove requests, change or remove history |

None of them can log in: make an account, and ` + "`GRANT mailintegration_reader TO account`" + `. Roles belong to all databases of a server.
Their rights belong to each database, and ` + "`mailintegration db roles`" + ` prints the SQL that grants them, in this one: an account that
should see one database only needs ` + "`REVOKE CONNECT ON DATABASE other FROM PUBLIC`" + ` on the other ones.

The account that owns the tables, which needs no role, brings the schema up to date (` + "`mailintegration db migrate`" + `). If the daemon's
account is a member of ` + "`mailintegration_daemon`" + ` alone, run that as the owner before the new version of the daemon starts. Only the owner
runs ` + "`db migrate`, `db roles --apply`, `db first-number` and `restore`" + `: give them, with ` + "`--config`" + `, a copy of the service file whose ` + "`Database`" + `
names the owner.

A restore with ` + "`pg_restore --no-privileges`" + ` forgets all rights, and PostgreSQL lets everybody call a function that it has just made. Before you
grant anything there, run ` + "`mailintegration db migrate`" + ` as the owner, and then ` + "`db roles`" + `: afterwards only those may call a function who are
granted that. A daemon that starts as the owner does the first by itself, and ` + "`mailintegration check`" + ` says if it is missing.

## Views
`

const functionsIntroduction = `
## Functions

Each of them is one transaction, or a part of yours. They keep the history: ` + "`author`" + ` is the logon of the user in whose name your
program acts. Errors have the SQLSTATE P0002 (something does not exist), 22023 (a parameter does not fit) or 22001 (a text is too long).
In a transaction that is REPEATABLE READ or SERIALIZABLE, also 40001: something has changed since it began, so run all of it again.
A call locks its request until your transaction ends, and a message that is an answer to the request waits for that: end it soon.
` + "`link`" + ` also locks the other request, and those that it continues.
`

const notificationsDescription = `
## Notifications

` + "`LISTEN service_desk`" + ` tells your program of each new row of history, after the commit, whoever wrote it:

    {"kind":"incident","number":4711,"what":"opened"}

` + "`kind`" + ` and ` + "`number`" + ` are those of the request, ` + "`what`" + ` is that of the history. Later versions may add members. A message that is
refused or ignored has no history, and none is sent.

A notification is a hint, not a queue: none waits for a program that is not connected, and none is sent while other listeners have let the
queue of PostgreSQL become half full. So read what you have missed after each LISTEN, and once in a while. LISTEN needs a session of
its own: connect to PostgreSQL itself, or to a pooler in session mode. deploy/examples/newrequests is a program that does all this.

While you listen, do not stay in a transaction: PostgreSQL keeps all notifications until it ends.
`
