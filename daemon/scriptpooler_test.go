package daemon

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// pooler lends connections to the database, as pgbouncer does in session mode. Each poll opens a connection, and
// starting a process of PostgreSQL for it costs ten times as much as the rest of the poll.
type pooler struct {
	url      string // of the database
	listener net.Listener
	running  sync.WaitGroup

	mu   sync.Mutex
	idle []*pooled
	open map[net.Conn]bool
}

// pooled is a connection to the database that is lent to one client after another.
type pooled struct {
	conn *pgconn.HijackedConn

	mu     sync.Mutex
	client net.Conn  // nil when the answers are for the pooler
	status chan byte // the transaction status at the end of an answer for the pooler
}

// newPooler starts a pooler, which ends with the test, and returns the URL to reach the database by.
func newPooler(t *testing.T, database string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &pooler{url: database, listener: listener, open: map[net.Conn]bool{}}
	p.running.Go(p.accept)
	t.Cleanup(p.close)
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = listener.Addr().String()
	u.RawQuery = "sslmode=disable"
	return u.String()
}

func (p *pooler) close() {
	_ = p.listener.Close()
	p.mu.Lock()
	for conn := range p.open {
		_ = conn.Close()
	}
	p.mu.Unlock()
	p.running.Wait()
}

// keep remembers a connection until the pooler is closed.
func (p *pooler) keep(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[conn] = true
}

// drop closes a connection.
func (p *pooler) drop(conn net.Conn) {
	_ = conn.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, conn)
}

func (p *pooler) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.keep(client)
		p.running.Go(func() {
			defer p.drop(client)
			p.serve(client)
		})
	}
}

// serve lends a connection to a client.
func (p *pooler) serve(client net.Conn) {
	backend := pgproto3.NewBackend(client, client)
	if first, err := backend.ReceiveStartupMessage(); err != nil || !isStartup(first) {
		return // a cancel request comes here too, but no test sends one
	}
	server, err := p.borrow()
	if err != nil {
		return
	}
	greet(backend, server.conn)
	server.lend(client)
	if backend.Flush() == nil && server.relay(client) && server.reset() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.idle = append(p.idle, server)
		return
	}
	p.drop(server.conn.Conn)
}

func isStartup(m pgproto3.FrontendMessage) bool {
	_, ok := m.(*pgproto3.StartupMessage)
	return ok
}

// greet sends a client the parameters of its connection.
func greet(backend *pgproto3.Backend, server *pgconn.HijackedConn) {
	backend.Send(&pgproto3.AuthenticationOk{})
	for name, value := range server.ParameterStatuses {
		backend.Send(&pgproto3.ParameterStatus{Name: name, Value: value})
	}
	backend.Send(&pgproto3.BackendKeyData{ProcessID: server.PID, SecretKey: server.SecretKey})
	backend.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
}

// borrow returns an idle connection, or opens one.
func (p *pooler) borrow() (*pooled, error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		server := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return server, nil
	}
	p.mu.Unlock()
	conn, err := pgconn.Connect(context.Background(), p.url)
	if err != nil {
		return nil, err
	}
	// After a write that took long, the driver reads in the background: it would take the first answer.
	if err := conn.SyncConn(context.Background()); err != nil {
		return nil, err
	}
	hijacked, err := conn.Hijack()
	if err != nil {
		return nil, err
	}
	server := &pooled{conn: hijacked, status: make(chan byte, 1)}
	p.keep(hijacked.Conn)
	p.running.Go(server.answer)
	return server, nil
}

// lend sends the answers to the client from now on, to the pooler if client is nil.
func (s *pooled) lend(client net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.client = client
}

// answerWithin is how long an answer of the database may take, in real time.
const answerWithin = time.Minute

// answer forwards the answers of the database until the connection ends. Then the client's connection ends too.
func (s *pooled) answer() {
	defer close(s.status)
	defer s.hangUp()
	in := bufio.NewReaderSize(s.conn.Conn, 16<<10)
	var out []byte
	for {
		message, err := readMessage(in)
		if err != nil {
			return
		}
		out = append(out, message...)
		if isWholeMessage(in) {
			continue
		}
		if message[0] == 'Z' {
			_ = s.conn.Conn.SetReadDeadline(time.Time{}) // no answer is pending
		}
		s.mu.Lock()
		client := s.client
		s.mu.Unlock()
		switch {
		case client != nil:
			if _, err := client.Write(out); err != nil {
				_ = s.conn.Conn.Close()
			}
		case message[0] == 'Z':
			s.status <- message[5]
		}
		out = out[:0]
	}
}

// hangUp closes the connection and the client's, which gets no more answers.
func (s *pooled) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.conn.Conn.Close()
	if s.client != nil {
		_ = s.client.Close()
	}
}

// ask sends octets to the database, and sets the deadline for the answer.
func (s *pooled) ask(octets []byte) error {
	_ = s.conn.Conn.SetReadDeadline(time.Now().Add(answerWithin))
	_, err := s.conn.Conn.Write(octets)
	return err
}

// relay forwards the messages of the client until it terminates the session. It reports whether the client did that.
func (s *pooled) relay(client net.Conn) bool {
	in := bufio.NewReaderSize(client, 16<<10)
	var out []byte
	for {
		message, err := readMessage(in)
		if err != nil || message[0] == 'X' {
			return err == nil
		}
		out = append(out, message...)
		if isWholeMessage(in) {
			continue
		}
		if s.ask(out) != nil {
			return false
		}
		out = out[:0]
	}
}

// isWholeMessage reports whether the next message is in the buffer, so that both can be forwarded in one piece.
func isWholeMessage(in *bufio.Reader) bool {
	if in.Buffered() < 5 {
		return false
	}
	header, err := in.Peek(5)
	return err == nil && header[0] != 'X' && in.Buffered() > int(binary.BigEndian.Uint32(header[1:]))
}

// reset discards the state of the connection, and reports whether that succeeded.
func (s *pooled) reset() bool {
	s.lend(nil)
	discard, err := (&pgproto3.Query{String: "DISCARD ALL"}).Encode(nil)
	if err != nil {
		return false
	}
	if s.ask(discard) != nil {
		return false
	}
	return <-s.status == 'I'
}

// readMessage reads one message of PostgreSQL's protocol.
func readMessage(r io.Reader) ([]byte, error) {
	header := make([]byte, 5)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, err
	}
	length := int(binary.BigEndian.Uint32(header[1:]))
	if length < 4 {
		return nil, errors.New("a message shorter than its length")
	}
	message := append(header, make([]byte, length-4)...)
	_, err := io.ReadFull(r, message[5:])
	return message, err
}
