package page

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"mailintegration/store"
)

// deskMessages has the questions of the section of the messages.
type deskMessages interface {
	FindMessages(ctx context.Context, f store.MessageFilter, within time.Duration) (store.MessagePage, error)
	Message(ctx context.Context, name store.MessageName) (store.MessageDetail, error)
	OpenMessage(ctx context.Context, name store.MessageName) (*store.Octets, error)
}

const (
	// messagesOnPage is how many messages a page lists.
	messagesOnPage = 30
	// usualSearchTime is how long a search looks at messages for one page, unless the page is full before.
	usualSearchTime = time.Second
)

// messagesSection lists what became of messages, and shows one of them.
func messagesSection() section {
	return section{name: "messages", path: "/messages", routes: []route{
		{pattern: "GET /messages", handle: (*visit).listMessages},
		{pattern: "GET /messages/{name}", handle: (*visit).showMessage},
		{pattern: "GET /messages/{name}/explanation", handle: (*visit).explainMessage},
		{pattern: "GET /messages/{name}/raw", handle: (*visit).downloadMessage},
	}}
}

// messagesView is the model of the list of messages.
type messagesView struct {
	Search   messageSearch
	Outcomes []string
	Names    []string // of mailboxes, to choose from
	Wrong    string   // the text messages.wrong.WRONG about the search, "" for none
	Rows     []messageRow
	Several  bool   // a name stands for all of Rows
	Next     string // the path of the next page, "" for none
	IsFirst  bool
	Searched time.Time // the search has looked at what came later; zero if the page is full, or there is no more
}

// messageRow is a message of a list.
type messageRow struct {
	store.MessageSummary
	Path   string
	Link   string // to the request, the event or the message set aside that it became, "" for none
	Number string // of the request or the event
	Why    string // the reason in words
}

// listMessages lists messages, newest first, or those that a search finds.
func (v *visit) listMessages() error {
	search := searchOf(v.r.URL.Query())
	view := messagesView{
		Search: search, Outcomes: []string{store.Opened, store.Added, store.Ignored, store.Refused, store.SetAside},
		Names: v.mailboxNames(), IsFirst: search.after == "",
	}
	f, wrong := search.filter()
	if search.after != "" && f.Before == nil {
		return errNotFound
	}
	if wrong == "" {
		var err error
		if wrong, err = v.findMessages(&view, f); err != nil {
			return err
		}
	}
	view.Wrong = wrong
	return v.render("messages", view)
}

// findMessages reads a page of the list. It returns what is wrong with the search, "" for nothing.
func (v *visit) findMessages(view *messagesView, f store.MessageFilter) (wrong string, err error) {
	desk, err := v.desk()
	if err != nil {
		return "", err
	}
	page, err := desk.FindMessages(v.ctx, f, v.page.searchTime)
	switch {
	case errors.Is(err, store.ErrUnknown):
		return "mailbox", nil
	case errors.Is(err, store.ErrOutcome):
		return "outcome", nil
	case err != nil:
		return "", err
	}
	view.Rows = v.messageRows(page.Messages)
	if page.Next != nil {
		view.Next = view.Search.path(page.Next)
		if len(page.Messages) < messagesOnPage {
			view.Searched = page.Next.At()
		}
	}
	return "", nil
}

// messageRows returns the rows of messages.
func (v *visit) messageRows(all []store.MessageSummary) (rows []messageRow) {
	for _, m := range all {
		rows = append(rows, messageRow{m, "/messages/" + m.ID, v.linkOf(m), numberOf(m), v.lang.reason(m.Reason)})
	}
	return rows
}

// linkOf returns the path of what a message became, "" for none.
func (v *visit) linkOf(m store.MessageSummary) string {
	switch {
	case m.Aside != nil:
		return v.page.linkTo("/setaside/" + strconv.FormatInt(*m.Aside, 10))
	case m.Request != nil:
		return v.page.linkTo("/requests/" + strconv.FormatInt(*m.Request, 10))
	}
	return ""
}

