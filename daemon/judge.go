package daemon

import (
	"fmt"
	"io"
	"time"

	"mailintegration/processor"
)

// judge parses and decides for one mailbox, so that a message which makes our own code panic is set aside
// and does not end the daemon or hold up another message.
type judge struct {
	policy processor.Decider
	read   func(raw io.ReaderAt, size int64) *processor.Message
	failed map[*processor.Message]processor.Reason // parsing or deciding panicked
}

func newJudge(policy processor.Decider) *judge {
	return &judge{policy: policy, read: processor.Parse, failed: map[*processor.Message]processor.Reason{}}
}

// octets is a raw message as it lies in the spool.
type octets interface {
	io.ReaderAt
	Size() int64
}

// parse reads a message from its raw octets. When that panics, the message is empty and will be set aside.
func (j *judge) parse(raw octets) (m *processor.Message) {
	defer func() {
		if r := recover(); r != nil {
			m = &processor.Message{Octets: raw.Size()}
			j.failed[m] = panicked("reading", r)
		}
	}()
	return j.read(raw, raw.Size())
}

// Keys implements processor.Decider.
func (j *judge) Keys(m *processor.Message) (keys processor.Keys) {
	if _, failed := j.failed[m]; failed {
		return processor.Keys{}
	}
	defer func() {
		if r := recover(); r != nil {
			j.failed[m] = panicked("looking up", r)
		}
	}()
	return j.policy.Keys(m)
}

// Decide implements processor.Decider.
func (j *judge) Decide(m *processor.Message, dir processor.Directory, now time.Time) (d processor.Decision) {
	if reason, failed := j.failed[m]; failed {
		return processor.SetAside{Reason: reason}
	}
	defer func() {
		if r := recover(); r != nil {
			d = processor.SetAside{Reason: panicked("deciding about", r)}
		}
	}()
	return j.policy.Decide(m, dir, now)
}

func panicked(doing string, r any) processor.Reason {
	return processor.Reason{Code: processor.ReasonPanic, Detail: fmt.Sprintf("%s the message failed in the program itself: %v", doing, r)}
}
