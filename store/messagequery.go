package store

import (
	"fmt"
	"strings"
)

// messageQuery is the query of one page of messages. Its sources lead to receipts, newest first.
type messageQuery struct{ search }

// newMessageQuery returns the query for a filter. mailbox is the identity of its Mailbox, 0 for none; sender is its Sender.
func newMessageQuery(f MessageFilter, mailbox int64, sender soughtSender) (*messageQuery, error) {
	q := &messageQuery{}
	if err := q.chooseSources(f, mailbox, sender); err != nil {
		return nil, err
	}
	if !f.Since.IsZero() {
		q.within = append(q.within, "r.accepted_at >= "+q.arg(f.Since))
	}
	if !f.Until.IsZero() {
		q.within = append(q.within, "r.accepted_at < "+q.arg(f.Until))
	}
	if c := f.Before; c != nil {
		at := q.arg(c.at)
		q.within = append(q.within, "r.accepted_at <= "+at,
			fmt.Sprintf("(r.accepted_at, r.mailbox_id, r.digest) < (%s, %s, %s)", at, q.arg(c.mailbox), q.arg(c.digest[:])))
	}
	if sender.text != "" && !sender.isAddress {
		part := q.arg(pattern(sender.text))
		q.conditions = append(q.conditions, fmt.Sprintf("(%s ILIKE %s OR %s ILIKE %[2]s)", columnFromName, part, columnFromAddress))
	}
	if f.Subject != "" {
		q.conditions = append(q.conditions, columnSubject+" ILIKE "+q.arg(pattern(f.Subject)))
	}
	return q, nil
}

// pattern returns the pattern of LIKE for texts that contain a part.
func pattern(part string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(clean(part)) + "%"
}

// unrecorded lists the outcomes whose receipts are few in most databases. They have indexes of their own, with this condition.
const unrecorded = `('refused', 'ignored', 'set_aside')`

// chooseSources makes the condition of the filter that likely has the fewest receipts the source, and the others conditions.
func (q *messageQuery) chooseSources(f MessageFilter, mailbox int64, sender soughtSender) error {
	if f.Request != 0 {
		q.choose("r.request_id", "ARRAY["+q.arg(f.Request)+"::bigint]", "")
	}
	if f.MessageID != "" {
		q.chooseMessageID(strings.Trim(strings.TrimSpace(f.MessageID), "<>"))
	}
	if sender.isAddress {
		q.chooseSender(sender.text)
	}
	if f.Outcome == SetAside {
		q.choose("r.outcome", "'{set_aside}'", "k.outcome = 'set_aside'")
	}
	if mailbox != 0 {
		id := q.arg(mailbox)
		q.choose("(- r.mailbox_id)", "ARRAY[- "+id+"::bigint]", "k.mailbox_id = "+id)
	}
	switch f.Outcome { // the text is one of ours, so that PostgreSQL sees which index has it
	case "", SetAside:
	case Refused, Ignored:
		q.choose("r.outcome", "'{"+f.Outcome+"}'", "k.outcome = '"+f.Outcome+"'")
	case Opened, Added:
		q.conditions = append(q.conditions, "k.outcome = '"+f.Outcome+"'")
	default:
		return fmt.Errorf("%q %w", f.Outcome, ErrOutcome)
	}
	if q.sources == nil {
		q.sources = []source{{from: fromReceipts + "true"}}
	}
	return nil
}

// fromReceipts begins a source.
const fromReceipts = "receipt AS r WHERE "

// choose makes the receipts with a value in a column the source if there is none yet. Otherwise the same condition is checked on what
// the source finds.
func (q *messageQuery) choose(column, values, condition string) {
	if q.sources == nil {
		q.sources = []source{only(fromReceipts, column, values)}
	} else {
		q.conditions = append(q.conditions, condition)
	}
}

