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

// Leave is for how many days messages are left on the server after they were recorded.
type LeavePolicy int

// The values of Leave that are no number of days.
const (
	LeaveNever  LeavePolicy = 0 // deleted once recorded
	LeaveAlways LeavePolicy = -1
)

// toRetrieve takes from the listing what was recorded before and stays on the server, without retrieving it again. due
// are the message-numbers of those that have been left for long enough. They are retrieved once more before they are
// deleted: RFC 1939 §7 lets a unique-id return with another message, and the digest says what was recorded.
func (p *poll) toRetrieve(
	work context.Context, session *mailbox.Session, listing []mailbox.Item,
) (fresh []mailbox.Item, due map[int]bool, err error) {
	if p.mailbox.LeaveOnServer == LeaveNever {
		return listing, nil, nil
	}
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

// isDue reports whether a message was left for long enough.
func (p *poll) isDue(acceptedAt time.Time) bool {
	days := p.mailbox.LeaveOnServer
	return days > 0 && p.opts.Now().Sub(acceptedAt) >= time.Duration(days)*24*time.Hour
}

// deletes reports whether a message that is recorded, now or before, is to be deleted.
func (r *sessionRun) deletes(it mailbox.Item, o store.Outcome) bool {
	if r.mailbox.LeaveOnServer == LeaveNever {
		return true
	}
	return o.Known && (r.due[it.Number] || r.isDue(o.AcceptedAt)) // two copies share a receipt, and its unique-id is the last one's
}

// identify gives messages without a unique-id one that is made of their header, where the server has TOP: else all
// messages that are left would be retrieved at each poll. Those that share a header and a size keep none.
func (p *poll) identify(work context.Context, session *mailbox.Session, listing []mailbox.Item) ([]mailbox.Item, error) {
	identified := make([]mailbox.Item, len(listing))
	holders := map[string]int{}
	for i, it := range listing {
		identified[i] = it
		if it.UIDL != "" || p.progress.noHeaders {
			continue
		}
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

// headerID returns what stands for a message that has no unique-id: a digest of its header and size.
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

// bodyDigest returns the SHA-256 of what follows the header section, nil when that cannot be read. Servers that change
// header fields of a message that stays with them leave its body alone.
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
