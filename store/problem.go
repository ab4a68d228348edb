package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// ProblemKind is the kind of a trouble that a daemon opens an event for.
type ProblemKind string

// The kinds of problems. The words are stable.
const (
	ProblemUnreachable         ProblemKind = "unreachable"          // a mail server cannot be reached
	ProblemLogin               ProblemKind = "login"                // a mail server refuses the log-in
	ProblemToken               ProblemKind = "token"                // no access token can be obtained
	ProblemCertificate         ProblemKind = "certificate"          // a certificate is not valid, or will soon not be
	ProblemProtocol            ProblemKind = "protocol"             // a mail server has trouble of its own, or breaks the protocol
	ProblemLoginDelay          ProblemKind = "login_delay"          // a mail server wants more time between log-ins
	ProblemConfiguration       ProblemKind = "configuration"        // a mistake in a file, or a name that the database does not have
	ProblemAttachmentDirectory ProblemKind = "attachment_directory" // files cannot be kept
	ProblemDisk                ProblemKind = "disk"                 // a disk of this machine is full, or cannot be written to
	ProblemDatabase            ProblemKind = "database"             // the database cannot be used
	ProblemClock               ProblemKind = "clock"                // the clock of a machine is wrong
	ProblemMessage             ProblemKind = "message"              // messages cannot be recorded
	ProblemLoop                ProblemKind = "loop"                 // a sender opens very many requests
	ProblemReply               ProblemKind = "reply"                // a reply could not be delivered
	ProblemSMTP                ProblemKind = "smtp"                 // mail cannot be sent
	ProblemSilence             ProblemKind = "silence"              // a mailbox that used to have mail has none
	ProblemProgram             ProblemKind = "program"              // a bug
)

// ProblemKey says which trouble it is. One problem at most is open for a key.
type ProblemKey struct {
	Kind   ProblemKind
	Source string // what it is about: a server such as "mail.example.com:995", a mailbox, a folder, a file, an address
}

// String returns the key for messages.
func (k ProblemKey) String() string { return string(k.Kind) + " " + k.Source }

// stored returns the key in the form in which the database has it.
func (k ProblemKey) stored() ProblemKey {
	return ProblemKey{ProblemKind(capped(string(k.Kind), maxLine)), capped(k.Source, maxLine)}
}

// Problem is a trouble with its event. Its times are by the local clock.
type Problem struct {
	ProblemKey
	ID         int64
	Event      int64                  // the number of its event
	Activity   int64                  // the one that SeeProblem added last, 0 for none
	EventState processor.RequestState // a person may have marked the event as processed while the problem is open

	OpenedAt    time.Time // when its event was opened
	FirstSeenAt time.Time // when the trouble began
	LastSeenAt  time.Time
	Count       int // how often it was seen, as far as that is counted

	Told       int       // how many activities have said that it lasts
	TellAt     time.Time // when the next one is due, zero for never
	Began      int       // how often it began within an hour
	QuietSince time.Time // when it was over last, zero while it lasts
	ClosedAt   time.Time // zero while the problem is open

	Mailboxes []ProblemMailbox // that it affects or has affected, in the order of their names
}

// ProblemMailbox is a mailbox that a problem affects.
type ProblemMailbox struct {
	Mailbox     string // its name
	Since       time.Time
	LastSeenAt  time.Time
	RecoveredAt time.Time // zero while it is affected
	Told        bool      // the event or an activity names it
	Detail      string    // its error, for a person
}

// ErrProblemOpen says that a problem with the same key is open already.
var ErrProblemOpen = errors.New("the problem is open already")

// FindProblem returns the open problem with a key, without its mailboxes, or nil if there is none. Writers of the same key
// take turns: the next one waits in FindProblem or OpenProblem until this transaction ends.
func (j *Journal) FindProblem(ctx context.Context, key ProblemKey) (*Problem, error) {
	key = key.stored()
	const problemLock = 0x70726f62 // "prob"
	var found []Problem
	var b pgx.Batch
	b.Queue(`SELECT pg_advisory_xact_lock($1::integer, hashtext($2))`, problemLock, key.String())
	j.queueProblems(&b, `p.kind = $1 AND p.source = $2 AND p.closed_at IS NULL`, &found, string(key.Kind), key.Source)
	if err := j.send(ctx, &b); err != nil {
		return nil, fmt.Errorf("problem %s: %w", key, err)
	}
	if len(found) == 0 {
		return nil, nil
	}
	return &found[0], nil
}

