package daemon

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// pollTimes polls n times with the same daemon and returns the last report.
func (w *world) pollTimes(d *Daemon, n int) (last Report) {
	w.Helper()
	for range n {
		w.idle()
		reports, err := d.Once(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		last = reports[0]
	}
	return last
}

// nameless gives the world a server without unique-ids.
func (w *world) nameless() {
	w.maildrops = pop3test.Run(w, pop3test.Options{NoUIDL: true})
	w.mailbox = w.newMailbox(helpdesk, w.maildrops)
}

func TestABacklogWithoutUniqueIDsThatIsNeverDeletedIsRecordedWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.nameless()
	w.maildrops.ForgetDeletes()
	for range 25 {
		w.mail()
	}
	w.options.MessagesPerSession = 10
	w.pollTimes(w.daemon(), 3)
	w.wantRecorded(25)
}

func TestMessagesWithoutUniqueIDsThatAreRefusedHoldUpNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.nameless()
	for range 12 {
		w.mail()
	}
	for n := range 4 {
		w.maildrops.At(fmt.Sprintf("RETR %d", n+1)).Reply("-ERR [SYS/TEMP] not now")
	}
	w.options.MessagesPerSession = 4
	w.pollTimes(w.daemon(), 4)
	w.wantRecorded(8)
}

func TestAMessageWithoutUniqueIDThatEndsTheSessionHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.nameless()
	for range 6 {
		w.mail()
	}
	// The second message ends the session. Its number stays the same, because the first one's deletion is lost too.
	w.maildrops.At("RETR 2").Times(4).Drop()
	w.pollTimes(w.daemon(), 5)
	w.wantRecorded(6)
}

func TestABacklogWithRenewedUniqueIDsThatIsNeverDeletedIsRecordedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.maildrops.ForgetDeletes()
	w.maildrops.RenewUIDLs()
	for range 25 {
		w.mail()
	}
	w.options.MessagesPerSession = 10
	w.pollTimes(w.daemon(), 3)
	w.wantRecorded(25)
	if n := len(w.maildrops.Log()); n > 600 {
		t.Errorf("%d commands for three polls of 25 messages", n)
	}
}

func TestManyMessagesThatEndTheirSessionsHoldUpNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range 8 {
		w.maildrops.AtMessage("RETR", w.maildrops.Add(helpdesk, fmt.Appendf(nil, "Subject: poison %d\r\n\r\n", n))).Drop()
	}
	for range 3 {
		w.mail()
	}
	w.poll() // one poll of a new daemon, as with the verb once
	w.wantRecorded(3)
}

func TestAPollFailsWhenDatabaseAndSessionAreLostTogether(t *testing.T) {
	t.Parallel()
	var proxy *storetest.Proxy
	w := newWorldVia(t, func(url string) string {
		proxy = storetest.NewProxy(t, url)
		return proxy.URL
	})
	for range 3 {
		w.mail()
	}
	w.maildrops.At("RETR 3").Times(1).Call(proxy.Refuse)
	w.maildrops.At("RETR 3").Times(1).Drop()
	if r := w.poll(); !errors.Is(r.Err, store.ErrUnavailable) {
		t.Errorf("error %v, want the database's", r.Err)
	}
	proxy.Pass()
	w.pollUntilGood()
	w.wantEachOnce(3)
}

func TestDeletionsBeforeTheLossOfTheDatabaseTakeEffect(t *testing.T) {
	t.Parallel()
	var proxy *storetest.Proxy
	w := newWorldVia(t, func(url string) string {
		proxy = storetest.NewProxy(t, url)
		return proxy.URL
	})
	w.maildrops = pop3test.Run(t, pop3test.Options{Without: []string{"PIPELINING"}}) // batch 2 comes after the answer to DELE 1
	w.mailbox = w.newMailbox(helpdesk, w.maildrops)
	for range 3 {
		w.mail()
	}
	w.options.BatchMessages = 1
	w.maildrops.At("DELE 1").Times(1).Call(proxy.Refuse)
	if r := w.poll(); r.Err == nil || r.Opened != 1 {
		t.Errorf("got %+v", r)
	}
	if left := w.maildrops.Count(helpdesk); left != 2 {
		t.Errorf("%d messages left, want 2: the first one was committed and deleted", left)
	}
	proxy.Pass()
	w.pollUntilGood()
	w.wantEachOnce(3)
}

func TestALockedRequestHoldsUpOnlyItsOwnMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mail()
	w.pollUntilGood()
	tx, err := w.rows.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.WithoutCancel(t.Context()))
	if _, err := tx.Exec(t.Context(), `SELECT number FROM request FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	w.add("From: ann@acme.example\nSubject: Re: [Incident] 1\n\nAny news?\n")
	w.mail()
	if r := w.poll(); r.Opened != 1 || r.Failed != 1 {
		t.Errorf("got %+v, want one message recorded and one left", r)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.pollUntilGood()
	w.wantEachOnce(3)
}

func TestALargeBacklogLetsOtherMailboxesInBetween(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := pop3test.Run(t, pop3test.Options{})
	other.Add("other", []byte("Subject: in between\r\n\r\n"))
	for range 30 {
		w.mail()
	}
	opts := w.options
	opts.MaxPolls, opts.MessagesPerSession = 1, 5
	opts.Mailboxes = []Mailbox{w.mailbox, w.newMailbox("other", other)}
	d, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	began, waits, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	d.workers[1].acquireSlot = func(ctx context.Context, server string) (*slot, error) {
		close(waits)
		return d.sessionSlots.acquire(ctx, server)
	}
	w.maildrops.At("RETR 1").Times(1).Call(func() {
		close(began)
		<-waits
	})
	left := make(chan int, 1)
	other.At("QUIT").Times(1).Call(func() { left <- w.maildrops.Count(helpdesk) })
	go func() {
		defer close(ended)
		d.Once(t.Context(), helpdesk)
	}()
	storetest.Await(t, "the backlog is retrieved", began)
	if _, err := d.Once(t.Context(), "other"); err != nil {
		t.Fatal(err)
	}
	if n := storetest.Await(t, "the other session ends", left); n == 0 {
		t.Error("the other mailbox had to wait for the whole backlog")
	}
	<-ended
	w.wantRecorded(31)
}

// noRecord is a record in which nothing failed.
type noRecord struct{}

func (noRecord) tried(mailbox.Item) int       { return 0 }
func (noRecord) isOverdue(mailbox.Item) bool  { return false }
func (noRecord) isOversize(mailbox.Item) bool { return false }

func TestMessagesThatEndedSessionsAreTriedLastFewestFailuresFirst(t *testing.T) {
	t.Parallel()
	g := newProgress()
	listing := []mailbox.Item{{Number: 1, UIDL: "a"}, {Number: 2, UIDL: "b"}, {Number: 3, UIDL: "c"}}
	g.endedBy(listing[0], mailbox.ErrConnection)
	g.endedBy(listing[0], mailbox.ErrConnection)
	g.endedBy(listing[1], mailbox.ErrConnection)
	var order []string
	g.begin()
	for range 3 {
		items, _ := g.choose(listing, 10, noRecord{})
		order = append(order, items[0].UIDL)
		g.sessionEnded(&sessionRun{items: items, looked: len(items)}, len(listing), false)
	}
	if fmt.Sprint(order) != "[c b a]" {
		t.Errorf("tried in the order %v", order)
	}
}
