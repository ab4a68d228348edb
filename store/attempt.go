package store

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Attempt counts how often a message could not be recorded. Its times are by the database's clock.
type Attempt struct {
	Key             string
	Count           int // attempts of this kind in a row
	Kind            AttemptKind
	FirstAt, LastAt time.Time
	Reason          string // of the last attempt
	Kept            bool   // the message was recorded with a defect at LastAt, and its mailbox keeps it
	OthersSince     bool   // a receipt of any mailbox was written after FirstAt: the database can record
}

// AttemptKind says what went wrong with a message.
type AttemptKind string

// The kinds of attempts. One kind says nothing about another, so another kind starts the count again.
const (
	NotRetrieved AttemptKind = "retrieve" // the server did not send the message, or the session ended
	CameShort    AttemptKind = "short"    // the server sent only a part of the message
	InHand       AttemptKind = "in_hand"  // the daemon is working on it; the next process that finds this knows: the last one died
	NotRecorded  AttemptKind = "record"
)

// AttemptKey returns the key that the attempts at a message are counted under: its unique-id or, when the server has
// none, its digest. One of the two must be known.
func AttemptKey(uidl string, digest [32]byte) string {
	if uidl != "" {
		return "uidl " + storableUIDL(uidl)
	}
	return "digest " + hex.EncodeToString(digest[:])
}

// attemptColumns are the columns that scanAttempt reads.
const attemptColumns = `key, count, kind, first_at, last_at, reason, kept,
	EXISTS (SELECT FROM mailbox AS other WHERE other.recorded_at > attempt.first_at)`

func scanAttempt(row pgx.CollectableRow) (a Attempt, err error) {
	err = row.Scan(&a.Key, &a.Count, &a.Kind, &a.FirstAt, &a.LastAt, &a.Reason, &a.Kept, &a.OthersSince)
	return a, err
}

// Attempts returns the attempts at messages of a mailbox by their keys. Usually there are none.
func (s *Store) Attempts(ctx context.Context, mb Mailbox) (map[string]Attempt, error) {
	attempts := map[string]Attempt{}
	var b pgx.Batch
	b.Queue(`SELECT `+attemptColumns+` FROM attempt WHERE mailbox_id = $1`, mb.ID).Query(func(rows pgx.Rows) error {
		list, err := pgx.CollectRows(rows, scanAttempt)
		for _, a := range list {
			attempts[a.Key] = a
		}
		return err
	})
	if err := s.sendBrief(ctx, &b); err != nil {
		return nil, fmt.Errorf("attempts of mailbox %s: %w", mb.Name, err)
	}
	return attempts, nil
}

// CountAttempt counts a message that could not be recorded, with the reason, and returns its Attempt. The first attempt
// of a kind sets FirstAt to when the work on the mailbox began (BeginWork), so that OthersSince counts the messages of
// the same poll too.
func (s *Store) CountAttempt(ctx context.Context, mb Mailbox, key string, kind AttemptKind, reason string) (Attempt, error) {
	return s.noteAttempt(ctx, mb, `INSERT INTO attempt (mailbox_id, key, count, first_at, last_at, kind, reason)
		SELECT id, $2, 1, least(working_since, now()), now(), $3, $4 FROM mailbox WHERE id = $1
		ON CONFLICT (mailbox_id, key) DO UPDATE SET
			count = CASE WHEN attempt.kind = excluded.kind THEN attempt.count + 1 ELSE 1 END,
			first_at = CASE WHEN attempt.kind = excluded.kind THEN attempt.first_at ELSE excluded.first_at END,
			last_at = greatest(now(), attempt.last_at), kind = excluded.kind, reason = excluded.reason
		RETURNING `+attemptColumns, key, string(kind), capped(reason, maxDetail))
}

// TakeBackAttempts takes back the InHand counts of messages: the process has survived the work on them.
func (s *Store) TakeBackAttempts(ctx context.Context, mb Mailbox, keys []string) error {
	var b pgx.Batch
	b.Queue(`DELETE FROM attempt WHERE mailbox_id = $1 AND key = ANY($2) AND kind = 'in_hand' AND count <= 1 AND NOT kept`,
		mb.ID, keys)
	b.Queue(`UPDATE attempt SET count = greatest(count - 1, 0), kind = '' WHERE mailbox_id = $1 AND key = ANY($2) AND kind = 'in_hand'`,
		mb.ID, keys)
	if err := s.sendBrief(ctx, &b); err != nil {
		return fmt.Errorf("attempts at messages of mailbox %s: %w", mb.Name, err)
	}
	return nil
}

