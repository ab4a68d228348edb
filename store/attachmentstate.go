package store

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// attachmentState is what the database says of its attachment directory when an acceptance begins. It stays so to the end of the
// transaction, which holds the lock that acceptances share.
type attachmentState struct {
	identity string // "" when it has claimed none
	removals map[[sha256.Size]byte]bool
}

// queue reads it, behind the statement that takes the lock.
func (c *attachmentState) queue(b *pgx.Batch) {
	b.Queue(`SELECT coalesce((SELECT identity::text FROM attachment_directory), ''), coalesce((SELECT array_agg(digest) FROM removal), '{}')`).
		QueryRow(func(row pgx.Row) error {
			var digests [][]byte
			if err := row.Scan(&c.identity, &digests); err != nil {
				return err
			}
			c.removals = make(map[[sha256.Size]byte]bool, len(digests))
			for _, d := range digests {
				c.removals[[sha256.Size]byte(d)] = true
			}
			return nil
		})
}

// errBeingRemoved says that a collector removes the file of a content now: it was named by no row for long.
var errBeingRemoved = errors.New("its file is being removed, try again later")

// mayName returns nil when a row may name the content. Otherwise its message has to wait, as for a locked row.
func (c attachmentState) mayName(one *storedFile) error {
	if c.removals[one.digest] {
		return &lockedError{err: fmt.Errorf("content %x: %w", one.digest[:4], errBeingRemoved)}
	}
	return nil
}
