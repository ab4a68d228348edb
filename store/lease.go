package store

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// MaxLease is the longest duration of a lease. A lease that seems to last longer is over: the database's clock was set back.
const MaxLease = 10 * time.Minute

const (
	// handOver is how long a free lease is kept for the daemon that asked for it, and for daemons that have not got their
	// share of the mailboxes yet. It is some two beats of a daemon.
	handOver = 10 * time.Second
	// longDead is how long after its end another daemon takes a lease although its holder's row is locked.
	longDead = 20 * time.Second
	// daemonKept is how long the row of a dead daemon is kept for DaemonStates.
	daemonKept = 24 * time.Hour
	// releasePause is the time between two attempts to give back leases whose rows were locked.
	releasePause = 50 * time.Millisecond
	// maxProblem is the number of octets up to which the text of a problem is kept.
	maxProblem = 1000
	// askingLock is the advisory lock of the transaction that asks other daemons for mailboxes.
	askingLock = 0x6d61696c_6c656173 // "mailleas"
)

// Holder is one run of a program that polls mailboxes.
type Holder struct {
	ID      string // a UUID, new in each run
	Host    string // name of the host, for a person
	Process int    // number of the process on that host
	Version string // of the program
}

// NewHolder returns the Holder for this run of the program.
func NewHolder(version string) Holder {
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	return Holder{ID: newIdentity(), Host: cmp.Or(host, "unknown"), Process: os.Getpid(), Version: version}
}

// PollReport tells what became of the last poll of a mailbox. It has durations instead of times, because the clocks of the
// daemons and the database differ.
type PollReport struct {
	Mailbox     string
	Ago         time.Duration // since the end of the poll
	Succeeded   bool
	DueIn       time.Duration // until the next poll; 0 leaves the time as it is
	NotBeforeIn time.Duration // until the server allows the next log-in (LOGIN-DELAY), 0 for now
	Backlog     int           // messages that were listed, are still on the server and are not recorded
	Problem     string        // for a person, "" when the poll went well
	Cause       string        // class of the problem, "" when the poll went well
}

// Keeping says which leases a daemon wants to keep, to take and to give back.
type Keeping struct {
	Mailboxes []string      // all that the daemon is configured to poll, and those of which a poll is still under way
	Reports   []PollReport  // since the last call; a report about a mailbox whose lease the daemon has lost does not count
	Release   []string      // leases to give back: of mailboxes that were removed, and of those that another daemon wants
	Duration  time.Duration // of a lease, at most MaxLease
	Once      bool          // a single run: it takes every free lease, asks for none, and does not count for fair shares
}

// Kept is the answer of KeepLeases.
type Kept struct {
	Leases []Lease // one for each of Keeping.Mailboxes, in that order
	// Unnoted has the mailboxes whose reports could not be noted, because another transaction had locked the row of the
	// lease: report them again with the next call, the durations being what they are then. Their leases are not given back
	// before, so that the next holder knows when the server allows a log-in.
	Unnoted []string
	Now     time.Time // by the clock of the database, at a moment between the request and the answer
}

// Lease holds what KeepLeases knows about one mailbox. Its times are by the local clock.
type Lease struct {
	Mailbox   string
	ID        int64     // of the mailbox's row
	Held      bool      // by the caller
	Until     time.Time // when the lease ends if its holder does not renew it, zero if nobody holds it
	DueAt     time.Time // when the next poll is due, zero if unknown
	NotBefore time.Time // when the server allows the next log-in, zero if unknown
	Holder    Holder    // who holds the lease, zero if nobody does
	// SilentSince is when the last message was recorded, if the mailbox used to have mail and has had none for an unusual
	// time, in which its polls went well; otherwise zero.
	SilentSince time.Time
	Wanted      bool // another daemon has less to do and asks the caller for this lease: give it back once no poll is under way
}

