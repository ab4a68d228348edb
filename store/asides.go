package store

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// AsideDetail is a message that was set aside, as `mailintegration setaside list|show --json` prints it.
type AsideDetail struct {
	ID        int64      `json:"id"`
	Mailbox   string     `json:"mailbox"`
	Event     int64      `json:"event"`    // the event that carries it
	Activity  *int64     `json:"activity"` // the activity of the event that carries it, null if the event itself does
	State     AsideState `json:"state"`    // waiting, replayed or discarded
	At        time.Time  `json:"set_aside_at"`
	Subject   string     `json:"subject"`
	Sender    Sender     `json:"sender"`
	MessageID string     `json:"message_id"`
	Octets    int64      `json:"octets"`
	SHA256    string     `json:"sha256"`
	Reason    string     `json:"reason"` // a processor.ReasonCode
	Detail    string     `json:"detail"`
	SettledAt *time.Time `json:"settled_at"` // when it was replayed or discarded
	SettledBy *Person    `json:"settled_by"`
	Remark    string     `json:"remark"`  // why it was discarded
	Request   *int64     `json:"request"` // what it was recorded as when it was replayed: the number of a request, null for none
}

// AsideFilter says which messages that were set aside to list. A zero field excludes none.
type AsideFilter struct {
	ID      int64
	Event   int64
	Mailbox string
	Waiting bool  // only those that are neither replayed nor discarded
	After   int64 // list only higher numbers, for the next page
	Limit   int   // 0 for no limit
}

// Asides lists messages that were set aside, the oldest first.
func (s *Store) Asides(ctx context.Context, f AsideFilter) (all []AsideDetail, err error) {
	err = s.inSnapshot(ctx, func(tx pgx.Tx) (err error) {
		all, err = readAsides(ctx, tx, f)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("messages that were set aside: %w", unavailable(ctx, err))
	}
	return all, nil
}

func readAsides(ctx context.Context, tx pgx.Tx, f AsideFilter) ([]AsideDetail, error) {
	rows, _ := tx.Query(ctx, `
		SELECT s.id, m.name, s.event_id, s.activity_id, s.state, s.at, coalesce(nullif(s.subject, ''), e.subject), s.sender_name, s.sender_address,
		       r.message_id, r.octets, s.digest, s.reason, s.detail, s.settled_at, u.logon, u.name, s.remark,
		       CASE s.state WHEN 'replayed' THEN r.request_id END
		FROM set_aside AS s
		JOIN mailbox AS m           ON m.id = s.mailbox_id
		JOIN request AS e           ON e.number = s.event_id
		JOIN receipt AS r           ON r.mailbox_id = s.mailbox_id AND r.digest = s.digest
		LEFT JOIN user_account AS u ON u.id = s.settled_by_id
		WHERE ($1 = 0 OR s.id = $1) AND ($2 = 0 OR s.event_id = $2) AND ($3 = '' OR lower(m.name) = lower($3))
		  AND (NOT $4 OR s.state = 'waiting') AND s.id > $5
		ORDER BY s.id LIMIT nullif($6, 0)`, f.ID, f.Event, clean(f.Mailbox), f.Waiting, f.After, f.Limit)
	return pgx.AppendRows([]AsideDetail{}, rows, func(row pgx.CollectableRow) (a AsideDetail, err error) {
		var by nullPerson
		var digest []byte
		err = row.Scan(&a.ID, &a.Mailbox, &a.Event, &a.Activity, &a.State, &a.At, &a.Subject, &a.Sender.Name, &a.Sender.Address,
			&a.MessageID, &a.Octets, &digest, &a.Reason, &a.Detail, &a.SettledAt, &by.logon, &by.name, &a.Remark, &a.Request)
		a.At, a.SettledAt, a.SettledBy, a.SHA256 = a.At.UTC(), inUTC(a.SettledAt), by.person(), hex.EncodeToString(digest)
		return a, err
	})
}
