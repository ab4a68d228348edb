package store

import (
	"time"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// senderMoment is a look-up of what a sender has opened, in the form in which it is compared. Its sentAt, the time of the
// message that asks, is in microseconds.
type senderMoment struct {
	address string
	sentAt  int64
	limit   processor.Limit
}

// openings says how many messages of a sender opened a request within a time, or would have without the limit.
type openings struct {
	count int   // up to the limit
	last  int64 // the request of the newest of them
}

// openedAt is one of these messages.
type openedAt struct {
	at      time.Time
	request int64
}

// moment returns the look-up for a key. Its address is "" if the sender is nobody whom the database can know.
func (f *findings) moment(key processor.SenderKey) senderMoment {
	return senderMoment{addressKey(key.Address), f.sentAt(key.Date).UnixMicro(), key.Limit}
}

// sentAt returns when a message with this Date was sent, as PostgreSQL keeps it.
func (f *findings) sentAt(date time.Time) time.Time { return sentAt(date, f.now) }

func sentAt(date, now time.Time) time.Time {
	at := processor.SentAt(date, now).Truncate(time.Microsecond)
	if storableDate(at) == nil {
		return now
	}
	return at
}

// openersQuery counts what senders have opened. The index receipt_sender holds all that it reads, in this order, and LIMIT
// ends the search at the limit: a loop may have made millions of receipts.
const openersQuery = `SELECT k.position, o.count, o.last FROM unnest($2::text[], $3::timestamptz[], $4::timestamptz[], $5::integer[])
			WITH ORDINALITY AS k (address, since, until, most, position)
		CROSS JOIN LATERAL (SELECT count(*), (array_agg(r.request_id ORDER BY r.sent_at DESC, r.request_id DESC))[1] AS last FROM (
			SELECT request_id, sent_at FROM receipt
			WHERE sender_team_id = $1 AND sender_address = k.address AND sent_at > k.since AND sent_at < k.until
			ORDER BY sent_at DESC, request_id DESC LIMIT k.most) AS r) AS o
		WHERE o.count > 0`

// queueOpeners queues the count of what senders have opened.
func (f *findings) queueOpeners(b *pgx.Batch, team int64, keys []processor.SenderKey) {
	var addresses []string
	var since, until []time.Time
	var most []int
	var moments []senderMoment
	for _, key := range keys {
		m := f.moment(key)
		if m.address == "" {
			continue
		}
		end := f.sentAt(key.Date)
		addresses, most, moments = append(addresses, m.address), append(most, key.Number), append(moments, m)
		since, until = append(since, end.Add(-key.Within)), append(until, end.Add(key.Within))
	}
	if len(moments) == 0 {
		return
	}
	b.Queue(openersQuery, team, addresses, since, until, most).
		Query(func(rows pgx.Rows) error {
			var position int
			var o openings
			_, err := pgx.ForEachRow(rows, []any{&position, &o.count, &o.last}, func() error {
				f.openers[moments[position-1]] = o
				return nil
			})
			return err
		})
}

// lastOpened returns the last request of each sender who has reached the limit: the message may be added to it.
func (f *findings) lastOpened() []int64 {
	var numbers []int64
	for moment, o := range f.openers {
		if o.count >= moment.limit.Number {
			numbers = append(numbers, o.last)
		}
	}
	return numbers
}

// OpenedBy implements processor.Directory. Messages of this batch count as if they were recorded.
func (d *directory) OpenedBy(key processor.SenderKey) (count int, last processor.Request, ok bool) {
	end := d.sentAt(key.Date)
	moment := d.moment(key)
	found := d.openers[moment]
	for _, o := range d.opened[moment.address] {
		if o.at.After(end.Add(-key.Within)) && o.at.Before(end.Add(key.Within)) {
			found.count, found.last = found.count+1, o.request
		}
	}
	last, ok = d.Request(found.last)
	return min(found.count, key.Number), last, ok
}

// opener is the sender of a message that opened a request, or would have without the limit.
type opener struct {
	address string // as it is compared
	sentAt  time.Time
}

// opener returns the sender of the record's message if the message counts for the limit. now is the time of the
// transaction.
func (r *record) opener(now time.Time) (o opener, ok bool) {
	if r.newMessage == nil || r.sender == nil {
		return opener{}, false
	}
	switch d := r.decision.(type) {
	case processor.OpenRequest:
	case processor.AddActivity:
		if d.Reason.Code != processor.ReasonLoop {
			return opener{}, false
		}
	default:
		return opener{}, false
	}
	o = opener{addressKey(r.sender.Address), sentAt(r.sender.Date, now)}
	return o, o.address != ""
}
