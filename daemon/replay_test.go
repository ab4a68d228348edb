package daemon

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"time"

	"mailintegration/processor"
	"mailintegration/store"
)

// octetsOf is a raw message in memory.
type octetsOf string

func (o octetsOf) ReadAt(p []byte, off int64) (int, error) {
	return strings.NewReader(string(o)).ReadAt(p, off)
}
func (o octetsOf) Size() int64      { return int64(len(o)) }
func (o octetsOf) Digest() [32]byte { return sha256.Sum256([]byte(o)) }

const question = "From: ann@acme.example\r\nSubject: A question\r\n\r\nWhy?\r\n"

func TestAMessageThatWasPolledIsKnownWhenItIsReplayed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.maildrops.Add(helpdesk, []byte(question))
	w.poll()
	_, o, err := Replay(t.Context(), w.store, w.mailbox, octetsOf(question))
	if err != nil || !o.Known || o.Request != 1 {
		t.Errorf("%+v, %v", o, err)
	}
	w.wantEachOnce(1)
}

func TestAMessageThatWasReplayedIsKnownWhenItIsPolled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 2 {
		m, o, err := Replay(t.Context(), w.store, w.mailbox, octetsOf(question))
		if err != nil || o.Known != (i == 1) || o.Result != store.Opened || m.Subject != "A question" {
			t.Errorf("%+v, %v", o, err)
		}
	}
	w.maildrops.Add(helpdesk, []byte(question))
	if r := w.poll(); r.Known != 1 {
		t.Errorf("%+v", r)
	}
	w.wantEachOnce(1)
}

func TestAMessageThatIsPreviewedIsNotRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	target, err := w.store.Resolve(t.Context(), w.mailbox.Name, w.mailbox.Rules.Names)
	if err != nil {
		t.Fatal(err)
	}
	policy := processor.Policy{Rules: w.mailbox.Rules, References: target.References}
	look := func(ctx context.Context, keys processor.Keys) (processor.Directory, error) {
		return w.store.LookUp(ctx, target.Team, keys)
	}
	_, d, err := Preview(t.Context(), policy, 0, look, octetsOf(question), time.Now())
	open, ok := d.(processor.OpenRequest)
	if err != nil || !ok || open.Requester.Name != "Ann Lee" {
		t.Errorf("%+v, %v", d, err)
	}
	w.wantRecorded(0)
}

func TestADaemonPreviewsAMessageForOneOfItsMailboxes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.Mailboxes = []Mailbox{w.mailbox}
	d, err := New(w.options)
	if err != nil {
		t.Fatal(err)
	}
	said, err := d.Preview(t.Context(), strings.ToUpper(w.mailbox.Name), octetsOf(question))
	open, ok := said.Decision.(processor.OpenRequest)
	if err != nil || !ok || open.Requester.Name != "Ann Lee" || said.Message.Subject != "A question" {
		t.Errorf("%+v, %v", said, err)
	}
	w.wantRecorded(0)
	if _, err := d.Preview(t.Context(), "nowhere", octetsOf(question)); !errors.Is(err, ErrNotConfigured) {
		t.Errorf("another mailbox: %v", err)
	}
}

func TestPreviewReturnsTheErrorOfTheLookUp(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	look := func(context.Context, processor.Keys) (processor.Directory, error) { return nil, down }
	if _, _, err := Preview(t.Context(), processor.Policy{}, 0, look, octetsOf(question), time.Now()); !errors.Is(err, down) {
		t.Errorf("got %v", err)
	}
}

func TestAMessageThatIsTooLargeIsPreviewedAsItsEvent(t *testing.T) {
	t.Parallel()
	look := func(context.Context, processor.Keys) (processor.Directory, error) {
		return processor.NoDirectory{}, nil
	}
	raw := octetsOf(question)
	for _, test := range []struct {
		most int64
		want processor.ReasonCode
	}{{raw.Size(), processor.ReasonNewMail}, {raw.Size() - 1, processor.ReasonTooLarge}} {
		policy := processor.Policy{Rules: processor.Rules{Processor: processor.EndUserIncident, CreateNewRequests: true}}
		_, d, err := Preview(t.Context(), policy, test.most, look, raw, time.Now())
		if err != nil || d.Why().Code != test.want {
			t.Errorf("at most %d octets: %+v, %v", test.most, d, err)
		}
	}
}
