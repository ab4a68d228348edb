package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// MaxFirstNumber is the highest number at which requests may begin. It leaves room for more requests than anybody records, in numbers that a person can still read out.
const MaxFirstNumber = 1_000_000_000

// FirstNumber says which numbers requests get from now on.
type FirstNumber struct {
	First   int64 `json:"first"`   // no request that is opened from now on has a lower number
	Highest int64 `json:"highest"` // the highest number of a request, 0 for none
}

// FirstNumberError says that requests cannot begin at a number.
type FirstNumberError struct {
	First   int64
	Highest int64 // of a request that exists, 0 when the number is out of range
}

func (e *FirstNumberError) Error() string {
	if e.Highest == 0 {
		return fmt.Sprintf("%d is not a number between 1 and %d", e.First, MaxFirstNumber)
	}
	return fmt.Sprintf("numbers cannot begin at %d: the highest number in use is %d", e.First, e.Highest)
}

// Hint returns what a person can do.
func (e *FirstNumberError) Hint() string {
	if e.Highest == 0 {
		return "choose a number that no request of the earlier system has"
	}
	return fmt.Sprintf("choose a number above %d", e.Highest)
}

// SetFirstNumber makes the numbers of requests begin at first. It refuses a number that would repeat one in time.
//
// It holds as soon as SetFirstNumber returns, for every program on the database: running daemons keep numbers that they
// drew earlier (numberPool). The sequence's MINVALUE says which of them are void. The INSERT of each request compares its
// number with it, and a daemon whose number is too low draws others and records its messages again.
func (s *Store) SetFirstNumber(ctx context.Context, first int64) (FirstNumber, error) {
	if err := CheckFirstNumber(first, 0); err != nil {
		return FirstNumber{First: first}, err
	}
	return s.setFirstNumber(ctx, first)
}

// CheckFirstNumber returns a FirstNumberError unless a person may let the numbers of requests begin at first, above the highest one in use.
func CheckFirstNumber(first, highest int64) error {
	switch {
	case first < 1 || first > MaxFirstNumber:
		return &FirstNumberError{First: first}
	case first <= highest:
		return &FirstNumberError{first, highest}
	}
	return nil
}

// setFirstNumber does what SetFirstNumber does, without its limits: a restore goes on above the highest number, whatever it is.
func (s *Store) setFirstNumber(ctx context.Context, first int64) (FirstNumber, error) {
	n := FirstNumber{First: first}
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		if err := lockNumbers(ctx, tx); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, `SELECT coalesce(max(number), 0) FROM request`).Scan(&n.Highest); err != nil {
			return err
		}
		if first <= n.Highest {
			return &FirstNumberError{first, n.Highest}
		}
		_, err := tx.Exec(ctx, fmt.Sprintf(`ALTER SEQUENCE request_number MINVALUE %[1]d START %[1]d RESTART %[1]d`, first))
		return err
	})
	return n, err
}

// lockNumbers waits until no transaction is under way that has drawn a number or written a request, and lets none begin
// before the end of this one. Locks come in the order in which acceptances take them: the sequence, then the table. An
// ALTER SEQUENCE that changes nothing is the only way to lock a sequence.
func lockNumbers(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, `ALTER SEQUENCE request_number CACHE 1`); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `LOCK TABLE request IN SHARE ROW EXCLUSIVE MODE`)
	return err
}
