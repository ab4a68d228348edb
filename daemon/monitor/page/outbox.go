package page

import (
	"context"
	"fmt"
	"time"

	"mailintegration/daemon"
	"mailintegration/store"
)

// deskOutbox has the questions of the section of the outbox.
type deskOutbox interface {
	Figures(context.Context) (store.Figures, error)
	WaitingMail(ctx context.Context, after int64, n int) ([]store.OutboxMail, error)
	UnsentMail(ctx context.Context, n int) ([]store.OutboxMail, error)
}

const (
	// mailsOnPage is how many mails that wait a page shows.
	mailsOnPage = 50
	// unsentOnPage is how many mails that are never sent the first page shows.
	unsentOnPage = 20
)

// outboxSection shows the mail that waits to be sent.
func outboxSection() section {
	return section{name: "outbox", path: "/outbox", routes: []route{
		{pattern: "GET /outbox", handle: (*visit).showOutbox},
	}}
}

// outboxView is the model of the page of the outbox.
type outboxView struct {
	Depth   int
	Oldest  time.Time // when the oldest mail that waits was queued
	Failing []daemon.SendingStatus
	Waiting []store.OutboxMail
	Unsent  []store.OutboxMail // on the first page
	IsFirst bool
	Next    string
}

// showOutbox shows the mails that wait, the oldest first, and on the first page those that are never sent.
func (v *visit) showOutbox() error {
	after, err := v.place("after")
	if err != nil {
		return err
	}
	view := outboxView{IsFirst: after == 0}
	if s, err := v.page.daemon.Status(); err == nil {
		for _, a := range s.Sending {
			if a.Err != nil {
				view.Failing = append(view.Failing, a)
			}
		}
	}
	if err := view.read(v, after); err != nil {
		return err
	}
	if len(view.Waiting) > mailsOnPage {
		view.Waiting = view.Waiting[:mailsOnPage]
		view.Next = fmt.Sprint("/outbox?after=", view.Waiting[mailsOnPage-1].ID)
	}
	return v.render("outbox", view)
}

// read reads the mails of a page, and one more that waits.
func (o *outboxView) read(v *visit, after int64) error {
	desk, err := v.desk()
	if err != nil {
		return err
	}
	figures, err := desk.Figures(v.ctx)
	if err != nil {
		return err
	}
	o.Depth = figures.Waiting
	if figures.Waiting > 0 {
		o.Oldest = v.page.now().Add(-figures.OldestWait)
	}
	if o.Waiting, err = desk.WaitingMail(v.ctx, after, mailsOnPage+1); err != nil || !o.IsFirst {
		return err
	}
	o.Unsent, err = desk.UnsentMail(v.ctx, unsentOnPage)
	return err
}
