package mailbox_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
)

// backlog returns a pop3test server with n messages, and a session that has listed them.
func backlog(t *testing.T, n int, o pop3test.Options) (*pop3test.Server, *mailbox.Session, []mailbox.Item) {
	t.Helper()
	srv := pop3test.Run(t, o)
	for i := range n {
		srv.Add("helpdesk", mail(i))
	}
	a := account(srv, "helpdesk", mailbox.None)
	a.Dial = srv.Dial
	s := open(t, a)
	items, err := s.List(t.Context())
	if err != nil || len(items) != n {
		t.Fatalf("%d items, %v", len(items), err)
	}
	return srv, s, items
}

// retrieve retrieves one message and checks it.
func retrieve(t *testing.T, s *mailbox.Session, it mailbox.Item) {
	t.Helper()
	spool, err := s.Retrieve(t.Context(), it)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(octetsOf(t, spool)); got != string(mail(it.Number-1)) {
		t.Fatalf("message %d is %q", it.Number, got)
	}
}

// count returns how many commands begin with prefix.
func count(log []string, prefix string) (n int) {
	for _, line := range log {
		if strings.HasPrefix(line, prefix) {
			n++
		}
	}
	return n
}

func TestMessagesAreRequestedAhead(t *testing.T) {
	t.Parallel()
	srv, s, items := backlog(t, 300, pop3test.Options{})
	s.Prefetch(items)
	most, deleted := 0, 0
	for i, some := range slices.Collect(slices.Chunk(items, 30)) {
		for _, it := range some {
			retrieve(t, s, it)
			most = max(most, count(srv.Log(), "RETR")-it.Number+1)
		}
		err := s.DeleteAhead(t.Context(), some, func(_ mailbox.Item, err error) {
			if err != nil {
				t.Error(err)
			}
			deleted++
		})
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 && deleted != 0 {
			t.Error("the session waited for the answers to DELE")
		}
	}
	if err := s.Quit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if most < 50 || most > 100 {
		t.Errorf("at most %d messages were requested ahead, want 100 or a little fewer", most)
	}
	if deleted != 300 || srv.Count("helpdesk") != 0 || count(srv.Log(), "RETR") != 300 {
		t.Errorf("%d deleted, %d left", deleted, srv.Count("helpdesk"))
	}
}

func TestAServerWithoutPIPELININGIsSentOneCommandAtATime(t *testing.T) {
	t.Parallel()
	for _, o := range []pop3test.Options{{Without: []string{"PIPELINING"}}, {NoCAPA: true}} {
		srv, s, items := backlog(t, 3, o)
		before := len(srv.Log())
		s.Prefetch(items)
		for _, it := range items {
			retrieve(t, s, it)
			if err := s.DeleteAhead(t.Context(), []mailbox.Item{it}, func(mailbox.Item, error) {}); err != nil {
				t.Fatal(err)
			}
		}
		want := []string{"RETR 1", "DELE 1", "RETR 2", "DELE 2", "RETR 3", "DELE 3"}
		if diff := cmp.Diff(want, srv.Log()[before:]); diff != "" {
			t.Error(diff)
		}
	}
}

// TestNothingIsSentAheadBeforeLogIn: courier-pop lists PIPELINING and loses commands sent behind PASS.
func TestNothingIsSentAheadBeforeLogIn(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	srv.Add("helpdesk", mail(0))
	a := account(srv, "helpdesk", mailbox.None)
	pieces := &recorder{}
	a.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := srv.Dial(ctx, network, address)
		pieces.Conn = conn
		return pieces, err
	}
	if _, err := walk(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"CAPA\r\n", "USER helpdesk\r\n", "PASS secret\r\n", "STAT\r\n", "CAPA\r\nLIST\r\nUIDL\r\n",
		"RETR 1\r\n", "DELE 1\r\n", "STAT\r\n", "QUIT\r\n",
	}
	if diff := cmp.Diff(want, pieces.sent); diff != "" {
		t.Error(diff)
	}
}

// recorder records each write of the client.
type recorder struct {
	net.Conn
	sent []string
}

// Write implements io.Writer.
func (r *recorder) Write(p []byte) (int, error) {
	r.sent = append(r.sent, string(p))
	return r.Conn.Write(p)
}

func TestTheWindowIsBoundedInOctets(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	const size = 400 << 10
	for range 8 {
		srv.Add("helpdesk", bigMail(size))
	}
	a := account(srv, "helpdesk", mailbox.None)
	a.Dial, a.SpoolDirectory = srv.Dial, t.TempDir()
	s := open(t, a)
	items, err := s.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.Prefetch(items)
	for _, it := range items {
		spool, err := s.Retrieve(t.Context(), it)
		if err != nil {
			t.Fatal(err)
		}
		_ = spool.Close()
		if ahead := count(srv.Log(), "RETR") - it.Number + 1; ahead > 3 {
			t.Fatalf("%d messages of %d octets were requested ahead", ahead, size)
		}
	}
}

