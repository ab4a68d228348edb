package daemon

import (
	"context"
	"slices"
	"strings"
	"testing"

	"mailintegration/mailbox/pop3test"
	"mailintegration/store/storetest"
)

// The crash matrix: whatever cuts a poll, and wherever, each message is recorded once after the next good
// poll, and the maildrop is empty. (A poll that is killed with its process is in cmd/mailintegration.)

// servers has a server with PIPELINING and one without.
var servers = map[string]pop3test.Options{
	"":               {},
	" one at a time": {Without: []string{"PIPELINING"}},
}

// site holds the server and the batches on which the crash matrix runs.
type site struct {
	server pop3test.Options
	batch  int // messages in a batch; 0 for the default, so that all messages are in one
}

// sites has all servers, each also with polls that record one message while they retrieve the next.
func sites() map[string]site {
	all := map[string]site{}
	for which, o := range servers {
		all[which] = site{server: o}
		all[which+" with one message in a batch"] = site{server: o, batch: 1}
	}
	return all
}

// world returns a new world on the site.
func (s site) world(t testing.TB) *world {
	w := newWorldOn(t, s.server)
	w.options.BatchMessages = s.batch
	return w
}

// steps returns the commands of one session over a maildrop of two messages, after "connect" and "greeting".
func steps(t *testing.T, s site) []string {
	t.Helper()
	w := s.world(t)
	w.mail()
	w.mail()
	w.pollUntilGood()
	log := w.maildrops.Log()
	if !slices.Contains(log, "DELE 2") || log[len(log)-1] != "QUIT" {
		t.Fatalf("the session does not delete two messages and QUIT: %q", log)
	}
	steps := []string{"connect", "greeting"}
	for _, line := range log {
		if strings.Contains(line, "***") {
			line, _, _ = strings.Cut(line, " ")
		}
		steps = append(steps, line)
	}
	return steps
}

func TestCutAtEachStep(t *testing.T) {
	t.Parallel()
	faults := map[string]func(*pop3test.Step){
		"instead of the command": (*pop3test.Step).Drop,
		"instead of the answer":  (*pop3test.Step).DropReply,
		"after the answer":       (*pop3test.Step).DropAfterReply,
		"with an error":          func(s *pop3test.Step) { s.Reply("-ERR [SYS/TEMP] try later") },
		"with garbage":           func(s *pop3test.Step) { s.Garbage([]byte("\x00\xff\r\nnonsense\r\n")) },
	}
	for which, s := range sites() {
		all := steps(t, s)
		for what, fault := range faults {
			t.Run(what+which, func(t *testing.T) {
				t.Parallel()
				w := s.world(t)
				for i, step := range all {
					w.mail()
					w.mail()
					fault(w.maildrops.At(step).Times(1))
					w.poll()
					w.maildrops.Heal()
					w.pollUntilGood()
					w.wantEachOnce(2 * (i + 1))
					if t.Failed() {
						t.Fatalf("cut %s at %q", what, step)
					}
				}
			})
		}
	}
}

func TestCutAtEachOctet(t *testing.T) {
	t.Parallel()
	for which, o := range servers {
		t.Run("of a session"+which, func(t *testing.T) {
			t.Parallel()
			cutAtEachOctet(t, newWorldOn(t, o))
		})
	}
}

func cutAtEachOctet(t *testing.T, w *world) {
	w.mail()
	w.pollUntilGood()
	total := w.maildrops.OctetsSent()
	for n := range total {
		w.mail()
		w.maildrops.CutAfterOctets(n)
		w.poll()
		w.maildrops.Heal()
		w.pollUntilGood()
		w.wantEachOnce(w.added)
		if t.Failed() {
			t.Fatalf("cut after %d of %d octets", n, total)
		}
	}
	if total < 200 {
		t.Errorf("a whole session has %d octets, want at least 200", total)
	}
}

func TestStoppedAtEachStep(t *testing.T) {
	t.Parallel()
	for which, s := range sites() {
		t.Run("of a session"+which, func(t *testing.T) {
			t.Parallel()
			stopAtEachStep(t, s.world(t), steps(t, s))
		})
	}
}

func stopAtEachStep(t *testing.T, w *world, steps []string) {
	for i, step := range steps {
		w.mail()
		w.mail()
		ctx, stop := context.WithCancel(t.Context())
		w.maildrops.At(step).Times(1).Call(stop)
		r := w.pollUnder(ctx)
		stop()
		w.maildrops.Heal()
		// A stop finishes the messages in hand: those that were recorded are deleted in the same session.
		if left := w.maildrops.Count(helpdesk); left != 2-r.Recorded() {
			t.Errorf("stopped at %q: %d recorded, %d left", step, r.Recorded(), left)
		}
		w.pollUntilGood()
		w.wantEachOnce(2 * (i + 1))
		if t.Failed() {
			t.Fatalf("stopped at %q", step)
		}
	}
}