// KeepLeases renews the leases of a daemon, in one round trip:
//
//   - It registers h as alive, notes the reports, and gives back the leases of k.Release, and those of mailboxes
//     that are not in k.Mailboxes.
//   - It takes leases that are free or whose holder has died: at first no more than an equal share of what h is configured
//     for among the daemons that are alive; what stays free for longer than handOver, every daemon takes.
//   - It asks daemons that hold at least two mailboxes more than h for some of theirs (Lease.Wanted, in their call).
//
// KeepLeases never waits for the row of a lease that another transaction has locked: see Kept.Unnoted. A report about a lease
// that the daemon has lost is dropped, and is not in Unnoted.
//
// Lease.Until is reckoned from the moment before the request was sent, so that the database never ends a lease earlier than
// the holder does. The first call with a mailbox that the database does not have yet adds its row, which takes three round
// trips more.
//
// KeepLeases changes nothing and returns ErrSchemaNewer or ErrSchemaOlder when the schema is not this program's any more.
// Every other error of the database is ErrUnavailable; the leases that the caller holds last until their Until.
func (s *Store) KeepLeases(ctx context.Context, h Holder, k Keeping) (Kept, error) {
	if k.Duration <= 0 || k.Duration > MaxLease {
		return Kept{}, fmt.Errorf("keep leases: the duration must be greater than 0 and at most %s: %s", MaxLease, k.Duration)
	}
	kept, err := s.keepLeases(ctx, h, k)
	if err == nil && kept.missing {
		k.Reports = reportsAbout(k.Reports, kept.Unnoted) // the first call has noted the others
		if err = s.addLeases(ctx, k.Mailboxes); err == nil {
			kept, err = s.keepLeases(ctx, h, k)
		}
	}
	if err != nil {
		return Kept{}, fmt.Errorf("keep leases: %w", s.orSchema(ctx, err))
	}
	unnoted := kept.Unnoted
	kept.Unnoted = nil
	for _, r := range reportsAbout(k.Reports, unnoted) {
		kept.Unnoted = append(kept.Unnoted, r.Mailbox)
	}
	return kept.Kept, nil
}

// keptOnce is the answer to one round trip of KeepLeases. Its names are in the form that clean returns.
type keptOnce struct {
	Kept
	missing bool // some mailboxes have no row yet
}

// keepLeases makes the one round trip.
func (s *Store) keepLeases(ctx context.Context, h Holder, k Keeping) (answer keptOnce, err error) {
	var b pgx.Batch
	if err := s.beginLeases(&b, k); err != nil {
		return keptOnce{}, err
	}
	b.Queue(registerDaemon, h.ID, clean(h.Host), h.Process, clean(h.Version), k.Once, k.Duration.Milliseconds())
	queueReports(&b, h, k.Reports, &answer.Unnoted)
	b.Queue(releaseSome, h.ID)
	b.Queue(takeLeases, h.ID, k.Once)
	if !k.Once {
		b.Queue(mayAsk)
		b.Queue(askForLeases, h.ID)
	}
	b.Queue(forgetDaemons)
	b.Queue(`COMMIT`)
	sent := s.now()
	b.Queue(readLeases, h.ID, cleaned(k.Mailboxes)).Query(func(rows pgx.Rows) error {
		answer.Leases, answer.missing, err = scanLeases(rows, h, k, sent)
		return err
	})
	b.Queue(readClock).QueryRow(func(row pgx.Row) error { return row.Scan(&answer.Now) })
	err = s.sendLeases(ctx, &b)
	return answer, err
}

// queueReports queues the statement that notes reports, if there are any. The answer sets unnoted.
func queueReports(b *pgx.Batch, h Holder, reports []PollReport, unnoted *[]string) {
	if len(reports) > 0 {
		b.Queue(noteReports, h.ID).QueryRow(func(row pgx.Row) error { return row.Scan(nil, unnoted) })
	}
}

// sendLeases sends a batch that beginLeases has begun.
func (s *Store) sendLeases(ctx context.Context, b *pgx.Batch) error {
	return s.brief(ctx, func(ctx context.Context) error { return s.pool.SendBatch(ctx, b).Close() })
}

// scanLeases reads the result of readLeases, which has one row for each name.
func scanLeases(rows pgx.Rows, h Holder, k Keeping, sent time.Time) (leases []Lease, missing bool, err error) {
	leases = make([]Lease, 0, len(k.Mailboxes))
	at := func(ms *int64) time.Time {
		if ms == nil {
			return time.Time{}
		}
		return sent.Add(time.Duration(*ms) * time.Millisecond)
	}
	var known bool
	var until, due, notBefore, silent *int64
	var l Lease
	_, err = pgx.ForEachRow(rows, []any{
		&l.ID, &known, &l.Held, &l.Wanted, &until, &due, &notBefore, &silent, &l.Holder.ID, &l.Holder.Host, &l.Holder.Process, &l.Holder.Version,
	}, func() error {
		l.Mailbox, l.Until, l.DueAt, l.NotBefore, l.SilentSince = k.Mailboxes[len(leases)], at(until), at(due), at(notBefore), at(silent)
		if l.Held {
			l.Holder, l.Until = h, sent.Add(k.Duration)
		}
		missing = missing || !known
		leases = append(leases, l)
		return nil
	})
	return leases, missing, err
}

