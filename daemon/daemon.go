package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
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

	LeaveOnServer      LeavePolicy     // how long recorded messages stay on the server
	SleepAfterDeletion time.Duration   // pause after a session that deleted, for servers that delete slowly
	TraceMessageInfo   bool            // log Message-ID, From, To, Subject and Date of each message
	RawMessageFile     string          // a file for the last message that was set aside or could not be recorded, "" for none
	Sending            *SendingAccount // sends the mail about this mailbox's messages; nil: nothing is sent

	// Revision identifies the configuration: Apply takes two mailboxes with the same revision for equal. Without one, Apply
	// compares the fields, which it cannot do with functions.
	Revision string

	// SecurityAssumed says that the file does not tell how the connection is protected, so that Account.Security is a guess. If
	// the log-in fails, the hint says what the server wants.
	SecurityAssumed bool

	// Problem, when not nil, is the reason why this mailbox cannot be polled at all; each poll fails with it.
	Problem error

	// Only the status has the following fields, for the events about trouble.
	File             string // the configuration file
	ConfigurationXML []byte // the configuration without secrets, as an event carries it; never changed
	Tenant           string // with OAuth2: authority and tenant that issue the tokens, "" otherwise
}

// Options configures a Daemon. Mailboxes and one of Store and Open are required.
type Options struct {
	// Store is an open store, which the caller closes. Without it, the daemon calls Open, until that succeeds, and closes
	// the store that Open returns when Run or Once ends.
	Store *store.Store
	Open  func(context.Context) (*store.Store, error)

	// OpenWithoutFiles, when not nil, opens the store although its attachment directory cannot be used, so that the daemon can
	// open an event about that before Open succeeds. The daemon closes it.
	OpenWithoutFiles func(context.Context) (*store.Store, error)

	Mailboxes []Mailbox
	Sending   *SendingAccount  // sends notifications of new events; nil: nobody is notified
	Version   string           // of the program, for other daemons and the log
	About     []zap.Field      // what else the log says of the daemon when it starts, such as the configuration file
	Logger    *zap.Logger      // nil: none
	Meter     Meter            // is told how long things take; nil: nobody is
	Now       func() time.Time // nil: time.Now

	MaxPolls             int           // how many sessions hold a slot at the same time; 0: 64
	MaxSessionsPerServer int           // how many of them are with the same host and port; 0: 48
	MaxBatches           int           // how many batches are retrieved and accepted at the same time; 0: 8
	MessagesPerSession   int           // QUIT and reconnect after this many messages; 0: 1000
	BatchMessages        int           // messages accepted in one transaction; 0: 50
	BatchOctets          int64         // raw octets that end a batch; 0: 16 MiB
	BatchTime            time.Duration // how long the first message of a batch waits for others; 0: 2 s
	StopGrace            time.Duration // how long a stop waits for the messages in hand; 0: 20 s
	ParseTime            time.Duration // how long parsing a small message may take; 0: 30 s
	SessionTime          time.Duration // after this time a session begins no further batch; 0: 5 min
	SlotTime             time.Duration // how long a session holds its slot at most; 0: 2 min
	Retention            time.Duration // how long receipts are kept, see Collecting; 0: 400 days; negative: for ever

	// Recorded, when not nil, is called after each message that was accepted, from the mailbox's goroutine.
	Recorded func(mailbox string, m *processor.Message, o store.Outcome)

	// EventNames are the names of the account, the team and the group of events about troubles, the most important ones first
	// (see store.EventReferences). Without them, the daemon reports no trouble.
	EventNames []processor.Names

	rawMessages *rawMessages // tests set it; nil: a new one

	parseTimer func(time.Duration) (fires <-chan time.Time, stop func() bool) // tests set it; nil: newTimer

	beatTime time.Duration // how long a beat may take; tests shorten it, 0: 10 s

	holder store.Holder // tests set it, so that a daemon takes the leases of another one; zero: a new one
}

