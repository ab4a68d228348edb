package page

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"mailintegration/daemon"
	"mailintegration/store"
)

// deskMailboxes has the questions of the section of the mailboxes.
type deskMailboxes interface {
	MailboxStates(context.Context) ([]store.MailboxState, error)
	Day(context.Context) (store.Day, error)
}

// mailboxesOnPage is how many mailboxes a page shows.
const mailboxesOnPage = 24

// mailboxesSection shows the state of each mailbox.
func mailboxesSection() section {
	return section{name: "mailboxes", path: "/mailboxes", routes: []route{
		{pattern: "GET /mailboxes", handle: (*visit).showMailboxes},
	}}
}

// mailboxesView is the model of the page of the mailboxes.
type mailboxesView struct {
	Total    int
	Troubled int
	Rows     []mailboxRow
	Next     string // the path of the next page, "" for none
	IsFirst  bool
	NoAnswer bool // the daemon does not say how it is
	Database daemon.DatabaseStatus
	Unasked  bool // the database could not be asked

	IsCounting bool // the database still counts what the charts show
}

// tone says how a state looks.
type tone string

// The tones.
const (
	good tone = "good"
	idle tone = "idle"
	bad  tone = "bad"
)

// mailboxRow holds all that the page shows of a mailbox.
type mailboxRow struct {
	Name, Server string
	State        string // the text mailboxes.state.STATE
	Tone         tone
	Cause        daemon.Cause // the text mailboxes.cause.CAUSE
	Error        string
	Mistakes     []string // in its file
	Since        time.Time

	PolledAt, SucceededAt, RecordedAt, SilentSince, NextPoll time.Time

	Backlog int
	Holder  string // the machine and the process that poll it, "" for none
	Here    bool
	Chart   chart
}

// showMailboxes shows the mailboxes, those in trouble first.
func (v *visit) showMailboxes() error {
	s, err := v.page.daemon.Status()
	if err != nil {
		return v.render("mailboxes", mailboxesView{NoAnswer: true, IsFirst: true})
	}
	view := mailboxesView{Database: s.Database}
	known, err := v.mailboxStates()
	view.Unasked = err != nil
	rows := mailboxRows(s, known)
	view.Total = len(rows)
	for _, r := range rows {
		if r.Tone == bad {
			view.Troubled++
		}
	}
	view.cut(rows, v.r.URL.Query().Get("after"))
	if !view.Unasked {
		var day store.Day
		day, view.IsCounting = v.day()
		view.draw(day)
	}
	return v.render("mailboxes", view)
}

// mailboxStates returns what the database knows of the mailboxes, by their names in lower case.
func (v *visit) mailboxStates() (map[string]store.MailboxState, error) {
	desk, err := v.desk()
	if err != nil {
		return nil, err
	}
	states, err := desk.MailboxStates(v.ctx)
	known := map[string]store.MailboxState{}
	for _, s := range states {
		known[strings.ToLower(s.Name)] = s
	}
	return known, err
}

// cut keeps the rows of one page: those after a mailbox.
func (m *mailboxesView) cut(rows []mailboxRow, after string) {
	begin := 1 + slices.IndexFunc(rows, func(r mailboxRow) bool { return after != "" && r.Name == after })
	m.IsFirst = begin == 0
	rows = rows[begin:]
	if len(rows) > mailboxesOnPage {
		rows = rows[:mailboxesOnPage]
		m.Next = "/mailboxes?after=" + url.QueryEscape(rows[mailboxesOnPage-1].Name)
	}
	m.Rows = rows
}

// mailboxRows returns the rows of all mailboxes, those in trouble first, otherwise in the order of the configuration.
func mailboxRows(s daemon.Status, known map[string]store.MailboxState) []mailboxRow {
	var rows []mailboxRow
	for _, m := range s.Mailboxes {
		r := mailboxRow{
			Name: m.Name, Server: m.Server, Cause: m.Cause, Since: m.Since, PolledAt: m.PolledAt, SucceededAt: m.SucceededAt,
			SilentSince: m.SilentSince, NextPoll: m.NextPoll, Backlog: m.Backlog, Here: m.Held,
		}
		if err := cmp.Or(m.Err, m.Failure); err != nil {
			r.Error = err.Error()
		}
		if m.Held {
			r.Holder = holder(s.Holder)
		}
		r.add(known[strings.ToLower(m.Name)], s.At)
		r.judge(m)
		rows = append(rows, r)
	}
	for _, p := range s.Configuration {
		rows = withMistakes(rows, p)
	}
	slices.SortStableFunc(rows, func(a, b mailboxRow) int { return cmp.Compare(a.rank(), b.rank()) })
	return rows
}

// rank returns the place of a mailbox: trouble comes first.
func (r mailboxRow) rank() int {
	if r.Tone == bad {
		return 0
	}
	return 1
}

// add adds what the database says about a mailbox. What this daemon sees itself is newer.
func (r *mailboxRow) add(known store.MailboxState, now time.Time) {
	if known.RecordedAt != nil {
		r.RecordedAt = *known.RecordedAt
	}
	if r.Here || known.Holder == nil || known.LeaseUntil == nil || !known.LeaseUntil.After(now) {
		return
	}
	r.Holder, r.Backlog, r.Error, r.Cause = holder(*known.Holder), known.Backlog, known.Problem, daemon.Cause(known.Cause)
	for _, t := range []struct {
		to   *time.Time
		from *time.Time
	}{{&r.PolledAt, known.PolledAt}, {&r.SucceededAt, known.SucceededAt}, {&r.NextPoll, known.DueAt}, {&r.Since, known.ProblemSince}} {
		*t.to = time.Time{}
		if t.from != nil {
			*t.to = *t.from
		}
	}
}

// judge finds the words for the state of a mailbox.
func (r *mailboxRow) judge(m daemon.MailboxStatus) {
	switch {
	case r.Cause != daemon.CauseNone:
		r.State, r.Tone = "failing", bad
	case !r.Here && r.Holder == "":
		r.State, r.Tone = "nobody", bad
	case !r.Here:
		r.State, r.Tone = "elsewhere", good
	case m.State == daemon.Paused:
		r.State, r.Tone = "paused", bad
	case m.Failure != nil:
		r.State, r.Tone = "stays", bad
	case m.State == daemon.Waiting && m.PolledAt.IsZero():
		r.State, r.Tone = "first", idle
	case m.State == daemon.Waiting:
		r.State, r.Tone = "well", good
	default:
		r.State, r.Tone = string(m.State), good
	}
}

// withMistakes adds the mistakes in the file of a mailbox, which may have no row yet: nobody polls it then.
func withMistakes(rows []mailboxRow, p daemon.ConfigurationProblem) []mailboxRow {
	if p.Mailbox == "" {
		return rows
	}
	i := slices.IndexFunc(rows, func(r mailboxRow) bool { return strings.EqualFold(r.Name, p.Mailbox) })
	if i < 0 {
		i, rows = len(rows), append(rows, mailboxRow{Name: p.Mailbox})
	}
	r := &rows[i]
	r.Tone, r.Mistakes, r.State = bad, p.Mistakes, "broken"
	r.Since = p.Since
	if p.Polled {
		r.State = "outdated"
	}
	return rows
}

// holder names a daemon.
func holder(h store.Holder) string {
	if h.Host == "" {
		return ""
	}
	return fmt.Sprintf("%s (%d)", h.Host, h.Process)
}
