package page

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"mailintegration/daemon"
	"mailintegration/store"
)

const (
	// usualReplayTime limits how long recording a message takes. After it, nothing is recorded.
	usualReplayTime = time.Minute
	// replayGrace is how much longer a visit waits, to say how that ended.
	replayGrace = 5 * time.Second
)

// errQueue says that the messages before this one have taken all the time that a visit waits.
var errQueue = errors.New("other messages are being recorded")

// errSlow says that a message was not recorded in time, and that nobody knows how that ends.
var errSlow = errors.New("recording the message took too long")

// replayAside records a message that was set aside after all, and leads to its page.
func (v *visit) replayAside() error {
	a, err := v.aside()
	if err != nil {
		return err
	}
	if v.page.reconsider == nil {
		return errNotFound
	}
	author, err := v.author()
	if err != nil {
		return v.notSettled(a.ID, err)
	}
	how := store.Reconsideration{Again: v.r.PostFormValue("again") == "1", By: author, Remark: v.signed("")}
	if err := v.replay(a.ID, how); err != nil {
		return v.notSettled(a.ID, err)
	}
	return v.redirect(asidePath(a.ID), "setaside.notice.replayed")
}

// asidePath returns the path of a message that was set aside.
func asidePath(id int64) string { return fmt.Sprintf("/setaside/%d", id) }

// replay records a message, one at a time, so that all of them together take one connection from the intake of mail. A visitor who
// leaves does not end it.
func (v *visit) replay(id int64, how store.Reconsideration) error {
	v.leave()
	select {
	case v.page.replaying <- struct{}{}:
	case <-v.ctx.Done():
		return errQueue
	}
	most := v.page.replayTime + replayGrace
	err := http.NewResponseController(v.w).SetWriteDeadline(time.Now().Add(most + v.page.patience))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		<-v.page.replaying
		return err
	}
	done, p, ctx := make(chan error, 1), v.page, context.WithoutCancel(v.ctx) // the visit may end before the replay does
	go func() {
		defer func() { <-p.replaying }()
		done <- p.replayed(ctx, id, how)
	}()
	end := time.NewTimer(most)
	defer end.Stop()
	select {
	case err := <-done:
		return err
	case <-end.C:
		return errSlow
	}
}

// replayed records a message within limited time. A panic, which is a bug, is an error.
func (p *Page) replayed(ctx context.Context, id int64, how store.Reconsideration) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, p.replayTime)
	defer cancel()
	_, err = p.reconsider(ctx, id, how)
	return err
}

// asideFault says why nothing was done about a message that was set aside.
type asideFault struct {
	Name   string // the text setaside.fault.NAME, "" for no fault
	Reason string // why the message still cannot be recorded, in words
	Detail string // what the program says of it
}

// notSettled shows a message about which nothing could be done, as it is now, and why. It returns an error that has a page of its own.
func (v *visit) notSettled(id int64, err error) error {
	fault, err := v.asideFaultOf(err)
	if err != nil {
		return found(err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(v.ctx), v.page.patience) // what was tried has used up the time of the visit
	defer cancel()
	v.ctx = ctx
	a, err := v.aside()
	if err != nil {
		return err
	}
	v.code = http.StatusConflict
	return v.renderAside(a, fault)
}

// asideFaultOf returns a fault by its error. Any other error stays one.
func (v *visit) asideFaultOf(err error) (f asideFault, other error) {
	var still *store.StillAsideError
	var names *store.UnresolvedError
	switch {
	case errors.As(err, &still):
		return asideFault{"still", v.lang.reason(string(still.Reason.Code)), still.Reason.Detail()}, nil
	case errors.As(err, &names):
		return asideFault{Name: "names", Detail: names.Error()}, nil
	case errors.Is(err, store.ErrReferenceGone):
		return asideFault{Name: "names"}, nil
	case errors.As(err, new(*store.SettledError)):
		return asideFault{Name: "settled"}, nil
	case errors.Is(err, store.ErrProcessed):
		return asideFault{Name: "processed"}, nil
	case errors.Is(err, store.ErrOtherTeam):
		return asideFault{Name: "team"}, nil
	case errors.Is(err, daemon.ErrNotConfigured):
		return asideFault{Name: "mailbox"}, nil
	case errors.Is(err, store.ErrLocked):
		return asideFault{Name: "locked"}, nil
	case errors.Is(err, errQueue):
		return asideFault{Name: "queue"}, nil
	case errors.Is(err, errNoAuthor):
		return asideFault{Name: "author"}, nil
	case errors.Is(err, errSlow), errors.Is(err, context.DeadlineExceeded):
		return asideFault{Name: "slow"}, nil
	}
	f.Name, err = fileFault(err)
	return f, err
}
