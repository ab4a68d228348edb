package daemon

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"mailintegration/mailbox"
	"mailintegration/store"
)

// LeavePolicy is the number of days that messages stay on the server after they were recorded.
type LeavePolicy int

// The values of LeavePolicy that are not a number of days.
const (
	LeaveNever  LeavePolicy = 0  // messages are deleted once they are recorded
	LeaveAlways LeavePolicy = -1 // messages are never deleted
)

// toRetrieve returns the items of the listing without the recorded ones that stay on the server. due holds the
// message-numbers of those whose time there is over. They are retrieved once more before they are deleted: RFC 1939 §7
// lets a unique-id return with another message, and only the digest identifies the recorded one.
func (p *poll) toRetrieve(
	work context.Context, session *mailbox.Session, listing []mailbox.Item,
) (fresh []mailbox.Item, due map[int]bool, err error) {
	switch {
	case p.mailbox.LeaveOnServer == LeaveNever:
		return listing, nil, nil
	case len(listing) == 0:
		return nil, nil, p.noteEmpty(work)
	}
	p.progress.notedEmpty = false
	if listing, err = p.identify(work, session, listing); err != nil {
		return nil, nil, err
	}
	var uidls []string
	for _, it := range listing {
		if it.UIDL != "" {
			uidls = append(uidls, it.UIDL)
		}
	}
	known, err := p.opts.Store.Known(work, p.target, uidls)
	if err != nil {
		return nil, nil, err
	}
	due = map[int]bool{}
	for _, it := range listing {
		k, ok := known[it.UIDL]
		due[it.Number] = ok && p.isDue(k.AcceptedAt)
		if !ok || it.Octets != k.Listed || !k.IsListed || due[it.Number] {
			fresh = append(fresh, it)
		}
	}
	return fresh, due, nil
}

// noteEmpty notes in the database that the server lists nothing any more, so that a unique-id that returns is not taken
// for that of a recorded message. Later polls of the empty mailbox ask the database nothing.
func (p *poll) noteEmpty(work context.Context) error {
	if p.progress.notedEmpty {
		return nil
	}
	if err := p.resolveForMail(work); err != nil {
		return err
	}
	_, err := p.opts.Store.Known(work, p.target, nil)
	p.progress.notedEmpty = err == nil
	return err
}

// isDue reports whether a message that was accepted at that time has been on the server for long enough.
func (p *poll) isDue(acceptedAt time.Time) bool {
	days := p.mailbox.LeaveOnServer
	return days > 0 && p.opts.Now().Sub(acceptedAt) >= time.Duration(days)*24*time.Hour
}

// deletes reports whether a message that is recorded, now or from before, must be deleted.
func (r *sessionRun) deletes(it mailbox.Item, o store.Outcome) bool {
	if r.mailbox.LeaveOnServer == LeaveNever {
		return true
	}
	// due does not have all: two copies of a message share a receipt, which has the unique-id of the last one.
	return o.Known && (r.due[it.Number] || r.isDue(o.AcceptedAt))
}

// identify gives messages without a unique-id one that is made from their header, where the server has TOP. Otherwise
// every poll would retrieve all messages that stay there. Messages with the same header and size get none.
func (p *poll) identify(work context.Context, session *mailbox.Session, listing []mailbox.Item) ([]mailbox.Item, error) {
	identified := make([]mailbox.Item, len(listing))
	holders := map[string]int{}
	for i, it := range listing {
		identified[i] = it
		if it.UIDL != "" || p.progress.noHeaders {
			continue
		}
		p.beat(0)
		id, err := headerID(work, session, it)
		if err != nil {
			p.progress.noHeaders = true
			if mailbox.SessionBroken(err) {
				return nil, err
			}
			continue
		}
		identified[i].UIDL = id
		holders[id]++
	}
	for i, it := range identified {
		if holders[it.UIDL] > 1 {
			identified[i].UIDL = ""
		}
	}
	return identified, nil
}

// headerID returns the substitute for a unique-id: a digest of the message's header and size.
func headerID(work context.Context, session *mailbox.Session, it mailbox.Item) (string, error) {
	spool, err := session.Top(work, it)
	if err != nil {
		return "", err
	}
	defer spool.Close()
	header, err := io.ReadAll(io.NewSectionReader(spool, 0, spool.Size()))
	sum := sha256.Sum256(fmt.Appendf(header, "\x00%d", it.Octets))
	return "header-" + hex.EncodeToString(sum[:]), err
}

// bodyDigest returns the SHA-256 of the octets after the header section, nil when they cannot be read. Servers that
// change header fields of a message that stays there do not change its body.
func bodyDigest(raw octets) []byte {
	r := bufio.NewReader(io.NewSectionReader(raw, 0, raw.Size()))
	for {
		line, err := r.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			break // there is no body
		}
		if err == nil && len(bytes.TrimRight(line, "\r\n")) == 0 {
			break
		}
		for errors.Is(err, bufio.ErrBufferFull) { // the rest of a line longer than the buffer
			_, err = r.ReadSlice('\n')
		}
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, r); err != nil {
		return nil
	}
	return hash.Sum(nil)
}
