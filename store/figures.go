package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Figures hold what a monitoring system counts in the database.
type Figures struct {
	OpenProblems map[ProblemKind]int // of each kind; a kind without open problems is missing
	Waiting      int                 // mails of the outbox that wait or are being sent
	OldestWait   time.Duration       // of the mail that has waited longest, by the clock of the database; 0 if none waits
}

// maxCounted limits how many rows of each table Figures counts, so that it costs the same however many there are.
const maxCounted = 10_000

// Figures counts, in one round trip and with indexes alone.
func (s *Store) Figures(ctx context.Context) (Figures, error) {
	f := Figures{OpenProblems: map[ProblemKind]int{}}
	var b pgx.Batch
	b.Queue(`SELECT kind, count(*) FROM (SELECT kind FROM problem WHERE closed_at IS NULL LIMIT $1) AS open GROUP BY kind`, maxCounted).
		Query(func(rows pgx.Rows) error {
			var kind ProblemKind
			var n int
			_, err := pgx.ForEachRow(rows, []any{&kind, &n}, func() error {
				f.OpenProblems[kind] = n
				return nil
			})
			return err
		})
	b.Queue(`SELECT count(*), coalesce(greatest(extract(epoch FROM now() - min(queued_at)), 0), 0)::double precision
		FROM (SELECT queued_at FROM outbox WHERE due_at IS NOT NULL ORDER BY id LIMIT $1) AS waiting`, maxCounted).
		QueryRow(func(row pgx.Row) error {
			var seconds float64
			err := row.Scan(&f.Waiting, &seconds)
			f.OldestWait = time.Duration(seconds * float64(time.Second))
			return err
		})
	if err := s.sendBrief(ctx, &b); err != nil {
		return Figures{}, fmt.Errorf("figures: %w", err)
	}
	return f, nil
}

// ProblemKinds returns every kind of a problem.
func ProblemKinds() []ProblemKind {
	return []ProblemKind{
		ProblemUnreachable, ProblemLogin, ProblemToken, ProblemCertificate, ProblemProtocol, ProblemLoginDelay, ProblemConfiguration,
		ProblemAttachmentDirectory, ProblemDisk, ProblemDatabase, ProblemClock, ProblemMessage, ProblemLoop, ProblemReply, ProblemSMTP,
		ProblemSilence, ProblemProgram,
	}
}
