package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// adminRole is the superuser. Only this package uses it, to prepare the server.
	adminRole = "mailintegration_admin"
	// separatingRole is a superuser that exists only while separateRoles runs.
	separatingRole = "mailintegration_separating"
)

// prepare checks that the server is ours, and makes our role and our database if they are missing. In servers of the
// first versions, Role was the only role, and a superuser.
func (s *Server) prepare(ctx context.Context) error {
	if s.opts.Disposable {
		return s.connected(ctx, s.login(systemDatabase), makeDatabase)
	}
	err := s.prepareAsAdmin(ctx)
	if errors.Is(err, errNoAdmin) {
		if err = s.separateRoles(ctx); err == nil {
			err = s.prepareAsAdmin(ctx)
		}
	}
	return err
}

// makeDatabase makes our database if it does not exist.
func makeDatabase(ctx context.Context, conn *pgx.Conn) error {
	var there bool
	err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, Database).Scan(&there)
	if err != nil || there {
		return err
	}
	_, err = conn.Exec(ctx, `CREATE DATABASE `+Database)
	return err
}

// errNoAdmin is the error when the server has no adminRole with our password.
var errNoAdmin = errors.New("the password of the database's administrator is missing or wrong")

// asAdmin calls f with a connection of adminRole.
func (s *Server) asAdmin(ctx context.Context, database string, f func(context.Context, *pgx.Conn) error) error {
	password, err := s.dir.secret(adminPasswordFile)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", errNoAdmin, err)
	}
	if err != nil {
		return err
	}
	err = s.connected(ctx, login{role: adminRole, password: password, database: database}, f)
	if pg := new(pgconn.PgError); errors.As(err, &pg) && pg.Code == invalidPassword {
		return fmt.Errorf("%w: %w", errNoAdmin, err)
	}
	return err
}

// invalidPassword is SQLSTATE invalid_password, which PostgreSQL also returns for a role that does not exist.
const invalidPassword = "28P01"

// prepareAsAdmin makes the roles and the database if they are missing, and gives the database to Role.
func (s *Server) prepareAsAdmin(ctx context.Context) error {
	var prepared bool
	err := s.asAdmin(ctx, systemDatabase, func(ctx context.Context, conn *pgx.Conn) (err error) {
		if prepared, err = s.isPrepared(ctx, conn); err != nil || prepared {
			return err
		}
		if err := s.makeRole(ctx, conn); err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, `DROP ROLE IF EXISTS `+separatingRole); err != nil {
			return err
		}
		if err := makeDatabase(ctx, conn); err != nil {
			return err
		}
		return s.makeOtherRoles(ctx, conn)
	})
	if err != nil || prepared {
		return err
	}
	return s.asAdmin(ctx, Database, func(ctx context.Context, conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return giveDatabase(ctx, tx) })
	})
}

// isPrepared reports whether the database exists and belongs to Role, because giveDatabase is the last step, and the other roles,
// which an earlier version did not make, exist too.
func (s *Server) isPrepared(ctx context.Context, conn *pgx.Conn) (is bool, err error) {
	err = conn.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM pg_database AS d JOIN pg_roles AS r ON r.oid = d.datdba
			WHERE d.datname = $1 AND r.rolname = $2 AND NOT EXISTS (
				SELECT FROM unnest($3::text[]) AS other WHERE NOT EXISTS (
					SELECT FROM aclexplode(d.datacl) AS a JOIN pg_roles AS g ON g.oid = a.grantee
					WHERE g.rolname = other AND a.privilege_type = 'CONNECT')))`,
		Database, Role, s.opts.Roles).Scan(&is)
	return is, err
}

// makeOtherRoles makes the roles of other programs that do not exist, and lets all of them connect to the database.
func (s *Server) makeOtherRoles(ctx context.Context, conn *pgx.Conn) error {
	for _, role := range s.opts.Roles {
		var there bool
		err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`, role).Scan(&there)
		name := pgx.Identifier{role}.Sanitize()
		if err == nil && !there {
			_, err = conn.Exec(ctx, `CREATE ROLE `+name+` NOLOGIN ROLE `+Role)
		}
		if err == nil {
			_, err = conn.Exec(ctx, `GRANT CONNECT ON DATABASE `+Database+` TO `+name)
		}
		if err != nil {
			return fmt.Errorf("role %s: %w", role, err)
		}
	}
	return nil
}

// querier is a connection or a transaction.
type querier interface {
	Exec(ctx context.Context, sql string, arguments ...any) (pgconn.CommandTag, error)
	QueryRow(ctx context.Context, sql string, arguments ...any) pgx.Row
}

