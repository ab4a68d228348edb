package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// instance is what a database tells of itself and its server. A copy of the database has the same rows, so only this
// can show that it is not the one it was; "" stands for what it does not tell.
type instance struct {
	System    string `json:"system"`    // of the cluster, kept by physical copies
	Database  string `json:"database"`  // number within the cluster
	Timeline  string `json:"timeline"`  // changes when a standby or a restored backup takes over
	Address   string `json:"address"`   // unless it is of this host only
	Port      string `json:"port"`      // that the server is configured for
	Directory string `json:"directory"` // of the server's data; only some roles may ask for it
}

// queryRower is a pool or a transaction.
type queryRower interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// readInstance asks the database. A standby has no timeline of its own yet.
func readInstance(ctx context.Context, q queryRower) (i instance, err error) {
	err = q.QueryRow(ctx, `SELECT (SELECT system_identifier FROM pg_control_system())::text,
			(SELECT oid FROM pg_database WHERE datname = current_database())::text,
			CASE WHEN pg_is_in_recovery() THEN '' ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END,
			CASE WHEN inet_server_addr() IS NULL OR inet_server_addr() <<= inet '127.0.0.0/8' OR inet_server_addr() = inet '::1'
				THEN '' ELSE host(inet_server_addr()) END,
			current_setting('port'),
			CASE WHEN pg_has_role('pg_read_all_settings', 'USAGE') THEN current_setting('data_directory') ELSE '' END`).
		Scan(&i.System, &i.Database, &i.Timeline, &i.Address, &i.Port, &i.Directory)
	if err != nil {
		return instance{}, fmt.Errorf("identify the database: %w", err)
	}
	return i, nil
}

// legacy returns what earlier versions identified a database by.
func (i instance) legacy() string { return i.System + "/" + i.Database }

// differences returns in words what is not as it was; "" when nothing shows that this is another database. Where both
// tell the directory of the data, the port says nothing: the private PostgreSQL moves when another program took its port.
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
