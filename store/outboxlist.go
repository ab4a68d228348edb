package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// OutboxMail says how a mail of the outbox is. Its times are by the local clock.
type OutboxMail struct {
	ID        int64
	Mailbox   string // whose account sends the mail, "" for the account of the service
	Kind      processor.ReplyKind
	To        processor.Address
	Request   int64 // that the mail is about, 0 for none
	QueuedAt  time.Time
	DueAt     time.Time // when it is sent or tried again, zero if it waits no more
	GivenUpAt time.Time // zero if it was not given up
	StoppedAt time.Time // when it was stopped, because the address had got too many; zero if it was not
	Attempts  int
	LastError string
}

// WaitingMail returns up to n mails that wait or are being sent, the oldest first: those after the mail with the number after.
func (s *Store) WaitingMail(ctx context.Context, after int64, n int) ([]OutboxMail, error) {
	return s.listMail(ctx, `SELECT `+outboxMailColumns+` FROM outbox AS o LEFT JOIN mailbox AS m ON m.id = o.mailbox_id
		WHERE o.due_at IS NOT NULL AND o.id > $1 ORDER BY o.id LIMIT $2`, after, n)
}

// UnsentMail returns up to n mails that were given up or stopped, the newest first.
func (s *Store) UnsentMail(ctx context.Context, n int) ([]OutboxMail, error) {
	return s.listMail(ctx, `SELECT `+outboxMailColumns+` FROM outbox AS o LEFT JOIN mailbox AS m ON m.id = o.mailbox_id
		WHERE o.given_up_at IS NOT NULL OR o.stopped_at IS NOT NULL ORDER BY o.queued_at DESC, o.id DESC LIMIT $1`, n)
}

var outboxMailColumns = `o.id, coalesce(m.name, ''), o.kind, o.to_name, o.to_address, coalesce(o.request_id, 0), ` +
	fromNow("o.queued_at") + `, ` + fromNow("o.due_at") + `, ` + fromNow("o.given_up_at") + `, ` + fromNow("o.stopped_at") + `,
	o.attempts, o.last_error`

// listMail sends a query for mails.
func (s *Store) listMail(ctx context.Context, sql string, args ...any) (list []OutboxMail, err error) {
	now := s.now()
	var b pgx.Batch
	b.Queue(sql, args...).Query(func(rows pgx.Rows) (err error) {
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (m OutboxMail, err error) {
			var queued, due, givenUp, stopped *int64
			err = row.Scan(&m.ID, &m.Mailbox, &m.Kind, &m.To.Name, &m.To.Addr, &m.Request, &queued, &due, &givenUp, &stopped,
				&m.Attempts, &m.LastError)
			m.QueuedAt, m.DueAt = localTimeOrZero(now, queued), localTimeOrZero(now, due)
			m.GivenUpAt, m.StoppedAt = localTimeOrZero(now, givenUp), localTimeOrZero(now, stopped)
			return m, err
		})
		return err
	})
	if err := s.sendBrief(ctx, &b); err != nil {
		return nil, fmt.Errorf("list the outbox: %w", err)
	}
	return list, nil
}
