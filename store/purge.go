package store

import (
	"context"
	"fmt"
	"time"
)

// MaxPurgedReceipts is how many receipts one call of PurgeReceipts removes at most; the next call goes on.
const MaxPurgedReceipts = 10_000

// purgeBatch is how many receipts one transaction removes; few, so that no acceptance waits long.
const purgeBatch = 500

// PurgeReceipts removes the receipts of messages that no poll has seen in their mailbox for olderThan, by the clock of
// the database, in small transactions and up to MaxPurgedReceipts. It returns how many. A message that comes back after
// that is recorded again. A message that was set aside, or that the server still lists, keeps its receipt. The raw
// octets of refused and ignored messages go with their receipts, at the next CollectOrphans.
func (s *Store) PurgeReceipts(ctx context.Context, olderThan time.Duration) (n int, err error) {
	for n < MaxPurgedReceipts {
		tag, err := s.pool.Exec(ctx, `DELETE FROM receipt AS r USING (
				SELECT mailbox_id, digest FROM receipt
				WHERE last_seen_at < now() - $1::interval AND outcome <> 'set_aside' AND NOT is_listed LIMIT $2 FOR UPDATE SKIP LOCKED) AS old
			WHERE r.mailbox_id = old.mailbox_id AND r.digest = old.digest`, olderThan, purgeBatch)
		if err != nil {
			return n, fmt.Errorf("purge receipts: %w", unavailable(ctx, err))
		}
		n += int(tag.RowsAffected())
		if tag.RowsAffected() < purgeBatch {
			break
		}
	}
	return n, nil
}
