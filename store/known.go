package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Known is what the receipts say of a unique-id.
type Known struct {
	UIDL       string
	Octets     int64 // of the message that was accepted under it last
	Listed     int64 // its octets as LIST said, 0 when they are not known
	AcceptedAt time.Time
	IsListed   bool // the last listing had it too; otherwise it may have returned with another message
}

// Known returns what is known of the unique-ids under which messages of a mailbox were met last. RFC 1939 §7 lets a
// unique-id return once its message is gone: a message may be left where it is for what Known says, never deleted. uidls
// are all that the listing has: their receipts are noted as seen, so that PurgeReceipts keeps them, and the others as gone.
func (s *Store) Known(ctx context.Context, mb Mailbox, uidls []string) (map[string]Known, error) {
	stored := make([]string, len(uidls))
	original := make(map[string]string, len(uidls))
	for i, uidl := range uidls {
		stored[i] = storableUIDL(uidl)
		original[stored[i]] = uidl
	}
	known := map[string]Known{}
	var b pgx.Batch
	// Once a day is enough.
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
		return nil, fmt.Errorf("known unique-ids of mailbox %s: %w", mb.Name, err)
	}
	return known, nil
}
