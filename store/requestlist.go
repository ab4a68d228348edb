package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// RequestFilter says which requests to list. A zero field excludes no request. Names and text are compared without regard to case.
type RequestFilter struct {
	Kinds   []processor.RequestKind
	State   processor.RequestState
	Team    string
	Mailbox string
	Subject string         // a part of it
	Since   time.Time      // opened then or later
	Before  *RequestCursor // list only what follows it, for the next page
	Limit   int            // 0 for no limit
	CountTo int            // where counting the activities and attachments of a request ends, 0 for nowhere
}

// RequestCursor is the place of a request in the order of a list. Its text form is for links.
type RequestCursor struct {
	at     time.Time
	number int64
}

// MarshalText implements encoding.TextMarshaler.
func (c RequestCursor) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%d-%d", c.at.UnixMicro(), c.number), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *RequestCursor) UnmarshalText(text []byte) error {
	var at int64
	var rest string
	n, _ := fmt.Sscanf(string(text)+" .", "%d-%d %s", &at, &c.number, &rest)
	if n != 3 || rest != "." {
		return fmt.Errorf("%q is no place in a list of requests", text)
	}
	c.at = time.UnixMicro(at).UTC()
	return nil
}

// RequestPage is a part of a list of requests.
type RequestPage struct {
	Requests []RequestSummary
	// Next is the Before of the filter for the next part, nil if there is none. A search looks at a bounded number of requests for
	// each part, so that a part may have few requests, or none, and yet a Next.
	Next *RequestCursor
}

// Requests lists all requests, or as many as the filter says, the one opened last first. The error is ErrUnknown if the filter names a
// team or a mailbox that does not exist.
func (s *Store) Requests(ctx context.Context, f RequestFilter) ([]RequestSummary, error) {
	found, left := []RequestSummary{}, f.Limit
	for {
		f.Limit = maxExamined
		if left > 0 {
			f.Limit = min(left-len(found), maxExamined)
		}
		page, err := s.RequestPage(ctx, f)
		if err != nil {
			return nil, err
		}
		found, f.Before = append(found, page.Requests...), page.Next
		if f.Before == nil || left > 0 && len(found) >= left {
			return found, nil
		}
	}
}

// RequestPage lists a part of the requests, the one opened last first, from one snapshot of the database. It never reads all
// requests: kinds, a state, a mailbox and a time are found through an index, and everything else is looked for among up to 2,500
// requests for each part. A limit of 0 means 50.
func (s *Store) RequestPage(ctx context.Context, f RequestFilter) (page RequestPage, err error) {
	if f.Limit <= 0 {
		f.Limit = defaultRequests
	}
	f.Limit = min(f.Limit, maxExamined)
	if err := s.checkTeam(ctx, f.Team); err != nil {
		return RequestPage{}, err
	}
	mailbox, err := s.mailboxNumber(ctx, f.Mailbox)
	if err != nil {
		return RequestPage{}, err
	}
	err = s.inSnapshot(ctx, func(tx pgx.Tx) (err error) {
		page, err = readRequests(ctx, tx, newRequestQuery(f, mailbox), f)
		return err
	})
	if err != nil {
		return RequestPage{}, fmt.Errorf("list requests: %w", unavailable(ctx, err))
	}
	return page, nil
}

const defaultRequests = 50 // requests of a page

// readRequests finds the requests of a page, and then reads these.
func readRequests(ctx context.Context, tx pgx.Tx, q *requestQuery, f RequestFilter) (RequestPage, error) {
	page := RequestPage{Requests: []RequestSummary{}}
	if q.sources == nil {
		return page, nil
	}
	var place RequestCursor
	var matches bool
	var position, seen int
	var numbers []int64
	rows, err := q.rows(ctx, tx, q.sql(f.Limit))
	if err != nil {
		return page, err
	}
	_, err = pgx.ForEachRow(rows, []any{&matches, &position, &place.number, &place.at}, func() error {
		if matches {
			numbers = append(numbers, place.number)
		}
		if seen++; seen == f.Limit || position == maxExamined {
			page.Next = &RequestCursor{place.at.UTC(), place.number}
		}
		return nil
	})
	if err != nil || len(numbers) == 0 {
		return page, err
	}
	var countTo *int
	if f.CountTo > 0 {
		countTo = &f.CountTo
	}
	rows, _ = tx.Query(ctx, selectRequest+`WHERE r.number = ANY ($2) ORDER BY r.opened_at DESC, r.number DESC`, countTo, numbers)
	page.Requests, err = pgx.AppendRows(page.Requests, rows, scanRequest)
	return page, err
}