func TestDatabaseLostAtEachMessageOfItsProtocol(t *testing.T) {
	t.Parallel()
	for what, cut := range map[string]func(*storetest.Proxy, int){
		"instead of a message to the server": (*storetest.Proxy).CutAtFrontend,
		"before the answer to a command":     (*storetest.Proxy).CutBeforeComplete,
		"after the answer to a command":      (*storetest.Proxy).CutAfterComplete,
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			var proxy *storetest.Proxy
			w := newWorldVia(t, func(url string) string {
				proxy = storetest.NewProxy(t, url)
				return proxy.URL
			})
			w.options.BatchMessages = 1 // the second message is retrieved while the first one is recorded
			n := 0
			for cuts := 1; cuts > 0; {
				n++
				w.mail()
				w.mail()
				cut(proxy, n)
				w.poll()
				cuts = proxy.Cuts()
				proxy.Pass()
				w.pollUntilGood()
				w.wantEachOnce(2 * n)
				if t.Failed() {
					t.Fatalf("cut %s, at the %d.", what, n)
				}
			}
			if n < 10 {
				t.Errorf("a poll takes %d steps in the database, want at least 10", n)
			}
		})
	}
}

func TestDatabaseIsDown(t *testing.T) {
	t.Parallel()
	var proxy *storetest.Proxy
	w := newWorldVia(t, func(url string) string {
		proxy = storetest.NewProxy(t, url)
		return proxy.URL
	})
	w.mail()
	proxy.Refuse()
	r := w.poll()
	if r.Err == nil || needsPerson(r.Err) {
		t.Errorf("error %v, want a transient one", r.Err)
	}
	if left := w.maildrops.Count(helpdesk); left != 1 {
		t.Errorf("%d messages left, want 1: a database that is down is never a bad message", left)
	}
	proxy.Pass()
	w.pollUntilGood()
	w.wantEachOnce(1)
}

func TestAServerThatNeverDeletes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.maildrops.ForgetDeletes()
	for range 3 {
		w.mail()
	}
	for range 10 {
		if r := w.poll(); r.Err != nil {
			t.Fatal(r.Err)
		}
		w.idle()
	}
	w.wantRecorded(3)
	if n := w.count(`SELECT min(times_seen) FROM receipt`); n != 10 {
		t.Errorf("the receipts were met %d times, want 10", n)
	}
}

func TestAServerThatRenumbersItsMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	octets := []byte("From: ann@acme.example\r\nSubject: moved\r\n\r\nHelp!\r\n")
	w.maildrops.ForgetDeletes()
	w.maildrops.AddUIDL(helpdesk, "old-1", octets)
	w.pollUntilGood()
	w.maildrops.Heal()
	w.pollUntilGood() // deletes the message under its old unique-id
	w.maildrops.AddUIDL(helpdesk, "new-1", octets)
	w.pollUntilGood()
	w.wantEachOnce(1)
	w.maildrops.AddUIDL(helpdesk, "new-1", []byte("Subject: another message under a unique-id that was used before\r\n\r\n"))
	w.pollUntilGood()
	w.wantEachOnce(2)
}

func TestManyDaemonsOnOneDatabaseAndMailbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 60 {
		w.mail()
	}
	w.options.MessagesPerSession = 7
	w.options.BatchMessages = 3
	done := make(chan error)
	const daemons = 4
	for range daemons {
		d := w.daemon()
		go func() {
			for range 10 {
				if _, err := d.Once(t.Context()); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range daemons {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	w.pollUntilGood()
	w.wantEachOnce(60)
}

func TestTheSameMessageTwiceInTheMaildrop(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 2 {
		w.add("From: ann@acme.example\nMessage-ID: <a@b>\nSubject: delivered twice\n\nHelp!\n")
	}
	w.add("From: ann@acme.example\nMessage-ID: <a@b>\nSubject: the same Message-ID\n\nother octets\n")
	w.pollUntilGood()
	w.wantEachOnce(2)
}

func TestAPrefetchedMessageThatEndsTheSessionHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.BatchMessages = 1
	for range 6 {
		w.mail()
	}
	w.maildrops.AtMessage("RETR", w.maildrops.Messages(helpdesk)[3].UIDL).Garbage([]byte("no status\r\n"))
	d := w.daemon()
	for range 2 { // the second poll deletes the messages that were recorded in the session that ended
		if _, err := d.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.idle()
	}
	if left := w.maildrops.Count(helpdesk); left != 1 {
		t.Errorf("%d messages left, want the one that cannot be retrieved", left)
	}
	w.wantRecorded(5)
	w.maildrops.Heal()
	w.pollUntilGood()
	w.wantEachOnce(6)
}
