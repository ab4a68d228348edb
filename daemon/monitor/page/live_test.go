package page

import (
	"bufio"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// reader is a page in a browser that is told of changes.
type reader struct {
	t       *testing.T
	w       *world
	looks   chan time.Time
	answer  *http.Response
	scanner *bufio.Scanner
}

// open opens a stream. Its looks come when the test says so.
func (w *world) open() *reader {
	w.t.Helper()
	looks := make(chan time.Time)
	w.streams.ticks = func(time.Duration) (<-chan time.Time, func()) { return looks, func() {} }
	server := httptest.NewServer(w)
	w.t.Cleanup(server.Close)
	answer, err := http.Get(server.URL + livePath)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { answer.Body.Close() })
	return &reader{w.t, w, looks, answer, bufio.NewScanner(answer.Body)}
}

// event returns the next event, "" at the end of the stream.
func (r *reader) event() string {
	for r.scanner.Scan() {
		if line := r.scanner.Text(); line != "" && line != "data: " {
			return line
		}
	}
	return ""
}

// look has the page look at the daemon so many times.
func (r *reader) look(times int) {
	for range times {
		r.looks <- noon
	}
}

// change changes what the daemon says.
func (w *world) change(backlog int) {
	m := well("helpdesk")
	m.Backlog = backlog
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status.Mailboxes = append(w.status.Mailboxes[:0:0], m)
}

func TestAPageIsToldWhenTheDaemonHasChangedAndOtherwiseOnceInAWhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.open()
	if kind := r.answer.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Fatalf("%s, %s", r.answer.Status, kind)
	}
	if e := r.event(); e != "retry: 5000" {
		t.Errorf("the stream begins with %q", e)
	}
	w.change(1)
	r.look(1)
	if e := r.event(); e != "event: change" {
		t.Errorf("after a change: %q", e)
	}
	events := make(chan string)
	go func() { events <- r.event() }()
	r.look(looksPerEvent - 1)
	select {
	case e := <-events:
		t.Errorf("without a change: %q", e)
	default:
	}
	r.look(1)
	if e := <-events; e != "event: change" {
		t.Errorf("after some looks: %q", e)
	}
}

func TestAStreamEndsWithItsSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	looks := make(chan time.Time, 2)
	looks <- noon
	looks <- noon
	w.streams.ticks = func(time.Duration) (<-chan time.Time, func()) {
		w.standIn = nil // the session ends after the stream has begun
		return looks, func() {}
	}
	w.get(livePath)
	if len(looks) != 1 {
		t.Errorf("%d looks are left, want the second one", len(looks))
	}
	if got := w.get(livePath); got.Code != http.StatusNoContent {
		t.Errorf("a stranger: %d", got.Code)
	}
}

func TestAStreamEndsAfterAWhileAndWhenItsReaderDoesNotRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	looks := make(chan time.Time, looksPerStream)
	for range looksPerStream {
		looks <- noon
	}
	w.streams.ticks = func(time.Duration) (<-chan time.Time, func()) { return looks, func() {} }
	w.get(livePath)
	if len(looks) > 0 || len(w.streams.open) > 0 {
		t.Errorf("%d looks are left, %d streams are open", len(looks), len(w.streams.open))
	}
	for range looksPerEvent {
		looks <- noon
	}
	w.tellChanges(httptest.NewRequest("GET", livePath, nil), make(chan struct{}), func(event string) error {
		if event == "event: change\ndata: \n\n" {
			return errors.New("nobody reads")
		}
		return nil
	})
	if len(looks) > 0 {
		t.Errorf("%d looks are left", len(looks))
	}
}

func TestOnlySomePagesAreTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var first chan struct{}
	for range maxStreams {
		first, _ = w.streams.begin()
	}
	if got := w.get(livePath); got.Code != http.StatusNoContent {
		t.Errorf("one stream too many: %d", got.Code)
	}
	w.streams.forget(first)
	if _, isFree := w.streams.begin(); !isFree {
		t.Error("a stream that has ended takes a place")
	}
	w.EndStreams()
	w.EndStreams()
	if len(w.streams.open) > 0 {
		t.Errorf("%d streams are open", len(w.streams.open))
	}
}
