package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// collectionLease is how long a lease lasts by the database's clock; the collection must renew it before.
	collectionLease = 15 * time.Minute
	// hangingLease keeps other hosts away while a call of this host has not returned, since it may still remove a file.
	hangingLease = 24 * time.Hour
)

// errLeaseLost ends a collection that lasted so long that another program has begun one.
var errLeaseLost = errors.New("another program has begun to collect")

// acquireLease makes this program the collector, or returns false when another program is. The lease is a row with a time,
// not a lock of a session, so that it works behind a pooler and ends by itself.
func (c *collection) acquireLease(ctx context.Context) (leased bool, err error) {
	err = c.store.pool.QueryRow(ctx, `UPDATE attachment_directory SET collector = $1, collector_until = now() + $2::interval
		WHERE collector IS NULL OR collector = $1 OR collector_until < now()
		RETURNING identity::text, generation, coalesce(next_generation, ''), instance, swept, now()`, c.store.id, collectionLease).
		Scan(&c.owner.identity, &c.owner.generation, &c.owner.next, &c.owner.instance, &c.swept, &c.now)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil, unavailable(ctx, err)
}

// update changes the row of the directory as long as this program is the collector.
func (c *collection) update(ctx context.Context, q execer, step, assignments string, args ...any) error {
	if err := c.attachments.runner.beforeStep(step); err != nil {
		return err
	}
	tag, err := q.Exec(ctx, `UPDATE attachment_directory SET `+assignments+` WHERE collector = $1`, append([]any{c.store.id}, args...)...)
	if err != nil {
		return unavailable(ctx, err)
	}
	if tag.RowsAffected() == 0 {
		return errLeaseLost
	}
	return nil
}

// checkLease returns errLeaseLost when another program has become the collector, or has been: the marker may then have a
// generation that this one has not read from the row.
func (c *collection) checkLease(ctx context.Context) error {
	var held bool
	err := c.store.pool.QueryRow(ctx, `SELECT coalesce(collector = $1, false) FROM attachment_directory`, c.store.id).Scan(&held)
	if err != nil {
		return unavailable(ctx, err)
	}
	if !held {
		return errLeaseLost
	}
	return nil
}

// releaseLease lets other programs collect, but extends the lease when an abandoned call may still remove a file. If it
// fails, the lease ends by itself.
func (c *collection) releaseLease(ctx context.Context, err error) {
	ctx, cancel := finishing(ctx)
	defer cancel()
	if errors.Is(err, ErrHanging) {
		_ = c.update(ctx, c.store.pool, "keep lease", `collector_until = now() + $2::interval`, hangingLease)
		return
	}
	_ = c.update(ctx, c.store.pool, "release lease", `collector = NULL, collector_until = NULL`)
}

// changeGeneration makes sure that this database owns the directory, and changes the generation in the marker and the row.
// The row announces the new generation before the marker has it, so that the owner knows its marker after a stop at any
// point. A copy of the database keeps the old generation and thereby loses the right to remove files.
func (c *collection) changeGeneration(ctx context.Context) error {
	here, err := readInstance(ctx, c.store.pool)
	if err != nil {
		return unavailable(ctx, err)
	}
	m, err := onFiles(ctx, c.attachments.runner, 0, func(context.Context) (marker, error) { return c.attachments.markerOf(c.owner.identity) })
	if err != nil {
		return err
	}
	if err := c.owner.checkOriginal(m, here); err != nil {
		return cmp.Or(c.checkLease(ctx), err)
	}
	if m.generation == c.owner.next { // an earlier collection stopped before it updated the row
		if err := c.followMarker(ctx); err != nil {
			return err
		}
	}
	if c.owner.next == "" {
		c.owner.next = rand.Text()
		if err := c.update(ctx, c.store.pool, "announce generation", `next_generation = $2`, c.owner.next); err != nil {
			return err
		}
	}
	m.generation = c.owner.next
	err = c.attachments.runner.do(ctx, 0, func(context.Context) error { return c.attachments.writeMarker(m) })
	if err != nil {
		return err
	}
	return c.followMarker(ctx)
}

// followMarker records in the row that the marker has the announced generation.
func (c *collection) followMarker(ctx context.Context) error {
	err := c.update(ctx, c.store.pool, "follow marker", `generation = $2, next_generation = NULL`, c.owner.next)
	c.owner.generation, c.owner.next = c.owner.next, ""
	return err
}

// setCutoff sets the time before which files are old, from the clock of the file system, which gave the files their times,
// or from the database's clock when that is behind. It ignores the clock of this host.
func (c *collection) setCutoff(ctx context.Context, olderThan time.Duration) error {
	now, err := onFiles(ctx, c.attachments.runner, 0, func(context.Context) (time.Time, error) { return c.attachments.clock() })
	if err != nil {
		return err
	}
	if c.now.Before(now) {
		now = c.now
	}
	c.cutoff = now.Add(-olderThan)
	return nil
}

// clock returns the time of the file system, which it reads from a new file.
func (d attachmentDirectory) clock() (time.Time, error) {
	f, err := d.temporary()
	if err != nil {
		return time.Time{}, err
	}
	info, err := f.Stat()
	if err = errors.Join(err, f.Close(), os.Remove(f.Name())); err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}

// noteSwept records the folder after which the next collection begins.
func (c *collection) noteSwept(ctx context.Context) error {
	ctx, cancel := finishing(ctx)
	defer cancel()
	return c.update(ctx, c.store.pool, "note folder", `swept = $2`, c.swept)
}
