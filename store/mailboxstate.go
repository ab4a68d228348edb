package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// MailboxState holds what the database knows about a mailbox. Its times are by the local clock and nil if unknown.
type MailboxState struct {
	Name         string
	Holder       *Holder    // the daemon that polls it; it has died if LeaseUntil has passed
	LeaseUntil   *time.Time // nil if nobody polls it
	DueAt        *time.Time // of the next poll
	PolledAt     *time.Time // end of the last poll that was reported
	SucceededAt  *time.Time // end of the last poll that went well
	RecordedAt   *time.Time // when a message was recorded last
	ProblemSince *time.Time
	Backlog      int    // messages that the last poll left on the server without recording them
	Problem      string // of the last poll, for a person; "" for none
	Cause        string // class of the problem
}

// DaemonState holds what the database knows about a daemon. Its times are by the local clock.
type DaemonState struct {
	Holder
	Once       bool // it polls its mailboxes once and ends
	StartedAt  time.Time
	AliveUntil time.Time // in the past if the daemon has died
	Mailboxes  int       // that it polls
}

// MailboxStates returns the states of all mailboxes that the database has, in the order of their names.
func (s *Store) MailboxStates(ctx context.Context) ([]MailboxState, error) {
	var states []MailboxState
	now := s.now()
	err := s.read(ctx, `SELECT m.name, d.id::text, d.host, d.process, d.version,
			`+fromNow("d.alive_until")+`, `+fromNow("l.due_at")+`, `+fromNow("l.polled_at")+`, `+fromNow("l.succeeded_at")+`,
			`+fromNow("m.recorded_at")+`, `+fromNow("l.problem_since")+`, coalesce(l.backlog, 0), coalesce(l.problem, ''), coalesce(l.cause, '')
		FROM mailbox AS m LEFT JOIN lease AS l ON l.mailbox_id = m.id LEFT JOIN daemon AS d ON d.id = l.holder_id
		ORDER BY lower(m.name)`, func(rows pgx.Rows) (err error) {
		states, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (m MailboxState, err error) {
			var id, host, version *string
			var process *int
			var until, due, polled, succeeded, recorded, problem *int64
			err = row.Scan(&m.Name, &id, &host, &process, &version, &until, &due, &polled, &succeeded, &recorded, &problem,
				&m.Backlog, &m.Problem, &m.Cause)
			if id != nil {
				m.Holder = &Holder{ID: *id, Host: *host, Process: *process, Version: *version}
			}
			m.LeaseUntil, m.DueAt, m.PolledAt = localTime(now, until), localTime(now, due), localTime(now, polled)
			m.SucceededAt, m.RecordedAt, m.ProblemSince = localTime(now, succeeded), localTime(now, recorded), localTime(now, problem)
			return m, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("states of the mailboxes: %w", err)
	}
	return states, nil
}

// DaemonStates returns the states of the daemons that are alive, and of those that died within the last day or that hold
// leases which no other daemon has taken. The oldest comes first.
func (s *Store) DaemonStates(ctx context.Context) ([]DaemonState, error) {
	var states []DaemonState
	now := s.now()
	err := s.read(ctx, `SELECT id::text, host, process, version, is_single_run, `+fromNow("started_at")+`, `+fromNow("alive_until")+`,
			(SELECT count(*) FROM lease WHERE holder_id = daemon.id)
		FROM daemon ORDER BY started_at, id`, func(rows pgx.Rows) (err error) {
		states, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (d DaemonState, err error) {
			var started, until int64
			err = row.Scan(&d.ID, &d.Host, &d.Process, &d.Version, &d.Once, &started, &until, &d.Mailboxes)
			d.StartedAt, d.AliveUntil = *localTime(now, &started), *localTime(now, &until)
			return d, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("states of the daemons: %w", err)
	}
	return states, nil
}

// read sends one query.
func (s *Store) read(ctx context.Context, sql string, scan func(pgx.Rows) error) error {
	var b pgx.Batch
	b.Queue(sql).Query(scan)
	return s.sendBrief(ctx, &b)
}

// localTime returns the local time that is so many milliseconds from now, nil for nil.
func localTime(now time.Time, ms *int64) *time.Time {
	if ms == nil {
		return nil
	}
	t := now.Add(time.Duration(*ms) * time.Millisecond)
	return &t
}
