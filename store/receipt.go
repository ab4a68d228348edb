package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// acceptanceLock is the advisory lock that acceptances share and CollectOrphans takes alone, so that no file is
// removed between the look that finds it there and the commit of the row that names it.
const acceptanceLock = 0x6d61696c_61636370 // "mailaccp"

// arrival is a message of the batch that has no receipt yet.
type arrival struct {
	Delivery
	digest    [sha256.Size]byte
	positions []int // in the batch; more than one when the same octets were retrieved more than once
}

// meeting is a message of the batch that has a receipt.
type meeting struct {
	digest  [sha256.Size]byte
	uidl    string // the last one it was met under
	times   int
	outcome Outcome
}

// receipts locks the mailbox and finds the deliveries that have a receipt. Nobody else accepts for this mailbox from
// here to the end of the transaction, so what has no receipt now has none at the commit.
func (a *acceptance) receipts(ctx context.Context, batch []Delivery) (map[[sha256.Size]byte]*meeting, error) {
	digests := make([][]byte, len(batch))
	for i, d := range batch {
		digest := d.Raw.Digest()
		digests[i] = digest[:]
	}
	met := map[[sha256.Size]byte]*meeting{}
	var b pgx.Batch
	// A message is deleted from its mailbox once the commit was answered, so the answer must mean that it is on disk,
	// whatever the server's default is; and a large attachment may take longer than the server likes to wait.
	b.Queue(`SELECT pg_advisory_xact_lock_shared($1), set_config('idle_in_transaction_session_timeout', '0', true),
		set_config('lock_timeout', '10s', true),
		CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END`, acceptanceLock)
	b.Queue(`SELECT id FROM mailbox WHERE id = $1 FOR NO KEY UPDATE`, a.mailbox.ID).
		QueryRow(func(row pgx.Row) error {
			var id int64
			return row.Scan(&id)
		})
	// With = ANY, PostgreSQL may prefer to read all receipts of the mailbox as long as it has no statistics.
	b.Queue(`SELECT r.digest, r.outcome, r.request, r.activity FROM unnest($2::bytea[]) AS k (digest) CROSS JOIN LATERAL (
			SELECT digest, outcome, coalesce(request, 0) AS request, coalesce(activity_id, 0) AS activity FROM receipt
			WHERE mailbox_id = $1 AND digest = k.digest LIMIT 1) AS r`, a.mailbox.ID, digests).
		Query(func(rows pgx.Rows) error {
			var digest []byte
			var o Outcome
			_, err := pgx.ForEachRow(rows, []any{&digest, &o.Outcome, &o.Request, &o.Activity}, func() error {
				o.Known = true
				key := [sha256.Size]byte(digest)
				met[key] = &meeting{digest: key, outcome: o}
				return nil
			})
			return err
		})
	if err := a.tx.SendBatch(ctx, &b).Close(); err != nil {
		return nil, fmt.Errorf("receipts of mailbox %s: %w", a.mailbox.Name, err)
	}
	return met, nil
}

// arrivals gives the deliveries without a receipt, each digest once, and counts those that have one in met.
func (a *acceptance) arrivals(batch []Delivery, met map[[sha256.Size]byte]*meeting) []*arrival {
	var list []*arrival
	index := map[[sha256.Size]byte]*arrival{}
	for i, d := range batch {
		digest := d.Raw.Digest()
		if m, ok := met[digest]; ok {
			m.uidl = d.UIDL
			m.times++
			a.outcomes[i] = m.outcome
			continue
		}
		if first, ok := index[digest]; ok {
			first.UIDL = d.UIDL
			first.positions = append(first.positions, i)
			continue
		}
		if d.Message == nil {
			d.Message = &processor.Message{}
		}
		index[digest] = &arrival{Delivery: d, digest: digest, positions: []int{i}}
		list = append(list, index[digest])
	}
	return list
}

// maxUIDL is the length in octets up to which a unique-id is kept as it is. RFC 1939 §7 allows 70; the index on it
// takes no more than some 2,700.
const maxUIDL = 1000

// storableUIDL makes a unique-id storable so that two different ones stay different.
func storableUIDL(uidl string) string {
	if len(uidl) <= maxUIDL && clean(uidl) == uidl {
		return uidl
	}
	sum := sha256.Sum256([]byte(uidl))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// queueMeetings counts the messages that were met again.
func queueMeetings(b *pgx.Batch, mailbox int64, now time.Time, met map[[sha256.Size]byte]*meeting) {
	for _, m := range met {
		b.Queue(`UPDATE receipt SET uidl = coalesce(nullif($3, ''), uidl), last_seen_at = $4, times_seen = times_seen + $5
			WHERE mailbox_id = $1 AND digest = $2`, mailbox, m.digest[:], storableUIDL(m.uidl), now, m.times)
	}
}

// receiptRows are rows of the table receipt, column by column.
type receiptRows struct {
	digest                           [][]byte
	uidl, messageID, outcome, reason []string
	detail                           []string
	octets, request, activity        []int64
	rawKept                          []bool
	times                            []int
}

func (t *receiptRows) add(r *record) {
	t.digest = append(t.digest, r.digest[:])
	t.uidl = append(t.uidl, storableUIDL(r.UIDL))
	t.messageID = append(t.messageID, capped(r.Message.MessageID, maxMessageID))
	t.outcome = append(t.outcome, r.outcome())
	t.reason = append(t.reason, capped(string(r.decision.Why().Code), maxLine))
	t.detail = append(t.detail, r.untold())
	t.octets = append(t.octets, r.Raw.Size())
	t.request = append(t.request, r.request)
	t.activity = append(t.activity, r.activity)
	t.rawKept = append(t.rawKept, r.keepsRaw())
	t.times = append(t.times, len(r.positions))
}

func (t *receiptRows) queue(b *pgx.Batch, mailbox int64, now time.Time) {
	if len(t.digest) == 0 {
		return
	}
	b.Queue(`INSERT INTO receipt (mailbox_id, digest, uidl, message_id, octets, outcome, reason, request, activity_id,
			raw_kept, accepted_at, last_seen_at, times_seen, detail)
		SELECT $1, r.digest, r.uidl, r.message_id, r.octets, r.outcome, r.reason, nullif(r.request, 0),
			nullif(r.activity, 0), r.raw_kept, $2, $2, r.times, r.detail
		FROM unnest($3::bytea[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::bigint[],
			$10::bigint[], $11::boolean[], $12::integer[], $13::text[])
			AS r (digest, uidl, message_id, octets, outcome, reason, request, activity, raw_kept, times, detail)`,
		mailbox, now, t.digest, t.uidl, t.messageID, t.octets, t.outcome, t.reason, t.request, t.activity, t.rawKept, t.times, t.detail)
}

// untold is why the message became nothing, which no history tells.
func (r *record) untold() string {
	if r.opens != nil || r.adds != nil {
		return ""
	}
	return capped(r.decision.Why().Detail, maxDetail)
}