// ProblemsLately returns the problems with a key that were closed within a time, the oldest first.
func (j *Journal) ProblemsLately(ctx context.Context, key ProblemKey, within time.Duration) (found []Problem, err error) {
	key = key.stored()
	var b pgx.Batch
	j.queueProblems(&b, `p.kind = $1 AND p.source = $2 AND p.closed_at > now() - $3::bigint * interval '1 ms'`, &found,
		string(key.Kind), key.Source, within.Milliseconds())
	if err := j.send(ctx, &b); err != nil {
		return nil, fmt.Errorf("problem %s: %w", key, err)
	}
	return found, nil
}

// queueProblems queues a query for problems, which sets found.
func (j *Journal) queueProblems(b *pgx.Batch, condition string, found *[]Problem, args ...any) {
	b.Queue(selectProblems+condition+` ORDER BY p.id`, args...).Query(func(rows pgx.Rows) (err error) {
		*found, err = scanProblems(rows, j.store.now())
		return err
	})
}

var selectProblems = `SELECT p.id, p.kind, p.source, p.event_id, r.state, ` + fromNow("r.opened_at") + `,
		` + fromNow("p.first_seen_at") + `, ` + fromNow("p.last_seen_at") + `,
		p.count, p.told, ` + fromNow("p.tell_at") + `, p.began, ` + fromNow("p.quiet_since") + `, ` + fromNow("p.closed_at") + `
	FROM problem AS p JOIN request AS r ON r.number = p.event_id WHERE `

// scanProblems reads the rows of selectProblems.
func scanProblems(rows pgx.Rows, now time.Time) ([]Problem, error) {
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (p Problem, err error) {
		var opened, first, last, tell, quiet, closed *int64
		err = row.Scan(&p.ID, &p.Kind, &p.Source, &p.Event, &p.EventState, &opened, &first, &last, &p.Count, &p.Told, &tell,
			&p.Began, &quiet, &closed)
		p.OpenedAt = localTimeOrZero(now, opened)
		p.FirstSeenAt, p.LastSeenAt, p.TellAt = localTimeOrZero(now, first), localTimeOrZero(now, last), localTimeOrZero(now, tell)
		p.QuietSince, p.ClosedAt = localTimeOrZero(now, quiet), localTimeOrZero(now, closed)
		return p, err
	})
}

// localTimeOrZero returns the local time that is so many milliseconds from now, the zero time for nil.
func localTimeOrZero(now time.Time, ms *int64) time.Time {
	if t := localTime(now, ms); t != nil {
		return *t
	}
	return time.Time{}
}

// OpenProblem opens an event and the problem that it is about. The error is ErrProblemOpen if there is one: a caller asks
// FindProblem before. Where the files of the event cannot be kept, the error is ErrFilesNotKept, nothing is written, and the
// Journal can go on.
func (j *Journal) OpenProblem(ctx context.Context, key ProblemKey, event NewRequest) (*Problem, error) {
	key = key.stored()
	found, err := j.FindProblem(ctx, key)
	switch {
	case err != nil:
		return nil, err
	case found != nil:
		return nil, fmt.Errorf("problem %s: %w", key, ErrProblemOpen)
	}
	event.Unannounced = event.Unannounced || key.Kind == ProblemReply || key.Kind == ProblemSMTP // mail about mail would go round
	number, err := j.Open(ctx, event)
	if err != nil {
		return nil, fmt.Errorf("problem %s: %w", key, err)
	}
	now := j.store.now()
	p := &Problem{
		ProblemKey: key, Event: number, EventState: processor.StateNew, OpenedAt: now, FirstSeenAt: now, LastSeenAt: now, Count: 1, Began: 1,
	}
	err = j.tx.QueryRow(ctx, `INSERT INTO problem (kind, source, event_id, first_seen_at, last_seen_at)
		VALUES ($1, $2, $3, now(), now()) RETURNING id`, string(key.Kind), key.Source, number).Scan(&p.ID)
	if err != nil {
		return nil, j.note(fmt.Errorf("problem %s: %w", key, err))
	}
	return p, nil
}

// DateProblem notes that a problem had begun before its event was opened.
func (j *Journal) DateProblem(ctx context.Context, p *Problem, began time.Time) error {
	err := j.onProblem(ctx, p, `UPDATE problem SET first_seen_at = least(first_seen_at, now() - $2::bigint * interval '1 ms') WHERE id = $1`,
		j.age(began))
	if err == nil && began.Before(p.FirstSeenAt) {
		p.FirstSeenAt = began
	}
	return err
}

