package daemon

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"mailintegration/mailbox/pop3test"
	"mailintegration/store/storetest"
)

// isGranted reports whether a claim has become a slot.
func (c *slot) isGranted() bool {
	select {
	case <-c.granted:
		return true
	default:
		return false
	}
}

// granted returns which of the claims have become slots, as text: a letter for each.
func granted(claims ...*slot) (which string) {
	for i, c := range claims {
		if c.isGranted() {
			which += string(rune('a' + i))
		}
	}
	return which
}

func TestSlotsAreGrantedInTheOrderOfAsking(t *testing.T) {
	t.Parallel()
	s := newSlots(2, 2)
	a, b, c, d := s.ask("one"), s.ask("two"), s.ask("two"), s.ask("one")
	for _, step := range []struct {
		release *slot
		want    string
	}{{nil, "ab"}, {b, "abc"}, {a, "abcd"}} {
		if step.release != nil {
			step.release.release()
			step.release.release() // the second call changes nothing
		}
		if got := granted(a, b, c, d); got != step.want {
			t.Errorf("granted %s, want %s", got, step.want)
		}
	}
}

func TestMailboxesThatWaitForTheirServerKeepNoOtherServersWaiting(t *testing.T) {
	t.Parallel()
	s := newSlots(4, 2)
	a, b, c := s.ask("slow"), s.ask("slow"), s.ask("slow")
	d, e, f := s.ask("other"), s.ask("other"), s.ask("third")
	if got := granted(a, b, c, d, e, f); got != "abde" {
		t.Fatalf("granted %s, want two of the slow server and two of the other one", got)
	}
	d.release()
	if got := granted(a, b, c, d, e, f); got != "abdef" {
		t.Errorf("granted %s, want the third server's", got)
	}
	a.release()
	if got := granted(a, b, c, d, e, f); got != "abcdef" {
		t.Errorf("granted %s, want the slow server's third", got)
	}
}

func TestNoServerStarvesAnother(t *testing.T) {
	t.Parallel()
	s := newSlots(1, 1)
	running := s.ask("busy")
	patient := s.ask("patient")
	for range 100 { // the busy server asks again before each release
		next := s.ask("busy")
		running.release()
		if patient.isGranted() {
			return
		}
		running = next
	}
	t.Error("a server's mailbox waits while another server's are served a hundred times")
}

func TestASlotThatYieldsLetsOtherServersRunAndNotItsOwn(t *testing.T) {
	t.Parallel()
	s := newSlots(2, 2)
	a, b := s.ask("slow"), s.ask("slow")
	own, other := s.ask("slow"), s.ask("other")
	a.yield()
	a.yield()
	if own.isGranted() || !other.isGranted() {
		t.Errorf("its own server's: %v, another server's: %v", own.isGranted(), other.isGranted())
	}
	b.yield()
	if own.isGranted() {
		t.Error("a third session begins with a server that may have two")
	}
	a.release()
	a.yield()
	if !own.isGranted() {
		t.Error("the session after one that ended does not begin")
	}
	for _, c := range []*slot{b, own, other} {
		c.release()
	}
	wantAllFree(t, s)
}

func TestAHangingServerTakesNoSlotsOfOthersForLong(t *testing.T) {
	t.Parallel()
	s := newSlots(64, 48)
	var hanging []*slot
	for range 1000 {
		hanging = append(hanging, s.ask("hangs"), s.ask("hangs too"))
	}
	for _, c := range hanging {
		if c.isGranted() {
			c.yield() // after openTime
		}
	}
	free := 0
	for range 64 {
		if s.ask("fine").isGranted() {
			free++
		}
	}
	if free != 48 {
		t.Errorf("%d sessions of a server that is fine, want all that it may have", free)
	}
}

func TestWaitingForASlotEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(1, 1)
		held := s.ask("one")
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			_, err := s.acquire(ctx, "one")
			ended <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		if _, err := s.acquire(ctx, "one"); !errors.Is(err, context.Canceled) {
			t.Errorf("a context that has ended: %v", err)
		}
		held.release()
		wantAllFree(t, s)
	})
}

func TestAClaimThatIsGrantedWhileItIsWithdrawnGivesItsSlotBack(t *testing.T) {
	t.Parallel()
	s := newSlots(1, 1)
	held, c := s.ask("one"), s.ask("one")
	held.release()
	s.withdraw(c)
	wantAllFree(t, s)
}

