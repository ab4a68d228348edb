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

// orphanPatience is how long a collection waits for acceptances that are under way; new ones wait behind it meanwhile.
const orphanPatience = time.Second

// errBusy ends a collection that acceptances have kept waiting for too long, or that has met a backup.
var errBusy = errors.New("messages are being accepted, or a backup is made")

// execer is a pool or a transaction.
type execer interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// remove removes the files with these digests that no row names. It holds up acceptances only while it records the digests,
// and touches no file meanwhile.
func (c *collection) remove(ctx context.Context, digests [][]byte) error {
	unnamed, err := c.noteRemovals(ctx, digests)
	if err != nil || len(unnamed) == 0 {
		return err
	}
	return c.removeNoted(ctx, unnamed)
}

// noteRemovals records in the table removal, while nothing is being accepted, which of the digests no row names. No later
// acceptance names them until removeNoted deletes the note.
func (c *collection) noteRemovals(ctx context.Context, digests [][]byte) (unnamed [][]byte, err error) {
	err = c.store.inTx(ctx, func(tx pgx.Tx) error {
		if err := blockAcceptances(ctx, tx); err != nil {
			return err
		}
		if err := makeWayForBackup(ctx, tx); err != nil {
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

// replaceRemovals records the unnamed digests and deletes the notes of the others: a program of an earlier version, which
// does not read the notes, may have written a row that names them.
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

// removeNoted removes the files of noted digests and deletes the notes. It keeps a note when it is not certain whether the
// file is gone: a file server may carry out later a call that it has not answered.
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

// unlinked is the result of removing some files.
type unlinked struct {
	certain []bool // for each file: it is certain that it is gone, or that it exists and stays
	removed int
	failed  error // the first failure
}

// unlink removes files that are still old, and returns for each whether the result is certain.
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

// blockAcceptances waits for the acceptances that are under way, and holds up new ones until the transaction ends.
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

// makeWayForBackup returns errBusy while a backup is made. A backup that begins later waits until the transaction ends, and takes its
// snapshot afterwards.
func makeWayForBackup(ctx context.Context, tx pgx.Tx) error {
	var free bool
	err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock_shared($1)`, int64(backupLock)).Scan(&free)
	if err == nil && !free {
		err = errBusy
	}
	return err
}

// unnamedDigests returns those of the digests that no row names.
func unnamedDigests(ctx context.Context, q querier, digests [][]byte) ([][]byte, error) {
	rows, err := q.Query(ctx, `SELECT d FROM unnest($1::bytea[]) AS k (d)
		WHERE NOT EXISTS (SELECT FROM attachment WHERE sha256 = d) AND NOT EXISTS (SELECT FROM receipt WHERE digest = d AND raw_kept)`, digests)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[[]byte])
}
