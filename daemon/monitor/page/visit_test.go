package page

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"mailintegration/store"
)

// play answers a request with a handler, as a route with a right.
func (w *world) play(r *http.Request, need right, handle func(*visit) error) *httptest.ResponseRecorder {
	got := httptest.NewRecorder()
	w.visited(route{pattern: "test", right: need, handle: handle}).ServeHTTP(got, r)
	return got
}

func TestAFaultHasAPageThatTellsNothingOfTheError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tt := range []struct {
		err  error
		code int
		text string
	}{
		{errNotFound, http.StatusNotFound, "There is no such page"},
		{store.ErrUnavailable, http.StatusServiceUnavailable, "The database is away"},
		{errBusy, http.StatusServiceUnavailable, "Too much is asked"},
		{errors.New("SELECT hunter2"), http.StatusInternalServerError, "In the log, look for the number"},
	} {
		got := w.play(httptest.NewRequest("GET", "/x", nil), toRead, func(*visit) error { return tt.err })
		if body := got.Body.String(); got.Code != tt.code || !strings.Contains(body, tt.text) || strings.Contains(body, "hunter2") {
			t.Errorf("%v: %d %s", tt.err, got.Code, body)
		}
	}
	if len(w.faults) != 1 || w.faults[0].Error() != "SELECT hunter2" {
		t.Errorf("the log was told %v", w.faults)
	}
}

func TestAPanicIsAFaultOfOneVisit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.play(httptest.NewRequest("GET", "/x", nil), toRead, func(*visit) error { panic("oh") })
	if got.Code != http.StatusInternalServerError || len(w.faults) != 1 || !strings.Contains(w.faults[0].Error(), "panic: oh") {
		t.Errorf("%d, the log was told %v", got.Code, w.faults)
	}
}

func TestAFaultAfterTheBeginningOfAnAnswerBreaksItOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	defer func() {
		if r := recover(); r != http.ErrAbortHandler {
			t.Errorf("the answer ended with %v", r)
		}
	}()
	w.play(httptest.NewRequest("GET", "/x", nil), toRead, func(v *visit) error {
		_, _ = v.w.Write([]byte("half a file"))
		return errNotFound
	})
}

func TestWhatChangesSomethingNeedsTheRightAndAFormOfThisSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	form := func(csrf string) *http.Request {
		r := httptest.NewRequest("POST", "/x", strings.NewReader(url.Values{csrfField: {csrf}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	}
	done := func(v *visit) error { return v.redirect("/mailboxes", "") }
	for _, tt := range []struct {
		name string
		r    *http.Request
		acts bool
		code int
	}{
		{"its own form", form("secret"), true, http.StatusSeeOther},
		{"another session's form", form("other"), true, http.StatusForbidden},
		{"no field", form(""), true, http.StatusForbidden},
		{"the field in the address", httptest.NewRequest("POST", "/x?csrf=secret", nil), true, http.StatusForbidden},
		{"a token for reading", form("secret"), false, http.StatusForbidden},
		{"too long", form(strings.Repeat("secret", maxForm)), true, http.StatusForbidden},
	} {
		w.standIn = &session{acts: tt.acts, csrf: "secret"}
		if got := w.play(tt.r, toAct, done); got.Code != tt.code {
			t.Errorf("%s: %d, want %d", tt.name, got.Code, tt.code)
		}
	}
	w.standIn = &session{acts: true}
	if got := w.play(form(""), toAct, done); got.Code != http.StatusForbidden {
		t.Errorf("a session without a value for its forms: %d", got.Code)
	}
}

func TestANoticeIsShownOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.play(httptest.NewRequest("GET", "/x", nil), toRead, func(v *visit) error { return v.redirect("/mailboxes", "common.menu") })
	cookie := strings.Split(got.Header().Get("Set-Cookie"), ";")[0]
	shows := w.get("/mailboxes", "Cookie", cookie)
	if !strings.Contains(shows.Body.String(), `role="status">Sections<`) || !strings.Contains(shows.Header().Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("%v %s", shows.Header(), shows.Body)
	}
	if body := w.get("/mailboxes", "Cookie", "notice=<script>").Body.String(); strings.Contains(body, `role="status"`) {
		t.Error("a notice that is no text is shown")
	}
}

func TestNobodySeesAPageWithoutLoggingIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.standIn = nil
	for _, path := range []string{"/", "/mailboxes", "/other"} {
		if got := w.get(path); got.Code < 300 || strings.Contains(got.Body.String(), "Anna") {
			t.Errorf("%s: %d %s", path, got.Code, got.Body)
		}
	}
}

func TestAReaderWhoIsSlowKeepsNobodyFromTheDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.away = nil
	reading, end := make(chan bool), make(chan bool)
	defer close(end)
	for range maxAsking {
		go w.play(httptest.NewRequest("GET", "/x", nil), toRead, func(v *visit) error {
			if _, err := v.desk(); err != nil {
				return err
			}
			_, _ = v.w.Write([]byte("begins"))
			reading <- true
			<-end
			return nil
		})
		<-reading
	}
	got := w.play(httptest.NewRequest("GET", "/x", nil), toRead, func(v *visit) error {
		_, err := v.desk()
		return err
	})
	if got.Code != http.StatusOK {
		t.Errorf("%d", got.Code)
	}
}

func TestTooManyQuestionsToTheDatabaseAreTurnedAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.away, w.patience = nil, 1
	for range maxAsking {
		w.asking <- struct{}{}
	}
	got := w.play(httptest.NewRequest("GET", "/x", nil), toRead, func(v *visit) error {
		_, err := v.desk()
		return err
	})
	if got.Code != http.StatusServiceUnavailable || !strings.Contains(got.Body.String(), "Recording mail goes first") {
		t.Errorf("%d %s", got.Code, got.Body)
	}
}

func TestAPageIsNeverKeptAndLoadsNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.get("/mailboxes")
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": contentPolicy,
		"Content-Type": "text/html; charset=utf-8",
	} {
		if h := got.Header().Get(name); h != want {
			t.Errorf("%s: %q, want %q", name, h, want)
		}
	}
	if again := w.get("/mailboxes", "If-None-Match", got.Header().Get("ETag")); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("the same page again: %d with %d octets", again.Code, again.Body.Len())
	}
	for _, path := range []string{"/static/page.css", "/static/page.js", "/static/icon.svg"} {
		file := w.get(path)
		if again := w.get(path, "If-None-Match", file.Header().Get("ETag")); file.Code != http.StatusOK || again.Code != http.StatusNotModified {
			t.Errorf("%s: %d, then %d", path, file.Code, again.Code)
		}
	}
	for _, path := range []string{"/static/", "/static/other", "/static/..%2fpage.go", "/templates/layout.html", "/mailboxes/../etc"} {
		if file := w.get(path); file.Code == http.StatusOK {
			t.Errorf("%s: %s", path, file.Body)
		}
	}
}
