package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// MessageName names a message as people and links do: by the first hexadecimal digits of the SHA-256 of its octets, 6 or more. They
// are the same in every copy of the database, name the file in the attachment directory, and sha256sum prints them for a file. A
// number would cost each receipt a column and an index, and would look like that of a request.
type MessageName struct {
	Digits  string
	Mailbox string // needed only if several mailboxes had the same octets
}

const (
	shortDigits = 12 // of MessageSummary.ID: two of 10 million messages share them in one of 6 databases, and both are shown
	leastDigits = 6
	allDigits   = 64
)

// ErrMessageName says that a text cannot name a message.
var ErrMessageName = errors.New("is no name of a message: it has 6 to 64 hexadecimal digits")

// AmbiguousMessageError says that a name stands for several messages.
type AmbiguousMessageError struct {
	Name  string
	Found []MessageSummary // two or three of them
}

// Error implements error.
func (e *AmbiguousMessageError) Error() string {
	var all []string
	for _, m := range e.Found {
		all = append(all, fmt.Sprintf("%s of mailbox %s", m.SHA256, m.Mailbox))
	}
	return fmt.Sprintf("message %s is not the only one: %s", e.Name, strings.Join(all, ", "))
}

// Hint returns what a person can do.
func (*AmbiguousMessageError) Hint() string {
	return "give more digits or, for the same octets, --mailbox NAME"
}

// MessageDetail says all that is known of what became of a message, as `mailintegration message show --json` prints it. Its
// Detail has the reason of every outcome.
type MessageDetail struct {
	MessageSummary
	UIDL       string       `json:"uidl"`         // the unique-id when it was seen last, "" for none
	LastSeenAt time.Time    `json:"last_seen_at"` // in its mailbox
	SentAt     *time.Time   `json:"sent_at"`      // its Date; null if it has none, or was refused or ignored
	Defects    []string     `json:"defects"`      // as explain prints them, if it opened a request or was added to one
	File       string       `json:"file"`         // the path of its octets in the attachment directory, "" if they are not kept
	WasAside   *AsideDetail `json:"was_set_aside"`

	Kind  processor.RequestKind  `json:"request_kind"` // of Request, "" for none
	State processor.RequestState `json:"request_state"`
	About string                 `json:"request_subject"`
}

// Message returns what became of a message. The error is ErrUnknown if there is none, and an *AmbiguousMessageError if there are
// several.
func (s *Store) Message(ctx context.Context, name MessageName) (MessageDetail, error) {
	found, err := s.messagesNamed(ctx, name)
	switch {
	case err != nil:
		return MessageDetail{}, err
	case len(found) == 0:
		return MessageDetail{}, fmt.Errorf("message %s %w", name.Digits, ErrUnknown)
	case len(found) > 1:
		return MessageDetail{}, &AmbiguousMessageError{name.Digits, found}
	}
	d := MessageDetail{MessageSummary: found[0]}
	if err := s.readMessage(ctx, &d); err != nil {
		return MessageDetail{}, fmt.Errorf("message %s: %w", name.Digits, unavailable(ctx, err))
	}
	return d, nil
}

// messagesNamed returns up to three messages with a name. It looks into each mailbox in turn, because the key of a receipt begins
// with the mailbox.
func (s *Store) messagesNamed(ctx context.Context, name MessageName) ([]MessageSummary, error) {
	first, last, err := name.bounds()
	if err != nil {
		return nil, err
	}
	mailbox, err := s.mailboxNumber(ctx, name.Mailbox)
	if err != nil {
		return nil, err
	}
	rows, _ := s.pool.Query(ctx, `SELECT true, 0, `+messageColumns+` FROM (
			SELECT r.* FROM mailbox AS m CROSS JOIN LATERAL (
				SELECT `+receiptColumns+` FROM receipt AS r WHERE r.mailbox_id = m.id AND r.digest >= $1 AND r.digest <= $2
				ORDER BY r.mailbox_id, r.digest LIMIT 3) AS r
			WHERE $3 = 0 OR m.id = $3 LIMIT 3) AS k `+messageRecords, first, last, mailbox)
	found, err := pgx.CollectRows(rows, scanMessage)
	if err != nil {
		return nil, fmt.Errorf("message %s: %w", name.Digits, unavailable(ctx, err))
	}
	return found, nil
}

// bounds returns the least and the greatest digest that begin with the digits.
func (n MessageName) bounds() (first, last []byte, err error) {
	digits := strings.ToLower(strings.TrimSpace(n.Digits))
	if len(digits) < leastDigits || len(digits) > allDigits || strings.Trim(digits, "0123456789abcdef") != "" {
		return nil, nil, fmt.Errorf("%q %w", n.Digits, ErrMessageName)
	}
	first, _ = hex.DecodeString(digits + strings.Repeat("0", allDigits-len(digits)))
	last, _ = hex.DecodeString(digits + strings.Repeat("f", allDigits-len(digits)))
	return first, last, nil
}

// readMessage reads what a list does not show.
func (s *Store) readMessage(ctx context.Context, d *MessageDetail) error {
	cursor := d.cursor()
	var reason *string
	err := s.pool.QueryRow(ctx, `
		SELECT r.uidl, r.last_seen_at, coalesce(a.sent_at, q.sent_at), coalesce(a.defects, q.defects, '{}'), coalesce(e.kind, ''),
			coalesce(e.state, ''), coalesce(e.subject, ''),
			(SELECT h.detail FROM history AS h WHERE h.request_id = r.request_id AND h.activity_id IS NOT DISTINCT FROM r.activity_id
				AND h.what = CASE r.outcome WHEN 'opened' THEN 'opened' WHEN 'added' THEN 'activity_added' END ORDER BY h.id LIMIT 1)
		FROM receipt AS r
		LEFT JOIN request AS e  ON e.number = r.request_id
		LEFT JOIN request AS q  ON q.number = r.request_id AND r.outcome = 'opened'
		LEFT JOIN activity AS a ON a.id = r.activity_id
		WHERE r.mailbox_id = $1 AND r.digest = $2`, cursor.mailbox, cursor.digest[:]).
		Scan(&d.UIDL, &d.LastSeenAt, &d.SentAt, &d.Defects, &d.Kind, &d.State, &d.About, &reason)
	if err != nil {
		return err
	}
	d.LastSeenAt, d.SentAt = d.LastSeenAt.UTC(), inUTC(d.SentAt)
	if reason != nil {
		d.Detail = *reason
	}
	if d.HasOctets && s.attachments.root != "" {
		d.File = s.attachments.path(cursor.digest)
	}
	return s.readAside(ctx, d)
}

// readAside adds the row of a message that is or was set aside.
func (s *Store) readAside(ctx context.Context, d *MessageDetail) error {
	cursor := d.cursor()
	var id int64
	err := s.pool.QueryRow(ctx, `SELECT id FROM set_aside WHERE mailbox_id = $1 AND digest = $2`, cursor.mailbox, cursor.digest[:]).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	found, err := s.Asides(ctx, AsideFilter{ID: id})
	if err == nil && len(found) == 1 {
		d.WasAside = &found[0]
	}
	return err
}
