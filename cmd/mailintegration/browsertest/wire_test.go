//go:build browser

package browsertest

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// wire is the proxy between a browser and everything else. It leads to the servers of the test, and nowhere else.
type wire struct {
	url    string
	octets atomic.Int64 // that the servers have sent, with the header fields

	mu      sync.Mutex
	leads   map[string]string // host and port that a browser asks for, and the address where it leads
	outside []string          // what was asked for elsewhere
	asked   []string          // what was asked for, method and path
}

// newWire returns a proxy that leads to an address.
func newWire(t *testing.T, address string) *wire {
	t.Helper()
	w := &wire{leads: map[string]string{address: address}}
	var dialer net.Dialer
	transport := &http.Transport{DialContext: func(ctx context.Context, network, name string) (net.Conn, error) {
		w.mu.Lock()
		to := w.leads[name]
		w.mu.Unlock()
		conn, err := dialer.DialContext(ctx, network, to)
		if err != nil {
			return nil, err
		}
		return counted{conn, &w.octets}, nil
	}, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	passOn := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.Out.Host = r.In.Host }, Transport: transport, FlushInterval: -1}
	passOn.ErrorHandler = func(answer http.ResponseWriter, _ *http.Request, _ error) { answer.WriteHeader(http.StatusBadGateway) }
	server := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		if !w.note(r) {
			http.Error(answer, "nothing leads there", http.StatusForbidden)
			return
		}
		passOn.ServeHTTP(answer, r)
	}))
	t.Cleanup(func() {
		server.CloseClientConnections() // a stream that is open would hold up Close
		server.Close()
	})
	w.url = server.URL
	return w
}

// lead makes a name lead to an address.
func (w *wire) lead(name, address string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.leads[name] = address
}

// note notes a request, and reports whether it leads somewhere. A CONNECT, which asks for TLS or a web socket, leads nowhere.
func (w *wire) note(r *http.Request) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	name := r.Host
	if !strings.Contains(name, ":") {
		name += ":80"
	}
	if r.Method == http.MethodConnect || w.leads[name] == "" {
		w.outside = append(w.outside, r.Method+" "+r.Host+r.URL.Path)
		return false
	}
	w.asked = append(w.asked, r.Method+" "+r.URL.Path)
	return true
}

// elsewhere returns what was asked for elsewhere.
func (w *wire) elsewhere() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.outside)
}

// counted is a connection whose octets are counted.
type counted struct {
	net.Conn
	octets *atomic.Int64
}

// Read implements net.Conn.
func (c counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.octets.Add(int64(n))
	return n, err
}
