package store

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Roles is the text that makes the roles of other programs and of the daemon, and grants them their rights in one database. It
// may run any number of times. No migration runs it: roles belong to all databases of a server, and few accounts may make them.
//
//go:embed roles.sql
var Roles string

// The roles. None of them can log in: accounts become members of them.
const (
	RoleReader = "mailintegration_reader" // reads the views of service_desk
	RoleDesk   = "mailintegration_desk"   // calls its functions as well
	RoleDaemon = "mailintegration_daemon" // runs the daemon and the verbs, without changing the schema
)

// ErrRoles says that the account may not make the roles or grant them their rights.
var ErrRoles = errors.New("the account may not make the roles or grant their rights")

// GrantRoles makes the roles that are missing, and grants all of them their rights in the database at url. The error is ErrRoles if
// the account of the URL may not do that, and ErrSchemaOlder if the database lacks migrations.
func GrantRoles(ctx context.Context, url string) error {
	config, err := connConfig(url, defaultPatience, false)
	if err != nil {
		return fmt.Errorf("grant the roles: %w", err)
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("grant the roles: %w", unavailable(ctx, err))
	}
	defer conn.Close(context.WithoutCancel(ctx))
	s, err := status(ctx, conn)
	if err == nil {
		err = s.Check()
	}
	if err == nil {
		_, err = conn.Exec(ctx, Roles, pgx.QueryExecModeSimpleProtocol)
	}
	if pg, ok := pgError(err); ok && pg.Code == insufficientPrivilege {
		return fmt.Errorf("%w: %w", ErrRoles, err)
	}
	if err != nil {
		return fmt.Errorf("grant the roles: %w", err)
	}
	return nil
}

// insufficientPrivilege is SQLSTATE 42501 (PostgreSQL's documentation, appendix A).
const insufficientPrivilege = "42501"

// renewRoles grants the roles their rights on what a migration has made, where the database has granted them something before. All
// roles exist then, and no right is new but those on new objects.
func renewRoles(ctx context.Context, q querier) error {
	rows, _ := q.Query(ctx, `SELECT count(DISTINCT r.rolname) = 3 FROM pg_database AS d, aclexplode(d.datacl) AS a JOIN pg_roles AS r ON r.oid = a.grantee
		WHERE d.datname = current_database() AND a.privilege_type = 'CONNECT' AND r.rolname = ANY($1)`,
		[]string{RoleReader, RoleDesk, RoleDaemon})
	granted, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
	if err != nil || !granted {
		return err
	}
	rows, _ = q.Query(ctx, Roles, pgx.QueryExecModeSimpleProtocol)
	rows.Close()
	return rows.Err()
}
