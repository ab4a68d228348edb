package store

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// collectionLease is how long a collector may take from one look at its lease to the next, by the database's clock.
	collectionLease = 15 * time.Minute
	// hangingLease keeps other hosts away while a call of this one has not returned: it may still remove a file.
	hangingLease = 24 * time.Hour
)

// errLeaseLost ends a collection that took so long that another program has begun one.
var errLeaseLost = errors.New("another program has begun to collect")

// lease makes this program the collector, false when another one is. It is a row with a time and no lock of a session,
// so that it works behind a pooler and ends by itself.
func (r *collection) lease(ctx context.Context) (leased bool, err error) {
	err = r.store.pool.QueryRow(ctx, `UPDATE attachment_directory SET collector = $1, collector_until = now() + $2::interval
		WHERE collector IS NULL OR collector = $1 OR collector_until < now()
		RETURNING identity::text, generation, coalesce(next_generation, ''), instance, swept, now()`, r.store.id, collectionLease).
		Scan(&r.own.identity, &r.own.generation, &r.own.next, &r.own.instance, &r.swept, &r.now)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil, unavailable(ctx, err)
}

// update changes the row of the directory as long as this program is the collector.
func (r *collection) update(ctx context.Context, q execer, step, assignments string, args ...any) error {
	if err := r.contents.files.before(step); err != nil {
		return err
	}
	tag, err := q.Exec(ctx, `UPDATE attachment_directory SET `+assignments+` WHERE collector = $1`, append([]any{r.store.id}, args...)...)
	if err != nil {
		return unavailable(ctx, err)
	}
	if tag.RowsAffected() == 0 {
		return errLeaseLost
	}
	return nil
}

// release lets others collect: not, however, while a call is left behind that may still remove a file. A lease that
// cannot be given back ends by itself.
func (r *collection) release(ctx context.Context, err error) {
	ctx, cancel := finishing(ctx)
	defer cancel()
	if errors.Is(err, ErrHanging) {
		_ = r.update(ctx, r.store.pool, "keep lease", `collector_until = now() + $2::interval`, hangingLease)
		return
	}
	_ = r.update(ctx, r.store.pool, "release lease", `collector = NULL, collector_until = NULL`)
}

// authorize returns nil when this database owns the directory, and changes the generation in the marker and in the row.
// The row says first what the marker will be, so that the owner knows its marker wherever it was stopped; a copy of the
// database falls behind.
func (r *collection) authorize(ctx context.Context) error {
	here, err := readInstance(ctx, r.store.pool)
	if err != nil {
		return unavailable(ctx, err)
	}
	m, err := onFiles(ctx, r.contents.files, 0, func(context.Context) (marker, error) { return r.contents.ownMarker(r.own.identity) })
	if err != nil {
		return err
	}
	if err := r.own.fits(m, here); err != nil {
		return err
	}
	if m.generation == r.own.next { // stopped before the row followed the marker
		if err := r.followMarker(ctx); err != nil {
			return err
		}
	}
	if r.own.next == "" {
		r.own.next = rand.Text()
		if err := r.update(ctx, r.store.pool, "announce generation", `next_generation = $2`, r.own.next); err != nil {
			return err
		}
	}
	m.generation = r.own.next
	err = r.contents.files.do(ctx, 0, func(context.Context) error { return r.contents.writeMarker(m) })
	if err != nil {
		return err
	}
	return r.followMarker(ctx)
}

// followMarker notes in the row that the marker has the generation that was announced.
func (r *collection) followMarker(ctx context.Context) error {
	err := r.update(ctx, r.store.pool, "follow marker", `generation = $2, next_generation = NULL`, r.own.next)
	r.own.generation, r.own.next = r.own.next, ""
	return err
}

// setAge sets the time before which files are old: by the clock of the file system, which gave them their times, and
// never ahead of the database's. The clock of this host counts nothing.
func (r *collection) setAge(ctx context.Context, olderThan time.Duration) error {
	now, err := onFiles(ctx, r.contents.files, 0, func(context.Context) (time.Time, error) { return r.contents.clock() })
	if err != nil {
		return err
	}
	if r.now.Before(now) {
		now = r.now
	}
	r.before = now.Add(-olderThan)
	return nil
}

// clock returns the time of the file system: that of a file made now.
func (c contents) clock() (time.Time, error) {
	f, err := c.temporary()
	if err != nil {
		return time.Time{}, err
	}
	info, err := f.Stat()
	if err = errors.Join(err, f.Close(), os.Remove(f.Name())); err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}

// noteSwept notes the folder that the next collection begins behind.
func (r *collection) noteSwept(ctx context.Context) error {
	ctx, cancel := finishing(ctx)
	defer cancel()
	return r.update(ctx, r.store.pool, "note folder", `swept = $2`, r.swept)
}
