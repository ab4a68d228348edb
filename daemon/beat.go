package daemon

import (
	"context"
	"errors"
	"slices"
	"time"

	"mailintegration/store"
)

const (
	// beatEvery is the time between two beats: how long a poll's report waits at most.
	beatEvery = 5 * time.Second
	// leaseTime is how long a lease lasts without another beat. Another daemon takes the mailboxes of one that has died
	// after this time and some beats.
	leaseTime = 30 * time.Second
	// defaultBeatTime is how long a beat may take.
	defaultBeatTime = 10 * time.Second
	// recheckTime is how long the checks may take after the database was away.
	recheckTime = time.Minute
	// maxOpenWait limits the time between two attempts to open the store. The first is a second.
	maxOpenWait = time.Minute
)

// keeper keeps the leases of some workers. It alone talks to the database about them, a few seconds apart: it renews the
// leases, takes free ones, gives back those that others want, and reports what became of the polls. Workers never wait
// for it.
type keeper struct {
	daemon *Daemon
	holder store.Holder
	log    events
	once   []*worker     // of a single run; nil for all workers of the daemon
	soon   chan struct{} // has an element when a beat must not wait
	failed error         // of the last beat

	giving []string  // leases to give back, until a beat went well
	gone   []*worker // of mailboxes that were removed, until their last reports are noted
}

// newKeeper returns a keeper with an identity of its own.
func newKeeper(d *Daemon, once []*worker) *keeper {
	o := d.options()
	h := o.holder
	if h.ID == "" {
		h = store.NewHolder(o.Version)
	}
	return &keeper{daemon: d, holder: h, log: d.log(), once: once, soon: make(chan struct{}, 1)}
}

// beatSoon makes the next beat come at once.
func (k *keeper) beatSoon() {
	select {
	case k.soon <- struct{}{}:
	default: // one is coming
	}
}

// run beats, beginning some seconds after the first beat, until ctx ends. Errors of the database are in the daemon's
// status; run tries again and again.
func (k *keeper) run(ctx context.Context) {
	defer k.daemon.pulses.beats.rest()
	for k.wait(ctx, beatEvery); ctx.Err() == nil; k.wait(ctx, beatEvery) {
		_ = k.beat(ctx)
	}
}

// wait waits for a time, for a beat that must not wait, or for the end of ctx.
func (k *keeper) wait(ctx context.Context, d time.Duration) {
	k.daemon.pulses.beats.beat(k.daemon.options().Now(), beatPromise)
	fires, stop := k.daemon.timer(d)
	defer stop()
	select {
	case <-fires:
	case <-k.soon:
	case <-ctx.Done():
	}
}

// beat keeps the leases once. After a beat that failed it first makes sure that the database is still the right one.
func (k *keeper) beat(ctx context.Context) error {
	err := k.recheck(ctx)
	if err == nil {
		// The server may still execute a beat that is given up, after the leases went back. So a stop waits for it.
		err = k.keep(context.WithoutCancel(ctx))
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if isSchema(err) {
		k.revoke()
	}
	if k.failed != nil && err == nil {
		k.resume()
	}
	k.failed = err
	k.daemon.noteDatabase(err)
	return err
}

// isSchema reports whether the schema of the database is for another version of the program, or a restore of it has not ended.
func isSchema(err error) bool {
	return errors.Is(err, store.ErrSchemaNewer) || errors.Is(err, store.ErrSchemaOlder) || errors.Is(err, store.ErrRestoring)
}

// recheck makes sure, after the database was away, that it is still the same.
func (k *keeper) recheck(ctx context.Context) error {
	if k.failed == nil {
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, recheckTime)
	defer cancel()
	return asSilence(ctx, k.store().Recheck(bounded), recheckTime)
}

// asSilence returns err, as an error of a silent database if it came because the limit was over, and ctx was not.
func asSilence(ctx context.Context, err error, limit time.Duration) error {
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return &silentError{limit}
	}
	return err
}

// silentError says that the database has not answered a beat within a limit. An outage is shorter than the limit when the
// database answers soon after the daemon has given up.
type silentError struct{ limit time.Duration }

func (e *silentError) Error() string {
	return "the database gave no answer within " + lasting(e.limit) + ", the time limit of a request"
}

// Is makes the error an ErrUnavailable.
func (e *silentError) Is(target error) bool { return target == store.ErrUnavailable }

func (k *keeper) store() *store.Store { return k.daemon.options().Store }

// keep makes one round trip to the database, and tells the workers which leases they hold.
func (k *keeper) keep(ctx context.Context) error {
	now := k.daemon.options().Now()
	workers, keeping, reported := k.compose(now)
	limit := k.daemon.options().beatTime
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	kept, err := k.store().KeepLeases(bounded, k.holder, keeping)
	if err != nil {
		return asSilence(ctx, err, limit)
	}
	received := k.daemon.options().Now()
	k.daemon.noteClock(now, kept.Now, received)
	for _, r := range reported {
		if !slices.Contains(kept.Unnoted, r.mailbox) { // otherwise the next beat reports again, perhaps about a later poll
			r.worker.reported(r.polls)
		}
	}
	k.gone = slices.DeleteFunc(k.gone, func(w *worker) bool { return !w.hasReport(now) })
	k.giving = nil
	k.hand(workers, kept.Leases, now, received)
	return nil
}

// reportOf is a report about a worker's polls, up to the one with that number.
type reportOf struct {
	worker  *worker
	mailbox string
	polls   int
}

