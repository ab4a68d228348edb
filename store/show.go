package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// `mailintegration request list|show --json` and `event list|show --json` print the types below as JSON. Programs read
// it: names do not change, and every name is always present. A missing value is "" for a text, and null for a person, a
// time or a number; lists are never null. Times are RFC 3339 in UTC.

// Person is the part of a user that a request shows.
type Person struct {
	Logon string `json:"logon"`
	Name  string `json:"name"`
}

// Sender is the sender that a message names.
type Sender struct {
	Name    string `json:"name"`
	Address string `json:"address"`
}

// RequestSummary is one request in a list.
type RequestSummary struct {
	Number          int64                  `json:"number"`
	Kind            processor.RequestKind  `json:"kind"`
	State           processor.RequestState `json:"state"`
	Team            string                 `json:"team"`
	Subject         string                 `json:"subject"`
	Requester       *Person                `json:"requester"`
	User            *Person                `json:"user"`
	Assignee        *Person                `json:"assignee"`
	Sender          Sender                 `json:"sender"`
	Site            string                 `json:"site"`
	Source          string                 `json:"source"`
	Priority        string                 `json:"priority"`
	Group           string                 `json:"group"`
	Type            string                 `json:"type"`      // service request type
	Mailbox         string                 `json:"mailbox"`   // the source of the message, "" if it came from none
	LinkedTo        *int64                 `json:"linked_to"` // number of the request that this one continues
	OpenedAt        time.Time              `json:"opened_at"`
	OpenedBy        *Person                `json:"opened_by"`
	SentAt          *time.Time             `json:"sent_at"`
	FromOwn         bool                   `json:"from_own"` // the message came from an address of our own
	DueAt           *time.Time             `json:"due_at"`
	ProcessedAt     *time.Time             `json:"processed_at"`
	ActivityCount   int                    `json:"activity_count"`
	AttachmentCount int                    `json:"attachment_count"` // including those of its activities
}

// RequestDetail is a request with everything that belongs to it.
type RequestDetail struct {
	RequestSummary
	Body         string             `json:"body"`
	HTML         string             `json:"html"`
	Defects      []string           `json:"defects"`     // of the first message, as explain prints them
	Fields       []Field            `json:"fields"`      // the form that the requester filled in
	Attachments  []AttachmentDetail `json:"attachments"` // files of the first message
	Activities   []ActivityDetail   `json:"activities"`  // oldest first
	History      []HistoryEntry     `json:"history"`     // oldest first
	Participants []Participant      `json:"participants"`
	Messages     []string           `json:"messages"` // Message-IDs that were seen or sent
}

// Field is one field of a form.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// ActivityDetail is one entry on a request.
type ActivityDetail struct {
	ID          int64              `json:"id"`
	Subject     string             `json:"subject"`
	Body        string             `json:"body"`
	HTML        string             `json:"html"`
	Author      *Person            `json:"author"` // the user with the sender's address, null when there is none
	Sender      Sender             `json:"sender"`
	SentAt      *time.Time         `json:"sent_at"`
	Flagged     bool               `json:"flagged"`  // a person should check it: the sender was no participant of the request
	FromOwn     bool               `json:"from_own"` // it came from an address of our own
	Defects     []string           `json:"defects"`  // of the message, as explain prints them
	RecordedAt  time.Time          `json:"recorded_at"`
	RecordedBy  *Person            `json:"recorded_by"`
	Attachments []AttachmentDetail `json:"attachments"`
}

// AttachmentDetail is one file. The attachment directory keeps its octets under its SHA-256.
type AttachmentDetail struct {
	ID        int64  `json:"id"` // for mailintegration attachment get
	Name      string `json:"name"`
	MediaType string `json:"media_type"`
	Octets    int64  `json:"octets"`
	SHA256    string `json:"sha256"` // 64 hexadecimal digits in lower case
	ContentID string `json:"content_id"`
	Inline    bool   `json:"inline"`
	Raw       bool   `json:"raw"` // the message itself, as it was received
}

// HistoryEntry is one change of a request.
type HistoryEntry struct {
	At       time.Time `json:"at"`
	Author   *Person   `json:"author"`
	What     string    `json:"what"`   // a value of the column history.what: opened, processed, assigned, …
	Reason   string    `json:"reason"` // a processor.ReasonCode
	Detail   string    `json:"detail"`
	Activity *int64    `json:"activity"` // id of the activity that the entry is about
}

// Participant is a user, or an address that no user has, who may follow up on a request.
type Participant struct {
	User    *Person `json:"user"`
	Address string  `json:"address"` // "" for a user
}

