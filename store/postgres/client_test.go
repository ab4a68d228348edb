package postgres_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"mailintegration/store/postgres"
)

func TestAClientProgramThatIsMissingIsNamedWithItsPackage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		program string
		major   int
		want    string
	}{
		{"no_such_program", 15, "PostgreSQL's program no_such_program is not installed"},
		{"initdb", 99, "PostgreSQL's program initdb is needed in version 99 or newer, and there is only "},
	} {
		_, err := postgres.FindProgram(t.Context(), tt.program, tt.major)
		var missing *postgres.ProgramError
		if !errors.As(err, &missing) || !strings.HasPrefix(err.Error(), tt.want) || !strings.Contains(missing.Hint(), "postgresql-client-") {
			t.Errorf("%v", err)
		}
	}
}

func TestPostgreSQLsProgramsGetTheAddressWithoutAPasswordOnTheCommandLine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, address, want, database string }{
		{
			"a URL", "postgres://mi:s%20ecret@db.example:6432/desk?sslmode=verify-full&sslrootcert=system&pool_max_conns=4",
			"PGHOST=db.example PGPORT=6432 PGUSER=mi PGPASSWORD=s ecret PGDATABASE=desk PGSSLMODE=verify-full PGSSLROOTCERT=system", "dbname='desk'",
		},
		{
			"words", `host=db.example port=6432 user=mi password='it\'s \\ secret' dbname='my desk' sslmode = require target_session_attrs=read-write`,
			`PGHOST=db.example PGPORT=6432 PGUSER=mi PGPASSWORD=it's \ secret PGDATABASE=my desk PGSSLMODE=require PGTARGETSESSIONATTRS=read-write`,
			"dbname='my desk'",
		},
		{
			"several servers", "postgres://mi@one:1,two:2/desk?sslmode=prefer",
			"PGHOST=one,two PGPORT=1,2 PGUSER=mi PGDATABASE=desk PGSSLMODE=prefer", "dbname='desk'",
		},
		{
			"a socket", `host=/run/postgresql user=mi dbname=it's`,
			"PGHOST=/run/postgresql PGPORT=5432 PGUSER=mi PGDATABASE=it's", `dbname='it\'s'`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			env, err := postgres.ClientEnvironment(tt.address)
			if err != nil {
				t.Fatal(err)
			}
			for _, variable := range strings.Split(strings.ReplaceAll(tt.want, " PG", "\nPG"), "\n") {
				if !slices.Contains(env, variable) {
					t.Errorf("%q is not in %q", variable, env)
				}
			}
			database, err := postgres.ClientDatabase(tt.address)
			if err != nil || !strings.HasPrefix(database, tt.database+" ") || strings.Contains(database, "secret") {
				t.Errorf("%s, %v", database, err)
			}
		})
	}
}