// addLeases adds the rows of mailboxes and of their leases that are missing.
func (s *Store) addLeases(ctx context.Context, mailboxes []string) error {
	var b pgx.Batch
	if err := s.beginLeases(&b, Keeping{Mailboxes: mailboxes}); err != nil {
		return err
	}
	b.Queue(`INSERT INTO mailbox (name) SELECT DISTINCT ON (lower(n)) n FROM unnest(current_setting('mailintegration.mailboxes')::text[]) AS n
		WHERE NOT EXISTS (SELECT FROM mailbox WHERE lower(name) = lower(n)) ORDER BY lower(n) ON CONFLICT DO NOTHING`)
	b.Queue(`INSERT INTO lease (mailbox_id, free_since) SELECT id, now() FROM mailbox WHERE ` + isNamedIn("mailboxes") + `
		AND NOT EXISTS (SELECT FROM lease WHERE mailbox_id = mailbox.id) ORDER BY id ON CONFLICT DO NOTHING`)
	b.Queue(`COMMIT`)
	return s.sendLeases(ctx, &b)
}

// ReleaseLeases notes the reports, gives back every lease of h at once and removes the row of h. It does so even when ctx
// has ended, for a few seconds: it waits for no lock, but tries again where another transaction has locked the row of a
// lease. If it fails, the leases that it could not give back end by themselves.
func (s *Store) ReleaseLeases(ctx context.Context, h Holder, reports []PollReport) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.releaseTime)
	defer cancel()
	for began, locked := time.Now(), 0; ; {
		left, unnoted, err := s.releaseLeases(ctx, h, aged(reports, time.Since(began)))
		switch {
		case err != nil && (ctx.Err() == nil || locked == 0):
			return fmt.Errorf("release leases: %w", s.orSchema(ctx, err))
		case err == nil && left == 0:
			return nil
		case err == nil:
			locked, reports = left, reportsAbout(reports, unnoted)
		}
		select {
		case <-time.After(releasePause):
		case <-ctx.Done():
			return fmt.Errorf("release leases: other transactions have locked %d of them for %s", locked, s.releaseTime)
		}
	}
}

// releaseLeases gives back the leases whose rows are not locked, and removes the row of h after the last one. It returns
// how many are left, and the mailboxes of the reports that were not noted.
func (s *Store) releaseLeases(ctx context.Context, h Holder, reports []PollReport) (left int, unnoted []string, err error) {
	var b pgx.Batch
	if err := s.beginLeases(&b, Keeping{Reports: reports}); err != nil {
		return 0, nil, err
	}
	queueReports(&b, h, reports, &unnoted)
	b.Queue(releaseAll, h.ID)
	b.Queue(removeDaemon, h.ID)
	b.Queue(`SELECT count(*) FROM lease WHERE holder_id = $1::text::uuid`, h.ID).QueryRow(func(row pgx.Row) error { return row.Scan(&left) })
	b.Queue(`COMMIT`)
	err = s.sendLeases(ctx, &b)
	return left, unnoted, err
}

// aged returns reports as they are some time later.
func aged(reports []PollReport, by time.Duration) []PollReport {
	later := slices.Clone(reports)
	for i := range later {
		r := &later[i]
		r.Ago += by
		r.NotBeforeIn = max(r.NotBeforeIn-by, 0)
		if r.DueIn > 0 { // 0 would leave the time as it is
			r.DueIn = max(r.DueIn-by, time.Millisecond)
		}
	}
	return later
}

// reportsAbout returns the reports about some mailboxes, whose names are in the form that clean returns.
func reportsAbout(reports []PollReport, mailboxes []string) []PollReport {
	return slices.DeleteFunc(slices.Clone(reports), func(r PollReport) bool { return !slices.Contains(mailboxes, clean(r.Mailbox)) })
}
