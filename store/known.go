package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Known describes the message that was last seen under a unique-id, by its receipt.
type Known struct {
	UIDL       string
	Octets     int64
	Listed     int64 // octets as LIST said, 0 if unknown
	AcceptedAt time.Time
	IsListed   bool // the last listing had the unique-id too; otherwise it may have returned with another message
}

// Known returns, by unique-id, the messages of a mailbox that were last seen under uidls. RFC 1939 §7 lets a unique-id
// return once its message is gone, so the caller may leave a message on the server because of Known, but never delete
// it. uidls must be the whole listing: Known notes the receipts of these unique-ids as seen, so that PurgeReceipts
// keeps them, and all others as gone.
func (s *Store) Known(ctx context.Context, mb Mailbox, uidls []string) (map[string]Known, error) {
	stored := make([]string, len(uidls))
	original := make(map[string]string, len(uidls))
	for i, uidl := range uidls {
		stored[i] = storableUIDL(uidl)
		original[stored[i]] = uidl
	}
	known := map[string]Known{}
	var b pgx.Batch
	// PurgeReceipts needs last_seen_at only to the day.
	b.Queue(`UPDATE receipt SET last_seen_at = now()
		WHERE mailbox_id = $1 AND uidl = ANY($2) AND uidl <> '' AND last_seen_at < now() - interval '1 day'`, mb.ID, stored)
	b.Queue(`SELECT r.uidl, r.octets, r.listed, r.accepted_at, r.is_listed FROM unnest($2::text[]) AS k (uidl) CROSS JOIN LATERAL (
			SELECT uidl, octets, listed, accepted_at, is_listed FROM receipt
			WHERE mailbox_id = $1 AND uidl = k.uidl AND uidl <> '' ORDER BY last_seen_at DESC, accepted_at DESC LIMIT 1) AS r`, mb.ID, stored).
		Query(func(rows pgx.Rows) error {
			list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Known])
			for _, k := range list {
				k.UIDL = original[k.UIDL]
				known[k.UIDL] = k
			}
			return err
		})
	b.Queue(`UPDATE receipt SET is_listed = false WHERE mailbox_id = $1 AND is_listed AND NOT uidl = ANY($2)`, mb.ID, stored)
	if err := s.sendBrief(ctx, &b); err != nil {
		return nil, fmt.Errorf("look up the unique-ids of mailbox %s: %w", mb.Name, err)
	}
	return known, nil
}