// setDefaults replaces zero values.
func (o *Options) setDefaults() {
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Meter == nil {
		o.Meter = noMeter{}
	}
	o.MaxPolls = cmp.Or(o.MaxPolls, 64)
	o.MaxSessionsPerServer = cmp.Or(o.MaxSessionsPerServer, 48)
	o.MaxBatches = cmp.Or(o.MaxBatches, 8)
	o.MessagesPerSession = cmp.Or(o.MessagesPerSession, 1000)
	o.BatchMessages = cmp.Or(o.BatchMessages, 50)
	o.BatchOctets = cmp.Or(o.BatchOctets, 16<<20)
	o.BatchTime = cmp.Or(o.BatchTime, 2*time.Second)
	o.StopGrace = cmp.Or(o.StopGrace, 20*time.Second)
	o.SessionTime = cmp.Or(o.SessionTime, 5*time.Minute)
	o.SlotTime = cmp.Or(o.SlotTime, 2*time.Minute)
	o.Retention = cmp.Or(o.Retention, defaultRetention)
	if o.rawMessages == nil {
		o.rawMessages = &rawMessages{write: writeRawMessage}
	}
	o.beatTime = cmp.Or(o.beatTime, defaultBeatTime)
}

// Daemon polls mailboxes. Its methods may be called from several goroutines, but only one Run at a time.
type Daemon struct {
	current atomic.Pointer[Options]                                        // never changed, only replaced: see options
	timer   func(time.Duration) (fires <-chan time.Time, stop func() bool) // tests replace it
	alarm   func(time.Time) (fires <-chan time.Time, stop func() bool)     // goes off at a time of Options.Now; tests replace it

	sessionSlots *slots // Options.MaxPolls, for each server Options.MaxSessionsPerServer
	batchSlots   *slots // Options.MaxBatches
	advisor      securityAdvisor

	mu        sync.Mutex // guards the fields below; whoever holds it waits for nothing but the mutex of a worker
	workers   []*worker
	removed   Totals // of workers that are gone
	database  DatabaseStatus
	outage    outage
	missed    []downtime             // outages that are over and that no event tells of yet
	ahead     time.Duration          // Status.ClockAhead
	mistakes  []ConfigurationProblem // never changed, only replaced
	listen    ListenCertificate      // with which the monitor answers
	startedAt time.Time
	running   bool
	holder    store.Holder  // of Run
	opened    bool          // the daemon itself has opened the store
	lent      lending       // of the store, to people
	launch    func(*worker) // starts a worker while Run accepts more, otherwise nil
	gone      []*worker     // since the last beat, which gives their leases back
	beatSoon  func()        // makes the next beat come at once
	sender    *sender

	pulses pulses // see Stuck
}

// New returns a daemon for the mailboxes of opts. Two mailboxes with the same name are an error.
func New(opts Options) (*Daemon, error) {
	if opts.Store == nil && opts.Open == nil {
		return nil, errors.New("daemon: no store")
	}
	if err := checkNames(opts.Mailboxes); err != nil {
		return nil, err
	}
	opts.setDefaults()
	d := &Daemon{
		timer: newTimer, beatSoon: func() {},
		sessionSlots: newSlots(opts.MaxPolls, opts.MaxSessionsPerServer), batchSlots: newSlots(opts.MaxBatches, 0),
	}
	d.current.Store(&opts)
	d.alarm = func(at time.Time) (<-chan time.Time, func() bool) { return newTimer(at.Sub(d.options().Now())) }
	d.advisor = securityAdvisor{now: opts.Now, answers: map[securityQuestion]*securityAnswer{}}
	d.sender = newSender(d)
	for _, m := range opts.Mailboxes {
		d.workers = append(d.workers, newWorker(d, m))
	}
	return d, nil
}

// newTimer returns a channel that receives after a time.
func newTimer(after time.Duration) (fires <-chan time.Time, stop func() bool) {
	t := time.NewTimer(after)
	return t.C, t.Stop
}

// options returns the options in force, with the open store. They never change; Apply replaces them.
func (d *Daemon) options() *Options { return d.current.Load() }

// setOptions replaces the options by a changed copy. The caller holds d.mu.
func (d *Daemon) setOptions(change func(*Options)) {
	o := *d.options()
	change(&o)
	d.current.Store(&o)
}

// log returns the daemon's own log.
func (d *Daemon) log() events { return events{d.options().Logger.Named("daemon")} }

// isOpen reports whether the store is open.
func (d *Daemon) isOpen() bool { return d.options().Store != nil }

// Store returns the open store, for those who show what is in it. The daemon closes it when Run ends. The error says why the
// database cannot be used now.
func (d *Daemon) Store() (*store.Store, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	opened := d.options().Store
	switch {
	case d.database.Err != nil:
		return nil, d.database.Err
	case opened == nil:
		return nil, errors.New("the database is not open yet")
	}
	return opened, nil
}