func TestAHigherLimitCountsAtOnceAndALowerOneAsSlotsAreReleased(t *testing.T) {
	t.Parallel()
	s := newSlots(1, 1)
	a, b, c := s.ask("one"), s.ask("one"), s.ask("one")
	s.setLimits(2, 2)
	if got := granted(a, b, c); got != "ab" {
		t.Errorf("granted %s with the limit raised to 2", got)
	}
	s.setLimits(1, 1)
	a.release()
	if c.isGranted() {
		t.Error("a slot is granted beyond the lower limit")
	}
	b.release()
	if !c.isGranted() {
		t.Error("no slot is granted within the lower limit")
	}
}

func TestManySessionsKeepWithinBothLimits(t *testing.T) {
	t.Parallel()
	s := newSlots(5, 2)
	var all sync.WaitGroup
	var mu sync.Mutex
	running, most := map[string]int{}, 0
	for i := range 200 {
		server := string(rune('a' + i%4))
		all.Go(func() {
			c, err := s.acquire(t.Context(), server)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			running[server]++
			running[""]++
			most = max(most, running[""])
			if running[server] > 2 || running[""] > 5 {
				t.Errorf("%d sessions, %d with one server", running[""], running[server])
			}
			running[server]--
			running[""]--
			mu.Unlock()
			c.release()
		})
	}
	all.Wait()
	wantAllFree(t, s)
}

// wantAllFree fails the test unless no slot is taken and nobody waits.
func wantAllFree(t *testing.T, s *slots) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken != 0 || len(s.servers) != 0 {
		t.Errorf("%d slots are taken, %d servers have some", s.taken, len(s.servers))
	}
}

func TestASlowPartOfAPollReleasesItsBatches(t *testing.T) {
	t.Parallel()
	p := &poll{batchSlots: newSlots(1, 0)}
	release, err := p.acquireBatch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	waits := p.batchSlots.ask("")
	p.places.yield()
	if !waits.isGranted() {
		t.Error("the batch of a slow poll keeps its slot")
	}
	release()
	release()
	waits.release()
	wantAllFree(t, p.batchSlots)
}

func TestASlowBatchReleasesItsSlot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &poll{batchSlots: newSlots(1, 0)}
		release, err := p.acquireBatch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		next, err := p.batchSlots.acquire(t.Context(), "") // waits for batchSlotTime, in the bubble's time
		if err != nil {
			t.Fatal(err)
		}
		next.release()
	})
}

func TestBacklogsDelayAnothersMessageByABatchAtMost(t *testing.T) {
	t.Parallel()
	const backlogs, batch = 3, 10
	w := newWorld(t)
	w.options.MaxBatches, w.options.BatchMessages = 1, batch
	var mailboxes []Mailbox
	for i := range backlogs {
		name := fmt.Sprint("backlog-", i)
		for n := range 5 * batch {
			w.maildrops.Add(name, fmt.Appendf(nil, "Subject: %s\r\nMessage-ID: <%d@%s>\r\n\r\n", name, n, name))
		}
		mailboxes = append(mailboxes, w.newMailbox(name, w.maildrops))
	}
	other := pop3test.Run(t, pop3test.Options{})
	other.Add("other", []byte("Subject: in between\r\n\r\n"))
	d := w.daemon(append(mailboxes, w.newMailbox("other", other))...)
	holds, goOn := make(chan struct{}), make(chan struct{})
	w.maildrops.At("RETR 1").Times(1).Call(func() {
		close(holds)
		<-goOn
	})
	recorded := make(chan int, 1)
	other.At("RETR 1").Times(1).Call(func() { recorded <- w.count(`SELECT count(*) FROM receipt`) })
	var ended sync.WaitGroup
	poll := func(i int) { ended.Go(func() { d.workers[i].poll(t.Context(), func() bool { return true }) }) }
	waitFor := func(batches int) {
		storetest.Until(t, "batches wait for their turn", func() bool {
			d.batchSlots.mu.Lock()
			defer d.batchSlots.mu.Unlock()
			return d.batchSlots.asked == batches
		})
	}
	for i := range backlogs {
		poll(1 + i)
	}
	storetest.Await(t, "a backlog is retrieved", holds)
	waitFor(backlogs)
	poll(1 + backlogs)
	waitFor(backlogs + 1)
	close(goOn)
	if n := storetest.Await(t, "the single message is retrieved", recorded); n > backlogs*batch {
		t.Errorf("%d messages of backlogs were recorded before the single one was retrieved, want a batch of each at most", n)
	}
	ended.Wait()
	w.wantRecorded(backlogs*5*batch + 1)
	wantAllFree(t, d.batchSlots)
}
