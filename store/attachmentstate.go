package store

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// attachmentState holds the database's statements about its attachment directory at the beginning of an acceptance. It
// cannot change before the transaction ends, since the transaction holds the lock that acceptances share.
type attachmentState struct {
	identity string                     // of the claimed directory, "" when the database has claimed none
	removals map[[sha256.Size]byte]bool // digests of files that a collection is removing
}

// queue adds the statement that reads the state to b. It must follow the statement that takes the lock.
func (s *attachmentState) queue(b *pgx.Batch) {
	b.Queue(`SELECT coalesce((SELECT identity::text FROM attachment_directory), ''), coalesce((SELECT array_agg(digest) FROM removal), '{}')`).
		QueryRow(func(row pgx.Row) error {
			var digests [][]byte
			if err := row.Scan(&s.identity, &digests); err != nil {
				return err
			}
			s.removals = make(map[[sha256.Size]byte]bool, len(digests))
			for _, d := range digests {
				s.removals[[sha256.Size]byte(d)] = true
			}
			return nil
		})
}

// errBeingRemoved says that a collection is removing a file now, because no row has named it for long.
var errBeingRemoved = errors.New("a collection of orphans is removing it now; the next poll tries again")

// mayName returns nil when a row may name the file. Otherwise the message has to wait, as for a locked row.
func (s attachmentState) mayName(one *storedFile) error {
	if s.removals[one.digest] {
		return &lockedError{err: fmt.Errorf("attachment file %x…: %w", one.digest[:4], errBeingRemoved)}
	}
	return nil
}
