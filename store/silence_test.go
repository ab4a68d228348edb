package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

const (
	// patience is how long the stores of the tests below wait for a database that does not answer.
	patience = 300 * time.Millisecond
	// slack is the time that a busy machine may add to patience, and less than the patience of programs.
	slack = time.Minute
)

// TestADatabaseThatFallsSilentIsUnavailable makes the database fall silent for ever in the middle of each message of
// the protocol, during each call to the store that a poll makes.
func TestADatabaseThatFallsSilentIsUnavailable(t *testing.T) {
	t.Parallel()
	operations := []struct {
		name string
		do   func(ctx context.Context, d *desk, s *store.Store, n int) error
	}{
		{"Accept", func(ctx context.Context, d *desk, s *store.Store, n int) error {
			_, err := s.Accept(ctx, d.mailbox, batchOf(fmt.Sprint("a", n), fmt.Sprint("b", n)), d.clerk())
			return err
		}},
		{"Known", func(ctx context.Context, d *desk, s *store.Store, _ int) error {
			_, err := s.Known(ctx, d.mailbox, []string{"1"})
			return err
		}},
		{"Resolve", func(ctx context.Context, _ *desk, s *store.Store, _ int) error {
			_, err := s.Resolve(ctx, "helpdesk", deskNames)
			return err
		}},
		{"KeepLeases", func(ctx context.Context, d *desk, s *store.Store, n int) error {
			p := d.program("one", "helpdesk")
			report := store.PollReport{Mailbox: "helpdesk", Problem: fmt.Sprint(n)}
			_, err := s.KeepLeases(ctx, p.holder, store.Keeping{Mailboxes: p.mailboxes, Reports: []store.PollReport{report}, Duration: leaseTime})
			return err
		}},
		{"ReleaseLeases", func(ctx context.Context, d *desk, s *store.Store, n int) error {
			return s.ReleaseLeases(ctx, store.NewHolder("1.0"), []store.PollReport{{Mailbox: "helpdesk", Problem: fmt.Sprint(n)}})
		}},
		{"Attempts", func(ctx context.Context, d *desk, s *store.Store, _ int) error {
			_, err := s.Attempts(ctx, d.mailbox)
			return err
		}},
		{"LookUp", func(ctx context.Context, d *desk, s *store.Store, _ int) error {
			_, err := s.LookUp(ctx, d.mailbox.Team, processor.Keys{MessageIDs: []string{"x"}})
			return err
		}},
		{"Write", func(ctx context.Context, d *desk, s *store.Store, n int) error {
			return s.Write(ctx, d.mailbox.Login, func(j *store.Journal) error {
				number, err := j.Open(ctx, d.event(fmt.Sprint("broken", n), fmt.Sprint("file", n)))
				if err == nil {
					_, err = j.Add(ctx, store.NewActivity{Request: number, Body: "still"})
				}
				if err == nil {
					_, err = j.SetState(ctx, store.StateChange{Request: number, State: processor.StateProcessed})
				}
				return err
			})
		}},
		{"EventReferences", func(ctx context.Context, _ *desk, s *store.Store, _ int) error {
			_, err := s.EventReferences(ctx, "helpdesk", deskNames)
			return err
		}},
		{"BeginWork", func(ctx context.Context, d *desk, s *store.Store, _ int) error {
			_, err := s.BeginWork(ctx, d.mailbox)
			return err
		}},
	}
	silences := []struct {
		name string
		side int // whose messages are counted: 0 the client's, 1 the server's
		fall func(*storetest.Proxy, int)
	}{
		{"in a message of the client", 0, (*storetest.Proxy).SilenceAtFrontend},
		{"in a message of the server", 1, (*storetest.Proxy).SilenceAtBackend},
	}
	for _, operation := range operations {
		for _, silence := range silences {
			t.Run(operation.name+", "+silence.name, func(t *testing.T) {
				t.Parallel()
				testSilence(t, silence.side, silence.fall, operation.do)
			})
		}
	}
}

