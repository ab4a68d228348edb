package page

import (
	"context"
	"fmt"

	"mailintegration/processor"
	"mailintegration/store"
)

// deskAsides has the questions of the section of the messages that were set aside.
type deskAsides interface {
	Asides(context.Context, store.AsideFilter) ([]store.AsideDetail, error)
	OpenAsideOctets(ctx context.Context, id int64) (*store.Octets, error)
	Write(ctx context.Context, author processor.User, f func(*store.Journal) error) error
}

// asidesOnPage is how many messages a page lists.
const asidesOnPage = 30

// asidesSection shows the messages that could not be recorded, and decides what becomes of them.
func asidesSection() section {
	return section{name: "setaside", path: "/setaside", routes: []route{
		{pattern: "GET /setaside", handle: (*visit).showAsides},
		{pattern: "GET /setaside/{number}", handle: (*visit).showAside},
		{pattern: "GET /setaside/{number}/raw", handle: (*visit).downloadAside},
		{pattern: "POST /setaside/{number}/replay", right: toAct, handle: (*visit).replayAside},
		{pattern: "GET /setaside/{number}/discard", right: toAct, handle: (*visit).askToDiscard},
		{pattern: "POST /setaside/{number}/discard", right: toAct, handle: (*visit).discardAside},
	}}
}

// asidesView is the model of the list.
type asidesView struct {
	Rows    []store.AsideDetail
	Next    string
	IsAll   bool // also those that were replayed or discarded
	IsFirst bool
}

// showAsides lists the messages that wait, or all with ?all=1, the oldest first.
func (v *visit) showAsides() error {
	after, err := v.place("after")
	if err != nil {
		return err
	}
	view := asidesView{IsAll: v.r.URL.Query().Get("all") == "1", IsFirst: after == 0}
	desk, err := v.desk()
	if err != nil {
		return err
	}
	view.Rows, err = desk.Asides(v.ctx, store.AsideFilter{Waiting: !view.IsAll, After: after, Limit: asidesOnPage + 1})
	if err != nil {
		return err
	}
	if len(view.Rows) > asidesOnPage {
		view.Rows = view.Rows[:asidesOnPage]
		view.Next = fmt.Sprintf("/setaside?after=%d", view.Rows[asidesOnPage-1].ID)
		if view.IsAll {
			view.Next += "&all=1"
		}
	}
	return v.render("setaside", view)
}

// asideView is the model of the page of one message.
type asideView struct {
	store.AsideDetail
	Waits      bool
	OthersWait bool // messages of the same event, once this one is settled
	Acts       bool // the visitor may decide what becomes of it
	Replays    bool // … also that it is recorded
	Again      bool // … against an earlier decision
	Fault      asideFault
}

// showAside shows a message that was set aside.
func (v *visit) showAside() error {
	a, err := v.aside()
	if err != nil {
		return err
	}
	return v.renderAside(a, asideFault{})
}

// renderAside shows a message, and why nothing was done about it.
func (v *visit) renderAside(a store.AsideDetail, fault asideFault) error {
	view := asideView{AsideDetail: a, Waits: a.State == store.Waiting, Acts: v.session.has(toAct), Fault: fault}
	view.Replays = view.Acts && v.page.reconsider != nil && a.State != store.Replayed
	view.Again = a.State == store.Discarded || fault.Name == "processed"
	if !view.Waits {
		desk, err := v.desk()
		if err != nil {
			return err
		}
		others, err := desk.Asides(v.ctx, store.AsideFilter{Event: a.Event, Waiting: true, Limit: 1})
		if err != nil {
			return err
		}
		view.OthersWait = len(others) > 0
	}
	return v.render("aside", view)
}

// aside returns the message that the address names.
func (v *visit) aside() (store.AsideDetail, error) {
	number, err := v.number("number")
	if err != nil {
		return store.AsideDetail{}, err
	}
	desk, err := v.desk()
	if err != nil {
		return store.AsideDetail{}, err
	}
	list, err := desk.Asides(v.ctx, store.AsideFilter{ID: number})
	if err == nil && len(list) == 0 {
		err = errNotFound
	}
	if err != nil {
		return store.AsideDetail{}, err
	}
	return list[0], nil
}

// downloadAside sends the octets of a message that was set aside.
func (v *visit) downloadAside() error {
	number, err := v.number("number")
	if err != nil {
		return err
	}
	return v.download(func(desk Desk) (*store.Octets, error) { return desk.OpenAsideOctets(v.ctx, number) })
}
