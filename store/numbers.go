package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
)

// numberPool keeps the numbers of requests that were drawn from the sequence and are unused: a batch opened fewer
// requests than it drew numbers for, or its transaction rolled back, which a sequence does not notice. Numbers that are
// still here when the process ends are lost.
type numberPool struct {
	mu   sync.Mutex
	free []int64 // ascending
}

// take returns at most so many numbers above floor, the lowest ones, and removes them from the pool.
func (p *numberPool) take(floor int64, most int) []int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	start, found := slices.BinarySearch(p.free, floor)
	if found {
		start++
	}
	end := min(start+most, len(p.free))
	taken := slices.Clone(p.free[start:end])
	p.free = slices.Delete(p.free, start, end)
	return taken
}

// put adds numbers to the pool.
func (p *numberPool) put(numbers []int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, numbers...)
	slices.Sort(p.free)
}

// clear forgets all numbers.
func (p *numberPool) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = nil
}

// drawn are the numbers that one batch holds for the requests that it opens, over all attempts at its transaction.
type drawn struct {
	pool    *numberPool
	numbers []int64 // ascending, so that the requests of a batch are in the order of its messages
	used    int     // how many of them, from the first on, the present attempt has given to requests
	behind  bool    // the sequence may give out numbers that requests have already
}

// restart begins another attempt: the one before rolled back, so its numbers are free.
func (d *drawn) restart() { d.used = 0 }

// ensure makes sure of an unused number, from the pool or else from the sequence. The more requests the batch has opened
// so far, the more numbers it draws at once, up to one for each of the remaining messages: a batch of new requests needs
// few round trips, and a process that ends after one batch loses few numbers.
func (d *drawn) ensure(ctx context.Context, tx pgx.Tx, remaining int) error {
	if d.used < len(d.numbers) {
		return nil
	}
	var last int64
	if d.used > 0 {
		last = d.numbers[d.used-1]
	}
	want := min(remaining, max(1, d.used))
	more := d.pool.take(last, want)
	if len(more) == 0 {
		if err := d.catchUp(ctx, tx); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, `SELECT ARRAY(SELECT nextval('request_number') FROM generate_series(1, $1))`, want).Scan(&more)
		if err != nil {
			return fmt.Errorf("numbers: %w", err)
		}
	}
	d.numbers = append(d.numbers, more...)
	return nil
}

// maxCatchUp bounds how many numbers of the sequence one catchUp passes over.
const maxCatchUp = 100_000

// catchUp moves the sequence past the numbers of all requests where it may be behind them. It calls nextval rather than
// setval, which could set the sequence back while others draw from it.
func (d *drawn) catchUp(ctx context.Context, tx pgx.Tx) error {
	if !d.behind {
		return nil
	}
	_, err := tx.Exec(ctx, `SELECT count(nextval('request_number')) FROM generate_series(1,
		least($1, coalesce((SELECT max(number) FROM request) - (SELECT last_value FROM request_number), 0)))`, maxCatchUp)
	if err != nil {
		return fmt.Errorf("numbers: %w", err)
	}
	d.behind = false
	return nil
}

// unused returns the numbers that no request has yet.
func (d *drawn) unused() []int64 { return d.numbers[d.used:] }

// release returns numbers to the pool, given the error of the transaction: those that no request has, and the others
// too when the transaction certainly rolled back. After a COMMIT without an answer they may belong to requests.
func (d *drawn) release(err error) {
	var unknown *unansweredCommitError
	if err == nil || errors.As(err, &unknown) {
		d.numbers = d.unused()
	}
	d.pool.put(d.numbers)
	d.numbers, d.used = nil, 0
}

// discard forgets all numbers, here and in the pool, because the sequence has given one of them to somebody else as
// well, and has the next attempt move the sequence on. The numbers that a transaction drew are on disk only after it has
// committed, so a server that crashes before, or a standby that takes over, may give them out again, many in a row.
func (d *drawn) discard() {
	d.numbers, d.used, d.behind = nil, 0, true
	d.pool.clear()
}

// isNumberTaken reports whether a request could not be written because its number is another request's, or too low since
// somebody has set the first number. PostgreSQL names one of the two unique indexes on numbers, usually that of the
// primary key.
func isNumberTaken(err error) bool {
	pg, ok := pgError(err)
	if ok && pg.Code == stateNotNull && pg.TableName == "request" && pg.ColumnName == "number" {
		return true
	}
	return ok && pg.Code == stateUnique && (pg.ConstraintName == "request_pkey" || pg.ConstraintName == "request_team_number")
}
