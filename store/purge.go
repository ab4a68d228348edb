package store

import (
	"context"
	"fmt"
	"time"
)

// purgeBatch is how many receipts are removed in one transaction, so that no acceptance waits long.
const purgeBatch = 500

// PurgeReceipts removes the receipts of messages that were not met in their mailbox for olderThan, in small
// transactions, and returns how many. A message that comes back after that is recorded again. What was set aside keeps
// its receipt; what was refused or ignored loses its raw octets with it, at the next CollectOrphans.
func (s *Store) PurgeReceipts(ctx context.Context, olderThan time.Duration) (n int, err error) {
	before := s.now().Add(-olderThan)
	for {
		tag, err := s.pool.Exec(ctx, `DELETE FROM receipt AS r USING (
				SELECT mailbox_id, digest FROM receipt
				WHERE last_seen_at < $1 AND outcome <> 'set_aside' LIMIT $2 FOR UPDATE SKIP LOCKED) AS old
			WHERE r.mailbox_id = old.mailbox_id AND r.digest = old.digest`, before, purgeBatch)
		if err != nil {
			return n, fmt.Errorf("purge receipts: %w", unavailable(ctx, err))
		}
		n += int(tag.RowsAffected())
		if tag.RowsAffected() < purgeBatch {
			return n, nil
		}
	}
}
