package monitor

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mailintegration/daemon"
	"mailintegration/mailbox/dovecottest"
	"mailintegration/store"
)

// TestMain fails if a monitor leaves a goroutine behind. The database server of the tests lives until the process ends.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("mailintegration/store/postgres.(*Server).watch"),
		goleak.IgnoreAnyFunction("mailintegration/store/postgres.spawn.func2"))
}

// subject is a daemon that says what a test makes it say.
type subject struct {
	mu      sync.Mutex
	status  daemon.Status
	stuck   error
	figures func(context.Context) (store.Figures, error) // nil: an error
}

func (s *subject) Status() daemon.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

func (s *subject) Stuck() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stuck
}

func (s *subject) Figures(ctx context.Context) (store.Figures, error) {
	if s.figures == nil {
		return store.Figures{}, errors.New("no database")
	}
	return s.figures(ctx)
}

// patient are limits that no client of a test reaches.
var patient = limits{
	header: time.Hour, write: time.Hour, idle: time.Hour, look: time.Hour, figures: time.Hour, stop: time.Millisecond, connections: 4,
}

// monitored is a monitor that answers.
type monitored struct {
	*Monitor
	testing.TB
	address string
}

// listen returns a monitor that answers at a free port.
func listen(t testing.TB, d Subject, l limits) *monitored {
	t.Helper()
	m := &monitored{TB: t, address: freeAddress(t)}
	var err error
	if m.Monitor, err = New(Options{Daemon: d, Version: "1.2.3", limits: l}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	if err := m.Listen(m.address, nil); err != nil {
		t.Fatal(err)
	}
	return m
}

func freeAddress(t testing.TB) string {
	t.Helper()
	return fmt.Sprint("127.0.0.1:", dovecottest.FreePort(t))
}

// connect opens a connection to the monitor and sends text.
func (m *monitored) connect(text string) net.Conn {
	m.Helper()
	c, err := net.Dial("tcp", m.address)
	if err != nil {
		m.Fatal(err)
	}
	m.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		m.Fatal(err)
	}
	return c
}

// request sends a request and returns the answer with its body.
func (m *monitored) request(method, path string, header ...string) (*http.Response, string) {
	m.Helper()
	r, err := http.NewRequestWithContext(m.Context(), method, "http://"+m.address+path, nil)
	if err != nil {
		m.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
			continue
		}
		r.Header.Set(header[i], header[i+1])
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	if err != nil {
		m.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		m.Fatal(err)
	}
	return response, string(body)
}

// wantEnd waits until the server ends a connection. A server that does not ends the test after its time.
func (m *monitored) wantEnd(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// wantAnswer fails the test unless the monitor answers.
func (m *monitored) wantAnswer() {
	m.Helper()
	if r, _ := m.request("GET", livePath); r.StatusCode != http.StatusOK {
		m.Errorf("status %s", r.Status)
	}
}

func TestClientsThatNeverSendKeepNobodyFromAnAnswer(t *testing.T) {
	t.Parallel()
	m := listen(t, &subject{}, patient)
	for _, text := range []string{"", "GET /livez HTTP/1.1\r\nHost: loc", "GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: "} {
		var held []net.Conn
		for range 3 * patient.connections {
			held = append(held, m.connect(text))
		}
		m.wantAnswer()
		m.wantEnd(held[0])
	}
}

func TestAClientThatNeverSendsIsDisconnected(t *testing.T) {
	t.Parallel()
	l := patient
	l.header = time.Millisecond
	m := listen(t, &subject{}, l)
	m.wantEnd(m.connect("GET /livez HTTP/1.1\r\nHost: loc"))
}

func TestAClientThatAsksNothingMoreIsDisconnected(t *testing.T) {
	t.Parallel()
	l := patient
	l.idle = time.Millisecond
	m := listen(t, &subject{}, l)
	m.wantEnd(m.connect("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"))
}

func TestARequestThatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	m := listen(t, &subject{}, patient)
	c := m.connect("GET /livez HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 2*maxHeaderOctets) + "\r\n\r\n")
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || r.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%v, %v", r, err)
	}
}

func TestAPortInUseLeavesTheMonitorWhereItIs(t *testing.T) {
	t.Parallel()
	m := listen(t, &subject{}, patient)
	other, err := net.Listen("tcp", freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	taken := other.Addr().String()
	if err := m.Listen(taken, nil); err == nil || !strings.Contains(err.Error(), taken) {
		t.Errorf("error %v", err)
	}
	m.wantAnswer()
	other.Close()
	if err := m.Listen(taken, nil); err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", m.address); err == nil {
		t.Error("the monitor still answers at the old address")
	}
	m.address = taken
	m.wantAnswer()
	if err := m.Listen(taken, nil); err != nil {
		t.Errorf("to listen at the same address again: %v", err)
	}
	m.wantAnswer()
}

func TestACloseWhileClientsAskIsOrderlyAndFinal(t *testing.T) {
	t.Parallel()
	l := patient
	l.connections = 100
	m := listen(t, &subject{}, l)
	var clients sync.WaitGroup
	for i := range 8 {
		clients.Go(func() {
			for {
				c, err := net.Dial("tcp", m.address)
				if err != nil {
					return // closed
				}
				fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", []string{livePath, readyPath}[i%2])
				_, _ = io.Copy(io.Discard, c)
				c.Close()
			}
		})
	}
	m.wantAnswer()
	m.connect("") // never ends by itself
	m.Close()
	m.Close()
	clients.Wait()
	if err := m.Listen(m.address, nil); !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("Listen after Close: %v", err)
	}
}

// TestAConnectionThatWasEndedEndsNoOther has the server notice late that connections were ended: it notes their states until then.
func TestAConnectionThatWasEndedEndsNoOther(t *testing.T) {
	t.Parallel()
	open := &connections{limit: 2}
	var all []net.Conn
	isEnded := make([]bool, 5)
	for i := range isEnded {
		c := &noted{isEnded: &isEnded[i]}
		all = append(all, c)
		open.note(c, http.StateNew)
	}
	for _, c := range all[:3] { // a read has failed, after some octets
		open.note(c, http.StateActive)
		open.note(c, http.StateClosed)
	}
	open.note(all[0], http.StateActive)
	if got := fmt.Sprint(isEnded); got != "[true true true false false]" {
		t.Errorf("ended are %s, want the three that were there before the last two", got)
	}
}

// noted is a connection that notes its end.
type noted struct {
	net.Conn
	isEnded *bool
}

// Close implements net.Conn.
func (c *noted) Close() error {
	*c.isEnded = true
	return nil
}
