package store

import (
	"context"
	"time"
)

// ThreadQuery is the query for the requests that Message-IDs lead to.
const ThreadQuery = threadQuery

// OpenersQuery is the query that counts what senders have opened.
const OpenersQuery = openersQuery

// AcceptanceLock is the lock that acceptances share.
const AcceptanceLock = acceptanceLock

// OfRequests are the foreign keys that do not name reference data.
var OfRequests = ofRequests

// Limits sets the limits for locks and statements: a short one, so that its test takes little time, or a long one, so that
// the work waits as long as its test does.
func (s *Store) Limits(lock, statement time.Duration) {
	s.lockTime, s.briefLockTime, s.statementTime = lock, lock, statement
}

// LeaseLimits sets how long a statement about leases waits for a lock, and how long ReleaseLeases works.
func (s *Store) LeaseLimits(lock, release time.Duration) {
	s.leaseLockTime, s.releaseTime = lock, release
}

// SetPatience changes how long the store waits for the database, also on connections that are open.
func (s *Store) SetPatience(d time.Duration) { s.setPatience(d) }

// TurnParts is the number of parts in which the limit of a decision passes.
const TurnParts = turnParts

// TickBy makes a part of the limit of a decision pass whenever the test sends. Call TickBy before the store is used.
func (s *Store) TickBy(ticks <-chan time.Time) {
	s.tick = func(time.Duration) (<-chan time.Time, func()) { return ticks, func() {} }
}

// InTurn runs work as deciders are run. begin begins a turn of the same message.
func (s *Store) InTurn(work func(begin func())) error {
	a := &acceptance{Journal: &Journal{store: s}}
	return a.inTurn(func(t *turns) { work(func() { t.begin(&newMessage{}) }) })
}

// DefaultPatience is the patience of a store whose Options do not set one.
const DefaultPatience = defaultPatience

// MigrateWithin migrates as Migrate does, but waits for a lock no longer than lockTime.
func MigrateWithin(ctx context.Context, url string, lockTime time.Duration) ([]string, error) {
	return migrate(ctx, url, lockTime, false)
}

// OnFiles makes the store call step before each step of its work on files and rows of the attachment directory. step
// may block, or return an error with which the step fails. Call OnFiles before the store is used.
func (s *Store) OnFiles(step func(name string) error) {
	s.attachments.runner.step, s.readers.step = step, step
}

// EndFiles makes the limit of the work on files pass when the test sends during the work, and only then. Call EndFiles before
// the store is used.
func (s *Store) EndFiles(passed <-chan struct{}) {
	within := func(ctx context.Context, _ time.Duration) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			select {
			case <-passed:
				cancel()
			case <-ctx.Done():
			}
		}()
		return ctx, func() {
			cancel()
			<-ended // otherwise it might take what the test sends during the next work
		}
	}
	s.attachments.runner.within, s.readers.within = within, within
}

// FileLimit returns how long work on a number of octets may take.
var FileLimit = fileLimit

// IsStuck reports whether work on files was left behind and has not returned.
func (s *Store) IsStuck() bool { return s.attachments.runner.isStuck() }

// Exec runs a statement within the Journal's transaction, as code of this package does for rows of its own.
func (j *Journal) Exec(ctx context.Context, sql string, args ...any) error {
	_, err := j.tx.Exec(ctx, sql, args...)
	return j.note(err)
}

// MessageQuery returns the query of Messages with its arguments.
func (s *Store) MessageQuery(ctx context.Context, f MessageFilter) (sql string, args []any, err error) {
	mailbox, err := s.mailboxNumber(ctx, f.Mailbox)
	if err != nil {
		return "", nil, err
	}
	sender, err := s.soughtSender(ctx, f.Sender)
	if err != nil {
		return "", nil, err
	}
	q, err := newMessageQuery(f, mailbox, sender)
	if err != nil {
		return "", nil, err
	}
	return q.sql(defaultMessages), q.args, nil
}

// RequestQuery returns the query of RequestPage with its arguments.
func RequestQuery(f RequestFilter, mailbox int64) (sql string, args []any) {
	if f.Mailbox == "" {
		mailbox = 0
	}
	q := newRequestQuery(f, mailbox)
	return q.sql(defaultRequests), q.args
}

// DayOf returns Day, of at most so many messages.
func (s *Store) DayOf(ctx context.Context, most int) (Day, error) { return s.day(ctx, most) }
