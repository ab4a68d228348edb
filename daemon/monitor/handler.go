package monitor

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// The paths at which a monitor answers.
const (
	livePath    = "/livez"
	readyPath   = "/readyz"
	metricsPath = "/metrics"
)

// Page answers the requests of people: all those that are not for programs.
type Page interface {
	http.Handler
	EndStreams() // ends the answers that go on until their reader leaves
}

// Show makes the monitor answer people, too. It comes before Listen.
func (m *Monitor) Show(p Page) { m.page = p }

// handler returns what answers the requests.
func (m *Monitor) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(livePath, onlyReads(func(w http.ResponseWriter, r *http.Request) { answer(w, r, m.live()) }))
	mux.Handle(readyPath, onlyReads(func(w http.ResponseWriter, r *http.Request) { answer(w, r, m.ready()) }))
	mux.Handle(metricsPath, onlyReads(m.metricsHandler().ServeHTTP))
	if m.page != nil {
		mux.Handle("/", m.page)
		return mux
	}
	mux.Handle("/", onlyReads(http.NotFound))
	mux.Handle("/{$}", onlyReads(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "mailintegration %s: %s, %s, %s\n", m.version, livePath, readyPath, metricsPath)
	}))
	return mux
}

// onlyReads lets a request pass if it only reads.
func onlyReads(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD are answered", http.StatusMethodNotAllowed)
			return
		}
		next(w, r)
	})
}

// onlyFor lets a request pass if its Host says that its sender means this machine, a name of the listener's certificate, or a host
// that a proxy passes on: a web page that gives its own name the address 127.0.0.1 (DNS rebinding) makes a browser send that name.
func (m *Monitor) onlyFor(l *listener, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Type", "text/plain; charset=utf-8")
		switch isNamed := l.isNamed(r); {
		case r.TLS == nil && l.certificate.Load() != nil: // the connection is older than the certificate
			h.Set("Connection", "close")
			http.Error(w, "this port speaks TLS now: ask https://"+r.Host, http.StatusBadRequest)
			return
		case isNamed:
			setStrictTransport(h, r)
		case m.isProxied(r):
			passed, isSecure := throughProxy(r)
			if !isSecure {
				http.Error(w, "the proxy has to speak TLS, and to say so: X-Forwarded-Proto: https", http.StatusForbidden)
				return
			}
			r = passed
		case !isOurName(r.Host, l.host):
			http.Error(w, "this is not the host that the request names: ask "+l.name(), http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isOurName reports whether a Host names this machine, or the host that the monitor listens at.
func isOurName(requested, host string) bool {
	name := hostOf(requested)
	return isThisMachine(name) || strings.EqualFold(name, host) && name != ""
}

// isThisMachine reports whether a host is this machine, whoever asks.
func isThisMachine(host string) bool {
	address, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && address.IsLoopback()
}

// answer answers with the daemon's health: its status code, and its reason in text or in JSON.
func answer(w http.ResponseWriter, r *http.Request, h Health) {
	code := http.StatusOK
	if !h.OK {
		code = http.StatusServiceUnavailable
	}
	w.Header().Add("Vary", "Accept")
	if !wantsJSON(r) {
		w.WriteHeader(code)
		fmt.Fprintln(w, h)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(h) // a client that is gone needs no answer
}

// wantsJSON reports whether a request asks for JSON, by format=json or by Accept.
func wantsJSON(r *http.Request) bool {
	if format := r.URL.Query().Get("format"); format != "" {
		return format == "json"
	}
	return strings.Contains(r.Header.Get("Accept"), "application/json")
}
