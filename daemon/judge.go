package daemon

import (
	"fmt"
	"io"
	"time"

	"mailintegration/processor"
)

// parser reads a message from its octets, as processor.Parse does.
type parser func(raw io.ReaderAt, size int64) *processor.Message

// judge parses and decides for one mailbox. A message on which parsing panics is set aside, so that it does not
// end the daemon or hold up another message; the store does the same when deciding panics.
type judge struct {
	policy processor.Decider
	read   parser
	failed map[*processor.Message]processor.Reason // parsing panicked
}

func newJudge(policy processor.Decider, read parser) *judge {
	return &judge{policy: policy, read: read, failed: map[*processor.Message]processor.Reason{}}
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
			j.failed[m] = processor.Reason{
				Code:   processor.ReasonPanic,
				Detail: fmt.Sprintf("the program failed on reading the message: %v", r),
			}
		}
	}()
	return j.read(raw, raw.Size())
}

// Keys implements processor.Decider.
func (j *judge) Keys(m *processor.Message) processor.Keys { return j.policy.Keys(m) }

// Decide implements processor.Decider.
func (j *judge) Decide(m *processor.Message, dir processor.Directory, now time.Time) processor.Decision {
	if reason, failed := j.failed[m]; failed {
		return processor.SetAside{Reason: reason}
	}
	return j.policy.Decide(m, dir, now)
}
