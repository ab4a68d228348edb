package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mailintegration/processor"
	"mailintegration/store"
)

// Replay records one message as if it had been retrieved from the mailbox. If the message has a receipt there, it is
// known, and nothing is recorded. The error includes that of the outcome.
func Replay(ctx context.Context, s *store.Store, mb Mailbox, raw store.Raw) (*processor.Message, store.Outcome, error) {
	target, g, m, err := resolveAndParse(ctx, s, mb, raw)
	if err != nil {
		return nil, store.Outcome{}, err
	}
	outcomes, err := s.Accept(ctx, target, []store.Delivery{{Message: m, Raw: raw}}, g)
	if err != nil {
		return m, store.Outcome{}, err
	}
	return m, outcomes[0], outcomes[0].Err
}

// Reconsider decides once more about a message that was set aside in a mailbox, and records the result; see
// store.Reconsider.
func Reconsider(
	ctx context.Context, s *store.Store, mb Mailbox, aside *store.Aside, how store.Reconsideration,
) (*processor.Message, store.Outcome, error) {
	target, g, m, err := resolveAndParse(ctx, s, mb, aside.Raw)
	if err != nil {
		return nil, store.Outcome{}, err
	}
	o, err := s.Reconsider(ctx, target, aside, m, g, how)
	return m, o, err
}

// resolveAndParse looks up the names of a mailbox and parses a message. The guard it returns decides about the message.
func resolveAndParse(
	ctx context.Context, s *store.Store, mb Mailbox, raw store.Raw,
) (store.Mailbox, *guard, *processor.Message, error) {
	target, err := s.Resolve(ctx, mb.Name, mb.Rules.Names)
	if err != nil {
		return target, nil, nil, err
	}
	g := newGuard(mb.Name, processor.NewPolicy(mb.Rules, target.References), processor.Parse, parseTime)
	m := g.parse(raw)
	return target, g, m, m.ReadError
}

// LookUp returns a directory with what deciding about one message needs, by the message's keys.
type LookUp func(ctx context.Context, keys processor.Keys) (processor.Directory, error)

// Preview returns what a poll would decide about a message, in a mailbox that accepts messages of up to limit octets, 0
// for any size. It records nothing.
func Preview(
	ctx context.Context, policy processor.Policy, limit int64, look LookUp, raw store.Raw, now time.Time,
) (*processor.Message, processor.Decision, error) {
	g := newGuard("", policy, processor.Parse, parseTime)
	m := g.parse(raw)
	if m.ReadError != nil {
		return nil, nil, m.ReadError
	}
	if limit > 0 && raw.Size() > limit {
		d := notices{References: policy.References}.tooLarge(m)
		return m, d, nil
	}
	dir, err := look(ctx, g.Keys(m))
	if err != nil {
		return m, nil, err
	}
	return m, g.Decide(m, dir, now), nil
}

// Reconsider decides once more about a message that was set aside in a mailbox of the daemon, and records the result; see
// store.Reconsider. The error is ErrNotConfigured if the daemon does not have the mailbox any more, store.ErrUnavailable while it
// has no store, and otherwise one of store.OpenAside or store.Reconsider.
func (d *Daemon) Reconsider(ctx context.Context, id int64, how store.Reconsideration) (store.Outcome, error) {
	ctx, done := d.lent.until(ctx)
	defer done()
	outcome, err := d.options().reconsider(ctx, id, how)
	if err != nil && context.Cause(ctx) == errStops {
		err = fmt.Errorf("%w: %w", store.ErrUnavailable, errStops)
	}
	return outcome, err
}

// reconsider does what Daemon.Reconsider does, with the mailboxes and the store in force.
func (o *Options) reconsider(ctx context.Context, id int64, how store.Reconsideration) (store.Outcome, error) {
	if o.Store == nil {
		return store.Outcome{}, store.ErrUnavailable
	}
	aside, err := o.Store.OpenAside(ctx, id)
	if err != nil {
		return store.Outcome{}, err
	}
	defer aside.Raw.Close()
	mb, err := o.mailboxNamed(aside.Mailbox)
	if err != nil {
		return store.Outcome{}, fmt.Errorf("event %d, message %d: %w", aside.Event, id, err)
	}
	_, outcome, err := Reconsider(ctx, o.Store, mb, aside, how)
	return outcome, err
}

// ErrNotConfigured says that the daemon has no mailbox of a name.
var ErrNotConfigured = errors.New("is not in the configuration")

// mailboxNamed returns a mailbox by its name in any case.
func (o *Options) mailboxNamed(name string) (Mailbox, error) {
	i := slices.IndexFunc(o.Mailboxes, func(m Mailbox) bool { return strings.EqualFold(m.Name, name) })
	if i < 0 {
		return Mailbox{}, fmt.Errorf("mailbox %s %w", name, ErrNotConfigured)
	}
	return o.Mailboxes[i], nil
}

// Previewed says what a poll would decide about a message.
type Previewed struct {
	Message  *processor.Message
	Decision processor.Decision
	Filters  []processor.FilterResult
}

// Preview returns what a poll of a mailbox of the daemon would decide about a message now. It records nothing. The error is
// ErrNotConfigured if the daemon has no such mailbox, and store.ErrUnavailable while it has no store.
func (d *Daemon) Preview(ctx context.Context, mailbox string, raw store.Raw) (Previewed, error) {
	o := d.options()
	mb, err := o.mailboxNamed(mailbox)
	switch {
	case err != nil:
		return Previewed{}, err
	case o.Store == nil:
		return Previewed{}, store.ErrUnavailable
	}
	refs, err := o.Store.References(ctx, mb.Rules.Names)
	if err != nil {
		return Previewed{}, fmt.Errorf("mailbox %s: %w", mb.Name, err)
	}
	look := func(ctx context.Context, keys processor.Keys) (processor.Directory, error) {
		return o.Store.LookUp(ctx, refs.Team, keys)
	}
	policy := processor.NewPolicy(mb.Rules, refs)
	m, decision, err := Preview(ctx, policy, mb.Account.MaxOctets, look, raw, o.Now())
	if err != nil {
		return Previewed{}, err
	}
	return Previewed{m, decision, policy.FilterResults(m)}, nil
}
