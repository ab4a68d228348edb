package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Day counts the messages that were accepted within the last 24 hours.
type Day struct {
	Mailboxes map[string]*[24]int // by the name of the mailbox; index 0 counts the last hour, 1 the hour before
	Hours     int                 // how many hours are counted whole: fewer than 24 if there were more than maxDay messages
}

// maxDay limits how many receipts Day reads, so that it costs the same however many there are.
const maxDay = 50_000

// Day counts the newest messages by mailbox and hour, with the index of the receipts by time.
func (s *Store) Day(ctx context.Context) (Day, error) {
	return s.day(ctx, maxDay)
}

// day counts at most so many messages.
func (s *Store) day(ctx context.Context, most int) (Day, error) {
	d := Day{Mailboxes: map[string]*[24]int{}, Hours: 24}
	var b pgx.Batch
	b.Queue(`SELECT m.name, c.hour, c.messages FROM (
			SELECT mailbox_id, least(greatest(floor(date_part('epoch', now() - accepted_at) / 3600), 0), 23)::integer AS hour, count(*) AS messages
			FROM (SELECT mailbox_id, accepted_at FROM receipt WHERE accepted_at > now() - interval '24 hours'
				ORDER BY accepted_at DESC LIMIT $1) AS newest
			GROUP BY mailbox_id, hour) AS c
		JOIN mailbox AS m ON m.id = c.mailbox_id`, most).Query(func(rows pgx.Rows) error {
		var name string
		var hour, messages, all, oldest int
		_, err := pgx.ForEachRow(rows, []any{&name, &hour, &messages}, func() error {
			if d.Mailboxes[name] == nil {
				d.Mailboxes[name] = &[24]int{}
			}
			d.Mailboxes[name][hour] += messages
			all, oldest = all+messages, max(oldest, hour)
			return nil
		})
		if all == most {
			d.Hours = oldest
		}
		return err
	})
	if err := s.sendBrief(ctx, &b); err != nil {
		return Day{}, fmt.Errorf("messages of the day: %w", err)
	}
	return d, nil
}
