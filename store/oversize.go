package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// HasOversize reports whether a message that is too large to retrieve has a receipt with its unique-id and its size as
// LIST says. It notes the receipt as seen, so that PurgeReceipts keeps it as long as the message is in its mailbox.
func (s *Store) HasOversize(ctx context.Context, mb Mailbox, uidl string, octets int64) (bool, error) {
	var has bool
	var b pgx.Batch
	args := []any{mb.ID, storableUIDL(uidl), octets, string(processor.ReasonTooLarge)}
	b.Queue(`UPDATE receipt SET last_seen_at = now() WHERE mailbox_id = $1 AND uidl = $2 AND listed = $3 AND reason = $4
		AND last_seen_at < now() - interval '1 day'`, args...)
	b.Queue(`SELECT EXISTS (SELECT FROM receipt WHERE mailbox_id = $1 AND uidl = $2 AND listed = $3 AND reason = $4)`, args...).
		QueryRow(func(row pgx.Row) error { return row.Scan(&has) })
	if err := s.sendBrief(ctx, &b); err != nil {
		return false, fmt.Errorf("look up a message of mailbox %s that is too large: %w", mb.Name, err)
	}
	return has, nil
}
