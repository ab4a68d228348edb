package mailbox_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
)

// drained is the result of drain.
type drained struct {
	read    map[int]string // by message-number
	deleted []int
	refused []int
	err     error // the error that ended the session, nil when QUIT was answered
}

// drain retrieves and deletes all items, except refused ones, in batches like a daemon.
func drain(t *testing.T, s *mailbox.Session, items []mailbox.Item, batch int) (d drained) {
	t.Helper()
	d.read = map[int]string{}
	s.Prefetch(items)
	for some := range slices.Chunk(items, batch) {
		var got []mailbox.Item
		for _, it := range some {
			spool, err := s.Retrieve(t.Context(), it)
			switch {
			case err == nil:
				d.read[it.Number] = string(octetsOf(t, spool))
				got = append(got, it)
			case mailbox.SessionBroken(err):
				d.err = err
				return d
			default:
				d.refused = append(d.refused, it.Number)
			}
		}
		d.err = s.DeleteAhead(t.Context(), got, func(it mailbox.Item, err error) {
			if err == nil {
				d.deleted = append(d.deleted, it.Number)
			}
		})
		if d.err != nil {
			return d
		}
	}
	d.err = s.Quit(t.Context())
	return d
}

// TestAnAnswerTooManyDeletesNothing shifts all later answers by one. No message that the client did not read may be
// deleted.
func TestAnAnswerTooManyDeletesNothing(t *testing.T) {
	t.Parallel()
	steps := []string{"CAPA", "STAT", "LIST", "UIDL", "RETR 1", "RETR 2", "RETR 6", "DELE 1", "DELE 3", "DELE 6"}
	strays := []string{
		"-ERR stray\r\n", "+OK\r\n", "+OK 3 deleted\r\n", "+OK 120 octets\r\n", "+OK 120 octets\r\nSubject: x\r\n\r\n.\r\n",
		"-ERR one\r\n-ERR two\r\n",
	}
	ways := map[string]func(*pop3test.Step, []byte){"before": (*pop3test.Step).Precede, "behind": (*pop3test.Step).Follow}
	for _, o := range []pop3test.Options{{}, {Without: []string{"PIPELINING"}}} {
		for _, step := range steps {
			for way, set := range ways {
				for _, stray := range strays {
					for _, batch := range []int{1, 2, 10} {
						t.Run(fmt.Sprint(len(o.Without), stray, way, step, batch), func(t *testing.T) {
							t.Parallel()
							driftingServer(t, o, batch, func(srv *pop3test.Server) { set(srv.At(step).Times(1), []byte(stray)) })
						})
					}
				}
			}
		}
	}
}

// driftingServer drains a maildrop of six messages while the server sends one answer too many. It fails the test when a
// message was deleted and not read. The next session must find all remaining messages.
func driftingServer(t *testing.T, o pop3test.Options, batch int, set func(*pop3test.Server)) {
	t.Helper()
	srv := pop3test.Run(t, o)
	for i := range 6 {
		srv.Add("helpdesk", mail(i))
	}
	set(srv)
	a := account(srv, "helpdesk", mailbox.None)
	a.Dial = srv.Dial
	read := map[string]bool{}
	for range 2 {
		before := contents(srv)
		s, err := mailbox.Open(t.Context(), a)
		if err != nil {
			continue
		}
		items, err := s.List(t.Context())
		if err == nil {
			d := drain(t, s, items, batch)
			for _, m := range d.read {
				if slices.Contains(before, m) { // or the server made it up
					read[m] = true
				}
			}
			err = d.err
		}
		_ = s.Close()
		if e := srv.Idle(t.Context()); e != nil {
			t.Fatal(e)
		}
		left := contents(srv)
		for _, m := range before {
			if !slices.Contains(left, m) && !read[m] {
				t.Errorf("deleted and never read: %q", m)
			}
		}
		if err != nil && len(left) != len(before) {
			t.Errorf("%d of %d are left after %v", len(left), len(before), err)
		}
		srv.Heal()
	}
	if left := contents(srv); len(left) != 0 || len(read) != 6 {
		t.Errorf("%d are left, %d were read", len(left), len(read))
	}
}

// TestQuitRecognisesAShiftedAnswer varies the last answer before QUIT.
func TestQuitRecognisesAShiftedAnswer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, answer string
		good         bool
	}{
		{"as in RFC 1939", "+OK 0 0\r\n", true},
		{"of a server that counts marked messages", "+OK 2 40\r\n", true},
		{"of DELE", "+OK\r\n", false},
		{"of DELE, with a number", "+OK 3 deleted\r\n", false},
		{"of DELE, with two numbers and more", "+OK 2 1 messages left\r\n", false},
		{"of RETR", "+OK 120 octets\r\n", false},
		{"of a message", "Subject: one\r\n", false},
		{"that refuses", "-ERR what?\r\n", false},
		{"that refuses with a code", "-ERR [SYS/TEMP] later\r\n", false},
		{"with another behind it", "+OK 0 0\r\n+OK 0 0\r\n", false},
	} {
		for what, good := range bothScripts() {
			t.Run("an answer "+tt.name+what, func(t *testing.T) {
				t.Parallel()
				a, h := good.with("STAT", "+OK 2 40\r\n").account()
				again := good.with("STAT", tt.answer)
				a.Dial = good.thenAt("DELE", again, h)
				s := open(t, a)
				items, err := s.List(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				d := drain(t, s, items[:1], 1)
				if (d.err == nil) != tt.good || !tt.good && (!errors.Is(d.err, mailbox.ErrProtocol) || !mailbox.SessionBroken(d.err)) {
					t.Errorf("Quit: %v", d.err)
				}
				within(t, "the connection", h.ended)
				if quits := strings.Contains(h.commands(), "QUIT"); quits != tt.good {
					t.Errorf("QUIT was sent: %t\n%s", quits, h.commands())
				}
			})
		}
	}
}

