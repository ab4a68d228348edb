package smtptest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"

	"github.com/emersion/go-smtp"

	"mailintegration/mailbox/pop3test"
)

// TLSMode says how a server offers TLS.
type TLSMode int

// The modes.
const (
	NoTLS       TLSMode = iota
	StartTLS            // plain text until STARTTLS (RFC 3207); AUTH is announced only after it
	ImplicitTLS         // from the first octet (RFC 8314 §3.3)
)

// Options are the settings of a server; the zero Options give one without TLS on a free port.
type Options struct {
	Listen      string // address to listen on; "" means a free port of 127.0.0.1
	TLS         TLSMode
	Certificate pop3test.Certificate // claims of the certificate that is generated for TLS
	Mechanisms  []string             // of AUTH; nil means PLAIN and LOGIN
	NoAUTH      bool                 // no AUTH: everybody may send
	SMTPUTF8    bool                 // accepts addresses with non-ASCII letters (RFC 6531)
}

// Message is a message that the server has taken over.
type Message struct {
	User     string // who had logged in, "" for nobody
	From, To string // of the envelope
	Data     []byte // the message as received, without dot-stuffing
}

// Server is a running server.
type Server struct {
	options  Options
	listener net.Listener
	root     *x509.Certificate
	tls      *tls.Config
	smtp     *smtp.Server
	inner    *pipes // the connections to smtp
	stop     func() bool
	running  sync.WaitGroup

	mu        sync.Mutex
	closed    bool
	dialogues map[*dialogue]bool
	passwords map[string]string
	tokens    map[string]string
	faults    []*fault
	log       []string
	messages  []Message
	sessions  int
	changed   chan struct{} // closed and replaced when a message or a line arrives
}

// Start starts a server; it runs until ctx ends or Close is called.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Mechanisms == nil && !o.NoAUTH {
		o.Mechanisms = []string{"PLAIN", "LOGIN"}
	}
	leaf, root, err := pop3test.Issue(o.Certificate)
	if err != nil {
		return nil, fmt.Errorf("start SMTP server: %w", err)
	}
	listen := o.Listen
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("start SMTP server: %w", err)
	}
	s := &Server{
		options: o, listener: l, root: root, inner: newPipes(l.Addr()), changed: make(chan struct{}),
		tls:       &tls.Config{Certificates: []tls.Certificate{leaf}, MinVersion: tls.VersionTLS12},
		dialogues: map[*dialogue]bool{}, passwords: map[string]string{}, tokens: map[string]string{},
	}
	s.smtp = smtp.NewServer(smtp.BackendFunc(s.newSession))
	s.smtp.Domain, s.smtp.AllowInsecureAuth, s.smtp.EnableSMTPUTF8 = "localhost", true, o.SMTPUTF8
	s.smtp.MaxLineLength = 16 << 10 // RFC 4954 §4: a response may have 12,288 octets
	s.smtp.ErrorLog = silent{}
	s.running.Go(func() { _ = s.smtp.Serve(s.inner) })
	s.running.Go(s.accept)
	s.stop = context.AfterFunc(ctx, s.closeConnections)
	return s, nil
}

// Run starts a server that ends with the test.
func Run(tb pop3test.TB, o Options) *Server {
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
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			s.serve(conn)
		}
	}
}

// serve starts a dialogue on conn.
func (s *Server) serve(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = conn.Close()
		return
	}
	d := &dialogue{server: s, tcp: conn, stream: conn}
	s.dialogues[d] = true
	s.sessions++
	s.signal()
	s.running.Go(d.run)
}

// forget removes a dialogue that has ended.
func (s *Server) forget(d *dialogue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.dialogues, d)
	s.signal()
}

// Close drops all connections and waits for their sessions to end. It may be called twice.
func (s *Server) Close() {
	s.stop()
	s.closeConnections()
	s.running.Wait()
	_ = s.smtp.Shutdown(context.Background()) // waits for the sessions of go-smtp
}

// closeConnections closes the listener and all connections.
func (s *Server) closeConnections() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	_ = s.listener.Close()
	for d := range s.dialogues {
		d.close()
	}
	_ = s.inner.Close()
	_ = s.smtp.Close()
}

// signal wakes those who wait for a change. The caller holds s.mu.
func (s *Server) signal() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// Port returns the port on which the server listens.
func (s *Server) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// Address returns host:port.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Roots returns a pool with the authority that issued the server's certificate.
func (s *Server) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.root)
	return pool
}

// RootsPEM returns the authority's certificate in PEM.
func (s *Server) RootsPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.root.Raw})
}

// SetPassword makes a user known.
func (s *Server) SetPassword(user, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.passwords[user] = password
}

// SetToken makes a user known who logs in by XOAUTH2.
func (s *Server) SetToken(user, token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[user] = token
}

// Messages returns the messages that the server has taken over, in their order.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Log returns the commands of all sessions in the order of their arrival, without the content of messages and the
// responses of AUTH.
func (s *Server) Log() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// Sessions returns how many connections were accepted.
func (s *Server) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions
}

// Await waits until the server has taken over n messages, and returns them.
func (s *Server) Await(ctx context.Context, n int) ([]Message, error) {
	err := s.await(ctx, func() bool { return len(s.messages) >= n })
	return s.Messages(), err
}

// AwaitCommand waits until n commands with a verb have arrived since the start.
func (s *Server) AwaitCommand(ctx context.Context, verb string, n int) error {
	return s.await(ctx, func() bool {
		found := 0
		for _, line := range s.log {
			if verbOf(line) == verb {
				found++
			}
		}
		return found >= n
	})
}

// AwaitSession waits until a connection was accepted.
func (s *Server) AwaitSession(ctx context.Context) error {
	return s.await(ctx, func() bool { return s.sessions > 0 })
}

// Idle waits until no connection is open.
func (s *Server) Idle(ctx context.Context) error {
	return s.await(ctx, func() bool { return len(s.dialogues) == 0 })
}

// await waits until holds, which is called with s.mu locked, returns true.
func (s *Server) await(ctx context.Context, holds func() bool) error {
	for {
		s.mu.Lock()
		done, changed := holds(), s.changed
		s.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// note adds a line to the log.
func (s *Server) note(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, line)
	s.signal()
}

// pipes is the listener of go-smtp: its connections come from dialogues.
type pipes struct {
	address net.Addr
	conns   chan net.Conn
	closed  chan struct{}
	closing sync.Once
}

func newPipes(address net.Addr) *pipes {
	return &pipes{address: address, conns: make(chan net.Conn), closed: make(chan struct{})}
}

// dial returns a new connection to go-smtp.
func (p *pipes) dial() (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Accept implements net.Listener.
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (p *pipes) Close() error { p.closing.Do(func() { close(p.closed) }); return nil }

// Addr implements net.Listener.
func (p *pipes) Addr() net.Addr { return p.address }

// silent discards the lines that go-smtp logs about clients that hang up.
type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}
