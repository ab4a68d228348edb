package monitor

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// entrance accepts the connections of a listener: with TLS while it has a certificate. Each handshake takes the certificate that the
// listener has then.
type entrance struct {
	net.Listener
	listener *listener
	config   *tls.Config
	mistaken func(from string) // is told of a client that speaks TLS although the listener does not
}

// entrance returns the entrance of a listener.
func (m *Monitor) entrance(socket net.Listener, l *listener) *entrance {
	e := &entrance{Listener: socket, listener: l, config: &tls.Config{
		MinVersion: tls.VersionTLS12,
		// Not HTTP/2, where one connection carries many requests: the limits of a listener bound connections.
		NextProtos:     []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return l.certificate.Load(), nil },
	}}
	e.mistaken = func(from string) {
		if times := m.wrongly.note(m.now()); times > 0 {
			m.mistaken(l.address, times, from)
		}
	}
	return e
}

// Accept implements net.Listener.
func (e *entrance) Accept() (net.Conn, error) {
	c, err := e.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if e.listener.certificate.Load() != nil {
		return tls.Server(c, e.config), nil
	}
	if plain, is := c.(*net.TCPConn); is {
		return &plainConn{TCPConn: plain, mistaken: e.mistaken}, nil
	}
	return c, nil
}

// plainConn is a connection without TLS, which notices a client that begins with TLS. Such a client gets an answer that it does not
// understand, so that its own message says nothing useful.
type plainConn struct {
	*net.TCPConn
	mistaken func(from string)
	begun    bool
}

// Read implements net.Conn. The server reads in one goroutine at a time.
func (c *plainConn) Read(b []byte) (int, error) {
	const handshake = 22 // the content type of a record, RFC 8446 §5.1
	n, err := c.TCPConn.Read(b)
	if n > 0 && !c.begun {
		c.begun = true
		if b[0] == handshake {
			c.mistaken(c.RemoteAddr().String())
		}
	}
	return n, err
}

// rarely counts something that clients can do as often as they like, so that it is told once in a while.
type rarely struct {
	mu     sync.Mutex
	told   time.Time // zero: never
	untold int
}

// seldom is the time between two times that it is told.
const seldom = time.Hour

// note counts one, and returns how many are to be told now, 0 for none.
func (r *rarely) note(now time.Time) (times int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.untold++
	if age := now.Sub(r.told); !r.told.IsZero() && age >= 0 && age < seldom {
		return 0
	}
	times, r.told, r.untold = r.untold, now, 0
	return times
}

// isNamed reports whether the certificate of a listener is for the host that a request names.
func (l *listener) isNamed(r *http.Request) bool {
	certificate := l.certificate.Load()
	return certificate != nil && certificate.Leaf.VerifyHostname(hostOf(r.Host)) == nil
}

// name returns the name by which others ask a listener: the first one of its certificate, else its host.
func (l *listener) name() string {
	if c := l.certificate.Load(); c != nil {
		return CertificateName(c.Leaf)
	}
	return l.host
}

// CertificateName returns the first host that a certificate is for.
func CertificateName(leaf *x509.Certificate) string {
	switch {
	case len(leaf.DNSNames) > 0:
		return leaf.DNSNames[0]
	case len(leaf.IPAddresses) > 0:
		return leaf.IPAddresses[0].String()
	}
	return ""
}

// strictTransport makes browsers ask a host over TLS alone for a year (HSTS, RFC 6797). It would hold for every port of the host, so
// localhost does not get it; for an address browsers ignore it (§8.1.1).
const strictTransport = "max-age=31536000"

// setStrictTransport sets it in the answers to a request that came over the TLS of a listener.
func setStrictTransport(h http.Header, r *http.Request) {
	if host := hostOf(r.Host); r.TLS != nil && !isThisMachine(host) && net.ParseIP(host) == nil {
		h.Set("Strict-Transport-Security", strictTransport)
	}
}

// hostOf returns a Host without its port.
func hostOf(requested string) string {
	name, _, err := net.SplitHostPort(requested)
	if err != nil {
		name = strings.TrimSuffix(strings.TrimPrefix(requested, "["), "]")
	}
	return name
}