func TestARefusalInAPipelineConcernsOneCommandOnly(t *testing.T) {
	t.Parallel()
	srv, s, items := backlog(t, 10, pop3test.Options{})
	srv.At("RETR 4").Reply("-ERR [SYS/TEMP] not this one")
	srv.At("RETR 10").Reply("-ERR no")
	srv.At("DELE 2").Reply("-ERR not this one")
	s.Prefetch(items)
	var deleted, refused []int
	for _, it := range items {
		if it.Number == 4 || it.Number == 10 {
			_, err := s.Retrieve(t.Context(), it)
			var e *mailbox.Error
			if !errors.Is(err, mailbox.ErrRefused) || mailbox.SessionBroken(err) || !errors.As(err, &e) || e.Number != it.Number {
				t.Fatalf("RETR %d: %v", it.Number, err)
			}
			continue
		}
		retrieve(t, s, it)
		err := s.DeleteAhead(t.Context(), []mailbox.Item{it}, func(it mailbox.Item, err error) {
			if err != nil {
				refused = append(refused, it.Number)
			} else {
				deleted = append(deleted, it.Number)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Quit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{1, 3, 5, 6, 7, 8, 9}, deleted) + cmp.Diff([]int{2}, refused); diff != "" {
		t.Error(diff)
	}
	if n := srv.Count("helpdesk"); n != 3 {
		t.Errorf("%d messages are left", n)
	}
}

func TestMessagesMayBeRetrievedOutOfThePlannedOrder(t *testing.T) {
	t.Parallel()
	srv, s, items := backlog(t, 10, pop3test.Options{})
	s.Prefetch(items)
	retrieve(t, s, items[2])
	retrieve(t, s, items[0])
	head, err := s.Top(t.Context(), items[9])
	if err != nil {
		t.Fatal(err)
	}
	if got := string(octetsOf(t, head)); !strings.HasPrefix(got, "From: a@example.com\r\nSubject: 9\r\n") || strings.Contains(got, "line") {
		t.Errorf("TOP gives %q", got)
	}
	if err := s.Delete(t.Context(), items[2]); err != nil {
		t.Fatal(err)
	}
	if again, err := s.List(t.Context()); err != nil || len(again) != 9 {
		t.Errorf("%d items after a deletion, %v", len(again), err)
	}
	retrieve(t, s, items[9])
	retrieve(t, s, items[5])
	retrieve(t, s, items[5]) // a second time
	if _, err := s.Retrieve(t.Context(), items[2]); !errors.Is(err, mailbox.ErrRefused) || mailbox.SessionBroken(err) {
		t.Errorf("a marked message: %v", err)
	}
	if err := s.Quit(t.Context()); err != nil {
		t.Error(err)
	}
	if n := srv.Count("helpdesk"); n != 9 {
		t.Errorf("%d messages are left", n)
	}
}

func TestTopIsRefusedByAServerWithoutIt(t *testing.T) {
	t.Parallel()
	s, items := goodScript().with("TOP", "-ERR what?\r\n").listed(t)
	if _, err := s.Top(t.Context(), items[0]); !errors.Is(err, mailbox.ErrRefused) || mailbox.SessionBroken(err) {
		t.Errorf("Top: %v", err)
	}
	s, items = goodScript().with("TOP", "+OK\r\n"+strings.Repeat("x", 1000)+"\r\n"+forEver).listed(t)
	if _, err := s.Top(t.Context(), items[0]); !errors.Is(err, mailbox.ErrTooLarge) || !mailbox.SessionBroken(err) {
		t.Errorf("an endless header: %v", err)
	}
}

// TestTheErrorNamesTheMessageThatIsLargerThanListed: the session ends while the caller waits for another message.
func TestTheErrorNamesTheMessageThatIsLargerThanListed(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	for i := range 5 {
		srv.Add("helpdesk", mail(i))
	}
	srv.Add("helpdesk", bigMail(200<<10))
	srv.LieAboutSizes(func(octets int64) int64 { return min(octets, 100) })
	a := account(srv, "helpdesk", mailbox.None)
	a.Dial, a.MaxOctets = srv.Dial, 100<<10
	s := open(t, a)
	items, err := s.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.Prefetch(items)
	retrieve(t, s, items[0])
	err = s.Delete(t.Context(), items[0])
	var e *mailbox.Error
	if !errors.Is(err, mailbox.ErrTooLarge) || !errors.As(err, &e) || e.Number != 6 || !mailbox.SessionBroken(err) {
		t.Fatalf("got %v, want ErrTooLarge of message 6", err)
	}
	if _, err := s.Retrieve(t.Context(), items[1]); !errors.Is(err, mailbox.ErrClosed) {
		t.Errorf("the session goes on: %v", err)
	}
	srv.Heal()
	if n := srv.Count("helpdesk"); n != 6 {
		t.Errorf("%d messages are left", n)
	}
}

func TestQuitDropsMessagesThatWereRequestedAhead(t *testing.T) {
	t.Parallel()
	srv, s, items := backlog(t, 50, pop3test.Options{})
	s.Prefetch(items)
	retrieve(t, s, items[0])
	deleted := 0
	if err := s.DeleteAhead(t.Context(), items[:1], func(mailbox.Item, error) { deleted++ }); err != nil {
		t.Fatal(err)
	}
	if err := s.Quit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if deleted != 1 || srv.Count("helpdesk") != 49 {
		t.Errorf("%d deleted, %d left", deleted, srv.Count("helpdesk"))
	}
}

func TestTheNumberOfUnansweredDeletionsIsBounded(t *testing.T) {
	t.Parallel()
	srv, s, items := backlog(t, 450, pop3test.Options{})
	deleted := 0
	if err := s.DeleteAhead(t.Context(), items, func(mailbox.Item, error) { deleted++ }); err != nil {
		t.Fatal(err)
	}
	if deleted < 250 {
		t.Errorf("only %d answers were read: too many deletions are unanswered", deleted)
	}
	if err := s.Quit(t.Context()); err != nil || deleted != 450 || srv.Count("helpdesk") != 0 {
		t.Errorf("%d deleted, %d left, %v", deleted, srv.Count("helpdesk"), err)
	}
}

func TestCloseInTheMiddleOfAPipelineDeletesNothing(t *testing.T) {
	t.Parallel()
	srv, s, items := backlog(t, 50, pop3test.Options{})
	s.Prefetch(items)
	retrieve(t, s, items[0])
	if err := s.Delete(t.Context(), items[0]); err != nil { // spools all messages requested ahead
		t.Fatal(err)
	}
	var closing sync.WaitGroup
	for range 2 {
		closing.Go(func() { _ = s.Close() })
	}
	closing.Wait()
	if _, err := s.Retrieve(t.Context(), items[1]); !errors.Is(err, mailbox.ErrClosed) {
		t.Errorf("Retrieve after Close: %v", err)
	}
	if n := srv.Count("helpdesk"); n != 50 {
		t.Errorf("%d messages are left", n)
	}
}

// TestAPipelineDoesNotWaitForRoundTrips sends commands that would need 600 round trips one by one.
func TestAPipelineDoesNotWaitForRoundTrips(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const rtt = 100 * time.Millisecond
		srv, s, items := backlog(t, 300, pop3test.Options{NoListener: true, RTT: rtt})
		defer srv.Close()
		s.Prefetch(items)
		started := time.Now()
		for some := range slices.Chunk(items, 50) {
			for _, it := range some {
				retrieve(t, s, it)
			}
			if err := s.DeleteAhead(t.Context(), some, func(mailbox.Item, error) {}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Quit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(started); took > 300*rtt {
			t.Errorf("it took %v; one by one it takes 60 s", took)
		}
		if n := srv.Count("helpdesk"); n != 0 {
			t.Errorf("%d messages are left", n)
		}
	})
}

// readsABacklogAhead tests that a backlog is read ahead, as a part of the suite (see TestSession).
func readsABacklogAhead(t *testing.T, srv server) {
	const n = 250
	want := map[string]int{}
	for i := range n {
		srv.deliver("helpdesk", mail(i))
		want[string(mail(i))]++
	}
	s := open(t, srv.account("helpdesk"))
	items, err := s.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.Prefetch(items)
	got, deleted := map[string]int{}, 0
	for some := range slices.Chunk(items, 40) {
		for _, it := range some {
			spool, err := s.Retrieve(t.Context(), it)
			if err != nil {
				t.Fatal(err)
			}
			got[string(octetsOf(t, spool))]++
		}
		err := s.DeleteAhead(t.Context(), some, func(_ mailbox.Item, err error) {
			if err == nil {
				deleted++
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Quit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" || deleted != n || srv.count("helpdesk") != 0 {
		t.Error(fmt.Sprintf("%d deleted, %d left", deleted, srv.count("helpdesk")), diff)
	}
}
