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
	"mailintegration/store/storetest"
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

// newFault returns a world whose database refuses to record the question, and the daemon of that, which has set it aside.
func (w *world) newFault() *Daemon {
	w.Helper()
	w.refuseSubject("A question", "23514")
	w.options.Mailboxes = []Mailbox{w.mailbox}
	d, err := New(w.options)
	if err != nil {
		w.Fatal(err)
	}
	if _, o, err := Replay(w.Context(), w.store, w.mailbox, octetsOf(question)); err != nil || o.Result != store.SetAside {
		w.Fatalf("%+v, %v", o, err)
	}
	return d
}

// wantOneIncident fails the test unless the question is one incident, and its event is processed.
func (w *world) wantOneIncident() {
	w.Helper()
	for query, want := range map[string]int{
		`SELECT count(*) FROM request WHERE kind = 'incident'`:                          1,
		`SELECT count(*) FROM request WHERE kind = 'event' AND state = 'processed'`:     1,
		`SELECT count(*) FROM receipt WHERE outcome = 'opened'`:                         1,
		`SELECT count(*) FROM set_aside WHERE state = 'replayed'`:                       1,
		`SELECT count(*) FROM problem WHERE closed_at IS NULL`:                          0,
		`SELECT count(*) FROM history WHERE what = 'replayed' AND detail LIKE '%(why)'`: 1,
	} {
		if n := w.count(query); n != want {
			w.Errorf("%s: %d, want %d", query, n, want)
		}
	}
}

func TestADaemonRecordsAMessageThatWasSetAsideInOneOfItsMailboxes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.newFault()
	how := store.Reconsideration{Remark: "why"}
	if _, err := d.Reconsider(t.Context(), 1, how); !errors.As(err, new(*store.StillAsideError)) {
		t.Errorf("while its cause lasts: %v", err)
	}
	w.exec(`DROP TRIGGER refuse ON request`)
	if _, err := d.Reconsider(t.Context(), 2, how); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("a message that was never set aside: %v", err)
	}
	if _, err := d.Apply(Settings{}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Reconsider(t.Context(), 1, how); !errors.Is(err, ErrNotConfigured) {
		t.Errorf("without its mailbox: %v", err)
	}
	other := w.mailbox
	other.Name = strings.ToUpper(other.Name)
	if _, err := d.Apply(Settings{Mailboxes: []Mailbox{other}}); err != nil {
		t.Fatal(err)
	}
	if o, err := d.Reconsider(t.Context(), 1, how); err != nil || o.Result != store.Opened {
		t.Errorf("%+v, %v", o, err)
	}
	if _, err := d.Reconsider(t.Context(), 1, how); !errors.As(err, new(*store.SettledError)) {
		t.Errorf("once more: %v", err)
	}
	w.wantOneIncident()
}

func TestADaemonWithoutADatabaseReconsidersNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.newFault()
	d.setOptions(func(o *Options) { o.Store = nil })
	if _, err := d.Reconsider(t.Context(), 1, store.Reconsideration{}); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("%v", err)
	}
}

// TestADaemonThatDiesWhileItReconsidersLeavesTheMessageSetAsideOrRecorded cuts its connection, and asks the next daemon again.
func TestADaemonThatDiesWhileItReconsidersLeavesTheMessageSetAsideOrRecorded(t *testing.T) {
	t.Parallel()
	_, proxy, err := reconsiderVia(t, func(p *storetest.Proxy) { p.Pass() })
	_, commands := proxy.Counts() // the last one is the COMMIT
	if err != nil || commands < 5 {
		t.Fatalf("%d commands, %v", commands, err)
	}
	for name, tt := range map[string]struct{ cut, waiting int }{
		"before the commit":                       {commands - 1, 1},
		"during the commit, whose answer is lost": {commands, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, proxy, err := reconsiderVia(t, func(p *storetest.Proxy) { p.CutBeforeComplete(tt.cut) })
			if !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("it ended with %v", err)
			}
			proxy.Pass()
			if n := w.count(`SELECT count(*) FROM set_aside WHERE state = 'waiting'`); n != tt.waiting {
				t.Errorf("%d messages wait, want %d", n, tt.waiting)
			}
			_, err = w.daemon().Reconsider(t.Context(), 1, store.Reconsideration{Remark: "why"})
			if settled := errors.As(err, new(*store.SettledError)); settled != (tt.waiting == 0) || err != nil && !settled {
				t.Errorf("the next daemon: %v", err)
			}
			w.wantOneIncident()
		})
	}
}

// reconsiderVia has a daemon reconsider the question, whose cause is gone, while a proxy does something to its connection.
func reconsiderVia(t *testing.T, do func(*storetest.Proxy)) (*world, *storetest.Proxy, error) {
	t.Helper()
	w, proxy := newProxiedWorld(t)
	d := w.newFault()
	w.exec(`DROP TRIGGER refuse ON request`)
	do(proxy)
	_, err := d.Reconsider(t.Context(), 1, store.Reconsideration{Remark: "why"})
	return w, proxy, err
}

// TestAReconsiderationDoesNotHoldUpTheStopOfADaemon has one wait for a lock that somebody keeps.
func TestAReconsiderationDoesNotHoldUpTheStopOfADaemon(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.newFault()
	w.exec(`DROP TRIGGER refuse ON request`)
	database := store.Options{URL: w.rows.Config().ConnString(), AttachmentDirectory: w.attachments}
	w.options.Store, w.options.Open = nil, func(ctx context.Context) (*store.Store, error) { return store.Open(ctx, database) }
	d := w.daemon()
	if err := d.tryOpen(t.Context()); err != nil {
		t.Fatal(err)
	}
	letGo := w.holdAcceptances()
	defer letGo()
	ended := make(chan error, 1)
	go func() {
		_, err := d.Reconsider(t.Context(), 1, store.Reconsideration{Remark: "why"})
		ended <- err
	}()
	storetest.Until(t, "it waits for the lock", func() bool {
		return w.count(`SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`) > 0
	})
	d.close() // waits for the transactions of the store
	if err := <-ended; !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, errStops) {
		t.Errorf("it ended with %v", err)
	}
	letGo()
	if err := d.tryOpen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Reconsider(t.Context(), 1, store.Reconsideration{Remark: "why"}); err != nil {
		t.Errorf("after the next start: %v", err)
	}
	w.wantOneIncident()
	d.close()
}