// Run polls every mailbox on its schedule, as far as this daemon gets its lease, until parent is cancelled. Then it finishes
// the messages in hand, gives the leases back and returns nil. While the database is away, Run goes on and waits for it.
// It returns an error only if the store cannot be opened at all, and waiting cannot help.
func (d *Daemon) Run(parent context.Context) error {
	ctx, stop := context.WithCancelCause(parent)
	defer stop(nil)
	keeping, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	k := newKeeper(d, nil)
	var workers, others sync.WaitGroup
	d.begin(ctx, k, &workers)
	others.Go(func() { stop(d.keep(ctx, keeping, k, &others)) })
	<-ctx.Done()
	d.refuseWorkers()
	k.beatSoon() // gives back what is not polled just now
	workers.Wait()
	end()
	others.Wait()
	d.end(ctx, k)
	if parent.Err() != nil {
		return nil
	}
	return context.Cause(ctx)
}

// keep opens the store and keeps the leases until keeping ends. It returns an error when the store cannot be opened.
func (d *Daemon) keep(ctx, keeping context.Context, k *keeper, others *sync.WaitGroup) error {
	if err := d.open(ctx, k.holder); err != nil {
		return err
	}
	c := newCollector(*d.options())
	c.retention, c.beat = func() time.Duration { return d.options().Retention }, d.beatCollection
	others.Go(func() { c.run(ctx) })
	others.Go(func() { d.sender.run(ctx) })
	_ = k.beat(keeping) // the status has the error
	others.Go(func() { newDiagnosis(d, k.holder).run(ctx) })
	k.run(keeping)
	return nil
}

// begin starts the workers, and lets Apply start others.
func (d *Daemon) begin(ctx context.Context, k *keeper, running *sync.WaitGroup) {
	d.mu.Lock()
	defer d.mu.Unlock()
	o := d.options()
	names := make([]string, len(d.workers))
	for i, w := range d.workers {
		names[i] = w.name()
	}
	d.log().daemonStarted(o.Version, names, o.About)
	d.running, d.startedAt, d.holder, d.beatSoon = true, o.Now(), k.holder, k.beatSoon
	d.launch = func(w *worker) { running.Go(func() { d.runWorker(ctx, w) }) }
	for _, w := range d.workers {
		d.launch(w)
	}
}

// start starts a worker that Apply has added. The caller holds d.mu.
func (d *Daemon) start(w *worker) {
	if d.launch != nil {
		d.launch(w)
	}
}

// runWorker runs a worker until ctx is cancelled or its mailbox is removed. Then the worker is gone.
func (d *Daemon) runWorker(ctx context.Context, w *worker) {
	for ctx.Err() == nil {
		w.run(ctx)
		d.mu.Lock()
		gone := d.dropRetired(w)
		d.mu.Unlock()
		if gone {
			return
		}
	}
}

// dropRetired removes a worker whose mailbox was removed, and reports whether it did. Apply may have added the mailbox
// again. The caller holds d.mu.
func (d *Daemon) dropRetired(w *worker) bool {
	if !w.isRetired() {
		return false
	}
	d.workers = slices.DeleteFunc(slices.Clone(d.workers), func(o *worker) bool { return o == w }) // Status reads the old slice
	d.removed.plus(w.status(time.Time{}).Totals)
	d.gone = append(d.gone, w)
	d.beatSoon()
	return true
}

// refuseWorkers lets no further worker start.
func (d *Daemon) refuseWorkers() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.launch = nil
}

// end gives the leases back and closes the store.
func (d *Daemon) end(ctx context.Context, k *keeper) {
	if d.isOpen() {
		if err := k.release(ctx); err != nil {
			k.log.leasesNotReleased(err)
		}
	}
	d.close()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.running, d.beatSoon = false, func() {}
	d.log().daemonStopped()
}

// isRunning reports whether Run is under way.
func (d *Daemon) isRunning() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.running
}

// workersOf returns the workers of the named mailboxes, each once, or all workers without a name.
func (d *Daemon) workersOf(names []string) ([]*worker, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(names) == 0 {
		return d.workers, nil
	}
	var chosen []*worker
	for _, name := range names {
		i := slices.IndexFunc(d.workers, func(w *worker) bool { return w.name() == name })
		if i < 0 {
			return nil, fmt.Errorf("no mailbox is named %s", name)
		}
		if !slices.Contains(chosen, d.workers[i]) {
			chosen = append(chosen, d.workers[i])
		}
	}
	return chosen, nil
}
