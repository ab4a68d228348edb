package daemon

import (
	"context"
	"errors"
	"testing"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
	"mailintegration/store/storetest"
)

func TestTraceMessageInfoLogsTheHeaderFields(t *testing.T) {
	t.Parallel()
	for _, traced := range []bool{true, false} {
		w := newWorld(t)
		w.mailbox.TraceMessageInfo = traced
		w.add("From: ann@acme.example\nTo: desk@acme.example\nSubject: traced\nMessage-ID: <1@acme.example>\n" +
			"Date: Sun, 22 Nov 2026 10:00:00 +0000\n\nsecret body\n")
		w.pollUntilGood()
		lines := w.logged.FilterMessage("message info").All()
		if !traced {
			if len(lines) != 0 {
				t.Errorf("%d lines though it is off", len(lines))
			}
			continue
		}
		if len(lines) != 1 {
			t.Fatalf("%d lines, want 1", len(lines))
		}
		fields := lines[0].ContextMap()
		if fields["message_id"] != "1@acme.example" || fields["from"] != "ann@acme.example" ||
			fields["subject"] != "traced" || fields["mailbox"] != helpdesk {
			t.Errorf("%v", fields)
		}
		if _, ok := fields["date"]; !ok || len(fields["to"].([]any)) != 1 {
			t.Errorf("%v", fields)
		}
	}
}

func TestAPauseFollowsASessionThatDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mailbox.SleepAfterDeletion = 200 * time.Millisecond
	w.options.MaxPolls = 1
	w.mail()
	between := time.Now()
	w.pollUntilGood()
	if took := time.Since(between); took < w.mailbox.SleepAfterDeletion {
		t.Errorf("the poll took %v", took)
	}
	w.mailbox.SleepAfterDeletion = time.Hour
	w.mail()
	w.maildrops.Add("other", []byte("Subject: fine\r\n\r\n"))
	d := w.daemon(w.newMailbox("other", w.maildrops))
	ctx, stop := context.WithCancel(t.Context())
	quit, ended := make(chan struct{}), make(chan Report, 1)
	w.maildrops.At("QUIT").Times(1).Call(func() { close(quit) })
	go func() {
		r, _ := d.Once(ctx, helpdesk) // the name exists
		ended <- r[0]
	}()
	storetest.Await(t, "the session ends", quit)
	if r, err := d.Once(t.Context(), "other"); err != nil || r[0].Opened != 1 {
		t.Errorf("another mailbox waits for the pause: %+v, %v", r, err)
	}
	stop()
	if r := storetest.Await(t, "the stop has ended the pause", ended); !errors.Is(r.Err, context.Canceled) {
		t.Errorf("a stop does not end the pause: %v", r.Err)
	}
	w.wantEachOnce(3)
}

func TestALoginDelayPostponesTheNextPoll(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, pop3test.Options{Extra: []string{"LOGIN-DELAY 60"}})
	w.options.MessagesPerSession = 3
	for range 10 {
		w.mail()
	}
	d := w.daemon()
	before := time.Now()
	if r, err := d.Once(t.Context()); err != nil || r[0].Err != nil || r[0].Opened != 10 {
		t.Fatalf("%+v, %v", r, err)
	}
	if n := count(w.maildrops.Log(), "QUIT"); n != 1 {
		t.Errorf("%d sessions, want one for all", n)
	}
	next := d.workers[0].progress.noSooner(before.Add(30 * time.Second))
	if next.Before(before.Add(time.Minute)) {
		t.Errorf("the next poll is after %v", next.Sub(before))
	}
	if later := before.Add(time.Hour); d.workers[0].progress.noSooner(later) != later {
		t.Error("a poll that is late enough is moved")
	}
}

func TestALoginDelayIsRespectedForAnHourAtMost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, capability string
		want             time.Duration
		warns            bool
	}{
		{"a delay below the schedule is respected and not logged", "LOGIN-DELAY 20", 20 * time.Second, false},
		{"a delay beyond the schedule is respected and logged", "LOGIN-DELAY 300", 300 * time.Second, true},
		{"an absurd delay is limited and logged", "LOGIN-DELAY 999999999", time.Hour, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOn(t, pop3test.Options{Extra: []string{tt.capability}})
			now := time.Now()
			w.options.Now = func() time.Time { return now }
			w.mail()
			d := w.daemon()
			for range 2 {
				once(t, d)
				w.idle()
			}
			if next := d.workers[0].progress.noSooner(now); next != now.Add(tt.want) {
				t.Errorf("the next poll is after %v, want %v", next.Sub(now), tt.want)
			}
			if n := w.logged.FilterMessage("server wants time between log-ins").Len(); (n == 1) != tt.warns || n > 1 {
				t.Errorf("logged %d times", n)
			}
		})
	}
}

// count returns how often a command is in a log.
func count(log []string, command string) (n int) {
	for _, line := range log {
		if line == command {
			n++
		}
	}
	return n
}

func TestAMaildropInUseIsPolledLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mail()
	other, err := mailbox.Open(t.Context(), w.mailbox.Account)
	if err != nil {
		t.Fatal(err)
	}
	d := w.daemon()
	r, err := d.Once(t.Context())
	if err != nil || !errors.Is(r[0].Err, mailbox.ErrMaildropLocked) || needsPerson(r[0].Err) {
		t.Errorf("%+v, %v", r, err)
	}
	_ = other.Close() // its error is always nil
	w.pollUntilGood()
	w.wantEachOnce(1)
}

// countPrefix returns how many commands in a log begin with prefix.
func countPrefix(log []string, prefix string) (n int) {
	for _, line := range log {
		if len(line) >= len(prefix) && line[:len(prefix)] == prefix {
			n++
		}
	}
	return n
}
