package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// exposedFunctions selects the functions of the program that PUBLIC may call, that another account than that of the tables owns, or that
// look for their tables where the caller wants. A restore without privileges and owner (pg_restore --no-privileges --no-owner) makes
// such functions: PostgreSQL lets everybody call a new function.
const exposedFunctions = `SELECT f.oid::regprocedure::text AS signature, s.nspname AS tables, pg_get_userbyid(c.relowner) AS owner
	FROM pg_class AS c JOIN pg_namespace AS s ON s.oid = c.relnamespace, pg_proc AS f JOIN pg_namespace AS n ON n.oid = f.pronamespace
	WHERE c.relname = 'history' AND s.nspname = current_schema()
	AND (n.nspname = 'service_desk' OR n.oid = s.oid AND f.proname ~ '^(interface_|notify_service_desk$)')
	AND (f.proowner <> c.relowner OR NOT coalesce(f.proconfig @> ARRAY[format('search_path=%I, pg_temp', s.nspname)], false)
		OR EXISTS (SELECT FROM aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) AS a WHERE a.grantee = 0))
	ORDER BY signature`

// exposedFunction is a row of exposedFunctions.
type exposedFunction struct{ Signature, Tables, Owner string }

func readExposedFunctions(ctx context.Context, q querier) ([]exposedFunction, error) {
	rows, _ := q.Query(ctx, exposedFunctions, pgx.QueryExecModeSimpleProtocol)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[exposedFunction])
	if err != nil {
		return nil, fmt.Errorf("rights on the functions: %w", err)
	}
	return list, nil
}

// ErrExposed says that accounts may call functions of the interface to which nobody has granted that.
var ErrExposed = errors.New("functions of the database are not protected, so that programs may write that should only read")

// CheckFunctions returns nil if only those may call the functions of the interface who are granted that, and ErrExposed otherwise.
func (s *Store) CheckFunctions(ctx context.Context) error {
	var list []exposedFunction
	err := s.brief(ctx, func(ctx context.Context) (err error) {
		list, err = readExposedFunctions(ctx, s.pool)
		return err
	})
	if err != nil {
		return err
	}
	if len(list) > 0 {
		return fmt.Errorf("%w: %d functions, such as %s", ErrExposed, len(list), list[0].Signature)
	}
	return nil
}

// protectFunctions takes exposed functions from PUBLIC and gives them the owner and the schema of the tables. It reports whether there
// were any.
func protectFunctions(ctx context.Context, tx pgx.Tx) (mended bool, err error) {
	list, err := readExposedFunctions(ctx, tx)
	for _, f := range list {
		for _, sql := range []string{
			`REVOKE ALL ON FUNCTION ` + f.Signature + ` FROM PUBLIC`,
			`ALTER FUNCTION ` + f.Signature + ` SET search_path = ` + pgx.Identifier{f.Tables}.Sanitize() + `, pg_temp`,
			`ALTER FUNCTION ` + f.Signature + ` OWNER TO ` + pgx.Identifier{f.Owner}.Sanitize(),
		} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return false, fmt.Errorf("rights on the functions: %w", err)
			}
		}
	}
	return len(list) > 0, err
}

// protectWithRoles takes exposed functions from PUBLIC, and then renews the rights of the roles, which the same restore forgets. An
// account that does not own the functions changes nothing: CheckFunctions tells.
func protectWithRoles(ctx context.Context, conn *pgx.Conn) error {
	list, err := readExposedFunctions(ctx, conn)
	if err != nil || len(list) == 0 {
		return err
	}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if err := lockMigration(ctx, tx); err != nil {
			return err
		}
		mended, err := protectFunctions(ctx, tx)
		if err != nil || !mended {
			return err // another program has done it
		}
		return renewRoles(ctx, tx)
	})
	if pg, ok := pgError(err); ok && pg.Code == insufficientPrivilege {
		return nil
	}
	return err
}
