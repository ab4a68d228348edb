package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// Journal writes requests, activities, their files and their history within one transaction. Every entry names its author
// and a reason. Accept writes what messages say with a Journal; Write lends one to a caller that has no message.
type Journal struct {
	store  *Store
	tx     pgx.Tx
	author processor.User
	now    time.Time // as PostgreSQL keeps it

	idle        time.Duration // that the server allows the transaction between two statements
	numbers     *drawn
	attachments attachmentState // what the database says about the attachment directory
	failed      error           // the first error of a statement: the transaction cannot commit any more
}

// Write runs f in one transaction, with a Journal whose author is the given user, and commits what f wrote. It writes all
// of that or, with an error, nothing. If the answer to COMMIT was lost, the error is ErrUnavailable and everything may be
// written; a caller that tries again needs a row of its own in the same transaction that says so.
//
// Write runs f again, up to five times in all, after a serialisation failure, a deadlock, or when another request has a
// number already. So f must change nothing but the Journal and variables that it sets anew.
func (s *Store) Write(ctx context.Context, author processor.User, f func(*Journal) error) error {
	if author.ID == 0 {
		return errors.New("write: no author is given")
	}
	err := s.inJournal(ctx, idleTime, func(j *Journal) error {
		j.author = author
		if err := j.begin(ctx); err != nil {
			return err
		}
		if err := f(j); err != nil {
			return err
		}
		return j.failed
	})
	if err != nil {
		return fmt.Errorf("write: %w", blameReferences(err))
	}
	return nil
}

// inJournal runs f with a new Journal in a transaction and commits it, as inTxFor does. f must set the author.
func (s *Store) inJournal(ctx context.Context, idle time.Duration, f func(*Journal) error) error {
	numbers := &drawn{pool: &s.numbers}
	err := s.inTxFor(ctx, idle, func(tx pgx.Tx) error {
		numbers.restart()
		return f(&Journal{store: s, tx: tx, idle: idle, now: s.now().Truncate(time.Microsecond), numbers: numbers})
	})
	numbers.release(err)
	return err
}

// acceptanceLock is the advisory lock that all writers of files share and CollectOrphans takes alone, so that no file is
// removed between the moment a writer finds it and the commit of the row that names it.
const acceptanceLock = 0x6d61696c_61636370 // "mailaccp"

// queueAcceptanceLock queues the statement that takes the lock. The daemon acts on the answer to COMMIT, for instance by
// deleting a message from its mailbox, so the answer must mean that the transaction is on disk, whatever the server's
// default is.
func queueAcceptanceLock(b *pgx.Batch) {
	b.Queue(`SELECT pg_advisory_xact_lock_shared($1),
		CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END`, acceptanceLock)
}

// begin takes the lock that writers of files share. It comes before any lock on a row, so that no writer that waits for
// the collector holds up another one.
func (j *Journal) begin(ctx context.Context) error {
	var b pgx.Batch
	queueAcceptanceLock(&b)
	j.attachments.queue(&b)
	return j.send(ctx, &b)
}

// ErrFilesNotKept says that the files of a request or an activity could not be made durable, for instance because the
// attachment directory cannot be used. Nothing of the request or activity is written, and the Journal can go on: the caller
// may write it again without its files, or with other words about them.
var ErrFilesNotKept = errors.New("the files could not be kept")

type filesError struct{ err error }

func (e *filesError) Error() string        { return ErrFilesNotKept.Error() + ": " + e.err.Error() }
func (e *filesError) Unwrap() error        { return e.err }
func (e *filesError) Is(target error) bool { return target == ErrFilesNotKept }

// Open opens a request in the state new and returns its number. Its files are durable before its rows are written; if they
// cannot be, the error is ErrFilesNotKept.
func (j *Journal) Open(ctx context.Context, r NewRequest) (number int64, err error) {
	r.Requester = cmp.Or(r.Requester, j.author)
	r.User = cmp.Or(r.User, r.Requester)
	defer func() {
		if err != nil {
			err = fmt.Errorf("open %s: %w", r.Kind.Words(), err)
		}
	}()
	switch {
	case statesOf[r.Kind] == nil:
		return 0, errors.New("there is no such kind of request")
	case r.Team.ID == 0:
		return 0, errors.New("no team is given")
	}
	e := opening(&r, 0)
	if err := j.attach(ctx, e.files); err != nil {
		return 0, err
	}
	if err := j.numbers.ensure(ctx, j.tx, 1); err != nil {
		return 0, j.note(err)
	}
	e.request = j.numbers.unused()[0]
	j.numbers.used++
	return e.request, j.write(ctx, &e)
}