func testSilence(t *testing.T, side int, fall func(*storetest.Proxy, int), do func(context.Context, *desk, *store.Store, int) error) {
	d := newDesk(t)
	proxy := storetest.NewProxy(t, d.url)
	s := d.open(t, proxy.URL)
	messages := [2]int{}
	for n := 1; ; n++ {
		s.SetPatience(store.DefaultPatience)
		for i := range 2 { // the second time the statements are prepared, and the messages count
			proxy.Pass()
			if err := do(t.Context(), d, s, -2*n-i); err != nil {
				t.Fatalf("after silence %d: %v", n-1, err)
			}
		}
		messages[0], _ = proxy.Counts()
		messages[1] = proxy.Backend()
		s.SetPatience(patience)
		apart := 1 + messages[side]/10
		at := 1 + (n-1)*apart
		if n > 1 && at > messages[side] {
			return
		}
		fall(proxy, at)
		started := time.Now()
		err := do(t.Context(), d, s, n)
		// The result is known before the last messages, and before the silence where the counted call had to open a connection.
		told := err == nil && (at > messages[side]-5 || !proxy.Silent())
		if took := time.Since(started); !errors.Is(err, store.ErrUnavailable) && !told || took > patience+slack {
			t.Errorf("silence at message %d of %d: after %s: %v", at, messages[side], took, err)
		}
		if n == 1 { // the next call returns as well
			if err := s.Ping(t.Context()); !errors.Is(err, store.ErrUnavailable) || time.Since(started) > 2*(patience+slack) {
				t.Errorf("Ping after %s: %v", time.Since(started), err)
			}
		}
	}
}

func TestAStatementThatTakesLongerThanPatienceCountsAsSilence(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.exec(t, `
		CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(600); RETURN NEW; END $$;
		CREATE TRIGGER slow BEFORE INSERT ON request FOR EACH ROW EXECUTE FUNCTION slow()`)
	d.store.SetPatience(2 * time.Second)
	_, err := d.store.Accept(t.Context(), d.mailbox, batchOf("a"), d.clerk())
	if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "has not answered for 2s") || !store.IsUnreachable(err) {
		t.Errorf("error is %v", err)
	}
}

func TestAStopDuringASilenceReturnsTheErrorOfTheContext(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	proxy := storetest.NewProxy(t, d.url)
	s := d.open(t, proxy.URL)
	proxy.SilenceAtFrontend(3)
	ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	if _, err := s.Accept(ctx, d.mailbox, batchOf("a"), d.clerk()); !errors.Is(err, context.DeadlineExceeded) || store.IsUnexplained(err) {
		t.Errorf("error is %v", err)
	}
	proxy.Pass()
}

// TestEveryConnectionNoticesADeadHost reads, on the server, the settings of the connection that accepts.
func TestEveryConnectionNoticesADeadHost(t *testing.T) {
	t.Parallel()
	storetest.NeedsSession(t)
	d := newDesk(t)
	d.exec(t, `CREATE TABLE told (name text, value text);
		CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO told SELECT name, setting FROM pg_settings
				WHERE name ~ '^tcp_' OR name IN ('lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout');
			RETURN NEW; END $$;
		CREATE TRIGGER tell BEFORE INSERT ON receipt FOR EACH ROW EXECUTE FUNCTION tell()`)
	s, err := openAt(t, store.Options{URL: d.url, AttachmentDirectory: d.files})
	must(t, err)
	_, err = s.Accept(t.Context(), d.mailbox, batchOf("a"), d.clerk())
	must(t, err)
	got := strings.Join(all[string](t, d, `SELECT name || '=' || value FROM told ORDER BY name`), " ")
	want := "idle_in_transaction_session_timeout=300000 lock_timeout=10000 statement_timeout=60000 " +
		"tcp_keepalives_count=3 tcp_keepalives_idle=30 tcp_keepalives_interval=10 tcp_user_timeout=60000"
	if got != want {
		t.Errorf("the settings are %s, want %s", got, want)
	}
}
