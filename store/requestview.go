package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// RequestView is the part of a request that a page shows. Its size is bounded, whatever the request has.
type RequestView struct {
	RequestSummary          // counts end at 1,000
	Body           Excerpt  // of the first message
	HasHTML        bool     // RequestHTML has it
	Defects        []string // of the first message
	Fields         []Field  // the first ones of the form
	Files          FileList // of the first message
	Participants   []Participant
	Asides         []int64         // some messages that are set aside with it and wait
	Problem        *ProblemOfEvent // nil for none

	Activities []ActivityView // the newest first
	Older      int64          // ViewFrom.Activity of the next part of them, 0 for none
	History    []HistoryEntry // the newest first
	Earlier    int64          // ViewFrom.History of the next part of it, 0 for none
}

// Excerpt is the beginning of a text.
type Excerpt struct {
	Text  string
	IsCut bool
}

// FileList is the beginning of a list of files.
type FileList struct {
	Files   []AttachmentDetail
	HasMore bool // RequestFiles lists all
}

// ActivityView is the part of an activity that a page shows.
type ActivityView struct {
	ActivityDetail // without Body, HTML and Attachments
	Excerpt        Excerpt
	HasHTML        bool // RequestHTML has it
	Files          FileList
}

// ProblemOfEvent says which trouble an event is about.
type ProblemOfEvent struct {
	Kind, Source string
	IsOpen       bool
}

// ViewFrom says where the lists of a view begin: below these numbers, 0 for the newest.
type ViewFrom struct{ Activity, History int64 }

// Bounds of a view.
const (
	viewCount      = 1000
	viewBody       = 20_000 // characters
	viewActivity   = 4_000  // characters of each activity
	viewActivities = 20
	viewFiles      = 10 // of each message
	viewHistory    = 30
	viewOthers     = 50 // rows of any other list
	viewLine       = 2000
	viewAllFiles   = 100
)

// RequestView returns a part of a request, read from one snapshot of the database. The error is ErrUnknown if no request has the number.
func (s *Store) RequestView(ctx context.Context, number int64, from ViewFrom) (RequestView, error) {
	var v RequestView
	err := s.inSnapshot(ctx, func(tx pgx.Tx) (err error) {
		v, err = readView(ctx, tx, number, from)
		return err
	})
	return v, ofRequest(ctx, number, err)
}

// ofRequest adds the number of a request to an error.
func ofRequest(ctx context.Context, number int64, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pgx.ErrNoRows):
		return fmt.Errorf("request %d %w", number, ErrUnknown)
	}
	return fmt.Errorf("request %d: %w", number, unavailable(ctx, err))
}

func readView(ctx context.Context, tx pgx.Tx, number int64, from ViewFrom) (v RequestView, err error) {
	rows, _ := tx.Query(ctx, selectRequest+`WHERE r.number = $2`, viewCount, number)
	if v.RequestSummary, err = pgx.CollectExactlyOneRow(rows, scanRequest); err != nil {
		return v, err
	}
	for _, read := range []func(context.Context, pgx.Tx, *RequestView, ViewFrom) error{
		readViewTexts, readViewActivities, readViewFiles, readViewHistory, readViewOthers,
	} {
		if err = read(ctx, tx, &v, from); err != nil {
			return v, err
		}
	}
	return v, nil
}

// readViewTexts reads the text of the first message.
func readViewTexts(ctx context.Context, tx pgx.Tx, v *RequestView, _ ViewFrom) error {
	row := tx.QueryRow(ctx, `SELECT left(body, $2), length(body) > $2, html <> '',
			ARRAY(SELECT left(d, $3) FROM unnest(defects) AS d LIMIT $4) FROM request WHERE number = $1`,
		v.Number, viewBody, viewLine, viewOthers)
	if err := row.Scan(&v.Body.Text, &v.Body.IsCut, &v.HasHTML, &v.Defects); err != nil {
		return err
	}
	rows, _ := tx.Query(ctx, `SELECT left(name, $2), left(value, $2) FROM request_field WHERE request_id = $1 ORDER BY position LIMIT $3`,
		v.Number, viewLine, viewOthers)
	var err error
	v.Fields, err = pgx.AppendRows(v.Fields, rows, pgx.RowToStructByPos[Field])
	return err
}

