package monitor

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"mailintegration/mailbox/dovecottest"
)

func TestOnlyRequestsThatMeanThisMachineAreAnswered(t *testing.T) {
	t.Parallel()
	m := listen(t, &subject{status: running()}, patient)
	_, port, _ := net.SplitHostPort(m.address)
	for host, want := range map[string]int{
		m.address:           http.StatusOK,
		"127.0.0.1":         http.StatusOK,
		"127.1.2.3:80":      http.StatusOK,
		"localhost":         http.StatusOK,
		"LocalHost:" + port: http.StatusOK,
		"[::1]:" + port:     http.StatusOK,
		"[::1]":             http.StatusOK,

		"evil.example":                   http.StatusMisdirectedRequest,
		"evil.example:" + port:           http.StatusMisdirectedRequest,
		"localhost.evil.example:" + port: http.StatusMisdirectedRequest,
		"127.0.0.1.evil.example:" + port: http.StatusMisdirectedRequest,
		"192.0.2.1:" + port:              http.StatusMisdirectedRequest,
		"0.0.0.0:" + port:                http.StatusMisdirectedRequest,
		"[::]:" + port:                   http.StatusMisdirectedRequest,
		"[::ffff:192.0.2.1]:" + port:     http.StatusMisdirectedRequest,
	} {
		for _, path := range []string{livePath, readyPath, "/", "/other"} {
			r, body := m.request("GET", path, "Host", host)
			expected := want
			if path == "/other" && want == http.StatusOK {
				expected = http.StatusNotFound
			}
			if r.StatusCode != expected {
				t.Errorf("Host %s, %s: %s, want %d", host, path, r.Status, expected)
			}
			if want != http.StatusOK && strings.Contains(body, "helpdesk") {
				t.Errorf("Host %s was told %q", host, body)
			}
		}
	}
}

func TestARequestWithoutHostIsNotAnswered(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	new(Monitor).onlyFor(&listener{host: "127.0.0.1"}, http.NotFoundHandler()).ServeHTTP(w, &http.Request{Method: "GET"})
	if w.Code != http.StatusMisdirectedRequest {
		t.Errorf("status %d", w.Code)
	}
}

func TestOnlyReadingMethodsAreAnswered(t *testing.T) {
	t.Parallel()
	m := listen(t, &subject{status: running()}, patient)
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "EVIL"} {
		if r, _ := m.request(method, livePath); r.StatusCode != http.StatusMethodNotAllowed || r.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %s, Allow %q", method, r.Status, r.Header.Get("Allow"))
		}
	}
	for _, path := range []string{livePath, readyPath} {
		got, body := m.request("GET", path)
		head, empty := m.request("HEAD", path)
		if head.StatusCode != got.StatusCode || empty != "" || head.ContentLength != int64(len(body)) {
			t.Errorf("HEAD %s: %s with %d octets of %d, and the body %q", path, head.Status, head.ContentLength, len(body), empty)
		}
	}
}

func TestAnAnswerIsOfTheFormThatIsAskedFor(t *testing.T) {
	t.Parallel()
	m := listen(t, &subject{status: running()}, patient)
	for _, tt := range []struct {
		path, accept string
		json         bool
	}{
		{livePath, "", false},
		{livePath, "*/*", false},
		{livePath, "text/html,application/xhtml+xml", false},
		{livePath, "application/json", true},
		{livePath, "text/plain;q=0.5, application/json", true},
		{livePath + "?format=json", "text/plain", true},
		{livePath + "?format=text", "application/json", false},
	} {
		r, body := m.request("GET", tt.path, "Accept", tt.accept)
		kind := r.Header.Get("Content-Type")
		if isJSON := kind == "application/json"; isJSON != tt.json || strings.HasPrefix(body, "{") != tt.json {
			t.Errorf("%s, Accept %q: %s %s", tt.path, tt.accept, kind, body)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Access-Control-Allow-Origin": ""} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	}
}

func TestAskReadsTheAnswerOfAMonitorOnly(t *testing.T) {
	t.Parallel()
	d := &subject{status: away("database")}
	m := listen(t, d, patient)
	for question, want := range map[Question]State{IsLive: Live, IsReady: Database} {
		if h, err := Ask(t.Context(), m.address, false, question); err != nil || h.State != want {
			t.Errorf("%s: %+v, %v", question, h, err)
		}
	}
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"status":"up"}`)) }))
	defer other.Close()
	_, err := Ask(t.Context(), strings.TrimPrefix(other.URL, "http://"), false, IsLive)
	if err == nil || !strings.Contains(err.Error(), "is not this program") {
		t.Errorf("another program: %v", err)
	}
	if _, err := Ask(t.Context(), fmt.Sprint("127.0.0.1:", dovecottest.ClosedPort(t)), false, IsLive); err == nil {
		t.Error("nobody has answered")
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		if c, err := silent.Accept(); err == nil {
			cancel()
			defer c.Close()
			<-ctx.Done()
		}
	}()
	if _, err := Ask(ctx, silent.Addr().String(), false, IsLive); err == nil {
		t.Error("a program that never answers has answered")
	}
}

// TestAQuestionWhoseConnectionEndsIsAskedAgain plays a flooded monitor, which ends some connections before it answers one.
func TestAQuestionWhoseConnectionEndsIsAskedAgain(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	flooded := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch asked.Add(1) {
		case 1:
			panic(http.ErrAbortHandler)
		case 2:
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, `{"state":`)
			return // the server ends the connection, as the answer is not whole
		}
		answer(w, r, Health{State: Live, OK: true})
	}))
	defer flooded.Close()
	h, err := Ask(t.Context(), strings.TrimPrefix(flooded.URL, "http://"), false, IsLive)
	if err != nil || h.State != Live || asked.Load() != 3 {
		t.Errorf("%v, %v after %d questions", h, err, asked.Load())
	}
}

// TestAQuestionWhoseConnectionsAllEndIsGivenUp ends each connection, and the time of the question at the third one.
func TestAQuestionWhoseConnectionsAllEndIsGivenUp(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var asked atomic.Int32
	flooded := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if asked.Add(1) == 3 {
			cancel()
		}
		panic(http.ErrAbortHandler)
	}))
	defer flooded.Close()
	if h, err := Ask(ctx, strings.TrimPrefix(flooded.URL, "http://"), false, IsLive); err == nil || asked.Load() != 3 {
		t.Errorf("%v, %v after %d questions", h, err, asked.Load())
	}
}
