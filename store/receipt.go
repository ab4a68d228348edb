package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// newMessage is a message of the batch that has no receipt yet.
type newMessage struct {
	Delivery
	digest    [sha256.Size]byte
	positions []int // in the batch; more than one when the same octets were retrieved more than once

	sender *processor.SenderKey // asks what its sender has opened; nil if nobody limits that
}

// knownMessage is a message of the batch that has a receipt.
type knownMessage struct {
	digest  [sha256.Size]byte
	uidl    string // of its last delivery
	listed  int64
	body    []byte
	times   int
	outcome Outcome
}

// receipts locks the mailbox and returns the deliveries that have a receipt. Nobody else accepts for this mailbox from
// here to the end of the transaction, so a message without a receipt now has none at the commit either.
func (a *acceptance) receipts(ctx context.Context, batch []Delivery) (map[[sha256.Size]byte]*knownMessage, error) {
	digests := make([][]byte, len(batch))
	for i, d := range batch {
		digest := d.Raw.Digest()
		digests[i] = digest[:]
	}
	met := map[[sha256.Size]byte]*knownMessage{}
	var b pgx.Batch
	queueAcceptanceLock(&b)
	b.Queue(`SELECT id FROM mailbox WHERE id = $1 FOR NO KEY UPDATE`, a.mailbox.ID).
		QueryRow(func(row pgx.Row) error {
			var id int64
			return mailboxGone(row.Scan(&id))
		})
	a.attachments.queue(&b)
	if a.impatient {
		b.Queue(`SELECT set_config('lock_timeout', $1, true)`, milliseconds(a.store.briefLockTime))
	}
	// With = ANY, PostgreSQL may prefer to read all receipts of the mailbox as long as it has no statistics.
	b.Queue(`SELECT k.digest, r.* FROM unnest($2::bytea[]) AS k (digest) CROSS JOIN LATERAL (
			SELECT `+metColumns+` FROM receipt WHERE mailbox_id = $1 AND digest = k.digest LIMIT 1) AS r`, a.mailbox.ID, digests).
		Query(scanKnown(met))
	a.queueAltered(&b, batch, met)
	if err := a.tx.SendBatch(ctx, &b).Close(); err != nil {
		if isLockTimeout(err) {
			err = &lockedError{err: err, ofAcceptor: true}
		}
		return nil, fmt.Errorf("receipts of mailbox %s: %w", a.mailbox.Name, err)
	}
	return met, nil
}

// mailboxGone turns the absence of a mailbox's row into a referenceError.
func mailboxGone(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return &referenceError{errors.New("the row of the mailbox")}
	}
	return err
}

// metColumns are the columns of a receipt that scanKnown reads.
const metColumns = `digest, outcome, coalesce(request_id, 0), coalesce(activity_id, 0), accepted_at`

// scanKnown returns a function that reads digests of deliveries, each with the receipt that the delivery is known by,
// into met. It does not replace an entry of met.
func scanKnown(met map[[sha256.Size]byte]*knownMessage) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		var delivery, receipt []byte
		o := Outcome{Known: true}
		_, err := pgx.ForEachRow(rows, []any{&delivery, &receipt, &o.Result, &o.Request, &o.Activity, &o.AcceptedAt}, func() error {
			if key := [sha256.Size]byte(delivery); met[key] == nil {
				met[key] = &knownMessage{digest: [sha256.Size]byte(receipt), outcome: o}
			}
			return nil
		})
		return err
	}
}

