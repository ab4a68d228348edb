package store

import (
	"context"
	"crypto/sha256"
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
	Outcome    string             // Opened, Added, Refused, Ignored or SetAside
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
// one that cannot be recorded is set aside or has Err, and no other suffers. Any other error fails the batch. Then
// nothing is recorded, but for the first messages while they are tried one by one, whose outcomes are returned with the
// error; and what was recorded by a commit whose answer was lost is Known the next time.
func (s *Store) Accept(ctx context.Context, mb Mailbox, batch []Delivery, decider processor.Decider) ([]Outcome, error) {
	if len(batch) == 0 {
		return nil, nil
	}
	outcomes, err := s.acceptTogether(ctx, mb, batch, decider)
	switch {
	case isOfMessage(err), isLockTimeout(err):
		outcomes, err = s.acceptEach(ctx, mb, batch, decider)
	case err != nil:
		outcomes = nil
	}
	if err != nil {
		return outcomes, fmt.Errorf("accept: %w", err)
	}
	return outcomes, nil
}

// acceptEach accepts each delivery in a transaction of its own. Its error is never one message's; with it come the
// outcomes of those accepted before.
func (s *Store) acceptEach(ctx context.Context, mb Mailbox, batch []Delivery, decider processor.Decider) ([]Outcome, error) {
	outcomes := make([]Outcome, len(batch))
	for i := range batch {
		one, err := s.acceptAlone(ctx, mb, batch[i:i+1], decider)
		if err != nil && !isOfMessage(err) && !isLockTimeout(err) {
			return outcomes[:i], err
		}
		if err != nil {
			outcomes[i] = Outcome{Err: fmt.Errorf("accept: %w", err)}
			continue
		}
		outcomes[i] = one[0]
	}
	return outcomes, nil
}

// acceptAlone accepts one delivery and sets it aside when it cannot be recorded as what it is.
func (s *Store) acceptAlone(ctx context.Context, mb Mailbox, one []Delivery, decider processor.Decider) ([]Outcome, error) {
	outcomes, err := s.acceptTogether(ctx, mb, one, decider)
	reason, ok := reasonToSetAside(err)
	if !ok {
		return outcomes, err
	}
	outcomes, asideErr := s.acceptTogether(ctx, mb, one, asideDecider{reason})
	if asideErr != nil {
		return nil, fmt.Errorf("set aside: %w, after: %w", asideErr, err)
	}
	return outcomes, nil
}

// acceptance is one attempt to accept a batch, within one transaction.
type acceptance struct {
	store    *Store
	tx       pgx.Tx
	mailbox  Mailbox
	decider  processor.Decider
	now      time.Time
	outcomes []Outcome

	reconsiders bool // the one message was set aside: nothing is recorded when it would be again
}

// acceptTogether accepts the batch in one transaction, all or nothing.
func (s *Store) acceptTogether(ctx context.Context, mb Mailbox, batch []Delivery, decider processor.Decider) ([]Outcome, error) {
	var outcomes []Outcome
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		a := s.acceptance(tx, mb, len(batch), decider)
		outcomes = a.outcomes
		met, err := a.receipts(ctx, batch)
		if err != nil {
			return err
		}
		return a.accept(ctx, batch, met)
	})
	return outcomes, err
}

// acceptance begins to accept a batch of so many deliveries.
func (s *Store) acceptance(tx pgx.Tx, mb Mailbox, size int, decider processor.Decider) *acceptance {
	return &acceptance{
		store: s, tx: tx, mailbox: mb, decider: decider,
		now:      s.now().Truncate(time.Microsecond), // as PostgreSQL keeps it
		outcomes: make([]Outcome, size),
	}
}

// accept takes the steps that the package's documentation lists, from the receipts up to the commit.
func (a *acceptance) accept(ctx context.Context, batch []Delivery, met map[[sha256.Size]byte]*meeting) error {
	arrivals := a.arrivals(batch, met)
	records, err := a.decide(ctx, arrivals)
	if err != nil {
		return err
	}
	if err := a.store.contents.keep(ctx, contentsOf(records)); err != nil {
		return fmt.Errorf("attachments: %w", err)
	}
	if err := a.write(ctx, met, records); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	for _, r := range records {
		a.settle(r)
	}
	return nil
}

// settle notes what became of an arrival; its copies in the same batch are known by then.
func (a *acceptance) settle(r *record) {
	o := Outcome{Outcome: r.outcome(), Request: r.request, Activity: r.activity, Decision: r.decision}
	for i, position := range r.positions {
		if i == 1 {
			o.Known, o.Decision = true, nil
		}
		a.outcomes[position] = o
	}
}
