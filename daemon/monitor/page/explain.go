package page

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime/debug"
	"slices"
	"strconv"

	"mailintegration/daemon"
	"mailintegration/processor"
	"mailintegration/store"
)

// maxExplained is the size in octets up to which a message is explained here: it is read into memory. The verb explain takes any size.
const maxExplained = 16 << 20

// explanationView is the model of the page that says what would be decided about a message now.
type explanationView struct {
	store.MessageDetail
	Path    string // of the message
	Link    string // to the request that it would be added to, "" for none
	Fault   string // the text messages.fault.FAULT: why there is no explanation, "" for none
	Problem string // what the configuration lacks
	Said    processor.Explanation
	Clauses []string // of the reason
	Filters []processor.FilterResult
}

// mostListed is how many addresses, attachments, filters or defects of a message a page lists.
const mostListed = 20

// Attachments returns the first attachments of the message.
func (view *explanationView) Attachments() []processor.ExplainedAttachment {
	return view.Said.Message.Attachments[:min(len(view.Said.Message.Attachments), mostListed)]
}

// MoreAttachments returns how many attachments are not listed.
func (view *explanationView) MoreAttachments() int {
	return len(view.Said.Message.Attachments) - len(view.Attachments())
}

// Defects returns the first defects of the message.
func (view *explanationView) Defects() []string {
	return view.Said.Message.Defects[:min(len(view.Said.Message.Defects), mostListed)]
}

// People returns the first of the recipients.
func (view *explanationView) People() []processor.ExplainedAddress {
	all := slices.Concat(view.Said.Message.To, view.Said.Message.Cc)
	return all[:min(len(all), mostListed)]
}

// explainMessage says what a poll would decide about a message now.
func (v *visit) explainMessage() error {
	m, err := v.message()
	switch {
	case err != nil && !errors.As(err, new(*store.AmbiguousMessageError)):
		return err
	case err != nil, !m.HasOctets, v.page.preview == nil:
		return errNotFound
	}
	view := explanationView{MessageDetail: m, Path: messagePath(m.MessageSummary, "")}
	if m.Octets > maxExplained {
		view.Fault = "large"
		return v.render("explanation", &view)
	}
	octets, err := v.octetsOf(m)
	if err != nil {
		view.Fault, err = fileFault(err)
	}
	if err == nil && view.Fault == "" {
		err = v.explain(&view, octets)
	}
	if err != nil {
		return err
	}
	return v.render("explanation", &view)
}

// octetsOf reads the octets of a message.
func (v *visit) octetsOf(m store.MessageDetail) ([]byte, error) {
	desk, err := v.desk()
	if err != nil {
		return nil, err
	}
	o, err := desk.OpenMessage(v.ctx, store.MessageName{Digits: m.SHA256, Mailbox: m.Mailbox})
	if err != nil {
		return nil, err
	}
	defer o.Close()
	return io.ReadAll(io.LimitReader(o, maxExplained))
}

// fileFault returns the name of a fault of the file of a message. Any other error stays one.
func fileFault(err error) (fault string, other error) {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "missing", nil
	case errors.Is(err, store.ErrDamaged):
		return "damaged", nil
	case errors.Is(err, store.ErrHanging), errors.Is(err, store.ErrDirectory):
		return "directory", nil
	}
	return "", err
}

// explain parses and decides, one message at a time. A message on which that takes longer than a visit may keeps its place until the
// parser gives up, so that many such messages cost no more than one.
func (v *visit) explain(view *explanationView, octets []byte) error {
	v.leave()
	select {
	case v.page.explaining <- struct{}{}:
	case <-v.ctx.Done():
		return errBusy
	}
	done := make(chan explained, 1)
	go func() {
		defer func() { <-v.page.explaining }()
		done <- v.page.explained(v.ctx, view.Mailbox, octets)
	}()
	select {
	case e := <-done:
		if e.err != nil {
			return view.failed(e.err)
		}
		view.Said, view.Clauses, view.Filters = e.said, e.clauses, e.filters
		if n := e.said.Decision.Request; n != 0 {
			view.Link = v.page.linkTo("/requests/" + strconv.FormatInt(n, 10))
		}
	case <-v.ctx.Done():
		view.Fault = "slow"
	}
	return nil
}

// explained is the result of parsing a message and deciding about it.
type explained struct {
	said    processor.Explanation
	clauses []string
	filters []processor.FilterResult
	err     error
}

// explained parses a message and decides about it. A panic, which is a bug, is an error.
func (p *Page) explained(ctx context.Context, mailbox string, octets []byte) (e explained) {
	defer func() {
		if r := recover(); r != nil {
			e = explained{err: fmt.Errorf("panic: %v\n%s", r, debug.Stack())}
		}
	}()
	preview, err := p.preview(ctx, mailbox, store.OctetsOf(octets))
	if err != nil {
		return explained{err: err}
	}
	e.clauses, e.filters = preview.Decision.Why().Clauses, preview.Filters
	e.said, e.err = processor.Explain(preview.Message, bytes.NewReader(octets), preview.Decision)
	return e
}

// failed notes why there is no explanation. It returns an error that has a page of its own.
func (view *explanationView) failed(err error) error {
	var unresolved *store.UnresolvedError
	switch {
	case errors.Is(err, daemon.ErrNotConfigured):
		view.Fault = "mailbox"
	case errors.As(err, &unresolved):
		view.Fault, view.Problem = "names", unresolved.Error()
	default:
		return err
	}
	return nil
}