// readViewActivities reads a part of the activities.
func readViewActivities(ctx context.Context, tx pgx.Tx, v *RequestView, from ViewFrom) error {
	rows, _ := tx.Query(ctx, `
		SELECT a.id, a.subject, left(a.body, $3), length(a.body) > $3, a.html <> '', author.logon, author.name, a.sender_name, a.sender_address,
		       a.sent_at, a.flagged, a.from_own, ARRAY(SELECT left(d, $5) FROM unnest(a.defects) AS d LIMIT $6), a.recorded_at,
		       recorder.logon, recorder.name
		FROM (SELECT * FROM activity WHERE request_id = $1 AND ($2 = 0 OR id < $2) ORDER BY request_id DESC, id DESC LIMIT $4) AS a
		JOIN user_account recorder    ON recorder.id = a.recorded_by_id
		LEFT JOIN user_account author ON author.id = a.sender_id
		ORDER BY a.id DESC`, v.Number, from.Activity, viewActivity, viewActivities+1, viewLine, viewOthers)
	var err error
	v.Activities, err = pgx.AppendRows(v.Activities, rows, func(row pgx.CollectableRow) (a ActivityView, err error) {
		var author, recorder nullPerson
		err = row.Scan(&a.ID, &a.Subject, &a.Excerpt.Text, &a.Excerpt.IsCut, &a.HasHTML, &author.logon, &author.name, &a.Sender.Name,
			&a.Sender.Address, &a.SentAt, &a.Flagged, &a.FromOwn, &a.Defects, &a.RecordedAt, &recorder.logon, &recorder.name)
		a.Author, a.RecordedBy = author.person(), recorder.person()
		return a, err
	})
	if len(v.Activities) > viewActivities {
		v.Activities = v.Activities[:viewActivities]
		v.Older = v.Activities[viewActivities-1].ID
	}
	return err
}

// readViewFiles reads the first files of the first message, and of each activity of the view. With OFFSET 0, PostgreSQL uses the index of
// the request, and does not walk through all files.
func readViewFiles(ctx context.Context, tx pgx.Tx, v *RequestView, _ ViewFrom) error {
	activities := []int64{0}
	for _, a := range v.Activities {
		activities = append(activities, a.ID)
	}
	rows, err := tx.Query(ctx, `SELECT * FROM (
			SELECT coalesce(activity_id, 0) AS activity, row_number() OVER (PARTITION BY activity_id ORDER BY position, id) AS place, `+fileColumns+`
			FROM (SELECT * FROM attachment WHERE request_id = $1 OFFSET 0) AS a WHERE coalesce(activity_id, 0) = ANY ($2)) AS placed
		WHERE place <= $3 ORDER BY activity, place`, v.Number, activities, viewFiles+1)
	if err != nil {
		return err
	}
	_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (none struct{}, err error) {
		var activity, place int64
		a, err := scanFile(row, &activity, &place)
		list := &v.Files
		for i := range v.Activities {
			if v.Activities[i].ID == activity {
				list = &v.Activities[i].Files
			}
		}
		if place > viewFiles {
			list.HasMore = true
		} else {
			list.Files = append(list.Files, a)
		}
		return none, err
	})
	return err
}

// fileColumns are the columns that scanFile reads.
const fileColumns = `id, name, media_type, octets, sha256, content_id, inline, raw`

// scanFile reads some columns, and then fileColumns.
func scanFile(row pgx.CollectableRow, before ...any) (a AttachmentDetail, err error) {
	var sum []byte
	err = row.Scan(append(before, &a.ID, &a.Name, &a.MediaType, &a.Octets, &sum, &a.ContentID, &a.Inline, &a.Raw)...)
	a.SHA256 = hex.EncodeToString(sum)
	return a, err
}

// readViewHistory reads a part of the history.
func readViewHistory(ctx context.Context, tx pgx.Tx, v *RequestView, from ViewFrom) error {
	var ids []int64
	rows, _ := tx.Query(ctx, `
		SELECT h.id, h.at, u.logon, u.name, h.what, h.reason, left(h.detail, $4), h.activity_id
		FROM (SELECT * FROM history WHERE request_id = $1 AND ($2 = 0 OR id < $2) ORDER BY request_id DESC, id DESC LIMIT $3) AS h
		JOIN user_account u ON u.id = h.author_id
		ORDER BY h.id DESC`, v.Number, from.History, viewHistory+1, viewLine)
	var err error
	v.History, err = pgx.AppendRows(v.History, rows, func(row pgx.CollectableRow) (h HistoryEntry, err error) {
		var author nullPerson
		var id int64
		err = row.Scan(&id, &h.At, &author.logon, &author.name, &h.What, &h.Reason, &h.Detail, &h.Activity)
		ids, h.Author = append(ids, id), author.person()
		return h, err
	})
	if len(v.History) > viewHistory {
		v.History, v.Earlier = v.History[:viewHistory], ids[viewHistory-1]
	}
	return err
}

