package dovecottest

import (
	"fmt"
	"net"
	"net/rpc"
	"sync"
	"testing"
)

// Host starts servers for tests that run where Dovecot does not: the tests of the Windows build. They reach it over loopback
// and the servers too.
type Host struct {
	tb testing.TB

	mu      sync.Mutex
	servers []*Server
}

// Serve serves a Host for tests whose environment has its address in HostEnvironment, and returns the address. The host and
// its servers end with the test.
func Serve(tb testing.TB) (address string) {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	calls := rpc.NewServer()
	if err := calls.Register(&Host{tb: tb}); err != nil {
		tb.Fatal(err)
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // the test has ended
			}
			go calls.ServeConn(conn)
		}
	}()
	return l.Addr().String()
}

// Started tells the test what it has to know of its server.
type Started struct {
	Number        int // which server this is, in each further call
	Port, TLSPort int
	Root          []byte // the authority of the certificate (DER)
}

// Mail names a maildir, and a message for it.
type Mail struct {
	Server int
	User   string
	Octets []byte
}

// Start starts a server.
func (h *Host) Start(o Options, started *Started) error {
	s := Start(h.tb, o)
	h.mu.Lock()
	defer h.mu.Unlock()
	*started = Started{len(h.servers), s.Port, s.TLSPort, s.root.Raw}
	h.servers = append(h.servers, s)
	return nil
}

// server returns a server that was started.
func (h *Host) server(number int) (*Server, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if number < 0 || number >= len(h.servers) {
		return nil, fmt.Errorf("the host has no server %d", number)
	}
	return h.servers[number], nil
}

// Deliver puts a message into a maildir.
func (h *Host) Deliver(m Mail, _ *struct{}) error {
	s, err := h.server(m.Server)
	if err == nil {
		s.Deliver(m.User, m.Octets)
	}
	return err
}

// Count returns how many messages are in a maildir.
func (h *Host) Count(m Mail, count *int) error {
	s, err := h.server(m.Server)
	if err == nil {
		*count = s.Count(m.User)
	}
	return err
}

// Log returns the log of a server.
func (h *Host) Log(number int, text *string) error {
	s, err := h.server(number)
	if err == nil {
		*text = s.Log()
	}
	return err
}

// Stop ends a server.
func (h *Host) Stop(number int, _ *struct{}) error {
	s, err := h.server(number)
	if err == nil {
		s.Stop()
	}
	return err
}
