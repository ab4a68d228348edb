package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// MessageSummary says what became of one message, as `mailintegration message list --json` prints it.
type MessageSummary struct {
	ID         string    `json:"id"` // the first digits of SHA256, see MessageName
	SHA256     string    `json:"sha256"`
	Mailbox    string    `json:"mailbox"`
	AcceptedAt time.Time `json:"accepted_at"`
	Outcome    string    `json:"outcome"` // opened, added, refused, ignored or set_aside
	Reason     string    `json:"reason"`  // a processor.ReasonCode
	Detail     string    `json:"detail"`  // the reason for people; in a list "" if a request was opened or added to
	Request    *int64    `json:"request"` // the request opened or added to, or the event of a message set aside
	Activity   *int64    `json:"activity"`
	Aside      *int64    `json:"set_aside"`   // its number among the messages set aside, if it is set aside
	HasHeader  bool      `json:"has_header"`  // false: an older version ignored or refused it, Sender and Subject are unknown
	Sender     Sender    `json:"sender"`      // as From names it
	Subject    string    `json:"subject"`     // of a message that opened a request, that of the request
	MessageID  string    `json:"message_id"`  // "" for none
	Octets     int64     `json:"octets"`      // as retrieved
	TimesSeen  int       `json:"times_seen"`  // how often it was retrieved
	HasOctets  bool      `json:"octets_kept"` // the attachment directory has the octets, see MessageDetail.File

	mailbox  int64
	position int  // among the receipts that a page looks at
	matches  bool // the filter
}

// MessageFilter says which messages to list. A zero field excludes no message. Text is compared without regard to case.
type MessageFilter struct {
	Sender    string // an address, or a part of a name or an address
	Subject   string // a part of it
	MessageID string // with or without angle brackets
	Request   int64
	Mailbox   string
	Outcome   string
	Since     time.Time // accepted then or later
	Until     time.Time // accepted before
	Before    *MessageCursor
	Limit     int // 0 for 50
}

// MessageCursor is the place of a message in the order of Messages: the time when it was accepted, then its mailbox and digest,
// which are its identity. Its text form is for links.
type MessageCursor struct {
	at      time.Time
	mailbox int64
	digest  [sha256.Size]byte
}

// MarshalText implements encoding.TextMarshaler.
func (c MessageCursor) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%d-%d-%x", c.at.UnixMicro(), c.mailbox, c.digest), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *MessageCursor) UnmarshalText(text []byte) error {
	var at int64
	var digest []byte
	n, err := fmt.Sscanf(string(text), "%d-%d-%x", &at, &c.mailbox, &digest)
	if err != nil || n != 3 || len(digest) != sha256.Size {
		return fmt.Errorf("%q is no place in a list of messages", text)
	}
	c.at, c.digest = time.UnixMicro(at).UTC(), [sha256.Size]byte(digest)
	return nil
}

// MessagePage is a part of a list of messages.
type MessagePage struct {
	Messages []MessageSummary
	// Next is the Before of the filter for the next part, nil if there is none. A search looks at a bounded number of receipts
	// for each part, so that a part may have few messages, or none, and yet a Next.
	Next *MessageCursor
}

const defaultMessages = 50 // messages of a page

// ErrOutcome says that there is no such outcome.
var ErrOutcome = errors.New("is no outcome: opened, added, refused, ignored or set_aside")

// Messages lists what became of messages, newest first. It never reads all receipts. A filter by Request, by Mailbox, by
// MessageID, by an Outcome other than Opened and Added, or by a Sender that is an address is found through an index. Any
// other filter, and the second of two, looks at up to 2,500 receipts for each page. A message whose acceptance commits while
// a caller turns pages may lie before the pages that it has seen; no message is on two pages, and none that was there is missed.
//
// A Sender is an address if a message has come from it. Otherwise it is a part of one, as in "anna@exam", or of a name.
func (s *Store) Messages(ctx context.Context, f MessageFilter) (MessagePage, error) {
	if f.Limit <= 0 {
		f.Limit = defaultMessages
	}
	mailbox, err := s.mailboxNumber(ctx, f.Mailbox)
	if err != nil {
		return MessagePage{}, err
	}
	sender, err := s.soughtSender(ctx, f.Sender)
	if err != nil {
		return MessagePage{}, err
	}
	q, err := newMessageQuery(f, mailbox, sender)
	if err != nil {
		return MessagePage{}, err
	}
	var page MessagePage
	err = s.inSnapshot(ctx, func(tx pgx.Tx) (err error) {
		page, err = readPage(ctx, tx, q, f.Limit)
		return err
	})
	if err != nil {
		return MessagePage{}, fmt.Errorf("list messages: %w", unavailable(ctx, err))
	}
	return page, nil
}