// queueAltered queues the search for deliveries whose header fields the server has changed since they were accepted,
// for instance because it scanned its mail again. Such a delivery has the unique-id, the Message-ID and the octets
// after the header section of a receipt. All three must match: RFC 1939 §7 lets a unique-id return with another
// message; without the Message-ID, two alerts with the same text would be one message; without the body, so would a
// draft and its second version.
func (a *acceptance) queueAltered(b *pgx.Batch, batch []Delivery, met map[[sha256.Size]byte]*knownMessage) {
	var digests, bodies [][]byte
	var uidls, ids []string
	for _, d := range batch {
		if d.Body == nil || d.UIDL == "" || d.Message == nil || d.Message.MessageID == "" {
			continue
		}
		digest := d.Raw.Digest()
		digests, bodies = append(digests, digest[:]), append(bodies, d.Body)
		uidls, ids = append(uidls, storableUIDL(d.UIDL)), append(ids, capped(d.Message.MessageID, maxMessageID))
	}
	if len(digests) == 0 {
		return
	}
	b.Queue(`SELECT k.digest, r.* FROM unnest($2::bytea[], $3::text[], $4::text[], $5::bytea[]) AS k (digest, uidl, message_id, body)
		CROSS JOIN LATERAL (SELECT `+metColumns+` FROM receipt
			WHERE mailbox_id = $1 AND uidl = k.uidl AND message_id = k.message_id AND body_digest = k.body
			ORDER BY last_seen_at DESC LIMIT 1) AS r`, a.mailbox.ID, digests, uidls, ids, bodies).
		Query(scanKnown(met))
}

// newMessages returns the deliveries without a receipt, each digest once. It counts the others in met and sets their
// outcomes.
func (a *acceptance) newMessages(batch []Delivery, met map[[sha256.Size]byte]*knownMessage) []*newMessage {
	var list []*newMessage
	index := map[[sha256.Size]byte]*newMessage{}
	for i, d := range batch {
		digest := d.Raw.Digest()
		if m, ok := met[digest]; ok {
			m.note(d)
			a.outcomes[i] = m.outcome
			continue
		}
		if first, ok := index[digest]; ok {
			first.UIDL, first.Listed = d.UIDL, d.Listed
			first.positions = append(first.positions, i)
			continue
		}
		if d.Message == nil {
			d.Message = &processor.Message{}
		}
		index[digest] = &newMessage{Delivery: d, digest: digest, positions: []int{i}}
		list = append(list, index[digest])
	}
	return list
}

// note counts d as another delivery of the message.
func (m *knownMessage) note(d Delivery) {
	m.uidl, m.listed, m.body = d.UIDL, d.Listed, d.Body
	m.times++
}

// maxUIDL is the length in octets up to which a unique-id is kept as it is. RFC 1939 §7 allows 70; the index on it
// takes no more than some 2,700.
const maxUIDL = 1000

