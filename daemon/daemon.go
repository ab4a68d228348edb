package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/robfig/cron/v3"
	"go.uber.org/zap"

	"mailintegration/mailbox"
	"mailintegration/processor"
	"mailintegration/store"
)

// Mailbox is one configured mailbox.
type Mailbox struct {
	Name     string
	Account  mailbox.Account
	Rules    processor.Rules
	Schedule cron.Schedule

	LeaveOnServer      LeavePolicy   // whether messages are deleted once they are recorded
	SleepAfterDeletion time.Duration // pause after a session that deleted, for servers that take their time to delete
	TraceMessageInfo   bool          // Message-ID, From, To, Subject and Date of each message are logged

	// Problem, when not nil, says why this mailbox cannot be polled at all; each poll fails with it.
	Problem error
}

// Options are what a Daemon is made of. Store and Mailboxes are required.
type Options struct {
	Store     *store.Store
	Mailboxes []Mailbox
	Logger    *zap.Logger      // nil: none
	Now       func() time.Time // nil: time.Now

	MaxPolls           int           // mailboxes polled at the same time; 0: 4
	MessagesPerSession int           // QUIT and reconnect after so many messages; 0: 1000
	BatchMessages      int           // messages accepted in one transaction; 0: 50
	BatchOctets        int64         // raw octets that end a batch; 0: 16 MiB
	BatchTime          time.Duration // how long the first message of a batch waits for others; 0: 2 s
	StopGrace          time.Duration // how long a stop waits for the message in hand; 0: 20 s
	ParseTime          time.Duration // how long parsing a small message may take; 0: 30 s
	SessionTime        time.Duration // after so long a session begins no further batch; 0: 5 min
	SlotTime           time.Duration // how long a session keeps others out of its place; 0: 2 min
	Retention          time.Duration // receipts, and originals of what was ignored or refused, are kept so long; 0: 400 days; negative: always

	// Recorded, when not nil, is called after each message that was accepted, from the mailbox's goroutine.
	Recorded func(mailbox string, m *processor.Message, o store.Outcome)
}

// Daemon polls mailboxes. Its methods may be called from several goroutines, a Run at a time.
type Daemon struct {
	opts    Options
	workers []*worker
	slots   chan struct{} // a place for each poll that may run at once
}

// New returns a daemon for the mailboxes of opts. Two mailboxes of one name are an error.
func New(opts Options) (*Daemon, error) {
	if opts.Store == nil {
		return nil, errors.New("daemon: no store")
	}
	if opts.Logger == nil {
		opts.Logger = zap.NewNop()
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	opts.MaxPolls = cmp.Or(opts.MaxPolls, 4)
	opts.MessagesPerSession = cmp.Or(opts.MessagesPerSession, 1000)
	opts.BatchMessages = cmp.Or(opts.BatchMessages, 50)
	opts.BatchOctets = cmp.Or(opts.BatchOctets, 16<<20)
	opts.BatchTime = cmp.Or(opts.BatchTime, 2*time.Second)
	opts.StopGrace = cmp.Or(opts.StopGrace, 20*time.Second)
	opts.SessionTime = cmp.Or(opts.SessionTime, 5*time.Minute)
	opts.SlotTime = cmp.Or(opts.SlotTime, 2*time.Minute)

	d := &Daemon{opts: opts, slots: make(chan struct{}, opts.MaxPolls)}
	names := map[string]bool{}
	for _, m := range opts.Mailboxes {
		if names[m.Name] {
			return nil, fmt.Errorf("daemon: two mailboxes are named %s", m.Name)
		}
		names[m.Name] = true
		d.workers = append(d.workers, newWorker(d, m))
	}
	return d, nil
}

// Run polls every mailbox at its schedule until ctx is cancelled, then finishes the messages in hand and returns nil.
func (d *Daemon) Run(ctx context.Context) error {
	log := events{d.opts.Logger.Named("daemon")}
	log.daemonStarted(len(d.workers))
	var running sync.WaitGroup
	for _, w := range d.workers {
		running.Go(func() { w.run(ctx) })
	}
	running.Go(func() { newCollector(d.opts).run(ctx) })
	running.Wait()
	log.daemonStopped()
	return nil
}

// Once polls each mailbox once, all of them when no name is given, and returns what became of each.
// A name that is not configured is an error; nothing is polled then.
func (d *Daemon) Once(ctx context.Context, names ...string) ([]Report, error) {
	chosen, err := d.named(names)
	if err != nil {
		return nil, err
	}
	reports := make([]Report, len(chosen))
	var running sync.WaitGroup
	for i, w := range chosen {
		running.Go(func() { reports[i] = w.poll(ctx) })
	}
	running.Wait()
	return reports, nil
}

// named returns the workers of the mailboxes with these names.
func (d *Daemon) named(names []string) ([]*worker, error) {
	if len(names) == 0 {
		return d.workers, nil
	}
	byName := map[string]*worker{}
	for _, w := range d.workers {
		byName[w.mailbox.Name] = w
	}
	var chosen []*worker
	for _, n := range names {
		w, ok := byName[n]
		if !ok {
			return nil, fmt.Errorf("no mailbox is named %s", n)
		}
		chosen = append(chosen, w)
		delete(byName, n) // named twice is polled once
	}
	return chosen, nil
}

// enter waits for one of the places of polls that run at once; leave gives it back.
func (d *Daemon) acquireSlot(ctx context.Context) (release func(), err error) {
	select {
	case d.slots <- struct{}{}:
		return func() { <-d.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
