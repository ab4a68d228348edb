package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"mailintegration/processor"
)

// Raw gives the octets of a message as they were retrieved. Several goroutines may read it at once.
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
	Listed  int64 // octets as LIST says, 0 if unknown
	// Aside is the number of the message among those set aside, for the texts about that. Accept sets it.
	Aside int64
	// Body is the SHA-256 of the octets after the header section. Only deliveries from a mailbox that leaves messages on
	// the server need it; in others it is nil.
	Body []byte
}

// Decider decides what messages are recorded as. Accept asks it within its transaction, once about each message, and
// again if the message needs another transaction. A Decider reads only its arguments and changes nothing.
type Decider interface {
	processor.Decider
	// SetAside returns the event that carries a message which cannot be recorded. Its Body tells a person what happened
	// and what to do. The store attaches the raw message in any case.
	SetAside(d Delivery, why processor.Reason) processor.OpenRequest
	// Loop returns the event that tells of a sender who has opened so many requests that its messages are added to the last
	// one (processor.ReasonLoop), beginning with this message. The store attaches the raw message and links the event to
	// that request.
	Loop(d Delivery, added processor.AddActivity) processor.OpenRequest
	// SetAsideAgain returns the text of the activity that carries a message which cannot be recorded for the same reason as
	// the one that an event was opened for. The store attaches the raw message here, too.
	SetAsideAgain(d Delivery, why processor.Reason, event int64) string
}

// The results that a receipt names.
const (
	Opened   = "opened"    // a request was opened
	Added    = "added"     // an activity was added to a request
	Refused  = "refused"   // nothing was opened
	Ignored  = "ignored"   // only the receipt was written
	SetAside = "set_aside" // kept whole, with an event, or an activity on one, that carries it
)

// Outcome says what became of one delivery. Unless Err is set, the message may be deleted from its mailbox.
type Outcome struct {
	Known      bool               // the message was accepted before, so nothing was recorded for this delivery
	AcceptedAt time.Time          // when the receipt was written; only if Known
	Result     string             // Opened, Added, Refused, Ignored or SetAside
	Request    int64              // the request opened or added to, or the event of SetAside; 0 for none
	Activity   int64              // the activity added, 0 for none; that of a message set aside only if it is not Known
	Aside      int64              // the number among the messages set aside; 0 for none, and if it is Known
	Decision   processor.Decision // nil if Known
	LoopEvent  int64              // the event that was opened because its sender opens too many requests, 0 for none
	Err        error              // why the message was not recorded; it must stay in the mailbox
}

// Accept records a batch of messages with their receipts in one transaction, each as the decider decides about it.
// It returns one Outcome per delivery, in their order. A message that was accepted before, by this daemon or another or
// earlier in the same batch, is Known.
//
// If the transaction fails for a reason that may lie in one message, Accept tries each message in a transaction of its
// own. A message that cannot be recorded is set aside or gets Err, and the others do not suffer. Two messages in a row
// with unexplained errors (IsUnexplained) end the batch. An error that lies in no message (ErrUnavailable,
// ErrReferenceGone, ErrLocked for a lock that every message needs, a stop) fails the batch.
//
// With an error, Accept returns the outcomes of the messages that it had tried one by one by then. Nothing else is
// recorded, unless the answer to a COMMIT was lost: then the next Accept finds those messages Known.
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

// failsBatch reports whether an error lies in no message, so that trying the messages one by one cannot help.
func failsBatch(ctx context.Context, err error) bool {
	var locked *lockedError
	return ctx.Err() != nil || errors.Is(err, ErrUnavailable) || errors.Is(err, ErrReferenceGone) ||
		errors.As(err, &locked) && locked.ofAcceptor
}

// acceptance is one attempt to accept a batch, within one transaction.
type acceptance struct {
	*Journal
	mailbox  Mailbox
	decider  Decider
	outcomes []Outcome

	reconsiders bool // the one message was set aside before: if it would be set aside again, nothing is recorded
	impatient   bool // an earlier attempt waited in vain for the row of a request, so this one waits only briefly
}

// acceptTogether accepts the batch in one transaction, all or nothing.
func (s *Store) acceptTogether(ctx context.Context, mb Mailbox, batch []Delivery, decider Decider) ([]Outcome, error) {
	return s.acceptIn(ctx, batch, func(j *Journal) *acceptance { return j.acceptance(mb, len(batch), decider) })
}

// acceptIn accepts the batch in one transaction, with the acceptance that begin returns. Its time limit grows with the
// octets. A panic is blamed on the message whose turn it was.
func (s *Store) acceptIn(ctx context.Context, batch []Delivery, begin func(*Journal) *acceptance) (outcomes []Outcome, err error) {
	defer recoverFault(&err)
	octets := octetsOf(batch)
	limit := growing(acceptTime, octets)
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err = s.inJournal(limited, growing(idleTime, octets), func(j *Journal) (err error) {
		defer recoverFault(&err)
		a := begin(j)
		outcomes = a.outcomes
		met, err := a.receipts(limited, batch)
		if err != nil {
			return err
		}
		return a.accept(limited, batch, met)
	})
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return nil, &overdueError{"recording", limit}
	}
	return outcomes, blameReferences(err)
}

// overdueError says that some work took longer than its limit, for an unknown reason.
type overdueError struct {
	what  string
	limit time.Duration
}

func (e *overdueError) Error() string { return fmt.Sprintf("%s took longer than %s", e.what, e.limit) }

// recoverFault turns a panic of our own code into a messageError in *err. Callers defer it.
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

// acceptance returns a new acceptance for a batch of so many deliveries, which it records as the mailbox's Login.
func (j *Journal) acceptance(mb Mailbox, size int, decider Decider) *acceptance {
	j.author = mb.Login
	return &acceptance{Journal: j, mailbox: mb, decider: decider, outcomes: make([]Outcome, size)}
}

// accept takes the steps that the package's documentation lists between the look-up of the receipts and the commit.
func (a *acceptance) accept(ctx context.Context, batch []Delivery, met map[[sha256.Size]byte]*knownMessage) error {
	messages := a.newMessages(batch, met)
	records, err := a.decide(ctx, messages)
	if err != nil {
		return err
	}
	if err := a.keep(ctx, filesOf(records)); err != nil {
		return err
	}
	if err := a.write(ctx, met, records); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if err := a.noteLoops(ctx, records); err != nil {
		return err
	}
	for _, r := range records {
		a.settle(r)
	}
	return nil
}

// settle sets the outcomes of a new message. Its later copies in the same batch are Known.
func (a *acceptance) settle(r *record) {
	o := Outcome{Result: r.outcome(), Request: r.request, Activity: r.activity, Decision: r.decision, LoopEvent: r.loopEvent}
	if r.aside != nil {
		o.Activity, o.Aside = r.aside.activity, r.aside.id
	}
	for i, position := range r.positions {
		if i == 1 {
			o.Known, o.AcceptedAt, o.Decision, o.LoopEvent = true, a.now, nil, 0
			if r.aside != nil {
				o.Activity, o.Aside = 0, 0
			}
		}
		a.outcomes[position] = o
	}
}
