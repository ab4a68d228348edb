package page

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"mailintegration/daemon"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// world is a page with a daemon that says what the test wants, and a database if the test opens one.
type world struct {
	*Page
	t *testing.T

	mu     sync.Mutex
	status daemon.Status
	silent error // of Status
	desk   Desk
	away   error // of the database
	faults []error
}

// noon is the present of a world.
var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.Local)

// newWorld returns the page as it is for somebody who may act. Its database is away.
func newWorld(t *testing.T) *world {
	t.Helper()
	daemonHere := store.Holder{ID: "1", Host: "desk1", Process: 7}
	w := &world{t: t, away: store.ErrUnavailable, status: daemon.Status{At: noon, Live: true, Ready: true, Holder: daemonHere}}
	p, err := New(Options{
		Daemon: w, Desk: w.openDesk, Version: "1.2.3", Now: func() time.Time { return noon },
		Failed: func(_, _ string, err error) { w.faults = append(w.faults, err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	const never = time.Hour // times run out only where a test shortens them, however long a busy machine stands still
	p.patience, p.counted.patience, p.tokens.patience, p.streams.sendTime = never, never, never, never
	p.searchTime, p.replayTime, p.downloadStep = never, never, never
	p.standIn = &session{name: "Anna", acts: true, csrf: "secret"}
	w.Page = p
	return w
}

// openDatabase gives the page a database with a schema and without rows.
func (w *world) openDatabase() *storetest.Database {
	w.t.Helper()
	db := storetest.New(w.t)
	s, err := store.Open(w.t.Context(), store.Options{URL: db.URL, AttachmentDirectory: w.t.TempDir(), Now: func() time.Time { return noon }})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(s.Close)
	w.desk, w.away = s, nil
	return db
}

// Status implements Subject.
func (w *world) Status() (daemon.Status, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status, w.silent
}

// openDesk returns the database of the world.
func (w *world) openDesk() (Desk, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.desk, w.away
}

// get asks for a path, with header fields.
func (w *world) get(path string, header ...string) *httptest.ResponseRecorder {
	return w.send(httptest.NewRequest(http.MethodGet, path, nil), header...)
}

// post sends a form.
func (w *world) post(path string, form url.Values, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.send(r, header...)
}

// send sends a request.
func (w *world) send(r *http.Request, header ...string) *httptest.ResponseRecorder {
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	got := httptest.NewRecorder()
	w.ServeHTTP(got, r)
	return got
}
