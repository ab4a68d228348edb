package storetest

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// rights lists what PUBLIC and the roles may do in a database, one object a line. Owners are left out.
const rights = `SELECT coalesce(r.rolname, 'PUBLIC') || ' ' || o.kind || ' ' || o.name || ': ' ||
		string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type)
	FROM (
		SELECT 'schema' AS kind, nspname::text AS name, coalesce(nspacl, acldefault('n', nspowner)) AS acl, nspowner AS owner
		FROM pg_namespace WHERE nspname IN ('public', 'service_desk')
		UNION ALL SELECT 'function', oid::regprocedure::text, coalesce(proacl, acldefault('f', proowner)), proowner
		FROM pg_proc WHERE pronamespace IN ('public'::regnamespace, 'service_desk'::regnamespace)
		UNION ALL SELECT CASE relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' ELSE 'table' END, oid::regclass::text,
			coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner)), relowner
		FROM pg_class WHERE relnamespace IN ('public'::regnamespace, 'service_desk'::regnamespace) AND relkind IN ('r', 'p', 'v', 'S')
	) AS o, aclexplode(o.acl) AS a LEFT JOIN pg_roles AS r ON r.oid = a.grantee
	WHERE a.grantee <> o.owner
	GROUP BY r.rolname, o.kind, o.name ORDER BY r.rolname NULLS FIRST, o.kind, o.name`

// CheckRights fails the test unless PUBLIC and the roles may do in a database exactly what the file says. With -update it writes the
// file first.
func CheckRights(t testing.TB, d *Database, golden string) {
	t.Helper()
	rows, _ := d.Pool(t).Query(t.Context(), rights)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(lines, "\n") + "\n"
	if update := flag.Lookup("update"); update != nil && update.Value.String() == "true" {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the rights are not those of %s (-want +got):\n%s", filepath.Base(golden), diff)
	}
}
