package monitor

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// people is a page that says how it was asked, and whose answer at /stream goes on until EndStreams.
type people struct{ begun, ended chan struct{} }

func (p people) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/stream" {
		close(p.begun)
		<-p.ended
	}
	fmt.Fprintf(w, "page %s %s", r.Method, r.URL.Path)
}

func (p people) EndStreams() { close(p.ended) }

func TestPeopleAreAnsweredBesideThePrograms(t *testing.T) {
	t.Parallel()
	limits := patient
	limits.stop = usualLimits.idle // a stream that did not end would hold up the stop for this time
	m := &monitored{TB: t, address: freeAddress(t)}
	var err error
	if m.Monitor, err = New(Options{Daemon: &subject{status: running()}, limits: limits}); err != nil {
		t.Fatal(err)
	}
	p := people{make(chan struct{}), make(chan struct{})}
	m.Show(p)
	if err := m.Listen(m.address, nil); err != nil {
		t.Fatal(err)
	}
	for question, want := range map[string]string{
		"GET /": "page GET /", "POST /forms": "page POST /forms", "GET " + livePath: "live:", "GET " + readyPath: "ready:",
		"POST " + metricsPath: "only GET and HEAD",
	} {
		method, path, _ := strings.Cut(question, " ")
		if _, body := m.request(method, path); !strings.HasPrefix(body, want) {
			t.Errorf("%s: %q", question, body)
		}
	}
	if r, body := m.request("GET", "/", "Host", "evil.example"); r.StatusCode != http.StatusMisdirectedRequest || strings.Contains(body, "page") {
		t.Errorf("another host: %s %q", r.Status, body)
	}
	answered := make(chan string)
	go func() {
		_, body := m.request("GET", "/stream")
		answered <- body
	}()
	<-p.begun
	m.Close()
	if body := <-answered; body != "page GET /stream" {
		t.Errorf("the stream ended with %q", body)
	}
}
