package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Trouble is an open problem with what its event says to people.
type Trouble struct {
	Problem
	Subject  string // of the event
	Text     string // of the event, or its beginning: what happened, and what to do
	Affected int    // how many mailboxes it affects now; Mailboxes has the first ones, with their names alone
}

const (
	// maxTroubleText is how many characters of an event's text a Trouble has.
	maxTroubleText = 6000
	// maxAffected is how many mailboxes a Trouble names.
	maxAffected = 20
)

// Troubles returns up to n open problems, the newest first: those older than the problem with the number before, or the newest of
// all for 0.
func (s *Store) Troubles(ctx context.Context, before int64, n int) ([]Trouble, error) {
	var problems []Problem
	var b pgx.Batch
	now := s.now()
	b.Queue(selectProblems+`p.closed_at IS NULL AND (p.id < $1 OR $1 = 0) ORDER BY p.id DESC LIMIT $2`, before, n).
		Query(func(rows pgx.Rows) (err error) {
			problems, err = scanProblems(rows, now)
			return err
		})
	if err := s.sendBrief(ctx, &b); err != nil {
		return nil, fmt.Errorf("open problems: %w", err)
	}
	troubles := make([]Trouble, len(problems))
	for i, p := range problems {
		troubles[i].Problem = p
	}
	if err := s.readTroubles(ctx, troubles); err != nil {
		return nil, fmt.Errorf("open problems: %w", err)
	}
	return troubles, nil
}

// readTroubles adds the texts of the events, and the mailboxes: also that of messages that were set aside.
func (s *Store) readTroubles(ctx context.Context, troubles []Trouble) error {
	index := map[int64]*Trouble{}
	var ids []int64
	for i := range troubles {
		index[troubles[i].ID] = &troubles[i]
		ids = append(ids, troubles[i].ID)
	}
	var id int64
	var b pgx.Batch
	b.Queue(`SELECT p.id, r.subject, left(r.body, $2) FROM problem AS p JOIN request AS r ON r.number = p.event_id WHERE p.id = ANY ($1)`,
		ids, maxTroubleText).Query(func(rows pgx.Rows) error {
		var subject, text string
		_, err := pgx.ForEachRow(rows, []any{&id, &subject, &text}, func() error {
			index[id].Subject, index[id].Text = subject, text
			return nil
		})
		return err
	})
	b.Queue(`SELECT problem_id, name, affected FROM (
			SELECT a.problem_id, m.name, count(*) OVER (PARTITION BY a.problem_id) AS affected,
				row_number() OVER (PARTITION BY a.problem_id ORDER BY lower(m.name)) AS place
			FROM (SELECT problem_id, mailbox_id FROM problem_mailbox WHERE problem_id = ANY ($1) AND recovered_at IS NULL
				UNION
				SELECT p.id, s.mailbox_id FROM problem AS p CROSS JOIN LATERAL (
					SELECT mailbox_id FROM set_aside WHERE event_id = p.event_id LIMIT 1) AS s -- all of an event are of one mailbox
				WHERE p.id = ANY ($1)) AS a
			JOIN mailbox AS m ON m.id = a.mailbox_id) AS affected
		WHERE place <= $2 ORDER BY problem_id, place`, ids, maxAffected).Query(func(rows pgx.Rows) error {
		var name string
		var affected int
		_, err := pgx.ForEachRow(rows, []any{&id, &name, &affected}, func() error {
			t := index[id]
			t.Affected, t.Mailboxes = affected, append(t.Mailboxes, ProblemMailbox{Mailbox: name})
			return nil
		})
		return err
	})
	return s.sendBrief(ctx, &b)
}
