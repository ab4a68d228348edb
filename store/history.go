package store

import (
	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// change says what is written in the history of a request: what was done to it and why.
type change struct {
	request  int64
	activity int64  // the activity that it is about, 0 for none
	what     string // a value of history.what
	reason   processor.Reason
}

// The values of history.what. A change of state writes the others: see stateRows.
const (
	historyOpened    = "opened"
	historyAdded     = "activity_added"
	historyAssigned  = "assigned"
	historyReplayed  = "replayed"  // a message that was set aside with the event was recorded after all
	historyDiscarded = "discarded" // a person has decided that such a message is not recorded
)

// historyRows are rows of the table history, column by column.
type historyRows struct {
	request, activity    []int64
	what, reason, detail []string
}

func (t *historyRows) add(c change) {
	t.request = append(t.request, c.request)
	t.activity = append(t.activity, c.activity)
	t.what = append(t.what, c.what)
	t.reason = append(t.reason, capped(string(c.reason.Code), maxLine))
	t.detail = append(t.detail, capped(c.reason.Detail(), maxDetail))
}

func (t *historyRows) queue(b *pgx.Batch, j *Journal) {
	if len(t.request) == 0 {
		return
	}
	b.Queue(`INSERT INTO history (at, author_id, request_id, activity_id, what, reason, detail)
		SELECT $1, $2, h.request_id, nullif(h.activity, 0), h.what, h.reason, h.detail
		FROM unnest($3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[])
			AS h (request_id, activity, what, reason, detail)`,
		j.now, j.author.ID, t.request, t.activity, t.what, t.reason, t.detail)
}
