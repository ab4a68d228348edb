package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
	"mailintegration/processor/template"
)

// OutgoingMail is a mail of the outbox that somebody has claimed to send it.
type OutgoingMail struct {
	ID          int64
	MessageID   string // the same at each attempt, without angle brackets
	Mailbox     string // whose account sends the mail, "" for the account of the service
	Kind        processor.ReplyKind
	To          processor.Address
	Language    string // two or three small letters, "" if nothing says which
	Team        string
	TeamAddress string        // "" if the team has none
	Template    template.Text // the team's own, zero for the one that comes with the program
	Data        template.Data
	Request     int64     // number of the request that the mail is about, 0 for none
	InReplyTo   string    // without angle brackets, "" if the mail answers no message
	References  []string  // without angle brackets, oldest first
	QueuedAt    time.Time // by the local clock
	Attempts    int       // this one included
	LastError   string    // of the attempt before, "" for none
}

// maxNoticeText is how much of an event's text a notification of it shows, in characters.
const maxNoticeText = 4000

// ClaimMail returns up to n mails that are due and that the account of one of the mailboxes sends; "" among them stands for
// the account of the service. Nobody else gets these mails for the time of the lease, by the clock of the database. Whoever
// has sent one says so with MailSent. A mail about which nobody says anything is due again after the lease: it may have been
// sent, and is sent again with the same Message-ID.
func (s *Store) ClaimMail(ctx context.Context, mailboxes []string, n int, lease time.Duration) ([]OutgoingMail, error) {
	return s.claimMail(ctx, claimQuery(`o.due_at <= now() AND coalesce(lower(m.name), '') = ANY ($1)`), mailboxes, n, lease)
}

// unclaimedTime is how long a mail must have been due for nobody to send it.
const unclaimedTime = 24 * time.Hour

// ClaimUnsentMail claims like ClaimMail mails that nobody sends, such as those of a mailbox that is not configured any more:
// they were queued olderThan ago and have been due for a day. Those of the mailboxes are left out, because the caller sends
// them.
func (s *Store) ClaimUnsentMail(ctx context.Context, mailboxes []string, n int, olderThan, lease time.Duration) ([]OutgoingMail, error) {
	return s.claimMail(ctx, claimQuery(`o.due_at <= now() - $5::interval AND o.queued_at <= now() - $6::interval
			AND coalesce(lower(m.name), '') <> ALL ($1)`), mailboxes, n, lease, unclaimedTime, olderThan)
}

// claimMail claims mails by a query of claimQuery with the arguments that it needs besides the common ones.
func (s *Store) claimMail(
	ctx context.Context, query string, mailboxes []string, n int, lease time.Duration, more ...any,
) ([]OutgoingMail, error) {
	names := make([]string, len(mailboxes))
	for i, name := range mailboxes {
		names[i] = fold(clean(name))
	}
	args := append([]any{names, n, lease, maxNoticeText}, more...)
	var list []OutgoingMail
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		list = nil
		rows, err := tx.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (OutgoingMail, error) { return scanMail(row, s.now()) })
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim mail: %w", err)
	}
	slices.SortFunc(list, func(a, b OutgoingMail) int { return int(a.ID - b.ID) })
	return list, nil
}

// claimQuery returns the query that claims the mails for which a condition holds and reads what their texts say. The own text of the team is the one in the language of the
// mail. For a language in which the program has no text either, it is the one in the language of the team.
func claimQuery(condition string) string {
	return `WITH due AS (
		SELECT o.id FROM outbox AS o LEFT JOIN mailbox AS m ON m.id = o.mailbox_id
		WHERE ` + condition + `
		ORDER BY o.due_at, o.id LIMIT $2 FOR UPDATE OF o SKIP LOCKED),
	claimed AS (
		UPDATE outbox AS o SET due_at = now() + $3::interval, attempts = o.attempts + 1
		FROM due WHERE o.id = due.id RETURNING o.*)
	SELECT c.id, c.message_id, coalesce(m.name, ''), c.kind, c.to_name, c.to_address,
		coalesce(p.language, nullif(c.language, ''), t.language),
		t.name, t.address, coalesce(p.subject, ''), coalesce(p.body, ''),
		CASE c.kind WHEN 'new_event' THEN r.subject ELSE c.subject END, coalesce(c.request_id, 0), coalesce(r.kind, ''),
		c.written_at, c.opens_requests,
		CASE c.kind WHEN 'new_event' THEN coalesce(g.name, '') ELSE '' END,
		CASE c.kind WHEN 'new_event' THEN left(r.body, $4) ELSE '' END,
		c.in_reply_to, c.refers_to, ` + fromNow("c.queued_at") + `, c.attempts, c.last_error
	FROM claimed AS c JOIN team AS t ON t.id = c.team_id
	LEFT JOIN mailbox AS m ON m.id = c.mailbox_id
	LEFT JOIN request AS r ON r.number = c.request_id
	LEFT JOIN support_group AS g ON g.id = r.group_id
	LEFT JOIN LATERAL (
		SELECT language, subject, body FROM reply_template
		WHERE team_id = c.team_id AND kind = c.kind AND language IN (
			coalesce(nullif(c.language, ''), nullif(t.language, ''), 'en'),
			CASE WHEN c.language NOT IN ('en', 'fr') THEN t.language END)
		ORDER BY language = c.language DESC LIMIT 1) AS p ON true`
}

