package store

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Attempt counts how often a message could not be recorded. Its times are of the database's clock.
type Attempt struct {
	Key             string
	Count           int // of attempts of its kind in a row
	Kind            AttemptKind
	FirstAt, LastAt time.Time
	Reason          string // of the last one
	Kept            bool   // the message was recorded with a defect at LastAt and is to be kept on the server
	OthersSince     bool   // a receipt was written since FirstAt, in whichever mailbox: the database does record
}

// AttemptKind is what went wrong with a message.
type AttemptKind string

// The kinds of attempts. One kind says nothing about another, so that each is counted for itself.
const (
	NotRetrieved AttemptKind = "retrieve" // the server did not give it, or the session ended
	CameShort    AttemptKind = "short"    // the server gave only a part
	InHand       AttemptKind = "in_hand"  // it is being read: whoever finds that knows that the process died
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

// attemptColumns are those that scanAttempt reads.
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

// CountAttempt notes that a message could not be recorded, and why, and returns what is known of it then. The first
// attempt began with the work on the mailbox (BeginWork): what was recorded since then was recorded beside it.
func (s *Store) CountAttempt(ctx context.Context, mb Mailbox, key string, kind AttemptKind, reason string) (Attempt, error) {
	return s.noteAttempt(ctx, mb, `INSERT INTO attempt (mailbox_id, key, count, first_at, last_at, kind, reason)
		SELECT id, $2, 1, least(working_since, now()), now(), $3, $4 FROM mailbox WHERE id = $1
		ON CONFLICT (mailbox_id, key) DO UPDATE SET
			count = CASE WHEN attempt.kind = excluded.kind THEN attempt.count + 1 ELSE 1 END,
			first_at = CASE WHEN attempt.kind = excluded.kind THEN attempt.first_at ELSE excluded.first_at END,
			last_at = greatest(now(), attempt.last_at), kind = excluded.kind, reason = excluded.reason
		RETURNING `+attemptColumns, key, string(kind), capped(reason, maxDetail))
}

// TakeBackAttempts takes back the counts of messages that were in hand: the process has survived them.
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

// PostponeAttempt notes that a message is tried again now, whatever comes of it.
func (s *Store) PostponeAttempt(ctx context.Context, mb Mailbox, key string) error {
	var b pgx.Batch
	b.Queue(`UPDATE attempt SET last_at = greatest(now(), last_at) WHERE mailbox_id = $1 AND key = $2`, mb.ID, key)
	if err := s.sendBrief(ctx, &b); err != nil {
		return fmt.Errorf("attempt at a message of mailbox %s: %w", mb.Name, err)
	}
	return nil
}

// noteAttempt writes one row and returns it. The first arguments of the statement are the mailbox and the key.
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

// notWaitedFor lets a commit return before it is on disk. The notes about work need to outlive our process, not the
// server's: a poll with one message would wait for the disk three times instead of once.
const notWaitedFor = `SELECT set_config('synchronous_commit', 'off', true)`

// BeginWork notes that the messages of a mailbox are being read, so that a process which dies of one is found out.
// It reports whether the last work was never ended.
func (s *Store) BeginWork(ctx context.Context, mb Mailbox) (interrupted bool, err error) {
	var b pgx.Batch
	b.Queue(notWaitedFor)
	b.Queue(`UPDATE mailbox SET working_since = now(), interruptions = mailbox.interruptions + before.interrupted::integer
		FROM (SELECT id, working_since IS NOT NULL AS interrupted FROM mailbox WHERE id = $1 FOR NO KEY UPDATE) AS before
		WHERE mailbox.id = before.id RETURNING before.interrupted`, mb.ID).
		QueryRow(func(row pgx.Row) error { return mailboxGone(row.Scan(&interrupted)) })
	if err = s.sendBrief(ctx, &b); err != nil {
		return false, fmt.Errorf("work on mailbox %s: %w", mb.Name, err)
	}
	return interrupted, nil
}

// EndWork notes that the work on a mailbox has ended, however it went: the process lives.
func (s *Store) EndWork(ctx context.Context, mb Mailbox) error {
	var b pgx.Batch
	b.Queue(notWaitedFor)
	b.Queue(`UPDATE mailbox SET working_since = NULL WHERE id = $1`, mb.ID)
	if err := s.sendBrief(ctx, &b); err != nil {
		return fmt.Errorf("work on mailbox %s: %w", mb.Name, err)
	}
	return nil
}
