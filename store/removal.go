package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// orphanPatience is how long acceptances may be held up by waiting for one that is under way.
const orphanPatience = time.Second

// errBusy ends a collection because messages are being accepted.
var errBusy = errors.New("messages are being accepted")

// execer is a pool or a transaction.
type execer interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// remove removes those of some contents that no row names. No file is touched while acceptances are held up, which lasts
// only until the digests are noted.
func (c *collection) remove(ctx context.Context, digests [][]byte) error {
	unnamed, err := c.noteRemovals(ctx, digests)
	if err != nil || len(unnamed) == 0 {
		return err
	}
	return c.removeNoted(ctx, unnamed)
}

// noteRemovals notes, while nothing is being accepted, which of the contents still no row names: no acceptance that
// begins later names them, until finish takes the note back.
func (c *collection) noteRemovals(ctx context.Context, digests [][]byte) (unnamed [][]byte, err error) {
	err = c.store.inTx(ctx, func(tx pgx.Tx) error {
		if err := blockAcceptances(ctx, tx); err != nil {
			return err
		}
		if unnamed, err = unnamedDigests(ctx, tx, digests); err != nil {
			return err
		}
		if err := replaceRemovals(ctx, tx, digests, unnamed); err != nil {
			return err
		}
		return c.update(ctx, tx, "note removals", `collector_until = now() + $2::interval`, collectionLease)
	})
	return unnamed, err
}

// replaceRemovals notes the contents that no row names, and forgets what was noted of the others: a program of an earlier
// version, which knows no notes, may have written the row.
func replaceRemovals(ctx context.Context, tx pgx.Tx, digests, unnamed [][]byte) error {
	_, err := tx.Exec(ctx, `DELETE FROM removal WHERE digest = ANY($1) AND digest <> ALL($2)`, digests, unnamed)
	if err == nil {
		_, err = tx.Exec(ctx, `INSERT INTO removal (digest) SELECT unnest($1::bytea[]) ON CONFLICT DO NOTHING`, unnamed)
	}
	return err
}

// resumeRemovals finishes the removals that an earlier collection noted.
func (c *collection) resumeRemovals(ctx context.Context) error {
	rows, err := c.store.pool.Query(ctx, `SELECT digest FROM removal LIMIT $1`, MaxCollectedFiles)
	if err != nil {
		return unavailable(ctx, err)
	}
	digests, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if err != nil {
		return unavailable(ctx, err)
	}
	for chunk := range slices.Chunk(digests, orphanChunk) {
		if err := c.remove(ctx, chunk); err != nil {
			return err
		}
	}
	return nil
}

// removeNoted removes the files of contents that are noted and takes the notes back. The note stays where it is not certain
// whether the file is gone: a file server may carry out later what it has not answered.
func (c *collection) removeNoted(ctx context.Context, digests [][]byte) error {
	paths := make([]string, len(digests))
	for i, d := range digests {
		paths[i] = c.attachments.path([sha256.Size]byte(d))
	}
	certain, err := c.unlink(ctx, paths)
	if err != nil {
		return err
	}
	var done [][]byte
	for i, d := range digests {
		if certain[i] {
			done = append(done, d)
		}
	}
	ctx, cancel := finishing(ctx)
	defer cancel()
	if err := c.attachments.runner.beforeStep("forget removals"); err != nil {
		return err
	}
	_, err = c.store.pool.Exec(ctx, `DELETE FROM removal WHERE digest = ANY($1)`, done)
	return unavailable(ctx, err)
}

// unlinked is what became of some files.
type unlinked struct {
	certain []bool // whether the file is gone, or is there and stays
	removed int
	failed  error // the first failure
}

// unlink removes files that are still old and says of which it is certain what became of them.
func (c *collection) unlink(ctx context.Context, paths []string) (certain []bool, err error) {
	before := c.cutoff
	result, err := onFiles(ctx, c.attachments.runner, int64(len(paths))*fileRate, func(ctx context.Context) (unlinked, error) {
		return c.attachments.unlink(ctx, paths, before)
	})
	if err != nil {
		return nil, err
	}
	c.removed += result.removed
	if c.failed == nil {
		c.failed = result.failed
	}
	return result.certain, nil
}

func (d attachmentDirectory) unlink(ctx context.Context, paths []string, before time.Time) (u unlinked, err error) {
	u.certain = make([]bool, len(paths))
	for i, path := range paths {
		if err := errors.Join(ctx.Err(), d.runner.beforeStep("unlink")); err != nil {
			return u, err
		}
		if !isOld(path, before) {
			_, err := os.Lstat(path)
			u.certain[i] = err == nil || errors.Is(err, fs.ErrNotExist)
			continue
		}
		err := os.Remove(path)
		switch {
		case err == nil:
			u.removed++
		case errors.Is(err, fs.ErrNotExist):
			err = nil
		case u.failed == nil:
			u.failed = err
		}
		u.certain[i] = err == nil || errors.Is(err, fs.ErrPermission)
	}
	return u, nil
}

// blockAcceptances waits for the acceptances that are under way and holds up others until the transaction ends.
func blockAcceptances(ctx context.Context, tx pgx.Tx) error {
	patience := fmt.Sprintf("%dms", orphanPatience.Milliseconds())
	if _, err := tx.Exec(ctx, `SELECT set_config('lock_timeout', $1, true)`, patience); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, acceptanceLock)
	if isLockTimeout(err) {
		return errBusy
	}
	return err
}

// unnamedDigests returns the digests among some that no row names.
func unnamedDigests(ctx context.Context, q querier, digests [][]byte) ([][]byte, error) {
	rows, err := q.Query(ctx, `SELECT d FROM unnest($1::bytea[]) AS k (d)
		WHERE NOT EXISTS (SELECT FROM attachment WHERE sha256 = d) AND NOT EXISTS (SELECT FROM receipt WHERE digest = d AND raw_kept)`, digests)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[[]byte])
}
