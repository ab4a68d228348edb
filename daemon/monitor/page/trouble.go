package page

import (
	"context"
	"fmt"

	"mailintegration/daemon"
	"mailintegration/store"
)

// deskTrouble has the questions of the section of the troubles.
type deskTrouble interface {
	Troubles(ctx context.Context, before int64, n int) ([]store.Trouble, error)
}

// troublesOnPage is how many open problems a page shows, each with the text of its event.
const troublesOnPage = 8

// troubleSection shows what is wrong, and what to do.
func troubleSection() section {
	return section{name: "trouble", path: "/trouble", routes: []route{
		{pattern: "GET /trouble", handle: (*visit).showTrouble},
	}}
}

// troubleView is the model of the page of the troubles.
type troubleView struct {
	Database daemon.DatabaseStatus
	Files    []daemon.ConfigurationProblem // with mistakes, as this daemon sees them
	Open     []store.Trouble
	IsFirst  bool
	Next     string
	Unasked  bool // the database could not be asked
}

// showTrouble shows the open problems, the newest first, and before them what this daemon sees itself.
func (v *visit) showTrouble() error {
	after, err := v.place("after")
	if err != nil {
		return err
	}
	view := troubleView{IsFirst: after == 0}
	if s, err := v.page.daemon.Status(); err == nil && view.IsFirst {
		view.Database, view.Files = s.Database, s.Configuration
	}
	view.Open, err = v.troubles(after)
	view.Unasked = err != nil
	if err != nil && !view.IsFirst {
		return err
	}
	if len(view.Open) > troublesOnPage {
		view.Open = view.Open[:troublesOnPage]
		view.Next = fmt.Sprint("/trouble?after=", view.Open[troublesOnPage-1].ID)
	}
	return v.render("trouble", view)
}

// troubles returns the open problems of a page and one more.
func (v *visit) troubles(before int64) ([]store.Trouble, error) {
	desk, err := v.desk()
	if err != nil {
		return nil, err
	}
	return desk.Troubles(v.ctx, before, troublesOnPage+1)
}