// KeepAttempt notes that a message was recorded with a defect and that its mailbox keeps it.
func (s *Store) KeepAttempt(ctx context.Context, mb Mailbox, key string) error {
	_, err := s.noteAttempt(ctx, mb, `INSERT INTO attempt (mailbox_id, key, count, first_at, last_at, kept)
			VALUES ($1, $2, 0, now(), now(), true)
		ON CONFLICT (mailbox_id, key) DO UPDATE SET kept = true, last_at = greatest(now(), attempt.last_at)
		RETURNING `+attemptColumns, key)
	return err
}

// PostponeAttempt sets LastAt to now, because the message is about to be tried again; the count stays.
func (s *Store) PostponeAttempt(ctx context.Context, mb Mailbox, key string) error {
	var b pgx.Batch
	b.Queue(`UPDATE attempt SET last_at = greatest(now(), last_at) WHERE mailbox_id = $1 AND key = $2`, mb.ID, key)
	if err := s.sendBrief(ctx, &b); err != nil {
		return fmt.Errorf("attempt at a message of mailbox %s: %w", mb.Name, err)
	}
	return nil
}

// noteAttempt writes one row and returns it. The statement's first two arguments are the mailbox and the key.
func (s *Store) noteAttempt(ctx context.Context, mb Mailbox, sql, key string, args ...any) (a Attempt, err error) {
	var b pgx.Batch
	b.Queue(sql, append([]any{mb.ID, key}, args...)...).Query(func(rows pgx.Rows) error {
		a, err = pgx.CollectExactlyOneRow(rows, scanAttempt)
		return mailboxGone(err)
	})
	if err := s.sendBrief(ctx, &b); err != nil {
		return Attempt{}, fmt.Errorf("attempt at a message of mailbox %s: %w", mb.Name, err)
	}
	return a, nil
}

// ForgetAttempts removes attempts: their messages were recorded, or are no longer in the mailbox.
func (s *Store) ForgetAttempts(ctx context.Context, mb Mailbox, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	var b pgx.Batch
	b.Queue(`DELETE FROM attempt WHERE mailbox_id = $1 AND key = ANY($2)`, mb.ID, keys)
	if err := s.sendBrief(ctx, &b); err != nil {
		return fmt.Errorf("attempts at messages of mailbox %s: %w", mb.Name, err)
	}
	return nil
}

// notWaitedFor lets a commit return before it is on disk. The notes about work must survive a crash of this process,
// not of the server, and a poll with one message waits for the disk once instead of three times.
const notWaitedFor = `SELECT set_config('synchronous_commit', 'off', true)`

// BeginWork notes that the daemon reads the messages of a mailbox; if the process dies of one, the next BeginWork finds
// the note. It reports whether the work before was interrupted: nobody called EndWork. That may also be the work of a daemon
// that is paused, whose lease another one has taken; to be careful then costs one poll some time.
func (s *Store) BeginWork(ctx context.Context, mb Mailbox) (interrupted bool, err error) {
	var b pgx.Batch
	b.Queue(notWaitedFor)
	b.Queue(`UPDATE mailbox SET working_since = now(), worker_id = $2::text::uuid,
			interruptions = mailbox.interruptions + before.interrupted::integer
		FROM (SELECT id, working_since IS NOT NULL AS interrupted FROM mailbox WHERE id = $1 FOR NO KEY UPDATE) AS before
		WHERE mailbox.id = before.id RETURNING before.interrupted`, mb.ID, s.id).
		QueryRow(func(row pgx.Row) error { return mailboxGone(row.Scan(&interrupted)) })
	if err = s.sendBrief(ctx, &b); err != nil {
		return false, fmt.Errorf("work on mailbox %s: %w", mb.Name, err)
	}
	return interrupted, nil
}

// EndWork notes that the work on a mailbox has ended, with or without success: the process has survived it. It leaves the
// note of another daemon, which has begun to read the mailbox because this one lost the lease.
func (s *Store) EndWork(ctx context.Context, mb Mailbox) error {
	var b pgx.Batch
	b.Queue(notWaitedFor)
	b.Queue(`UPDATE mailbox SET working_since = NULL, worker_id = NULL WHERE id = $1 AND worker_id = $2::text::uuid`, mb.ID, s.id)
	if err := s.sendBrief(ctx, &b); err != nil {
		return fmt.Errorf("work on mailbox %s: %w", mb.Name, err)
	}
	return nil
}