// SeeProblem counts an open problem again, and adds an activity to its event unless that is nil. An event that a person has
// marked as processed is reopened together with the activity; without one, it stays as it is.
func (j *Journal) SeeProblem(ctx context.Context, p *Problem, activity *NewActivity) error {
	if activity != nil {
		id, err := j.addTo(ctx, p, *activity)
		if err != nil {
			return err
		}
		p.Activity = id
		if p.EventState == processor.StateProcessed {
			reopen := StateChange{Request: p.Event, Activity: id, State: processor.StateNew, Reason: activity.Reason}
			if _, err := j.SetState(ctx, reopen); err != nil {
				return fmt.Errorf("problem %s: %w", p.ProblemKey, err)
			}
			p.EventState = processor.StateNew
		}
	}
	err := j.onProblem(ctx, p, `UPDATE problem SET count = count + 1, last_seen_at = greatest(last_seen_at, now()) WHERE id = $1`)
	if err != nil {
		return err
	}
	p.Count, p.LastSeenAt = p.Count+1, j.store.now()
	return nil
}

// addTo adds an activity to the event of a problem.
func (j *Journal) addTo(ctx context.Context, p *Problem, a NewActivity) (id int64, err error) {
	a.Request = p.Event
	if id, err = j.Add(ctx, a); err != nil {
		return 0, fmt.Errorf("problem %s: %w", p.ProblemKey, err)
	}
	return id, nil
}

// PlanProblem writes Told, TellAt, Began and QuietSince of a problem.
func (j *Journal) PlanProblem(ctx context.Context, p *Problem) error {
	return j.onProblem(ctx, p, `UPDATE problem SET told = $2, tell_at = now() - $3::bigint * interval '1 ms', began = $4,
		quiet_since = now() - $5::bigint * interval '1 ms' WHERE id = $1`, p.Told, j.age(p.TellAt), p.Began, j.age(p.QuietSince))
}

// NoteProblemMailboxes notes the state of mailboxes that a problem affects, or affected until now. A mailbox without a row in
// the database is left out. LastSeenAt is now, whatever it is in m.
func (j *Journal) NoteProblemMailboxes(ctx context.Context, p *Problem, m []ProblemMailbox) error {
	var name, detail []string
	var since, recovered []*int64
	var told []bool
	for _, one := range m {
		name, detail, told = append(name, clean(one.Mailbox)), append(detail, capped(one.Detail, maxProblem)), append(told, one.Told)
		since, recovered = append(since, j.age(one.Since)), append(recovered, j.age(one.RecoveredAt))
	}
	if len(m) == 0 {
		return nil
	}
	// A row is the same one as long as the mailbox does not recover, so its since stays.
	return j.onProblem(ctx, p, `INSERT INTO problem_mailbox (problem_id, mailbox_id, since, last_seen_at, recovered_at, told, detail)
		SELECT DISTINCT ON (m.id) $1::bigint, m.id, now() - coalesce(n.since, 0) * interval '1 ms', now(),
			now() - n.recovered * interval '1 ms', n.told, n.detail
		FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::boolean[], $6::text[]) AS n (name, since, recovered, told, detail)
		JOIN mailbox AS m ON lower(m.name) = lower(n.name) ORDER BY m.id
		ON CONFLICT (problem_id, mailbox_id) DO UPDATE SET last_seen_at = excluded.last_seen_at, told = excluded.told, detail = excluded.detail,
			since = CASE WHEN problem_mailbox.recovered_at IS NULL THEN problem_mailbox.since ELSE excluded.since END,
			recovered_at = excluded.recovered_at`, name, since, recovered, told, detail)
}

// ReadProblemMailboxes sets Mailboxes of a problem to what the database has, including what this transaction has noted.
func (j *Journal) ReadProblemMailboxes(ctx context.Context, p *Problem) error {
	var b pgx.Batch
	one := []Problem{{ID: p.ID}}
	b.Queue(selectProblemMailboxes+`a.problem_id = $1 ORDER BY lower(m.name)`, p.ID).Query(func(rows pgx.Rows) error {
		return addProblemMailboxes(rows, one, j.store.now())
	})
	if err := j.send(ctx, &b); err != nil {
		return fmt.Errorf("problem %s: %w", p.ProblemKey, err)
	}
	p.Mailboxes = one[0].Mailboxes
	return nil
}

