package processor

import (
	"cmp"
	"fmt"
	"time"
)

// Limit is a number of things within a time. The zero Limit stands for no limit.
type Limit struct {
	Number int
	Within time.Duration
}

// String returns the limit as a configuration file has it, such as "30 in 10min".
func (l Limit) String() string {
	if l.Number == 0 {
		return "0"
	}
	return fmt.Sprintf("%d in %s", l.Number, l.Duration())
}

// Duration returns the time of the limit as a configuration file has it: in its largest whole unit.
func (l Limit) Duration() string {
	d := l.Within
	switch {
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d >= time.Minute && d%time.Minute == 0:
		return fmt.Sprintf("%dmin", d/time.Minute)
	}
	return fmt.Sprintf("%ds", d/time.Second)
}

// clockSkew is how far in the future the Date of a message may be: the clock of its sender may be fast.
const clockSkew = time.Hour

// unsetClock is a time before which no message was sent that is still in a mailbox. Devices whose clock was never set count
// from 1970, 1980 or 2000.
var unsetClock = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)

// SentAt returns when a message with this Date was sent, as far as it can be known by now: a Date in the future, one of a clock
// that was never set, or none, counts as now. An old Date counts as it is. So the messages of an old backlog, which all arrive
// at once, are no loop.
func SentAt(date, now time.Time) time.Time {
	if date.Before(unsetClock) || date.After(now.Add(clockSkew)) {
		return now
	}
	return date
}

// senderKey returns the look-up that limits the requests which the author of the message may open. ok is false if there
// is no limit, or if the message has no author.
func (p Policy) senderKey(m *Message) (key SenderKey, ok bool) {
	addr := addressKey(m.Author())
	if p.MaxNewRequests.Number <= 0 || p.MaxNewRequests.Within <= 0 || addr == "" {
		return SenderKey{}, false
	}
	return SenderKey{Address: addr, Date: m.Date, Limit: p.MaxNewRequests}, true
}

// limited returns the decision, unless it would open a request and the sender has opened as many as MaxNewRequests allows.
// Then the message becomes an activity on the last of them. Such messages count like requests, so a loop gets no
// further requests until it pauses.
func (p Policy) limited(m *Message, dir Directory, d Decision) Decision {
	open, opens := d.(OpenRequest)
	key, isLimited := p.senderKey(m)
	if !opens || !isLimited {
		return d
	}
	count, last, ok := dir.OpenedBy(key)
	if count < key.Number || !ok {
		return d
	}
	sender, _ := p.sender(m, dir)
	clause := fmt.Sprintf("%s has opened as many requests as MaxNewRequests allows (%s)",
		cmp.Or(m.Author().Addr, authorName(m, sender)), key.Limit)
	return AddActivity{
		Reason:      NewReason(ReasonLoop, clause, fmt.Sprintf("added to the last of them, %s %d", last.Kind.Words(), last.Number)),
		Request:     last.Number,
		Kind:        last.Kind,
		Author:      sender,
		Attachments: open.Attachments,
		AttachRaw:   open.AttachRaw,
	}
}