// Add adds an activity to a request and returns its ID. Unless it names an author or a sender, its author is the
// Journal's. The error is ErrUnknown if there is no such request, and ErrFilesNotKept as for Open.
func (j *Journal) Add(ctx context.Context, a NewActivity) (id int64, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("add an activity to request %d: %w", a.Request, err)
		}
	}()
	if a.Author.ID == 0 && a.Sender == (Sender{}) {
		a.Author = j.author
	}
	e := adding(&a)
	if err := j.attach(ctx, e.files); err != nil {
		return 0, err
	}
	if err := j.identify(ctx, []*entry{&e}); err != nil {
		return 0, err
	}
	return e.activity, j.write(ctx, &e)
}

// SetState puts a request into another state. It reports whether the request was in a different state before; otherwise it
// writes nothing. The error is ErrUnknown if there is no such request.
func (j *Journal) SetState(ctx context.Context, c StateChange) (changed bool, err error) {
	kind, state, _, err := j.stateOf(ctx, c.Request)
	if err != nil {
		return false, fmt.Errorf("set the state: %w", err)
	}
	if err := checkState(kind, c.Request, c.State); err != nil || state == c.State {
		return false, err
	}
	var t stateRows
	t.add(c, historyOf(state, c.State))
	var b pgx.Batch
	t.queue(&b, j)
	if err := j.send(ctx, &b); err != nil {
		return false, fmt.Errorf("set the state of request %d: %w", c.Request, err)
	}
	return true, nil
}

// identify fetches an identity for each activity.
func (j *Journal) identify(ctx context.Context, adding []*entry) error {
	if len(adding) == 0 {
		return nil
	}
	var ids []int64
	err := j.tx.QueryRow(ctx, `SELECT ARRAY(SELECT nextval('activity_id_seq') FROM generate_series(1, $1))`, len(adding)).Scan(&ids)
	if err != nil {
		return j.note(fmt.Errorf("identities of activities: %w", err))
	}
	for i, e := range adding {
		e.activity = ids[i]
	}
	return nil
}

// attach does what keep does, and first has the server allow the transaction the time that the octets take.
func (j *Journal) attach(ctx context.Context, files []*storedFile) error {
	var octets int64
	for _, f := range files {
		octets += f.octets
	}
	if limit := growing(idleTime, octets); limit > j.idle {
		_, err := j.tx.Exec(ctx, `SELECT set_config('idle_in_transaction_session_timeout', $1, true)`, milliseconds(limit))
		if err != nil {
			return j.note(err)
		}
	}
	if err := j.keep(ctx, files); err != nil {
		return &filesError{err}
	}
	return nil
}

// keep makes files durable. It must precede the rows that name them.
func (j *Journal) keep(ctx context.Context, files []*storedFile) error {
	if err := j.store.attachments.keep(ctx, j.attachments, files); err != nil {
		return fmt.Errorf("attachments: %w", err)
	}
	return nil
}

// write writes the rows of an entry whose files are durable.
func (j *Journal) write(ctx context.Context, e *entry) error {
	var t entryRows
	t.add(e)
	var b pgx.Batch
	t.queue(&b, j)
	err := j.send(ctx, &b)
	if pg, ok := pgError(err); ok && pg.Code == stateForeignKey {
		switch pg.ConstraintName {
		case "activity_request_id_fkey":
			return fmt.Errorf("request %d %w", e.request, ErrUnknown)
		case "request_linked_to_id_fkey":
			return fmt.Errorf("request %d %w", e.opens.LinkedTo, ErrUnknown)
		}
	}
	return err
}

// send sends statements in one round trip. If another request turns out to have a number of this transaction, no number of
// it is used again.
func (j *Journal) send(ctx context.Context, b *pgx.Batch) error {
	if b.Len() == 0 {
		return nil
	}
	err := j.tx.SendBatch(ctx, b).Close()
	if isNumberTaken(err) {
		j.numbers.discard()
	}
	return j.note(err)
}

// note remembers the first error of a statement, because no other statement of the transaction succeeds after it.
func (j *Journal) note(err error) error {
	j.failed = cmp.Or(j.failed, err)
	return err
}
