package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
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

	LeaveOnServer      LeavePolicy   // how long recorded messages stay on the server
	SleepAfterDeletion time.Duration // pause after a session that deleted, for servers that delete slowly
	TraceMessageInfo   bool          // log Message-ID, From, To, Subject and Date of each message

	// Problem, when not nil, is the reason why this mailbox cannot be polled at all; each poll fails with it.
	Problem error
}

// Options configures a Daemon. Store and Mailboxes are required.
type Options struct {
	Store     *store.Store
	Mailboxes []Mailbox
	Logger    *zap.Logger      // nil: none
	Now       func() time.Time // nil: time.Now

	MaxPolls             int // how many sessions hold a slot at the same time; 0: 64
	MaxSessionsPerServer int // how many sessions run with one server (host and port) at the same time; 0: 48
	MaxBatches           int // how many batches are retrieved and accepted at the same time; 0: 8

	MessagesPerSession int           // QUIT and reconnect after this many messages; 0: 1000
	BatchMessages      int           // messages accepted in one transaction; 0: 50
	BatchOctets        int64         // raw octets that end a batch; 0: 16 MiB
	BatchTime          time.Duration // how long the first message of a batch waits for others; 0: 2 s
	StopGrace          time.Duration // how long a stop waits for the messages in hand; 0: 20 s
	ParseTime          time.Duration // how long parsing a small message may take; 0: 30 s
	SessionTime        time.Duration // after this time a session begins no further batch; 0: 5 min
	SlotTime           time.Duration // how long a session holds its slot at most; 0: 2 min
	Retention          time.Duration // how long receipts are kept, see Collecting; 0: 400 days; negative: for ever

	// Recorded, when not nil, is called after each message that was accepted, from the mailbox's goroutine.
	Recorded func(mailbox string, m *processor.Message, o store.Outcome)
}

// Daemon polls mailboxes. Its methods may be called from several goroutines, but only one Run at a time.
type Daemon struct {
	opts    Options
	workers []*worker

	sessionSlots *slots // Options.MaxPolls, for each server Options.MaxSessionsPerServer
	batchSlots   *slots // Options.MaxBatches
}

// New returns a daemon for the mailboxes of opts. Two mailboxes with the same name are an error.
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
	opts.MaxPolls = cmp.Or(opts.MaxPolls, 64)
	opts.MaxSessionsPerServer = cmp.Or(opts.MaxSessionsPerServer, 48)
	opts.MaxBatches = cmp.Or(opts.MaxBatches, 8)
	opts.MessagesPerSession = cmp.Or(opts.MessagesPerSession, 1000)
	opts.BatchMessages = cmp.Or(opts.BatchMessages, 50)
	opts.BatchOctets = cmp.Or(opts.BatchOctets, 16<<20)
	opts.BatchTime = cmp.Or(opts.BatchTime, 2*time.Second)
	opts.StopGrace = cmp.Or(opts.StopGrace, 20*time.Second)
	opts.SessionTime = cmp.Or(opts.SessionTime, 5*time.Minute)
	opts.SlotTime = cmp.Or(opts.SlotTime, 2*time.Minute)

	d := &Daemon{
		opts: opts, sessionSlots: newSlots(opts.MaxPolls, opts.MaxSessionsPerServer), batchSlots: newSlots(opts.MaxBatches, 0),
	}
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

// Run polls every mailbox on its schedule until ctx is cancelled, then finishes the messages in hand and returns nil.
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

// Once polls the named mailboxes once, all of them without a name, and returns their reports. If a name is not
// configured, Once polls nothing and returns an error.
func (d *Daemon) Once(ctx context.Context, names ...string) ([]Report, error) {
	chosen, err := d.workersOf(names)
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

// workersOf returns the workers of the named mailboxes, each once, or all workers without a name.
func (d *Daemon) workersOf(names []string) ([]*worker, error) {
	if len(names) == 0 {
		return d.workers, nil
	}
	var chosen []*worker
	for _, name := range names {
		i := slices.IndexFunc(d.workers, func(w *worker) bool { return w.mailbox.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("no mailbox is named %s", name)
		}
		if !slices.Contains(chosen, d.workers[i]) {
			chosen = append(chosen, d.workers[i])
		}
	}
	return chosen, nil
}
