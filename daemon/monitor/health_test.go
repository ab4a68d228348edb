package monitor

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mailintegration/daemon"
)

var began = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// running returns the status of a daemon that is well.
func running() daemon.Status {
	return daemon.Status{
		At: began.Add(time.Hour), StartedAt: began, Live: true, Ready: true, Database: daemon.DatabaseStatus{Since: began},
		Mailboxes: []daemon.MailboxStatus{{Name: "helpdesk", Held: true, PolledAt: began.Add(time.Hour), SucceededAt: began.Add(time.Hour)}},
	}
}

// away returns the status of a daemon whose database cannot be used.
func away(c daemon.Cause) daemon.Status {
	s := running()
	s.Ready, s.Database = false, daemon.DatabaseStatus{Cause: c, Err: errors.New("dial user=eve host=db.internal"), Since: began.Add(time.Minute)}
	return s
}

func TestEachStateOfADaemonHasItsHealth(t *testing.T) {
	t.Parallel()
	starting := daemon.Status{At: began, StartedAt: began, Live: true}
	stopping, ended := running(), running()
	stopping.Stopping, ended.Live = true, false
	for _, tt := range []struct {
		name        string
		status      daemon.Status
		stuck       error
		live, ready State
		reason      string // of ready
	}{
		{"a daemon that has not begun", daemon.Status{At: began}, nil, Live, Starting, "opens its database"},
		{"a daemon that opens its database for the first time", starting, nil, Live, Starting, "opens its database (since 2026-03-01 12:00:00)"},
		{"a daemon that is well", running(), nil, Live, Ready, "1 mailbox, last poll 13:00:00, all well"},
		{"a database that is down", away(daemon.CauseDatabase), nil, Live, Database, "the database cannot be used; mail waits"},
		{"a lock of the database", away(daemon.CauseLock), nil, Live, Database, "(since 2026-03-01 12:01:00)"},
		{"a share that is not mounted", away(daemon.CauseAttachmentDirectory), nil, Live, AttachmentDirectory, "the attachment directory"},
		{"a schema of another version", away(daemon.CauseSchema), nil, Live, Schema, "another version"},
		{"a daemon that stops", stopping, nil, Live, Stopping, "the messages in hand are finished"},
		{"a daemon that has stopped", ended, nil, Live, Stopping, "waits on its servers"},
		{"a loop that hangs", running(), errors.New("the beat makes no progress"), Stuck, Stuck, "the beat makes no progress"},
		{"a loop that hangs while the database is down", away(daemon.CauseDatabase), errors.New("the beat makes no progress"), Stuck, Stuck, "the beat"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := listen(t, &subject{status: tt.status, stuck: tt.stuck}, patient)
			for path, want := range map[string]State{livePath: tt.live, readyPath: tt.ready} {
				isWell := want == Live || want == Ready
				r, text := m.request("GET", path)
				if (r.StatusCode == http.StatusOK) != isWell || (r.StatusCode == http.StatusServiceUnavailable) == isWell {
					t.Errorf("%s: status %s", path, r.Status)
				}
				if !strings.HasPrefix(text, string(want)+": ") || strings.Count(text, "\n") != 1 {
					t.Errorf("%s: %q, want %s", path, text, want)
				}
				if path == readyPath && !strings.Contains(text, tt.reason) {
					t.Errorf("%q, want %q", text, tt.reason)
				}
				if strings.Contains(text, "eve") || strings.Contains(text, "internal") {
					t.Errorf("%s tells an error: %q", path, text)
				}
				var got Health
				_, answer := m.request("GET", path, "Accept", "application/json")
				if err := json.Unmarshal([]byte(answer), &got); err != nil || got.State != want || got.OK != isWell || got.Version != "1.2.3" {
					t.Errorf("%s: %+v, %v", path, got, err)
				}
				if got.String()+"\n" != text {
					t.Errorf("%s: JSON says %q, text %q", path, got, text)
				}
			}
		})
	}
}

// silent is a daemon that does not even say how it is, until released.
type silent struct {
	subject
	asked    atomic.Int32
	released chan struct{}
}

func (s *silent) Status() daemon.Status {
	s.asked.Add(1)
	<-s.released
	return running()
}

func TestADaemonThatDoesNotSayHowItIsIsStuck(t *testing.T) {
	t.Parallel()
	d := &silent{released: make(chan struct{})}
	l := patient
	l.look = time.Millisecond
	m := listen(t, d, l)
	for range 5 {
		if r, text := m.request("GET", livePath); r.StatusCode != http.StatusServiceUnavailable || !strings.Contains(text, "does not answer") {
			t.Errorf("%s: %s", r.Status, text)
		}
	}
	if n := d.asked.Load(); n != 1 {
		t.Errorf("a daemon that does not answer was asked %d times, want once", n)
	}
	close(d.released)
	for { // the look under way ends
		if r, _ := m.request("GET", livePath); r.StatusCode == http.StatusOK {
			break
		}
	}
}

// mad is a daemon that panics when it is asked.
type mad struct{ subject }

func (*mad) Stuck() error { panic("a bug") }

func TestADaemonThatPanicsWhenAskedIsStuck(t *testing.T) {
	t.Parallel()
	m := listen(t, &mad{}, patient)
	if r, text := m.request("GET", readyPath); r.StatusCode != http.StatusServiceUnavailable || !strings.HasPrefix(text, "stuck: ") {
		t.Errorf("%s: %s", r.Status, text)
	}
}
