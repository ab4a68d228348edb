package monitor

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// limits bound what a client can cost. A client that never sends, or never reads, is disconnected, and until then it keeps
// nobody else from an answer.
type limits struct {
	header      time.Duration // until a request has come
	write       time.Duration // until its answer has been read
	idle        time.Duration // until the next request
	look        time.Duration // until the daemon has said how it is
	figures     time.Duration // until the database has said what it counts
	stop        time.Duration // until the answers under way are read, when the listener closes
	connections int
}

// usualLimits suit a machine with some probes and a Prometheus server, which wait for seconds. A flood of 4,500 connections a second ends
// each of 256 after 57 ms at the soonest, so that a probe has its answer before; with 32 it ended up to half of the probes.
var usualLimits = limits{
	header: 5 * time.Second, write: 10 * time.Second, idle: time.Minute, look: 5 * time.Second, figures: 2 * time.Second, stop: 2 * time.Second,
	connections: 256,
}

// maxHeaderOctets limits the header of a request.
const maxHeaderOctets = 16 << 10

// listener is a server at an address.
type listener struct {
	address     string
	host        string                          // of the address
	certificate atomic.Pointer[tls.Certificate] // nil: it speaks no TLS
	server      *http.Server
	ended       chan struct{} // closed when it accepts nothing more
}

// Listen makes the monitor answer at an address, and nowhere else; "" means nowhere. With a certificate it speaks TLS, without one it
// does not. If that is not possible, it answers where and how it did before: the error is then a *ListenError. It changes nothing that
// is as it should be, so it may be called again and again, and a renewed certificate interrupts no answer.
func (m *Monitor) Listen(address string, certificate *tls.Certificate) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return http.ErrServerClosed
	}
	if m.listener != nil && m.listener.address == address && m.listener.isServing() {
		m.listener.certificate.Store(certificate)
		return nil
	}
	if address == "" {
		m.listener.close(m.limits.stop)
		m.listener = nil
		return nil
	}
	return m.move(address, certificate)
}

// move makes the monitor answer at another address. Where both addresses have the same port, such as 127.0.0.1:9464 and
// 0.0.0.0:9464, the old one has to be free first.
func (m *Monitor) move(address string, certificate *tls.Certificate) error {
	before := m.listener
	socket, err := net.Listen("tcp", address)
	if err != nil && before != nil && portOf(before.address) == portOf(address) {
		before.close(m.limits.stop)
		m.listener = nil
		if socket, err = net.Listen("tcp", address); err != nil {
			if again, other := net.Listen("tcp", before.address); other == nil {
				m.listener = m.serve(before.address, again, before.certificate.Load())
			}
		}
	}
	if err != nil {
		return newListenError(address, err)
	}
	m.listener.close(m.limits.stop)
	m.listener = m.serve(address, socket, certificate)
	return nil
}

// portOf returns the port of an address.
func portOf(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}

// Close ends the answers for ever.
func (m *Monitor) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.listener.close(m.limits.stop)
	m.listener = nil
}

// serve answers on a socket.
func (m *Monitor) serve(address string, socket net.Listener, certificate *tls.Certificate) *listener {
	open := &connections{limit: m.limits.connections}
	l := &listener{address: address, ended: make(chan struct{})}
	l.host, _, _ = net.SplitHostPort(address)
	l.certificate.Store(certificate)
	l.server = &http.Server{
		Handler: m.onlyFor(l, m.handler()),
		// The first of these also limits the handshake of TLS.
		ReadHeaderTimeout: m.limits.header, ReadTimeout: m.limits.header, WriteTimeout: m.limits.write, IdleTimeout: m.limits.idle,
		MaxHeaderBytes: maxHeaderOctets, ConnState: open.note,
		ErrorLog: log.New(io.Discard, "", 0), // what clients do wrong is no trouble of the daemon
	}
	if m.page != nil {
		l.server.RegisterOnShutdown(m.page.EndStreams)
	}
	go func() {
		defer close(l.ended)
		_ = l.server.Serve(m.entrance(socket, l)) // Listen sees that it has ended
	}()
	return l
}

// isServing reports whether the listener accepts connections.
func (l *listener) isServing() bool {
	select {
	case <-l.ended:
		return false
	default:
		return true
	}
}

// close ends the listener, with the answers under way if they are read within a time. Nil has ended already.
func (l *listener) close(within time.Duration) {
	if l == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	if l.server.Shutdown(ctx) != nil {
		_ = l.server.Close() // nobody reads them
	}
	<-l.ended
}

// connections bounds how many connections a server has. A new one beyond the limit ends the one that has done nothing for the
// longest time: whoever holds many connections loses them, and everybody else gets an answer.
type connections struct {
	limit int
	mu    sync.Mutex
	open  []net.Conn // the one whose state has not changed for the longest time first
}

// note notes the new state of a connection, as http.Server.ConnState. The server may call one active that was ended here, as it
// notices that later: such a connection ends no other.
func (c *connections) note(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	isOpen := slices.Contains(c.open, conn) || state == http.StateNew
	c.open = slices.DeleteFunc(c.open, func(o net.Conn) bool { return o == conn })
	if !isOpen || state == http.StateClosed || state == http.StateHijacked {
		return
	}
	c.open = append(c.open, conn)
	if len(c.open) > c.limit {
		_ = c.open[0].Close() // the server notices
		c.open = c.open[1:]
	}
}