// scanMail reads a row of claimQuery.
func scanMail(row pgx.CollectableRow, now time.Time) (OutgoingMail, error) {
	var m OutgoingMail
	var writtenAt *time.Time
	var queuedAt *int64
	d := &m.Data
	err := row.Scan(&m.ID, &m.MessageID, &m.Mailbox, &m.Kind, &m.To.Name, &m.To.Addr, &m.Language, &m.Team, &m.TeamAddress,
		&m.Template.Subject, &m.Template.Body, &d.Subject, &m.Request, &d.Kind, &writtenAt, &d.OpensRequests, &d.Group, &d.Text,
		&m.InReplyTo, &m.References, &queuedAt, &m.Attempts, &m.LastError)
	m.QueuedAt = localTimeOrZero(now, queuedAt)
	d.Name, d.Number, d.Team, d.TeamAddress = m.To.Name, m.Request, m.Team, m.TeamAddress
	if writtenAt != nil {
		d.Date = *writtenAt
	}
	return m, err
}

// MailSent notes that a mail was sent. It does nothing if the mail is not in the outbox any more or was given up.
func (s *Store) MailSent(ctx context.Context, id int64) error {
	return s.changeMail(ctx, "note that a mail was sent", `UPDATE outbox SET due_at = NULL, sent_at = now(), last_error = ''
		WHERE id = $1 AND due_at IS NOT NULL`, id)
}

// MailDeferred notes why a mail could not be sent, and makes it due again after some time.
func (s *Store) MailDeferred(ctx context.Context, id int64, retryIn time.Duration, reason string) error {
	return s.changeMail(ctx, "defer a mail", `UPDATE outbox SET due_at = now() + $2::interval, last_error = $3
		WHERE id = $1 AND due_at IS NOT NULL`, id, retryIn, capped(reason, maxDetail))
}

func (s *Store) changeMail(ctx context.Context, doing, sql string, args ...any) error {
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, sql, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// GiveUpMail notes that a mail will not be sent, and why. The caller opens the event about it in the same transaction. The
// error is ErrUnknown if the mail waits no more: it was sent, or another daemon has given it up.
func (j *Journal) GiveUpMail(ctx context.Context, id int64, reason string) error {
	tag, err := j.tx.Exec(ctx, `UPDATE outbox SET due_at = NULL, given_up_at = now(), last_error = $2
		WHERE id = $1 AND due_at IS NOT NULL`, id, capped(reason, maxDetail))
	if err != nil {
		return j.note(fmt.Errorf("give up a mail: %w", err))
	}
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("give up a mail: mail %d of the outbox %w", id, ErrUnknown)
	}
	return nil
}

// Outbox says how many mails wait.
type Outbox struct {
	Waiting int       `json:"waiting"`
	Oldest  time.Time `json:"oldest"` // when the oldest of them was queued, by the local clock; zero if none waits
}

// OutboxState returns how many mails wait, those that are being sent included.
func (s *Store) OutboxState(ctx context.Context) (Outbox, error) {
	var o Outbox
	var oldest *int64
	err := s.brief(ctx, func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, `SELECT count(*), `+fromNow("min(queued_at)")+` FROM outbox WHERE due_at IS NOT NULL`).Scan(&o.Waiting, &oldest)
	})
	if err != nil {
		return Outbox{}, fmt.Errorf("state of the outbox: %w", err)
	}
	o.Oldest = localTimeOrZero(s.now(), oldest)
	return o, nil
}

// leastKeptMail is how long mail that was sent is kept at least: the fuse counts the mail of a day.
const leastKeptMail = 48 * time.Hour

// PurgeMail removes mail that was sent, given up or stopped, once it was queued olderThan ago, by the clock of the
// database, in small transactions and up to MaxPurgedReceipts. It returns how many. Their Message-IDs still lead to their
// requests.
func (s *Store) PurgeMail(ctx context.Context, olderThan time.Duration) (n int, err error) {
	for n < MaxPurgedReceipts {
		tag, err := s.pool.Exec(ctx, `DELETE FROM outbox WHERE id IN (
				SELECT id FROM outbox WHERE due_at IS NULL AND queued_at < now() - $1::interval LIMIT $2 FOR UPDATE SKIP LOCKED)`,
			max(olderThan, leastKeptMail), purgeBatch)
		if err != nil {
			return n, fmt.Errorf("purge mail: %w", unavailable(ctx, err))
		}
		n += int(tag.RowsAffected())
		if tag.RowsAffected() < purgeBatch {
			break
		}
	}
	return n, nil
}

// mailDomain returns the domain of an address, "" if it has none that may stand in a Message-ID.
func mailDomain(address string) string {
	_, domain, _ := strings.Cut(address, "@")
	isOdd := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-')
	}
	if strings.ContainsFunc(domain, isOdd) {
		return ""
	}
	return strings.ToLower(domain)
}
