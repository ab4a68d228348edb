package page

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"mailintegration/processor"
	"mailintegration/store"
)

// deskRequests has the questions of the section of the requests.
type deskRequests interface {
	RequestPage(context.Context, store.RequestFilter) (store.RequestPage, error)
	RequestView(ctx context.Context, number int64, from store.ViewFrom) (store.RequestView, error)
	RequestFiles(ctx context.Context, number, after int64) (list []store.AttachmentDetail, hasMore bool, err error)
	RequestText(ctx context.Context, number, activity int64) (text, html string, err error)
	ImageNamed(ctx context.Context, number, activity int64, contentID string, most int64) (int64, error)
	OpenAttachment(ctx context.Context, id int64) (*store.Octets, error)
}

const (
	requestsOnPage = 30
	// requestsCounted is where counting the activities and attachments of a request in the list ends.
	requestsCounted = 100
)

// requestsSection shows requests and events, and all that belongs to one.
func requestsSection() section {
	return section{name: "requests", path: "/requests", routes: []route{
		{pattern: "GET /requests", handle: (*visit).showRequests},
		{pattern: "GET /requests/{number}", handle: (*visit).showRequest},
		{pattern: "GET /requests/{number}/files", handle: (*visit).showFiles},
		{pattern: "GET /requests/{number}/text", handle: (*visit).showWholeText},
		{pattern: "GET /requests/{number}/html", handle: (*visit).showFormatted},
		{pattern: "GET /requests/{number}/activities/{activity}/text", handle: (*visit).showWholeText},
		{pattern: "GET /requests/{number}/activities/{activity}/html", handle: (*visit).showFormatted},
		{pattern: "GET /attachments/{number}", handle: (*visit).downloadAttachment},
	}}
}

// requestsView is the model of the list.
type requestsView struct {
	Search  requestSearch
	Rows    []store.RequestSummary
	Next    string // the path of the next page, "" for none
	IsFirst bool
	Wrong   string // the text requests.wrong.WRONG: what the search cannot be, "" for nothing
	Kinds   []processor.RequestKind
	States  []processor.RequestState
	Most    int // where counting ends
}

// requestSearch holds the fields of the form of the list.
type requestSearch struct {
	Kind, State, Mailbox, Subject, Since string
}

// IsSearch reports whether the list does not have all requests.
func (s requestSearch) IsSearch() bool { return s != requestSearch{} }

// requestSearchOf returns what an address asks for.
func requestSearchOf(q url.Values) requestSearch {
	field := func(name string) string { return strings.TrimSpace(q.Get(name)) }
	return requestSearch{field("kind"), field("state"), field("mailbox"), field("subject"), field("since")}
}

// query returns the address of a page of the search.
func (s requestSearch) query(after string) string {
	q := url.Values{}
	for name, value := range map[string]string{
		"kind": s.Kind, "state": s.State, "mailbox": s.Mailbox, "subject": s.Subject, "since": s.Since, "after": after,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return "/requests?" + q.Encode()
}

// filter returns the question for the database. wrong names the field that cannot be read, "" if all can.
func (s requestSearch) filter(after string) (f store.RequestFilter, wrong string) {
	f = store.RequestFilter{
		State: processor.RequestState(s.State), Mailbox: s.Mailbox, Subject: s.Subject, Limit: requestsOnPage, CountTo: requestsCounted,
	}
	if s.Kind != "" {
		f.Kinds = []processor.RequestKind{processor.RequestKind(s.Kind)}
	}
	if s.Since != "" {
		var err error
		if f.Since, err = time.ParseInLocation(time.DateOnly, s.Since, time.Local); err != nil {
			return f, "since"
		}
	}
	if after != "" {
		f.Before = new(store.RequestCursor)
		if f.Before.UnmarshalText([]byte(after)) != nil {
			return f, "after"
		}
	}
	return f, ""
}

// showRequests shows the requests that a search finds, the one opened last first.
func (v *visit) showRequests() error {
	q := v.r.URL.Query()
	view := requestsView{
		Search: requestSearchOf(q), IsFirst: q.Get("after") == "", States: store.RequestStates(), Most: requestsCounted,
		Kinds: []processor.RequestKind{processor.Incident, processor.ServiceRequest, processor.Event},
	}
	var f store.RequestFilter
	if f, view.Wrong = view.Search.filter(q.Get("after")); view.Wrong != "" {
		return v.render("requests", view)
	}
	desk, err := v.desk()
	if err != nil {
		return err
	}
	page, err := desk.RequestPage(v.ctx, f)
	switch {
	case errors.Is(err, store.ErrUnknown):
		view.Wrong = "mailbox"
	case err != nil:
		return err
	}
	view.Rows = page.Requests
	if page.Next != nil {
		after, err := page.Next.MarshalText()
		if err != nil {
			return err
		}
		view.Next = view.Search.query(string(after))
	}
	return v.render("requests", view)
}

// number returns the number that a part of the path names. The error is errNotFound if it names no number.
func (v *visit) number(name string) (int64, error) {
	n, err := strconv.ParseInt(v.r.PathValue(name), 10, 64)
	if err != nil || n <= 0 || strconv.FormatInt(n, 10) != v.r.PathValue(name) {
		return 0, errNotFound
	}
	return n, nil
}

// place returns the number in the query of the address at which a list goes on, 0 for its beginning.
func (v *visit) place(name string) (int64, error) {
	text := v.r.URL.Query().Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		return 0, errNotFound
	}
	return n, nil
}

// found returns an error of the database about a number as one of the page.
func found(err error) error {
	if errors.Is(err, store.ErrUnknown) {
		return errNotFound
	}
	return err
}
