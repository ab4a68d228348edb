package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// Raw is a message's octets as they were retrieved, in the spool. It is read from several goroutines.
type Raw interface {
	io.ReaderAt
	Size() int64
	Digest() [32]byte // SHA-256 of the octets
}

// Delivery is one message of a batch.
type Delivery struct {
	UIDL    string // "" when the server has none
	Message *processor.Message
	Raw     Raw
	Listed  int64 // octets as LIST says, 0 when they are not known
	// Body is the SHA-256 of the octets after the header section, nil where nobody needs it: only a mailbox that leaves
	// messages on the server does.
	Body []byte
}

// Decider decides what messages are recorded as. Accept asks it within its transaction, for each message once, and again
// when it has to try that message in another transaction. It reads only what it is given and changes nothing.
type Decider interface {
	processor.Decider
	// SetAside returns the event that carries a message which cannot be recorded. Its Body tells a person what happened
	// and what to do. The raw message is attached in any case.
	SetAside(d Delivery, why processor.Reason) processor.OpenRequest
}

// What became of a message, as its receipt says.
const (
	Opened   = "opened"    // a request was opened
	Added    = "added"     // an activity was added to a request
	Refused  = "refused"   // nothing was opened
	Ignored  = "ignored"   // only the receipt was written
	SetAside = "set_aside" // kept whole, with an event that carries it
)

// Outcome is what became of one delivery. Unless Err is set, the message may be deleted from its mailbox.
type Outcome struct {
	Known      bool               // it was accepted before: nothing was recorded now
	AcceptedAt time.Time          // of one that is Known: when its receipt was written
	Result     string             // Opened, Added, Refused, Ignored or SetAside
	Request    int64              // the request opened or added to, or the event of SetAside; 0 for none
	Activity   int64              // the activity added, 0 for none
	Decision   processor.Decision // nil when Known; it names requests by their real numbers
	Err        error              // it is not recorded and has to stay in the mailbox
}

// Accept records a batch of messages with their receipts in one transaction, each by what decider decides about it.
// It returns one Outcome per delivery, in their order. A message that was accepted before, here or by another daemon
// or earlier in the same batch, is Known.
//
// When the transaction fails for a reason that may lie in one message, each is tried in a transaction of its own: the
// one that cannot be recorded is set aside or has Err, and no other suffers. Two in a row whose errors nothing explains
// (IsUnexplained) end that. An error that lies in no message (ErrUnavailable, ErrReferenceGone, ErrLocked of what every
// message needs, a stop) fails the batch. With an error, the outcomes are those of the first messages, as far as they
// were tried one by one; nothing else is recorded, but what a commit did whose answer was lost, which is Known the next time.
func (s *Store) Accept(ctx context.Context, mb Mailbox, batch []Delivery, decider Decider) ([]Outcome, error) {
	if len(batch) == 0 {
		return nil, nil
	}
	outcomes, err := s.acceptTogether(ctx, mb, batch, decider)
	switch {
	case err == nil:
		s.noteRecorded(mb, outcomes)
		return outcomes, nil
	case failsBatch(ctx, err):
		return nil, fmt.Errorf("accept: %w", err)
	}
	a := singly{store: s, mailbox: mb, decider: decider, failure: err}
	if outcomes, err = a.accept(ctx, batch); err != nil {
		return outcomes, fmt.Errorf("accept: %w", err)
	}
	return outcomes, nil
}

// failsBatch reports whether an error lies in no message, so that trying them one by one is in vain.
func failsBatch(ctx context.Context, err error) bool {
	var locked *lockedError
	return ctx.Err() != nil || errors.Is(err, ErrUnavailable) || errors.Is(err, ErrReferenceGone) ||
		errors.As(err, &locked) && locked.ofAcceptor
}

// acceptance is one attempt to accept a batch, within one transaction.
type acceptance struct {
	store       *Store
	tx          pgx.Tx
	mailbox     Mailbox
	decider     Decider
	now         time.Time
	outcomes    []Outcome
	numbers     *drawn
	attachments attachmentState // what the files of this acceptance have to comply with

	reconsiders bool // the one message was set aside: nothing is recorded when it would be again
	impatient   bool // a row of a request was waited for in vain already
}

// acceptTogether accepts the batch in one transaction, all or nothing.
func (s *Store) acceptTogether(ctx context.Context, mb Mailbox, batch []Delivery, decider Decider) ([]Outcome, error) {
	return s.acceptIn(ctx, batch, func(tx pgx.Tx) *acceptance { return s.acceptance(tx, mb, len(batch), decider) })
}

// acceptIn accepts the batch in one transaction and begin's acceptance. The time for it grows with the octets. A panic is
// the message's fault whose turn it was.
func (s *Store) acceptIn(ctx context.Context, batch []Delivery, begin func(pgx.Tx) *acceptance) (outcomes []Outcome, err error) {
	defer recoverFault(&err)
	octets := octetsOf(batch)
	limit := growing(acceptTime, octets)
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	numbers := &drawn{pool: &s.numbers}
	err = s.inTxFor(limited, growing(idleTime, octets), func(tx pgx.Tx) (err error) {
		defer recoverFault(&err)
		numbers.restart()
		a := begin(tx)
		a.numbers = numbers
		outcomes = a.outcomes
		met, err := a.receipts(limited, batch)
		if err != nil {
			return err
		}
		return a.accept(limited, batch, met)
	})
	numbers.release(err)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return nil, &overdueError{"recording", limit}
	}
	return outcomes, blameReferences(err)
}

// overdueError says that something took longer than it may, and nothing tells why.
type overdueError struct {
	what  string
	limit time.Duration
}

func (e *overdueError) Error() string { return fmt.Sprintf("%s took longer than %s", e.what, e.limit) }

// recoverFault makes a panic of our own code the fault of the message. Callers defer it.
func recoverFault(err *error) {
	if v := recover(); v != nil {
		*err = &messageError{reason: panicReason(v)}
	}
}

func octetsOf(batch []Delivery) (n int64) {
	for _, d := range batch {
		n += d.Raw.Size()
	}
	return n
}

// acceptance begins to accept a batch of so many deliveries.
func (s *Store) acceptance(tx pgx.Tx, mb Mailbox, size int, decider Decider) *acceptance {
	return &acceptance{
		store: s, tx: tx, mailbox: mb, decider: decider,
		now:      s.now().Truncate(time.Microsecond), // as PostgreSQL keeps it
		outcomes: make([]Outcome, size),
	}
}

// accept takes the steps that the package's documentation lists, from the receipts up to the commit.
func (a *acceptance) accept(ctx context.Context, batch []Delivery, met map[[sha256.Size]byte]*knownMessage) error {
	arrivals := a.newMessages(batch, met)
	records, err := a.decide(ctx, arrivals)
	if err != nil {
		return err
	}
	if err := a.store.attachments.keep(ctx, a.attachments, filesOf(records)); err != nil {
		return fmt.Errorf("attachments: %w", err)
	}
	if err := a.write(ctx, met, records); err != nil {
		if isNumberTaken(err) {
			a.numbers.discard()
		}
		return fmt.Errorf("write: %w", err)
	}
	for _, r := range records {
		a.settle(r)
	}
	return nil
}

// settle notes what became of a new message; its copies in the same batch are known by then.
func (a *acceptance) settle(r *record) {
	o := Outcome{Result: r.outcome(), Request: r.request, Activity: r.activity, Decision: r.decision}
	for i, position := range r.positions {
		if i == 1 {
			o.Known, o.AcceptedAt, o.Decision = true, a.now, nil
		}
		a.outcomes[position] = o
	}
}
