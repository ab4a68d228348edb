package daemon

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"mailintegration/mailbox"
	"mailintegration/processor"
	"mailintegration/store"
)

// isOversize reports whether an item is larger than the mailbox's limit, according to LIST or to an earlier retrieval.
func (p *poll) isOversize(it mailbox.Item) bool {
	limit := p.mailbox.Account.MaxOctets
	return limit > 0 && it.Octets > limit || p.progress.isUnderstated(it)
}

// withinLimit returns the items of the session that are not too large to be retrieved.
func (r *sessionRun) withinLimit() []mailbox.Item {
	var items []mailbox.Item
	for _, it := range r.items {
		if !r.isOversize(it) {
			items = append(items, it)
		}
	}
	return items
}

// recordOversize records a message that is too large, as an event with its header; the message stays in the mailbox. It
// is recorded once: its receipt is found by the size and the header. A worker that has recorded it does not ask again.
func (r *sessionRun) recordOversize(work context.Context, it mailbox.Item) (broken, failed error) {
	r.report.Oversize++
	if isReported, err := r.isReported(work, it); isReported || err != nil {
		return nil, err
	}
	header, err := r.header(work, it)
	if err != nil {
		r.report.Oversize--
		r.report.Failed++
		return err, nil
	}
	m := r.guard.parse(header)
	n := notices{r.mailbox.Name, r.target.References}
	m.Text, m.HTML, m.Octets = n.tooLargeText(it, r.mailbox.Account.MaxOctets, m), "", it.Octets
	outcomes, err := r.opts.Store.Accept(work, r.target,
		[]store.Delivery{{UIDL: it.UIDL, Listed: it.Octets, Message: m, Raw: header}}, oversizeDecider{n})
	if err != nil {
		return nil, fmt.Errorf("accept the header of a message that is too large: %w", err)
	}
	if outcomes[0].Err == nil && it.UIDL != "" {
		r.progress.reportedOversize[it.UIDL] = r.opts.Now()
	}
	r.log.messageTooLarge(it, m, outcomes[0])
	return nil, nil
}

// isReported reports whether there is already an event about a message. It looks for the receipt by unique-id and size,
// because a server may send a header once and refuse it later. It asks the database once a day, which notes that the
// message is still there.
func (r *sessionRun) isReported(work context.Context, it mailbox.Item) (bool, error) {
	if it.UIDL == "" {
		return false, nil
	}
	if at, ok := r.progress.reportedOversize[it.UIDL]; ok && r.opts.Now().Sub(at) < retryKeptAfter {
		return true, nil
	}
	reported, err := r.opts.Store.HasOversize(work, r.target, it.UIDL, it.Octets)
	if reported {
		r.progress.reportedOversize[it.UIDL] = r.opts.Now()
	}
	return reported, err
}

// maxTops is the number of sessions that reading a header may end; then the message is recorded without it. One session
// may end because the connection was lost.
const maxTops = 2

// maxHeader limits the octets of a header, which is held in memory.
const maxHeader = 1 << 20

// header reads a message's header with TOP. It returns an empty header where the server refuses TOP, which is optional
// (RFC 1939 §7), and where TOP has ended too many sessions.
func (r *sessionRun) header(work context.Context, it mailbox.Item) (*oversizeHeader, error) {
	h := &oversizeHeader{octets: it.Octets, uidl: it.UIDL} // nothing else tells one such message from another
	if r.progress.noTop[it.UIDL] >= maxTops {
		return h, nil
	}
	spool, err := r.session.Top(work, it)
	switch {
	case err != nil && isServersFault(work, err):
		return nil, r.endedBy(work, it, err)
	case err != nil && mailbox.SessionBroken(err):
		return nil, err
	case err != nil:
		return h, nil
	}
	h.uidl = ""
	defer spool.Close()
	h.text, err = io.ReadAll(io.NewSectionReader(spool, 0, min(spool.Size(), maxHeader)))
	return h, err
}

// oversizeHeader takes the place of the raw octets of a message that is too large.
type oversizeHeader struct {
	text   []byte
	octets int64  // of the message, as LIST says
	uidl   string // "" when there is a header, which identifies the message
}

// ReadAt implements io.ReaderAt over the header.
func (h *oversizeHeader) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(h.text).ReadAt(p, off)
}

// Size returns the size of the header.
func (h *oversizeHeader) Size() int64 { return int64(len(h.text)) }

// Digest returns the digest for the receipt, over the size of the message and its header. It never equals the digest of
// a whole message, so that the message is accepted as a new one once the limit is raised.
func (h *oversizeHeader) Digest() [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "too large\x00%d\x00%s\x00%s", h.octets, h.uidl, h.text))
}

// oversizeDecider opens the event about a message that is too large.
type oversizeDecider struct{ notices }

// Keys implements processor.Decider.
func (oversizeDecider) Keys(*processor.Message) processor.Keys { return processor.Keys{} }

// Decide implements processor.Decider.
func (d oversizeDecider) Decide(m *processor.Message, _ processor.Directory, _ time.Time) processor.Decision {
	return d.tooLarge(m)
}

// Loop implements store.Decider. The store asks only about decisions with ReasonLoop, which Decide does not make.
func (d oversizeDecider) Loop(of store.Delivery, added processor.AddActivity) processor.OpenRequest {
	return d.loop(of, added, processor.Limit{})
}

// isUnderstatedSize reports whether a session ended because a message was larger than allowed, although LIST said less.
func isUnderstatedSize(err error) bool {
	return errors.Is(err, mailbox.ErrTooLarge) && !isAboutTop(err)
}

// isAboutTop reports whether TOP ended the session. The message is recorded without its header then.
func isAboutTop(err error) bool {
	var e *mailbox.Error
	return errors.As(err, &e) && e.Command == "TOP"
}

// isKnownUnderstated reports whether LIST understated a message that the next session will recognise by its unique-id.
func isKnownUnderstated(err error) bool {
	var by *brokenBy
	return isUnderstatedSize(err) && errors.As(err, &by) && by.item.UIDL != ""
}