// TestTheProofTakesNoRoundTripOfItsOwn measures two round trips: one for all DELE and the STAT, one for QUIT.
func TestTheProofTakesNoRoundTripOfItsOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const rtt = time.Second
		srv, s, items := backlog(t, 50, pop3test.Options{NoListener: true, RTT: rtt})
		defer srv.Close()
		started := time.Now()
		answered := 0
		if err := s.DeleteAhead(t.Context(), items, func(mailbox.Item, error) { answered++ }); err != nil {
			t.Fatal(err)
		}
		if err := s.Quit(t.Context()); err != nil || answered != 50 || srv.Count("helpdesk") != 0 {
			t.Errorf("%d answers, %v", answered, err)
		}
		if took := time.Since(started); took != 2*rtt {
			t.Errorf("it took %v", took)
		}
	})
}

// TestAnAnswerTooFewDeletesNothing uses a server that falls silent at the last moment.
func TestAnAnswerTooFewDeletesNothing(t *testing.T) {
	t.Parallel()
	for _, o := range []pop3test.Options{{NoListener: true}, {NoListener: true, Without: []string{"PIPELINING"}}} {
		for _, step := range []string{"RETR 2", "DELE 3", "STAT"} {
			t.Run(fmt.Sprint(step, len(o.Without)), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					srv, s, items := backlog(t, 3, o)
					defer srv.Close()
					srv.At(step).Stall()
					started := time.Now()
					d := drain(t, s, items, 3)
					if !errors.Is(d.err, mailbox.ErrTimeout) || !mailbox.SessionBroken(d.err) || time.Since(started) != stepTimeout {
						t.Errorf("got %v after %v", d.err, time.Since(started))
					}
					if slices.Contains(srv.Log(), "QUIT") || srv.Count("helpdesk") != 3 {
						t.Errorf("%d are left\n%q", srv.Count("helpdesk"), srv.Log())
					}
				})
			})
		}
	}
}

// TestASessionThatEndsWithARefusalNamesItsMessage: only the refusal tells which message may be to blame.
func TestASessionThatEndsWithARefusalNamesItsMessage(t *testing.T) {
	t.Parallel()
	s, items := goodScript().with("RETR 1", "-ERR [SYS/TEMP] cannot read it, leaving\r\n"+hangUp).listed(t)
	d := drain(t, s, items, 2)
	var e *mailbox.Error
	if !errors.Is(d.err, mailbox.ErrConnection) || !errors.As(d.err, &e) || e.Op != "RETR 1" || e.Number != 1 {
		t.Errorf("got %+v", d.err)
	}
}

func TestASessionWithoutARetrievedMessageNeedsNoProof(t *testing.T) {
	t.Parallel()
	for _, o := range []pop3test.Options{{}, {Without: []string{"PIPELINING"}}} {
		srv, s, _ := backlog(t, 2, o)
		before := len(srv.Log())
		if err := s.Quit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"QUIT"}, srv.Log()[before:]); diff != "" {
			t.Error(diff)
		}
	}
}

// TestAfterARefusalMessagesAreRetrievedOneByOne: the answers in flight are not trusted.
func TestAfterARefusalMessagesAreRetrievedOneByOne(t *testing.T) {
	t.Parallel()
	srv, s, items := backlog(t, 20, pop3test.Options{})
	srv.At("RETR 4").Reply("-ERR [SYS/TEMP] not this one")
	d := drain(t, s, items, 20)
	if d.err != nil || len(d.read) != 19 || len(d.deleted) != 19 || !slices.Equal(d.refused, []int{4}) {
		t.Errorf("%d read, %d deleted, %v refused, %v", len(d.read), len(d.deleted), d.refused, d.err)
	}
	for n, octets := range d.read {
		if octets != string(mail(n-1)) {
			t.Errorf("message %d is %q", n, octets)
		}
	}
	log := srv.Log()
	again := log[slices.Index(log, "RETR 20")+1:]
	want := []string{"STAT"}
	for n := range 20 {
		if n > 3 {
			want = append(want, fmt.Sprint("RETR ", n+1))
		}
	}
	if diff := cmp.Diff(want, again[:len(want)]); diff != "" {
		t.Error(diff)
	}
	if left := srv.Count("helpdesk"); left != 1 {
		t.Errorf("%d are left", left)
	}
}

// TestAStrayRefusalIsBlamedOnItsMessage: the error names the message at which the answers went out of step, so that the
// next session reads the others first.
func TestAStrayRefusalIsBlamedOnItsMessage(t *testing.T) {
	t.Parallel()
	for _, o := range []pop3test.Options{{}, {Without: []string{"PIPELINING"}}} {
		srv, s, items := backlog(t, 6, o)
		srv.At("RETR 3").Precede([]byte("-ERR stray\r\n"))
		d := drain(t, s, items, 2)
		var e *mailbox.Error
		if !errors.Is(d.err, mailbox.ErrProtocol) || !errors.As(d.err, &e) || e.Number != 3 || e.Op != "RETR 3" ||
			e.Command != "RETR" || !mailbox.SessionBroken(d.err) {
			t.Errorf("got %+v", d.err)
		}
		if left := srv.Count("helpdesk"); left != 6 {
			t.Errorf("%d are left", left)
		}
	}
}