// readViewOthers reads the participants, the messages set aside and the problem.
func readViewOthers(ctx context.Context, tx pgx.Tx, v *RequestView, _ ViewFrom) (err error) {
	rows, _ := tx.Query(ctx, `SELECT u.logon, u.name, coalesce(p.address, '')
		FROM (SELECT * FROM (`+participantsOf+`) AS p LIMIT $2) AS p LEFT JOIN user_account u ON u.id = p.user_id
		ORDER BY lower(u.logon), p.address`, v.Number, viewOthers)
	v.Participants, err = pgx.AppendRows(v.Participants, rows, func(row pgx.CollectableRow) (p Participant, err error) {
		var user nullPerson
		err = row.Scan(&user.logon, &user.name, &p.Address)
		p.User = user.person()
		return p, err
	})
	if err != nil {
		return err
	}
	rows, _ = tx.Query(ctx, `SELECT id FROM set_aside WHERE event_id = $1 AND state = 'waiting' ORDER BY id LIMIT $2`, v.Number, viewOthers)
	if v.Asides, err = pgx.CollectRows(rows, pgx.RowTo[int64]); err != nil {
		return err
	}
	var p ProblemOfEvent
	err = tx.QueryRow(ctx, `SELECT kind, left(source, $2), closed_at IS NULL FROM problem WHERE event_id = $1 ORDER BY id DESC LIMIT 1`,
		v.Number, viewLine).Scan(&p.Kind, &p.Source, &p.IsOpen)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	v.Problem = &p
	return err
}

// RequestFiles lists a part of the files of a request and its activities, those with a number above after. The next part begins after the
// last one; there is none if hasMore is false. The error is ErrUnknown if no request has the number.
func (s *Store) RequestFiles(ctx context.Context, number, after int64) (list []AttachmentDetail, hasMore bool, err error) {
	var there bool
	err = s.pool.QueryRow(ctx, `SELECT true FROM request WHERE number = $1`, number).Scan(&there)
	if err != nil {
		return nil, false, ofRequest(ctx, number, err)
	}
	rows, _ := s.pool.Query(ctx, `SELECT `+fileColumns+` FROM (SELECT * FROM attachment WHERE request_id = $1 OFFSET 0) AS a
		WHERE id > $2 ORDER BY id LIMIT $3`, number, after, viewAllFiles+1)
	list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (AttachmentDetail, error) { return scanFile(row) })
	if hasMore = len(list) > viewAllFiles; hasMore {
		list = list[:viewAllFiles]
	}
	return list, hasMore, ofRequest(ctx, number, err)
}

// RequestText returns the text and the HTML of a request or, unless it is 0, of an activity on it. The error is ErrUnknown if there is none.
func (s *Store) RequestText(ctx context.Context, number, activity int64) (text, html string, err error) {
	err = s.pool.QueryRow(ctx, `SELECT body, html FROM request WHERE number = $1 AND $2 = 0
		UNION ALL SELECT body, html FROM activity WHERE request_id = $1 AND id = $2`, number, activity).Scan(&text, &html)
	return text, html, ofRequest(ctx, number, err)
}

// ImageNamed returns the number of the file by which the HTML of a request, or of an activity on it unless that is 0, shows an image. The
// error is ErrUnknown if there is none of up to so many octets.
func (s *Store) ImageNamed(ctx context.Context, number, activity int64, contentID string, most int64) (id int64, err error) {
	err = s.pool.QueryRow(ctx, `SELECT id FROM (SELECT * FROM attachment WHERE request_id = $1 OFFSET 0) AS a
		WHERE coalesce(activity_id, 0) = $2 AND content_id = $3 AND content_id <> '' AND octets <= $4 ORDER BY id LIMIT 1`,
		number, activity, capped(contentID, maxLine), most).Scan(&id)
	return id, ofRequest(ctx, number, err)
}