// CloseProblem closes a problem: its event gets the activity, unless that is nil, and is marked as processed unless a person
// has done so. A problem that is closed already stays as it is.
func (j *Journal) CloseProblem(ctx context.Context, p *Problem, why processor.Reason, activity *NewActivity) error {
	if !p.ClosedAt.IsZero() {
		return nil
	}
	var last int64
	if activity != nil {
		id, err := j.addTo(ctx, p, *activity)
		if err != nil {
			return err
		}
		last = id
	}
	if _, err := j.SetState(ctx, StateChange{Request: p.Event, Activity: last, State: processor.StateProcessed, Reason: why}); err != nil {
		return fmt.Errorf("problem %s: %w", p.ProblemKey, err)
	}
	var b pgx.Batch
	b.Queue(`UPDATE problem SET closed_at = greatest(now(), first_seen_at), tell_at = NULL WHERE id = $1 AND closed_at IS NULL`, p.ID)
	b.Queue(`UPDATE problem_mailbox SET recovered_at = now() WHERE problem_id = $1 AND recovered_at IS NULL`, p.ID)
	if err := j.send(ctx, &b); err != nil {
		return fmt.Errorf("problem %s: %w", p.ProblemKey, err)
	}
	p.EventState, p.ClosedAt, p.TellAt = processor.StateProcessed, j.store.now(), time.Time{}
	return nil
}

// onProblem runs a statement whose parameter $1 is the ID of the problem.
func (j *Journal) onProblem(ctx context.Context, p *Problem, sql string, args ...any) error {
	if _, err := j.tx.Exec(ctx, sql, slices.Insert(args, 0, any(p.ID))...); err != nil {
		return j.note(fmt.Errorf("problem %s: %w", p.ProblemKey, err))
	}
	return nil
}

// age returns how many milliseconds ago t was, negative for the future, and nil for the zero time. The database turns it into
// a time by its own clock, because those of the daemons differ.
func (j *Journal) age(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	ms := j.store.now().Sub(t).Milliseconds()
	return &ms
}

// maxListedProblems limits how many problems Problems returns.
const maxListedProblems = 1000

// unsettledLast sorts the problems that only a person ends behind the others: in years they may become very many, and the
// daemon must still find those that it ends itself.
const unsettledLast = `ORDER BY kind IN ('message', 'reply'), id`

// Problems returns problems with their mailboxes: those that are open, the oldest first, or the newest of all, the newest
// first.
func (s *Store) Problems(ctx context.Context, open bool) ([]Problem, error) {
	which := `p.id IN (SELECT id FROM problem ORDER BY id DESC LIMIT $1) ORDER BY p.id DESC`
	if open {
		which = `p.id IN (SELECT id FROM problem WHERE closed_at IS NULL ` + unsettledLast + ` LIMIT $1) ORDER BY p.id`
	}
	var problems []Problem
	var b pgx.Batch
	now := s.now()
	b.Queue(selectProblems+which, maxListedProblems).Query(func(rows pgx.Rows) (err error) {
		problems, err = scanProblems(rows, now)
		return err
	})
	order := `ORDER BY id DESC`
	if open {
		order = unsettledLast
	}
	b.Queue(selectProblemMailboxes+`a.problem_id IN (SELECT id FROM problem WHERE closed_at IS NULL OR NOT $2 `+order+` LIMIT $1)
		ORDER BY lower(m.name)`, maxListedProblems, open).Query(func(rows pgx.Rows) error { return addProblemMailboxes(rows, problems, now) })
	if err := s.sendBrief(ctx, &b); err != nil {
		return nil, fmt.Errorf("problems: %w", err)
	}
	return problems, nil
}

var selectProblemMailboxes = `SELECT a.problem_id, m.name, ` + fromNow("a.since") + `, ` + fromNow("a.last_seen_at") + `,
		` + fromNow("a.recovered_at") + `, a.told, a.detail
	FROM problem_mailbox AS a JOIN mailbox AS m ON m.id = a.mailbox_id WHERE `

// addProblemMailboxes reads the mailboxes of problems.
func addProblemMailboxes(rows pgx.Rows, problems []Problem, now time.Time) error {
	index := map[int64]*Problem{}
	for i := range problems {
		index[problems[i].ID] = &problems[i]
	}
	var id int64
	var m ProblemMailbox
	var since, last, recovered *int64
	_, err := pgx.ForEachRow(rows, []any{&id, &m.Mailbox, &since, &last, &recovered, &m.Told, &m.Detail}, func() error {
		m.Since, m.LastSeenAt, m.RecoveredAt = localTimeOrZero(now, since), localTimeOrZero(now, last), localTimeOrZero(now, recovered)
		if p := index[id]; p != nil {
			p.Mailboxes = append(p.Mailboxes, m)
		}
		return nil
	})
	return err
}