// numberOf returns the number of the request or event that a message became, "" for none.
func numberOf(m store.MessageSummary) string {
	if m.Request == nil {
		return ""
	}
	return strconv.FormatInt(*m.Request, 10)
}

// reason returns a reason in words, or its code if this version has no words for it.
func (t *texts) reason(code string) string {
	if words, isThere := t.text("messages.reason." + code); isThere {
		return words
	}
	return code
}

// mailboxNames returns the mailboxes of the configuration to choose from, not too many of them.
func (v *visit) mailboxNames() (names []string) {
	s, err := v.page.daemon.Status()
	if err != nil {
		return nil
	}
	for _, m := range s.Mailboxes[:min(len(s.Mailboxes), 100)] {
		names = append(names, m.Name)
	}
	return names
}

// messageSearch holds the words that a person has written into the form.
type messageSearch struct {
	Sender, Subject, MessageID, Request, Mailbox, Outcome, Since, Until string

	after string // the cursor of the page, "" for the first one
}

// maxSought is how many octets of each field of a search count.
const maxSought = 300

// searchOf reads the form.
func searchOf(q url.Values) messageSearch {
	field := func(name string) string {
		return strings.ToValidUTF8(strings.TrimSpace(first(q.Get(name), maxSought)), "")
	}
	return messageSearch{
		Sender: field("sender"), Subject: field("subject"), MessageID: field("message-id"), Request: field("request"),
		Mailbox: field("mailbox"), Outcome: field("outcome"), Since: field("since"), Until: field("until"), after: field("after"),
	}
}

// first returns the first octets of a text.
func first(text string, octets int) string { return text[:min(len(text), octets)] }

// IsMore reports whether the search has more than a sender and a subject, so that its other fields are shown.
func (s messageSearch) IsMore() bool {
	return s.MessageID+s.Request+s.Mailbox+s.Outcome+s.Since+s.Until != ""
}

// IsSearch reports whether anything is looked for.
func (s messageSearch) IsSearch() bool { return s.IsMore() || s.Sender+s.Subject != "" }

// path returns the path of the page of the search that begins at a place.
func (s messageSearch) path(at *store.MessageCursor) string {
	q := url.Values{}
	for name, value := range map[string]string{
		"sender": s.Sender, "subject": s.Subject, "message-id": s.MessageID, "request": s.Request, "mailbox": s.Mailbox,
		"outcome": s.Outcome, "since": s.Since, "until": s.Until,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	place, _ := at.MarshalText() // it always has a text
	q.Set("after", string(place))
	return "/messages?" + q.Encode()
}

// filter returns the filter of the search, and what is wrong with it, "" for nothing.
func (s messageSearch) filter() (f store.MessageFilter, wrong string) {
	f = store.MessageFilter{
		Sender: s.Sender, Subject: s.Subject, MessageID: s.MessageID, Mailbox: s.Mailbox, Outcome: s.Outcome, Limit: messagesOnPage,
	}
	if s.after != "" {
		before := new(store.MessageCursor)
		if before.UnmarshalText([]byte(s.after)) == nil {
			f.Before = before
		}
	}
	var err error
	if s.Request != "" {
		if f.Request, err = strconv.ParseInt(strings.TrimPrefix(s.Request, "#"), 10, 64); err != nil || f.Request < 1 {
			return f, "request"
		}
	}
	if f.Since, err = day(s.Since, 0); err != nil {
		return f, "date"
	}
	if f.Until, err = day(s.Until, 1); err != nil { // the day itself belongs to the search
		return f, "date"
	}
	return f, ""
}

// day returns the beginning of a day here, some days later. A day that is not given is the zero time.
func day(text string, later int) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.ParseInLocation(time.DateOnly, text, time.Local)
	return at.AddDate(0, 0, later), err
}
