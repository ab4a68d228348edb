package daemon

import (
	"context"
	"time"

	"mailintegration/mailbox"
	"mailintegration/store"
)

// Leave is for how many days messages are left on the server after they were recorded.
type Leave int

// The values of Leave that are no number of days.
const (
	LeaveNever  Leave = 0 // deleted once recorded
	LeaveAlways Leave = -1
)

// sort takes from the listing what was recorded before and is left on the server, without retrieving it again. due are
// the message-numbers of those that have been left for long enough. They are retrieved once more before they are deleted:
// RFC 1939 §7 lets a unique-id return with another message, and the digest, not the unique-id, says what was recorded.
// It does nothing for a mailbox whose messages are deleted.
func (p *poll) sort(work context.Context, listing []mailbox.Item) (fresh []mailbox.Item, due map[int]bool, err error) {
	if p.mailbox.LeaveOnServer == LeaveNever {
		return listing, nil, nil
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
		due[it.Number] = ok && p.isDue(k)
		if !ok || !isSameSize(it, k) || due[it.Number] {
			fresh = append(fresh, it)
		}
	}
	return fresh, due, nil
}

// isSameSize holds a listing's size against that of the message which was accepted under its unique-id, as that may have
// returned with another message; sizes in LIST are often a little off.
func isSameSize(it mailbox.Item, k store.Known) bool {
	off := it.Octets - k.Octets
	return max(off, -off) <= 256+k.Octets/20
}

// isDue reports whether a message was left for long enough.
func (p *poll) isDue(k store.Known) bool {
	days := p.mailbox.LeaveOnServer
	return days > 0 && p.opts.Now().Sub(k.AcceptedAt) >= time.Duration(days)*24*time.Hour
}

// deletes reports whether a message that is recorded, now or before, is to be deleted.
func (v *visit) deletes(it mailbox.Item, o store.Outcome) bool {
	return v.mailbox.LeaveOnServer == LeaveNever || o.Known && v.due[it.Number]
}

// warnOfExpiry says, once, that the server deletes messages that were to be left (EXPIRE, RFC 2449 §6.7).
func (p *poll) warnOfExpiry(session *mailbox.Session) {
	days, ok := session.Capabilities().Expire()
	wanted := p.mailbox.LeaveOnServer
	if !ok || wanted == LeaveNever || wanted > 0 && days >= int(wanted) || p.progress.warned {
		return
	}
	p.progress.warned = true
	p.log.serverExpires(days)
}
