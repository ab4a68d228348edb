package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	orphanChunk    = 200             // files that are checked and removed in one transaction
	orphanPatience = 2 * time.Second // how long acceptances may be held up by waiting for one that is under way
)

// errBusy ends a collection because messages are being accepted.
var errBusy = errors.New("messages are being accepted")

// CollectOrphans removes files from the attachment directory that no row names and that have not been touched for
// olderThan: what a crash before a commit left behind. It returns how many it removed. When messages keep being
// accepted it stops early without an error, and the next call goes on. In a directory that another database collects
// in, it removes nothing and returns ErrForeignDirectory.
//
// No file that a running Accept relies on is removed: Accept sets the time of a file it finds there, and holds a lock
// from before that look until its commit, which CollectOrphans holds alone while it checks the rows and removes.
func (s *Store) CollectOrphans(ctx context.Context, olderThan time.Duration) (n int, err error) {
	if s.contents.root == "" {
		return 0, nil
	}
	if err := s.own(ctx); err != nil {
		return 0, fmt.Errorf("collect orphans: %w", err)
	}
	before := s.now().Add(-olderThan)
	var chunk []orphan
	flush := func() error {
		removed, err := s.collect(ctx, chunk, before)
		n, chunk = n+removed, chunk[:0]
		return err
	}
	err = s.contents.walk(func(o orphan) error {
		if !o.isOld(before) {
			return ctx.Err()
		}
		if chunk = append(chunk, o); len(chunk) < orphanChunk {
			return ctx.Err()
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	if err != nil && !errors.Is(err, errBusy) {
		return n, fmt.Errorf("collect orphans: %w", err)
	}
	return n, nil
}

// orphan is a file that may be one.
type orphan struct {
	path   string
	digest []byte // nil for a temporary file
}

// isOld reports whether the file is there and was last touched before a time.
func (o orphan) isOld(before time.Time) bool {
	info, err := os.Lstat(o.path)
	return err == nil && info.Mode().IsRegular() && info.ModTime().Before(before)
}

// walk calls f for each temporary file and each content. What else lies in the directory is not ours.
func (c contents) walk(f func(orphan) error) error {
	return filepath.WalkDir(c.root, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path != c.root {
			return nil // somebody else was faster
		}
		if err != nil || entry.IsDir() {
			return err
		}
		if strings.HasPrefix(entry.Name(), temporaryPrefix) && filepath.Dir(path) == filepath.Clean(c.root) {
			return f(orphan{path: path})
		}
		digest, err := hex.DecodeString(entry.Name())
		if err != nil || len(digest) != sha256.Size || c.path([sha256.Size]byte(digest)) != filepath.Clean(path) {
			return nil
		}
		return f(orphan{path: path, digest: digest})
	})
}

// collect removes those of a chunk that no row names and that are still old.
func (s *Store) collect(ctx context.Context, chunk []orphan, before time.Time) (n int, err error) {
	if len(chunk) == 0 {
		return 0, nil
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		n = 0
		if err := acceptNothing(ctx, tx); err != nil {
			return err
		}
		named, err := namedContents(ctx, tx, chunk)
		if err != nil {
			return err
		}
		for _, o := range chunk {
			if named[string(o.digest)] || !o.isOld(before) {
				continue
			}
			if err := os.Remove(o.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			n++
		}
		return nil
	})
	return n, err
}

// acceptNothing waits for the acceptances that are under way and holds up others until the transaction ends.
func acceptNothing(ctx context.Context, tx pgx.Tx) error {
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

// namedContents gives the digests among those of the chunk that a row names.
func namedContents(ctx context.Context, tx pgx.Tx, chunk []orphan) (map[string]bool, error) {
	var digests [][]byte
	for _, o := range chunk {
		if o.digest != nil {
			digests = append(digests, o.digest)
		}
	}
	rows, err := tx.Query(ctx, `SELECT d FROM unnest($1::bytea[]) AS k (d)
		WHERE EXISTS (SELECT FROM attachment WHERE sha256 = d)
		OR EXISTS (SELECT FROM mailbox JOIN receipt ON receipt.mailbox_id = mailbox.id AND receipt.digest = d WHERE receipt.raw_kept)`, digests)
	if err != nil {
		return nil, err
	}
	named := map[string]bool{}
	var digest []byte
	_, err = pgx.ForEachRow(rows, []any{&digest}, func() error {
		named[string(digest)] = true
		return nil
	})
	return named, err
}
