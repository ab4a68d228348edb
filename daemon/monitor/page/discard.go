package page

import (
	"net/http"
	"strings"

	"mailintegration/store"
)

// longestReason is how many characters of a reason that a person writes are kept.
const longestReason = 500

// discardView is the model of the form that discards a message.
type discardView struct {
	store.AsideDetail
	Longest int  // characters of the reason
	Lacks   bool // a reason
}

// askToDiscard asks whether a message is to be discarded, and why.
func (v *visit) askToDiscard() error {
	a, err := v.aside()
	if err != nil {
		return err
	}
	if a.State != store.Waiting {
		return v.renderAside(a, asideFault{Name: "settled"})
	}
	return v.render("discard", discardView{AsideDetail: a, Longest: longestReason})
}

// discardAside decides that a message is not recorded, and leads to its page.
func (v *visit) discardAside() error {
	a, err := v.aside()
	if err != nil {
		return err
	}
	reason := strings.TrimSpace(visible(v.r.PostFormValue("reason"), longestReason, false))
	if reason == "" {
		v.code = http.StatusUnprocessableEntity
		return v.render("discard", discardView{AsideDetail: a, Longest: longestReason, Lacks: true})
	}
	if err := v.discard(a.ID, v.signed(reason)); err != nil {
		return v.notSettled(a.ID, err)
	}
	return v.redirect(asidePath(a.ID), "setaside.notice.discarded")
}

// discard discards a message, as the person who visits.
func (v *visit) discard(id int64, reason string) error {
	author, err := v.author()
	if err != nil {
		return err
	}
	desk, err := v.desk()
	if err != nil {
		return err
	}
	return desk.Write(v.ctx, author, func(j *store.Journal) error {
		_, err := j.Discard(v.ctx, id, reason)
		return err
	})
}