// readPage reads a page.
func readPage(ctx context.Context, tx pgx.Tx, q *messageQuery, limit int) (MessagePage, error) {
	page := MessagePage{Messages: []MessageSummary{}}
	rows, err := q.rows(ctx, tx, q.sql(limit))
	if err != nil {
		return page, err
	}
	all, err := pgx.CollectRows(rows, scanMessage)
	for i, m := range all {
		if m.matches {
			page.Messages = append(page.Messages, m)
		}
		if i+1 == limit || m.position == maxExamined {
			page.Next = m.cursor()
		}
	}
	return page, err
}

// mailboxNumber returns the identity of a mailbox, 0 for the name "". The error is ErrUnknown if there is none.
func (s *Store) mailboxNumber(ctx context.Context, name string) (id int64, err error) {
	if name == "" {
		return 0, nil
	}
	err = s.pool.QueryRow(ctx, `SELECT id FROM mailbox WHERE lower(name) = lower($1)`, clean(name)).Scan(&id)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return 0, fmt.Errorf("mailbox %q %w", name, ErrUnknown)
	case err != nil:
		return 0, fmt.Errorf("mailbox %q: %w", name, unavailable(ctx, err))
	}
	return id, nil
}

// cursor returns the place of a message that was read from the database.
func (m MessageSummary) cursor() *MessageCursor {
	c := &MessageCursor{at: m.AcceptedAt, mailbox: m.mailbox}
	_, _ = hex.Decode(c.digest[:], []byte(m.SHA256)) // the digest was encoded by scanMessage
	return c
}

// scanMessage reads whether a message matches, its position, and messageColumns.
func scanMessage(row pgx.CollectableRow) (m MessageSummary, err error) {
	var digest []byte
	err = row.Scan(&m.matches, &m.position, &m.mailbox, &m.Mailbox, &digest, &m.AcceptedAt, &m.Outcome, &m.Reason, &m.Detail, &m.Request,
		&m.Activity, &m.Aside, &m.HasHeader, &m.Sender.Name, &m.Sender.Address, &m.Subject, &m.MessageID, &m.Octets, &m.TimesSeen,
		&m.HasOctets)
	m.AcceptedAt, m.SHA256 = m.AcceptedAt.UTC(), hex.EncodeToString(digest)
	m.ID = m.SHA256[:min(shortDigits, len(m.SHA256))]
	return m, err
}

// senderKey returns the key by which messages of an address are found, 0 if it is nobody's.
func senderKey(address string) int64 {
	key := addressKey(address)
	if key == "" {
		return 0
	}
	sum := sha256.Sum256([]byte(key))
	return int64(binary.BigEndian.Uint64(sum[:]))
}

// soughtSender is the Sender of a filter.
type soughtSender struct {
	text      string
	isAddress bool // of a message whose receipt has a key
}

// soughtSender finds out whether a text is an address or a part of one. "anna@example.co" may be both, and only what has come tells.
func (s *Store) soughtSender(ctx context.Context, text string) (soughtSender, error) {
	sender := soughtSender{text: addressWithin(text)}
	if !strings.Contains(sender.text, "@") {
		return sender, nil
	}
	err := s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM receipt WHERE sender_key = $1)`, senderKey(sender.text)).Scan(&sender.isAddress)
	if err != nil {
		return sender, fmt.Errorf("look for the sender: %w", unavailable(ctx, err))
	}
	return sender, nil
}

// addressWithin returns the address of a text that has a name too: "Ann Lee <ann@example.com>". It returns any other text as it is.
func addressWithin(text string) string {
	text = strings.TrimSpace(text)
	inner, ends := strings.CutSuffix(text, ">")
	if begin := strings.LastIndexByte(inner, '<'); ends && begin >= 0 {
		return strings.TrimSpace(inner[begin+1:])
	}
	return text
}
