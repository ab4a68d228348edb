package pop3test

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// DefaultPassword is the password of a user without SetPassword.
const DefaultPassword = "secret"

// maxLog is how many commands Log keeps.
const maxLog = 100_000

// TLSMode says how a server offers TLS.
type TLSMode int

// The modes.
const (
	NoTLS       TLSMode = iota
	STLS                // plain text until STLS (RFC 2595 §4)
	ImplicitTLS         // from the first octet (RFC 8314 §3.3)
)

// Options are the settings of a server; the zero Options give one without TLS on a free port.
type Options struct {
	Listen           string        // address to listen on; "" means a free port of 127.0.0.1
	NoListener       bool          // no socket, only Dial: for tests within a testing/synctest bubble
	TLS              TLSMode       //
	Certificate      Certificate   // claims of the certificate that is generated for TLS
	MaxTLS           uint16        // newest version of TLS, such as tls.VersionTLS11; 0 means the newest available
	NoCAPA           bool          // no CAPA and no response codes, like servers older than RFC 2449
	NoUIDL           bool          // no UIDL
	SASL             []string      // mechanisms of AUTH (RFC 5034): "PLAIN", "XOAUTH2"; nil means no AUTH
	Extra            []string      // further lines for CAPA, such as "EXPIRE NEVER"
	Without          []string      // lines that CAPA omits, such as "PIPELINING"
	DeletesRetrieved bool          // QUIT removes retrieved messages, and CAPA says EXPIRE 0 (RFC 2449 §6.7)
	RTT              time.Duration // delay of each octet from the client; 0 means none
	Idle             time.Duration // the server ends a session that is silent for so long; 0 means 10 minutes (RFC 1939 §3)
}

// Server is a running server.
type Server struct {
	options  Options
	listener net.Listener
	root     *x509.Certificate // issuer of the certificate in tls
	tls      *tls.Config
	stop     func() bool // stops waiting for the end of the context
	running  sync.WaitGroup

	mu            sync.Mutex
	closed        bool
	sessions      map[*session]bool
	maildrops     map[string]*maildrop
	faults        []*fault
	log           []string
	sent          int64 // octets in all sessions
	cut           int64 // octets after which a session is cut, -1 for none
	forgetDeletes bool
	renewUIDLs    bool
	renewed       int // unique-ids given anew
	listedSize    func(octets int64) int64
	serial        int // of the unique-ids
	handshakes    int // TLS handshakes that have ended well
	resumed       int // of these, how many resumed a session
}

// Start starts a server; it runs until ctx ends or Close is called.
func Start(ctx context.Context, o Options) (*Server, error) {
	s := &Server{
		options:    o,
		sessions:   map[*session]bool{},
		maildrops:  map[string]*maildrop{},
		cut:        -1,
		listedSize: func(octets int64) int64 { return octets },
	}
	if err := s.issueCertificate(); err != nil {
		return nil, fmt.Errorf("start POP3 server: %w", err)
	}
	if !o.NoListener {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cmp.Or(o.Listen, "127.0.0.1:0"))
		if err != nil {
			return nil, fmt.Errorf("start POP3 server: %w", err)
		}
		s.listener = l
		s.running.Go(s.accept)
	}
	s.stop = context.AfterFunc(ctx, s.closeConnections)
	return s, nil
}

// TB is the part of testing.TB that Run needs.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// Run starts a server that ends with the test.
func Run(tb TB, o Options) *Server {
	tb.Helper()
	s, err := Start(context.Background(), o)
	if err != nil {
		tb.Fatalf("%v", err)
	}
	tb.Cleanup(s.Close)
	return s
}

// accept serves connections until the listener is closed.
func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue // one connection failed before its session began
		}
		s.serve(conn)
	}
}

// Dial connects to the server within the process, without a socket; use it as mailbox.Account.Dial.
func (s *Server) Dial(context.Context, string, string) (net.Conn, error) {
	client, server := Pipe()
	s.serve(server)
	return client, nil
}

// serve starts a session on conn.
func (s *Server) serve(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = conn.Close()
		return
	}
	n := newSession(s, conn, s.cut)
	s.sessions[n] = true
	s.running.Go(n.run)
}

// forgetSession removes a session that has ended.
func (s *Server) forgetSession(n *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, n)
	s.sent += n.conn.octets()
}

// Idle waits until no session is open.
func (s *Server) Idle(ctx context.Context) error {
	for {
		s.mu.Lock()
		var open *session
		for open = range s.sessions {
			break
		}
		s.mu.Unlock()
		if open == nil {
			return nil
		}
		select {
		case <-open.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Close drops all connections and waits for their sessions to end. It may be called twice.
func (s *Server) Close() {
	s.stop()
	s.closeConnections()
	s.running.Wait()
}

// closeConnections closes the listener and all connections.
func (s *Server) closeConnections() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.listener != nil {
		_ = s.listener.Close()
	}
	for n := range s.sessions {
		_ = n.conn.Close() // an error means that it is closed
	}
}

// addr returns the address that the server listens on, or a placeholder without a listener.
func (s *Server) addr() *net.TCPAddr {
	if s.listener == nil {
		return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 110}
	}
	return s.listener.Addr().(*net.TCPAddr)
}

// Addr returns the address to connect to.
func (s *Server) Addr() string { return s.addr().String() }

// Host returns the host of Addr.
func (s *Server) Host() string { return s.addr().IP.String() }

// Port returns the port of Addr.
func (s *Server) Port() int { return s.addr().Port }

// Log returns the received commands in order, with *** in place of secrets.
func (s *Server) Log() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// logCommand adds a command to the log. It drops old commands, as a server may run for long.
func (s *Server) logCommand(command string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if name, _, found := strings.Cut(command, " "); found && (name == "PASS" || name == "AUTH-RESPONSE") {
		command = name + " ***"
	}
	if len(s.log) >= maxLog {
		s.log = slices.Delete(s.log, 0, maxLog/2)
	}
	s.log = append(s.log, command)
}

// OctetsSent returns how many octets the server sent in sessions that have ended, TLS included.
func (s *Server) OctetsSent() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent
}

// capabilities returns the lines of CAPA (RFC 2449 §5).
func (s *Server) capabilities(secure bool) []string {
	lines := []string{"TOP", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "USER"}
	if !s.options.NoUIDL {
		lines = append(lines, "UIDL")
	}
	if s.options.TLS == STLS && !secure {
		lines = append(lines, "STLS")
	}
	if len(s.options.SASL) > 0 {
		lines = append(lines, "SASL "+strings.Join(s.options.SASL, " "))
	}
	if s.options.DeletesRetrieved {
		lines = append(lines, "EXPIRE 0")
	}
	lines = append(lines, s.options.Extra...)
	return slices.DeleteFunc(lines, func(l string) bool { return slices.Contains(s.options.Without, l) })
}