// chooseMessageID looks for a Message-ID: receipts of messages that are in no request have an index of it, and thread leads to
// the requests of the others.
func (q *messageQuery) chooseMessageID(id string) {
	given := q.arg(capped(id, maxMessageID))
	if q.sources != nil {
		q.conditions = append(q.conditions, "k.message_id = "+given)
		return
	}
	q.sources = []source{
		only(fromReceipts+"r.outcome IN "+unrecorded+" AND ", "r.message_id", "ARRAY["+given+"]"),
		{from: "(SELECT DISTINCT request_id FROM thread WHERE message_id = " + given + " AND via <> '" + viaReferenced + "') AS t CROSS JOIN LATERAL (" +
			"SELECT " + receiptColumns + " FROM receipt AS r WHERE r.request_id = t.request_id AND r.message_id = " + given + " OFFSET 0) AS r" +
			" WHERE r.outcome NOT IN " + unrecorded},
	}
}

// chooseSender looks for an address. Receipts of older versions have no key; their addresses are compared.
func (q *messageQuery) chooseSender(address string) {
	key, same := q.arg(senderKey(address)), q.arg(addressKey(address))
	if q.sources == nil {
		q.sources = []source{
			only(fromReceipts, "r.sender_key", "ARRAY["+key+"::bigint]"),
			{from: fromReceipts + "r.sender_key IS NULL", first: "r.sender_key DESC, "}, // see only
		}
	}
	q.conditions = append(q.conditions, fmt.Sprintf("(k.sender_key = %s OR k.sender_key IS NULL AND lower(%s) = %s)", key, columnFromAddress, same))
}

// Sender and subject of a message are where it was recorded.
const (
	columnFromName    = "coalesce(q.sender_name, a.sender_name, s.sender_name, k.from_name, '')"
	columnFromAddress = "coalesce(q.sender_address, a.sender_address, s.sender_address, k.from_address, '')"
	columnSubject     = "coalesce(q.subject, a.subject, s.subject, k.subject, '')"
)

// messageColumns are the columns that scanMessage reads after the first two. With OFFSET 0, PostgreSQL looks for the file by its digest:
// a request may have very many files.
const messageColumns = `k.mailbox_id, (SELECT name FROM mailbox WHERE id = k.mailbox_id), k.digest, k.accepted_at, k.outcome, k.reason,
	coalesce(s.detail, k.detail), k.request_id, k.activity_id, s.id, k.outcome NOT IN ('refused', 'ignored') OR k.subject IS NOT NULL, ` +
	columnFromName + `, ` + columnFromAddress + `, ` + columnSubject + `, k.message_id, k.octets, k.times_seen,
	k.raw_kept OR EXISTS (SELECT FROM (SELECT request_id, raw FROM attachment WHERE sha256 = k.digest OFFSET 0) AS f
		WHERE f.request_id = k.request_id AND f.raw)`

// messageRecords join the receipts k with what they became. With OFFSET 0, PostgreSQL looks up the rows of each receipt in turn
// and ends with the page.
const messageRecords = `
	LEFT JOIN LATERAL (SELECT sender_name, sender_address, subject FROM request
		WHERE number = k.request_id AND k.outcome = 'opened' OFFSET 0) AS q ON true
	LEFT JOIN LATERAL (SELECT sender_name, sender_address, subject FROM activity WHERE id = k.activity_id OFFSET 0) AS a ON true
	LEFT JOIN LATERAL (SELECT id, sender_name, sender_address, subject, detail FROM set_aside
		WHERE mailbox_id = k.mailbox_id AND digest = k.digest AND k.outcome = 'set_aside' OFFSET 0) AS s ON true`

const newestFirst = `accepted_at DESC, mailbox_id DESC, digest DESC`

// receiptColumns are the columns of the receipts that messageColumns and the conditions name.
const receiptColumns = `r.mailbox_id, r.digest, r.accepted_at, r.outcome, r.reason, r.detail, r.request_id, r.activity_id, r.message_id,
	r.octets, r.times_seen, r.raw_kept, r.sender_key, r.from_name, r.from_address, r.subject`

// messageListing lists messages as scanMessage reads them.
var messageListing = listing{examined: receiptColumns, columns: messageColumns, joins: messageRecords, order: newestFirst}

// sql returns the text of the query for a page. Without conditions, all that it examines matches.
func (q *messageQuery) sql(limit int) string {
	if len(q.conditions) == 0 {
		return q.page(messageListing, limit, limit)
	}
	return q.page(messageListing, maxExamined, limit)
}