// compose returns what a beat asks for: the workers in the order of the mailboxes, and whose polls it reports.
func (k *keeper) compose(now time.Time) ([]*worker, store.Keeping, []reportOf) {
	gone := k.noteGone()
	workers, stopping := k.workers()
	keeping := store.Keeping{Duration: leaseTime, Once: k.once != nil}
	var kept []*worker
	var reported []reportOf
	for _, w := range append(gone, workers...) { // a later report about the same mailbox counts
		if r, polls, ok := w.report(now); ok {
			keeping.Reports = append(keeping.Reports, r)
			reported = append(reported, reportOf{w, r.Mailbox, polls})
		}
	}
	for _, w := range workers {
		name, gives, keeps := w.offer(now, stopping || k.once != nil)
		if gives {
			k.giving = append(k.giving, name)
		}
		if keeps {
			kept = append(kept, w)
			keeping.Mailboxes = append(keeping.Mailboxes, name)
		}
	}
	slices.Sort(k.giving)
	k.giving = slices.Compact(k.giving)
	keeping.Release = slices.Clone(k.giving)
	return kept, keeping, reported
}

// workers returns the workers whose leases the keeper keeps, and whether the daemon stops.
func (k *keeper) workers() (workers []*worker, stopping bool) {
	if k.once != nil {
		return k.once, false
	}
	d := k.daemon
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.workers, d.launch == nil
}

// noteGone returns the workers that are gone and have something to report. Their leases go back, because the next beat does
// not name their mailboxes any more, unless Apply has added them again.
func (k *keeper) noteGone() []*worker {
	if k.once != nil {
		return nil
	}
	d := k.daemon
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, w := range d.gone {
		w.loseLease()
	}
	k.gone = append(k.gone, d.gone...)
	d.gone = nil
	return slices.Clone(k.gone)
}

// hand tells the workers which leases they hold. sent is the time before the request was sent, from which a lease lasts. Nobody knows
// when the database has answered until received, so a time before which the server allows no log-in counts from that.
func (k *keeper) hand(workers []*worker, leases []store.Lease, sent, received time.Time) {
	var taken, lost []string
	for i, w := range workers {
		l := leases[i]
		until := sent.Add(leaseTime)
		if l.Held { // the database's times are by the clock of the store, which is another one in tests
			shift := until.Sub(l.Until)
			l.DueAt, l.SilentSince = moved(l.DueAt, shift), moved(l.SilentSince, shift)
			l.NotBefore = moved(l.NotBefore, shift+received.Sub(sent))
		}
		l.Until = until
		switch w.setLease(l) {
		case leaseTaken:
			taken = append(taken, l.Mailbox)
		case leaseLost:
			lost = append(lost, l.Mailbox)
		}
	}
	if k.once == nil {
		k.log.leasesTaken(taken)
		k.log.leasesLost(lost)
	}
}

// moved returns a time that is moved, and the zero time as it is.
func moved(t time.Time, by time.Duration) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(by)
}

// revoke takes all leases from the workers: nothing may be written to the database any more.
func (k *keeper) revoke() {
	workers, _ := k.workers()
	for _, w := range workers {
		w.loseLease()
	}
}

// resume lets mailboxes whose polls failed because of the database be polled soon.
func (k *keeper) resume() {
	workers, _ := k.workers()
	for _, w := range workers {
		w.retryDatabase()
	}
}

// release reports the last polls and gives back all leases, also after a stop.
func (k *keeper) release(ctx context.Context) error {
	now := k.daemon.options().Now()
	workers, _ := k.workers()
	var reports []store.PollReport
	for _, w := range append(k.noteGone(), workers...) {
		if r, _, ok := w.report(now); ok {
			reports = append(reports, r)
		}
		w.loseLease()
	}
	return k.store().ReleaseLeases(ctx, k.holder, reports)
}

// open opens the store, unless it is open. It tries again until that succeeds, waiting cannot help, or ctx ends. An event
// tells of an attachment directory that it waits for; reporter is this daemon.
func (d *Daemon) open(ctx context.Context, reporter store.Holder) error {
	for wait := time.Second; !d.isOpen(); wait = min(2*wait, maxOpenWait) {
		err := d.tryOpen(ctx)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !store.IsUnreachable(err) && !errors.Is(err, store.ErrDirectory):
			return err
		}
		d.noteDatabase(err)
		if errors.Is(err, store.ErrDirectory) {
			d.reportDirectory(ctx, reporter)
		}
		fires, stop := d.timer(wait)
		select {
		case <-fires:
		case <-ctx.Done():
		}
		stop()
	}
	return nil
}

// tryOpen opens the store once.
func (d *Daemon) tryOpen(ctx context.Context) error {
	s, err := d.options().Open(ctx)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.setOptions(func(o *Options) { o.Store = s })
	d.opened = true
	d.lent.begin()
	return nil
}

// close closes the store if the daemon has opened it.
func (d *Daemon) close() {
	d.mu.Lock()
	s := d.options().Store
	mine := d.opened
	if mine {
		d.opened = false
		d.setOptions(func(o *Options) { o.Store = nil })
	}
	d.mu.Unlock()
	if mine {
		d.lent.end()
		s.Close()
	}
}

// noteClock notes in the status how much this machine's clock is ahead of the database's, which was read at some moment
// between sent and received. It notes as little as these times allow, so that a slow answer looks like no difference.
func (d *Daemon) noteClock(sent, database, received time.Time) {
	least, most := sent.Round(0).Sub(database), received.Round(0).Sub(database)
	if least > most { // somebody has set the clock back meanwhile
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ahead = min(max(0, least), most)
}