// storableUIDL returns a unique-id in a form that the database can keep. Different unique-ids have different forms.
func storableUIDL(uidl string) string {
	if len(uidl) <= maxUIDL && clean(uidl) == uidl {
		return uidl
	}
	sum := sha256.Sum256([]byte(uidl))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// queueSightings queues the updates of the receipts whose messages were delivered again. Here and below, last_seen_at
// has the time of the database's clock, by which PurgeReceipts removes receipts.
func queueSightings(b *pgx.Batch, mailbox int64, met map[[sha256.Size]byte]*knownMessage) {
	for _, m := range met {
		b.Queue(`UPDATE receipt SET uidl = coalesce(nullif($3, ''), uidl), listed = coalesce(nullif($4::bigint, 0), listed),
				body_digest = coalesce(body_digest, $5), is_listed = $5::bytea IS NOT NULL, last_seen_at = now(), times_seen = times_seen + $6
			WHERE mailbox_id = $1 AND digest = $2`, mailbox, m.digest[:], storableUIDL(m.uidl), m.listed, m.body, m.times)
	}
}

// receiptRows are rows of the table receipt, column by column.
type receiptRows struct {
	digest, body                     [][]byte
	uidl, messageID, outcome, reason []string
	detail                           []string
	octets, listed                   []int64
	request, activity                []int64
	rawKept                          []bool
	times                            []int
	sender                           []string
	sentAt                           []*time.Time
	deliveredTo                      string // the address of the newest message that says to which it was delivered
	senderKey                        []int64
	fromName, fromAddress, subject   []*string
}

func (t *receiptRows) add(r *record, now time.Time) {
	s, _ := r.opener(now)
	t.sender = append(t.sender, s.address)
	t.sentAt = append(t.sentAt, storableDate(s.sentAt))
	t.digest = append(t.digest, r.digest[:])
	t.uidl = append(t.uidl, storableUIDL(r.UIDL))
	t.messageID = append(t.messageID, capped(r.Message.MessageID, maxMessageID))
	t.outcome = append(t.outcome, r.outcome())
	t.reason = append(t.reason, capped(string(r.decision.Why().Code), maxLine))
	t.detail = append(t.detail, r.detail())
	t.octets = append(t.octets, r.Raw.Size())
	t.listed = append(t.listed, max(r.Listed, 0))
	t.body = append(t.body, r.Body)
	t.request = append(t.request, r.request)
	t.activity = append(t.activity, r.activity)
	t.rawKept = append(t.rawKept, r.keepsRaw())
	t.times = append(t.times, len(r.positions))
	t.deliveredTo = cmp.Or(deliveredTo(r.Message), t.deliveredTo)
	t.addHeader(r)
}

// addHeader adds what people look for a message by. Only a message that was refused or ignored keeps sender and subject here.
func (t *receiptRows) addHeader(r *record) {
	t.senderKey = append(t.senderKey, senderKey(r.Message.From.Addr))
	var name, address, about *string
	if o := r.outcome(); o == Refused || o == Ignored {
		name, address = new(capped(r.Message.From.Name, maxLine)), new(capped(r.Message.From.Addr, maxLine))
		about = new(subject(r.Message.Subject))
	}
	t.fromName, t.fromAddress, t.subject = append(t.fromName, name), append(t.fromAddress, address), append(t.subject, about)
}

func (t *receiptRows) queue(b *pgx.Batch, mailbox, team int64, now time.Time) {
	if len(t.digest) == 0 {
		return
	}
	b.Queue(`INSERT INTO receipt (mailbox_id, digest, uidl, message_id, octets, outcome, reason, request_id, activity_id,
			raw_kept, accepted_at, last_seen_at, times_seen, detail, listed, body_digest, is_listed,
			sender_team_id, sender_address, sent_at, sender_key, from_name, from_address, subject)
		SELECT $1, r.digest, r.uidl, r.message_id, r.octets, r.outcome, r.reason, nullif(r.request_id, 0),
			nullif(r.activity, 0), r.raw_kept, $2, now(), r.times, r.detail, r.listed, r.body, r.body IS NOT NULL,
			CASE WHEN r.sender <> '' THEN $16::bigint END, nullif(r.sender, ''), r.sent_at, r.sender_key, r.from_name, r.from_address,
			r.subject
		FROM unnest($3::bytea[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::bigint[],
			$10::bigint[], $11::boolean[], $12::integer[], $13::text[], $14::bigint[], $15::bytea[], $17::text[], $18::timestamptz[],
			$19::bigint[], $20::text[], $21::text[], $22::text[])
			AS r (digest, uidl, message_id, octets, outcome, reason, request_id, activity, raw_kept, times, detail, listed, body,
				sender, sent_at, sender_key, from_name, from_address, subject)`,
		mailbox, now, t.digest, t.uidl, t.messageID, t.octets, t.outcome, t.reason, t.request, t.activity, t.rawKept, t.times,
		t.detail, t.listed, t.body, team, t.sender, t.sentAt, t.senderKey, t.fromName, t.fromAddress, t.subject)
	b.Queue(noteMail, mailbox, slices.ContainsFunc(t.outcome, func(o string) bool { return o != SetAside }), t.deliveredTo, team)
}

// deliveredTo returns the address to which our mail server delivered a message, "" if it does not say. It says so only above
// the Received that it wrote itself: without one, the field may be the sender's.
func deliveredTo(m *processor.Message) string {
	if !m.Header.Has("Received") {
		return ""
	}
	return capped(m.DeliveredTo(), maxLine)
}

// detail returns the details of the decision for a message that was refused or ignored, because no history has them, and ""
// for the others.
func (r *record) detail() string {
	if r.opens != nil || r.adds != nil || r.aside != nil {
		return ""
	}
	return capped(r.decision.Why().Detail(), maxDetail)
}