// requestQuery is the query for the numbers of one page of requests. Its sources lead to requests, the one opened last first.
type requestQuery struct{ search }

// requestListing lists the numbers of requests, and when they were opened.
var requestListing = listing{
	examined: "r.number, r.opened_at, r.kind, r.state, r.team_id, r.subject", columns: "k.number, k.opened_at", order: "opened_at DESC, number DESC",
}

// newRequestQuery returns the query for a filter. mailbox is the identity of its Mailbox, 0 for none.
func newRequestQuery(f RequestFilter, mailbox int64) *requestQuery {
	q := &requestQuery{}
	q.chooseSources(f, mailbox)
	if !f.Since.IsZero() {
		q.within = append(q.within, "r.opened_at >= "+q.arg(f.Since))
	}
	if c := f.Before; c != nil {
		at := q.arg(c.at)
		q.within = append(q.within, "r.opened_at <= "+at, fmt.Sprintf("(r.opened_at, r.number) < (%s, %s)", at, q.arg(c.number)))
	}
	if f.Team != "" {
		q.conditions = append(q.conditions, "k.team_id = (SELECT id FROM team WHERE lower(name) = lower("+q.arg(clean(f.Team))+"))")
	}
	if f.Subject != "" {
		q.conditions = append(q.conditions, "k.subject ILIKE "+q.arg(pattern(f.Subject)))
	}
	return q
}

// chooseSources makes a mailbox the source, or else each pair of a kind and a state that the filter allows. It leaves no source if it
// allows none. Kinds and states are words of this program, so that PostgreSQL sees how many requests have them.
func (q *requestQuery) chooseSources(f RequestFilter, mailbox int64) {
	if mailbox == 0 && len(f.Kinds) == 0 && f.State == "" {
		q.sources = []source{{from: fromRequests + "true"}}
		return
	}
	var pairs []string
	var sources []source
	for _, kind := range []processor.RequestKind{processor.Incident, processor.ServiceRequest, processor.Event} {
		for _, state := range statesOf[kind] {
			if (len(f.Kinds) == 0 || slices.Contains(f.Kinds, kind)) && (f.State == "" || f.State == state) {
				pairs = append(pairs, fmt.Sprintf("k.kind = '%s' AND k.state = '%s'", kind, state))
				sources = append(sources, only(fmt.Sprintf("%sr.state = '%s' AND ", fromRequests, state), "r.kind", fmt.Sprintf("'{%s}'", kind)))
			}
		}
	}
	if mailbox != 0 && pairs != nil {
		q.sources = []source{only(fromRequests, "r.mailbox_id", "ARRAY["+q.arg(mailbox)+"::bigint]")}
		if len(f.Kinds) > 0 || f.State != "" {
			q.conditions = append(q.conditions, "("+strings.Join(pairs, " OR ")+")")
		}
		return
	}
	q.sources = sources
}

// fromRequests begins a source.
const fromRequests = "request AS r WHERE "

// sql returns the text of the query for a page. Without conditions, all that it examines matches.
func (q *requestQuery) sql(limit int) string {
	if len(q.conditions) == 0 {
		return q.page(requestListing, limit, limit)
	}
	return q.page(requestListing, maxExamined, limit)
}

// RequestStates returns the states that requests of any kind can have, in the order in which they follow each other.
func RequestStates() (all []processor.RequestState) {
	for _, kind := range []processor.RequestKind{processor.Incident, processor.Event} {
		for _, state := range statesOf[kind] {
			if !slices.Contains(all, state) {
				all = append(all, state)
			}
		}
	}
	return all
}
