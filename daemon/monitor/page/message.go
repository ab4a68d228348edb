package page

import (
	"errors"
	"net/url"
	"strconv"

	"mailintegration/processor"
	"mailintegration/store"
)

// messageView is the model of the page of one message.
type messageView struct {
	store.MessageDetail
	Link        string // to what it became, "" for none
	Number      string // of the request or the event
	Why         string // the reason in words
	Explanation string // the path of what would be decided about it now, "" if that cannot be said
	Raw         string // the path of its octets, "" if they are not kept
	WasSet      bool   // it had been set aside before it became that
	Before      string // the path of the message set aside, "" for none
}

// showMessage shows what became of a message, and why.
func (v *visit) showMessage() error {
	m, err := v.message()
	if several := new(store.AmbiguousMessageError); errors.As(err, &several) {
		return v.chooseMessage(several.Found)
	}
	if err != nil {
		return err
	}
	view := messageView{MessageDetail: m, Link: v.linkOf(m.MessageSummary), Number: numberOf(m.MessageSummary), Why: v.lang.reason(m.Reason)}
	if s, isThere := v.lang.text("messages.state." + string(m.State)); isThere {
		view.State = processor.RequestState(s)
	}
	if m.WasAside != nil && m.Aside == nil {
		view.WasSet, view.Before = true, v.page.linkTo("/setaside/"+strconv.FormatInt(m.WasAside.ID, 10))
	}
	if m.HasOctets {
		view.Raw = messagePath(m.MessageSummary, "/raw")
		if v.page.preview != nil {
			view.Explanation = messagePath(m.MessageSummary, "/explanation")
		}
	}
	return v.render("message", view)
}

// FirstDefects returns the first defects of the message.
func (view messageView) FirstDefects() []string {
	return view.Defects[:min(len(view.Defects), mostListed)]
}

// message reads the message that the path names.
func (v *visit) message() (store.MessageDetail, error) {
	desk, err := v.desk()
	if err != nil {
		return store.MessageDetail{}, err
	}
	m, err := desk.Message(v.ctx, v.messageName())
	if errors.Is(err, store.ErrUnknown) || errors.Is(err, store.ErrMessageName) {
		return m, errNotFound
	}
	return m, err
}

// messageName returns the name of a message in the path. The same octets in two mailboxes have a name together.
func (v *visit) messageName() store.MessageName {
	return store.MessageName{Digits: v.r.PathValue("name"), Mailbox: v.r.URL.Query().Get("mailbox")}
}

// messagePath returns a path of a message that names it alone.
func messagePath(m store.MessageSummary, page string) string {
	return "/messages/" + m.SHA256 + page + "?mailbox=" + url.QueryEscape(m.Mailbox)
}

// chooseMessage lists the messages that a name stands for.
func (v *visit) chooseMessage(all []store.MessageSummary) error {
	rows := v.messageRows(all)
	for i, m := range all {
		rows[i].Path = messagePath(m, "")
	}
	return v.render("messages", messagesView{Rows: rows, Several: true, IsFirst: true})
}

// downloadMessage sends the octets of a message.
func (v *visit) downloadMessage() error {
	return v.download(func(desk Desk) (*store.Octets, error) {
		o, err := desk.OpenMessage(v.ctx, v.messageName())
		if errors.Is(err, store.ErrMessageName) || errors.As(err, new(*store.AmbiguousMessageError)) {
			return nil, errNotFound
		}
		return o, err
	})
}
