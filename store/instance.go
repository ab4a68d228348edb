package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// instance identifies a database by its server. A copy of the database has the same rows, so only these values can show
// that it is a copy. A value that the database does not tell is "".
type instance struct {
	System    string `json:"system"`    // identifier of the cluster; physical copies have the same
	Database  string `json:"database"`  // number within the cluster
	Timeline  string `json:"timeline"`  // changes when a standby or a restored backup takes over
	Address   string `json:"address"`   // of the server, "" for a loopback address
	Port      string `json:"port"`      // that the server is configured for
	Directory string `json:"directory"` // of the server's data; only some roles may read it
}

// queryRower is a pool or a transaction.
type queryRower interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// readInstance reads the values from the database. A value is "" when the role may not read it, or when a service that
// resembles PostgreSQL lacks the function: mail does not stop for that.
func readInstance(ctx context.Context, q queryRower) (i instance, err error) {
	for _, part := range []struct {
		value *string
		sql   string
	}{
		{&i.System, `SELECT system_identifier::text FROM pg_control_system()`},
		{&i.Database, `SELECT oid::text FROM pg_database WHERE datname = current_database()`},
		{&i.Timeline, `SELECT CASE WHEN pg_is_in_recovery() THEN '' ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END`},
		{&i.Address, `SELECT coalesce(host(a), '') FROM inet_server_addr() AS a WHERE NOT a <<= inet '127.0.0.0/8' AND a <> inet '::1'`},
		{&i.Port, `SELECT current_setting('port')`},
		{&i.Directory, `SELECT current_setting('data_directory')`},
	} {
		err := q.QueryRow(ctx, part.sql).Scan(part.value)
		if _, refused := pgError(err); err != nil && !refused && !errors.Is(err, pgx.ErrNoRows) {
			return instance{}, fmt.Errorf("identify the database: %w", err)
		}
	}
	return i, nil
}

// legacy returns the text by which earlier versions identified a database.
func (i instance) legacy() string { return i.System + "/" + i.Database }

// differences describes the values that have changed; it returns "" when nothing shows that this is another database.
// The port counts only where one of the two lacks the data directory: the private PostgreSQL changes its port when
// another program has taken it.
func (i instance) differences(was instance) string {
	var list []string
	differ := func(what, is, was string) {
		if is != was && is != "" && was != "" {
			list = append(list, fmt.Sprintf("%s is %s and was %s", what, is, was))
		}
	}
	differ("system identifier", i.System, was.System)
	differ("database number", i.Database, was.Database)
	differ("timeline", i.Timeline, was.Timeline)
	differ("server address", i.Address, was.Address)
	differ("data directory", i.Directory, was.Directory)
	if i.Directory == "" || was.Directory == "" {
		differ("port", i.Port, was.Port)
	}
	return strings.Join(list, ", ")
}