// Request returns everything about one request, read from one snapshot of the database. The error is ErrUnknown if no
// request has the number.
func (s *Store) Request(ctx context.Context, number int64) (RequestDetail, error) {
	var d RequestDetail
	err := s.inSnapshot(ctx, func(tx pgx.Tx) (err error) {
		d, err = readRequest(ctx, tx, number)
		return err
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return RequestDetail{}, fmt.Errorf("request %d %w", number, ErrUnknown)
	case err != nil:
		return RequestDetail{}, fmt.Errorf("request %d: %w", number, err)
	}
	return d, nil
}

func readRequest(ctx context.Context, tx pgx.Tx, number int64) (d RequestDetail, err error) {
	rows, _ := tx.Query(ctx, selectRequest+`WHERE r.number = $2`, nil, number)
	if d.RequestSummary, err = pgx.CollectExactlyOneRow(rows, scanRequest); err != nil {
		return d, err
	}
	row := tx.QueryRow(ctx, `SELECT body, html, defects FROM request WHERE number = $1`, number)
	if err = row.Scan(&d.Body, &d.HTML, &d.Defects); err != nil {
		return d, err
	}
	rows, _ = tx.Query(ctx, `SELECT name, value FROM request_field WHERE request_id = $1 ORDER BY position`, number)
	if d.Fields, err = pgx.AppendRows([]Field{}, rows, pgx.RowToStructByPos[Field]); err != nil {
		return d, err
	}
	if d.Activities, err = readActivities(ctx, tx, number); err != nil {
		return d, err
	}
	if err = readAttachments(ctx, tx, &d); err != nil {
		return d, err
	}
	if d.History, err = readHistory(ctx, tx, number); err != nil {
		return d, err
	}
	if d.Participants, err = readParticipants(ctx, tx, number); err != nil {
		return d, err
	}
	rows, _ = tx.Query(ctx, `SELECT message_id FROM thread WHERE request_id = $1 AND via <> 'referenced' ORDER BY message_id`, number)
	d.Messages, err = pgx.AppendRows([]string{}, rows, pgx.RowTo[string])
	return d, err
}

// selectRequest selects the columns that scanRequest reads, in its order. Its parameter $1 is where counting ends, NULL for nowhere.
const selectRequest = `
	SELECT r.number, r.kind, r.state, t.name, r.subject,
	       requester.logon, requester.name, the_user.logon, the_user.name, assignee.logon, assignee.name,
	       r.sender_name, r.sender_address,
	       coalesce(site.name, ''), coalesce(source.name, ''), coalesce(priority.name, ''), coalesce(g.name, ''),
	       coalesce(y.name, ''), coalesce(m.name, ''),
	       r.linked_to_id, r.opened_at, opener.logon, opener.name, r.sent_at, r.due_at, r.processed_at, r.from_own,
	       (SELECT count(*) FROM (SELECT FROM activity a WHERE a.request_id = r.number LIMIT $1::bigint) AS counted),
	       (SELECT count(*) FROM (SELECT FROM attachment a WHERE a.request_id = r.number LIMIT $1::bigint) AS counted)
	FROM request r
	JOIN team t                      ON t.id = r.team_id
	JOIN user_account requester      ON requester.id = r.requester_id
	JOIN user_account the_user       ON the_user.id = r.user_id
	JOIN user_account opener         ON opener.id = r.opened_by_id
	LEFT JOIN user_account assignee  ON assignee.id = r.assignee_id
	LEFT JOIN site                   ON site.id = r.site_id
	LEFT JOIN source                 ON source.id = r.source_id
	LEFT JOIN priority               ON priority.id = r.priority_id
	LEFT JOIN support_group g        ON g.id = r.group_id
	LEFT JOIN service_request_type y ON y.id = r.type_id
	LEFT JOIN mailbox m              ON m.id = r.mailbox_id
`

func scanRequest(row pgx.CollectableRow) (r RequestSummary, err error) {
	var requester, user, assignee, opener nullPerson
	err = row.Scan(&r.Number, &r.Kind, &r.State, &r.Team, &r.Subject,
		&requester.logon, &requester.name, &user.logon, &user.name, &assignee.logon, &assignee.name,
		&r.Sender.Name, &r.Sender.Address,
		&r.Site, &r.Source, &r.Priority, &r.Group, &r.Type, &r.Mailbox,
		&r.LinkedTo, &r.OpenedAt, &opener.logon, &opener.name, &r.SentAt, &r.DueAt, &r.ProcessedAt, &r.FromOwn,
		&r.ActivityCount, &r.AttachmentCount)
	r.Requester, r.User, r.Assignee, r.OpenedBy = requester.person(), user.person(), assignee.person(), opener.person()
	r.OpenedAt = r.OpenedAt.UTC()
	r.SentAt, r.DueAt, r.ProcessedAt = inUTC(r.SentAt), inUTC(r.DueAt), inUTC(r.ProcessedAt)
	return r, err
}

// nullPerson is a person from an outer join, nil where no row matched.
type nullPerson struct{ logon, name *string }

func (p nullPerson) person() *Person {
	if p.logon == nil || p.name == nil {
		return nil
	}
	return &Person{*p.logon, *p.name}
}

func inUTC(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	utc := t.UTC()
	return &utc
}

func readActivities(ctx context.Context, tx pgx.Tx, number int64) ([]ActivityDetail, error) {
	rows, _ := tx.Query(ctx, `
		SELECT a.id, a.subject, a.body, a.html, author.logon, author.name, a.sender_name, a.sender_address,
		       a.sent_at, a.flagged, a.from_own, a.defects, a.recorded_at, recorder.logon, recorder.name
		FROM activity a
		JOIN user_account recorder    ON recorder.id = a.recorded_by_id
		LEFT JOIN user_account author ON author.id = a.sender_id
		WHERE a.request_id = $1
		ORDER BY a.id`, number)
	return pgx.AppendRows([]ActivityDetail{}, rows, func(row pgx.CollectableRow) (a ActivityDetail, err error) {
		var author, recorder nullPerson
		err = row.Scan(&a.ID, &a.Subject, &a.Body, &a.HTML, &author.logon, &author.name, &a.Sender.Name, &a.Sender.Address,
			&a.SentAt, &a.Flagged, &a.FromOwn, &a.Defects, &a.RecordedAt, &recorder.logon, &recorder.name)
		a.Author, a.RecordedBy = author.person(), recorder.person()
		a.SentAt, a.RecordedAt = inUTC(a.SentAt), a.RecordedAt.UTC()
		a.Attachments = []AttachmentDetail{}
		return a, err
	})
}

// readAttachments adds each attachment to the request or to the activity that it belongs to.
func readAttachments(ctx context.Context, tx pgx.Tx, d *RequestDetail) error {
	d.Attachments = []AttachmentDetail{}
	rows, err := tx.Query(ctx, `
		SELECT coalesce(activity_id, 0), id, name, media_type, octets, sha256, content_id, inline, raw
		FROM attachment WHERE request_id = $1
		ORDER BY activity_id, position, id`, d.Number)
	if err != nil {
		return err
	}
	var activity int64
	var a AttachmentDetail
	var sum []byte
	_, err = pgx.ForEachRow(rows, []any{&activity, &a.ID, &a.Name, &a.MediaType, &a.Octets, &sum, &a.ContentID, &a.Inline, &a.Raw}, func() error {
		a.SHA256 = hex.EncodeToString(sum)
		list := &d.Attachments
		for i := range d.Activities {
			if d.Activities[i].ID == activity {
				list = &d.Activities[i].Attachments
			}
		}
		*list = append(*list, a)
		return nil
	})
	return err
}

func readHistory(ctx context.Context, tx pgx.Tx, number int64) ([]HistoryEntry, error) {
	rows, _ := tx.Query(ctx, `
		SELECT h.at, u.logon, u.name, h.what, h.reason, h.detail, h.activity_id
		FROM history h JOIN user_account u ON u.id = h.author_id
		WHERE h.request_id = $1
		ORDER BY h.id`, number)
	return pgx.AppendRows([]HistoryEntry{}, rows, func(row pgx.CollectableRow) (h HistoryEntry, err error) {
		var author nullPerson
		err = row.Scan(&h.At, &author.logon, &author.name, &h.What, &h.Reason, &h.Detail, &h.Activity)
		h.At, h.Author = h.At.UTC(), author.person()
		return h, err
	})
}

// participantsOf selects the participants of request $1. Users and addresses have an index each, and the table has no other.
const participantsOf = `SELECT user_id, address FROM participant WHERE request_id = $1 AND user_id IS NOT NULL
	UNION ALL SELECT user_id, address FROM participant WHERE request_id = $1 AND address IS NOT NULL`

func readParticipants(ctx context.Context, tx pgx.Tx, number int64) ([]Participant, error) {
	rows, _ := tx.Query(ctx, `
		SELECT u.logon, u.name, coalesce(p.address, '')
		FROM (`+participantsOf+`) AS p LEFT JOIN user_account u ON u.id = p.user_id
		ORDER BY lower(u.logon), p.address`, number)
	return pgx.AppendRows([]Participant{}, rows, func(row pgx.CollectableRow) (p Participant, err error) {
		var user nullPerson
		err = row.Scan(&user.logon, &user.name, &p.Address)
		p.User = user.person()
		return p, err
	})
}