// makeRole makes Role if it does not exist. Role may read all settings, and so check which server it is connected to.
func (s *Server) makeRole(ctx context.Context, q querier) error {
	var there bool
	err := q.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`, Role).Scan(&there)
	if err != nil || there {
		return err
	}
	_, err = q.Exec(ctx, `CREATE ROLE `+Role+` LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE IN ROLE pg_read_all_settings
		PASSWORD `+quoted(s.password))
	return err
}

// quoted returns s as a string constant of SQL (standard_conforming_strings is on).
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// giveDatabase gives the database, and all objects of the administrator in it, to Role. Objects that initdb made (below
// 16384, FirstNormalObjectId) stay as they are, except the schema public; objects of an extension follow the extension.
// REASSIGN OWNED cannot do this for the role that initdb made.
func giveDatabase(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, `
		WITH objects(class, oid, owner) AS (
			SELECT 'pg_namespace'::regclass, oid, nspowner FROM pg_namespace WHERE oid >= 16384 OR nspname = 'public'
			UNION ALL
			SELECT 'pg_class'::regclass, oid, relowner FROM pg_class c WHERE oid >= 16384 AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
				AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
					AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')) -- a column's sequence goes with its table
			UNION ALL
			SELECT 'pg_proc'::regclass, oid, proowner FROM pg_proc WHERE oid >= 16384
			UNION ALL
			SELECT 'pg_type'::regclass, oid, typowner FROM pg_type t WHERE oid >= 16384 AND (typtype IN ('d', 'e', 'r')
				OR typtype = 'c' AND EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
			UNION ALL
			SELECT 'pg_collation'::regclass, oid, collowner FROM pg_collation WHERE oid >= 16384
			UNION ALL
			SELECT 'pg_ts_dict'::regclass, oid, dictowner FROM pg_ts_dict WHERE oid >= 16384
			UNION ALL
			SELECT 'pg_ts_config'::regclass, oid, cfgowner FROM pg_ts_config WHERE oid >= 16384
		)
		SELECT format('ALTER %s %s OWNER TO %I', i.type, i.identity, $1::text)
		FROM objects o, pg_identify_object(o.class, o.oid, 0) i
		WHERE o.owner = (SELECT oid FROM pg_roles WHERE rolname = current_user)
			AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = o.class AND e.objid = o.oid AND e.deptype = 'e')`, Role)
	if err != nil {
		return err
	}
	statements, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, statement := range append(statements, `ALTER DATABASE `+Database+` OWNER TO `+Role) {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// separateRoles turns the only role of an older cluster into adminRole, and makes a new Role. No role can change its
// own name, so a third role does it. The process may end anywhere in between: the next call goes on from there.
func (s *Server) separateRoles(ctx context.Context) error {
	password, err := s.dir.secret(adminPasswordFile)
	err = s.connected(ctx, s.login(systemDatabase), func(ctx context.Context, conn *pgx.Conn) error {
		var superuser bool
		if err := conn.QueryRow(ctx, `SELECT rolsuper FROM pg_roles WHERE rolname = current_user`).Scan(&superuser); err != nil {
			return err
		}
		if !superuser {
			return fmt.Errorf("%s does not hold the password of the database's administrator: restore it from a backup",
				s.dir.file(adminPasswordFile))
		}
		if errors.Is(err, fs.ErrNotExist) {
			password = newPassword()
			err = s.dir.write(adminPasswordFile, password+"\n")
		}
		if err != nil {
			return err
		}
		return makeSeparatingRole(ctx, conn, password)
	})
	if err != nil {
		return err
	}
	third := login{role: separatingRole, password: password, database: systemDatabase}
	err = s.connected(ctx, third, func(ctx context.Context, conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return s.renameRole(ctx, tx, password) })
	})
	if err == nil {
		s.events.separated()
	}
	return err
}

// makeSeparatingRole makes separatingRole anew.
func makeSeparatingRole(ctx context.Context, conn *pgx.Conn, password string) error {
	if _, err := conn.Exec(ctx, `DROP ROLE IF EXISTS `+separatingRole); err != nil {
		return err
	}
	_, err := conn.Exec(ctx, `CREATE ROLE `+separatingRole+` LOGIN SUPERUSER PASSWORD `+quoted(password))
	return err
}

// renameRole renames Role to adminRole, and makes a new Role.
func (s *Server) renameRole(ctx context.Context, tx pgx.Tx, password string) error {
	if _, err := tx.Exec(ctx, `ALTER ROLE `+Role+` RENAME TO `+adminRole); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `ALTER ROLE `+adminRole+` PASSWORD `+quoted(password)); err != nil {
		return err
	}
	return s.makeRole(ctx, tx)
}
