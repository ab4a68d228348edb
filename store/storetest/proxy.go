package storetest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// Proxy stands between clients and a PostgreSQL server, counts the messages of its protocol (version 3, without TLS), and
// cuts the connection at one of them:
//
//	proxy := storetest.NewProxy(t, db.URL)
//	pool := …proxy.URL…
//	proxy.CutAtFrontend(7) // the proxy does not pass on the seventh message from now on
//
// A cut happens once; afterwards everything passes again, on new connections. A silence lasts, on old connections and new
// ones, until the test calls another function. Numbers begin at 1 and count from the last call of Pass, Refuse or a Cut or
// Silence function, over all connections. The messages that open a connection count too: the start-up message and the
// password.
type Proxy struct {
	URL string // of the database, by way of the proxy

	listener net.Listener
	work     sync.WaitGroup

	mu        sync.Mutex
	server    string // address of the real server
	opened    int
	mode      mode
	at        int
	frontend  int
	backend   int
	completes int
	rounds    int
	silence   chan struct{} // not nil during a silence; closed when it ends
	cuts      int
	links     map[*link]struct{}
	closed    bool
}

type mode int

const (
	pass mode = iota
	cutAtFrontend
	cutBeforeComplete
	cutAfterComplete
	silenceAtFrontend
	silenceAtBackend
	refuse
)

// link is one connection of a client with the one to the server.
type link struct {
	client, server net.Conn
	pinged         atomic.Bool // the server has not answered the last ping
}

func (l *link) cut() {
	l.client.Close()
	l.server.Close()
}

// NewProxy starts a proxy for the database at databaseURL. It ends with the test.
func NewProxy(t testing.TB, databaseURL string) *Proxy {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: l, server: u.Host, links: map[*link]struct{}{}}
	u.Host = l.Addr().String()
	p.URL = u.String()
	p.work.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

// Redirect leads new connections to the server of another URL, as after a failover, and cuts the old ones. The name of
// the database stays.
func (p *Proxy) Redirect(t testing.TB, databaseURL string) {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.server = u.Host
	for l := range p.links {
		l.cut()
	}
}

// Opened returns how many connections clients have opened.
func (p *Proxy) Opened() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.opened
}

// Pass lets everything pass and counts from zero.
func (p *Proxy) Pass() { p.set(pass, 0) }

// CutAtFrontend cuts the connection instead of passing on the n-th message that a client sends.
func (p *Proxy) CutAtFrontend(n int) { p.set(cutAtFrontend, n) }

// CutBeforeComplete cuts the connection when the server reports the n-th complete command, before the client learns of it.
func (p *Proxy) CutBeforeComplete(n int) { p.set(cutBeforeComplete, n) }

// CutAfterComplete cuts the connection after the client has received the server's reports that the n-th command is
// complete, and that it is ready for the next.
func (p *Proxy) CutAfterComplete(n int) { p.set(cutAfterComplete, n) }

// SilenceAtFrontend lets nothing pass any more, in either direction, from the middle of the n-th message that a client sends.
func (p *Proxy) SilenceAtFrontend(n int) { p.set(silenceAtFrontend, n) }

// SilenceAtBackend lets nothing pass any more, in either direction, from the middle of the n-th message that the server
// sends.
func (p *Proxy) SilenceAtBackend(n int) { p.set(silenceAtBackend, n) }

// Silent reports whether the proxy has fallen silent.
func (p *Proxy) Silent() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.silence != nil
}

// Refuse cuts all connections and every new one, like a server that is down, until the test calls another function.
func (p *Proxy) Refuse() {
	p.set(refuse, 0)
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.cut()
	}
}

// Counts returns how many messages clients have sent and how many commands the server has completed.
func (p *Proxy) Counts() (frontend, completes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.frontend, p.completes
}

// Backend returns how many messages servers have sent.
func (p *Proxy) Backend() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.backend
}

// Rounds returns how often servers have become ready for the next statement or batch: the number of round trips.
func (p *Proxy) Rounds() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rounds
}

// Cuts returns how often the proxy has cut a connection at the requested message.
func (p *Proxy) Cuts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts
}

func (p *Proxy) set(m mode, at int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode, p.at, p.frontend, p.backend, p.completes, p.rounds, p.cuts = m, at, 0, 0, 0, 0, 0
	p.endSilence()
}

// endSilence ends a silence and cuts the connections that fell silent.
func (p *Proxy) endSilence() {
	if p.silence == nil {
		return
	}
	for l := range p.links {
		l.cut()
	}
	close(p.silence)
	p.silence = nil
}

// awaitEnd waits for the end of a silence, if there is one.
func (p *Proxy) awaitEnd() {
	p.mu.Lock()
	silence := p.silence
	p.mu.Unlock()
	if silence != nil {
		<-silence
	}
}

func (p *Proxy) close() {
	p.mu.Lock()
	p.closed = true
	p.endSilence()
	p.listener.Close()
	for l := range p.links {
		l.cut()
	}
	p.mu.Unlock()
	p.work.Wait()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.work.Go(func() { p.serve(client) })
	}
}

func (p *Proxy) serve(client net.Conn) {
	defer client.Close()
	p.awaitEnd()
	server, err := net.Dial("tcp", p.address())
	if err != nil {
		return
	}
	l := &link{client: client, server: server}
	if !p.add(l) {
		l.cut()
		return
	}
	defer p.remove(l)
	var both sync.WaitGroup
	both.Go(func() { defer l.cut(); _ = p.toServer(l) })
	both.Go(func() { defer l.cut(); _ = p.toClient(l) })
	both.Wait()
}

// address returns the address of the real server.
func (p *Proxy) address() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.server
}

func (p *Proxy) add(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.mode == refuse {
		return false
	}
	p.links[l] = struct{}{}
	p.opened++
	return true
}

func (p *Proxy) remove(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
}

// errCut ends a link that the proxy cut.
var errCut = errors.New("cut")

// toServer passes on the client's messages. The first one has no type octet.
func (p *Proxy) toServer(l *link) error {
	in := bufio.NewReader(l.client)
	for header := 4; ; header = 5 {
		m, err := readMessage(in, header)
		if err != nil {
			return err
		}
		cut, half := false, false
		switch {
		case bytes.Equal(m, ping):
			l.pinged.Store(true)
		case !bytes.Equal(m, terminate) && !isCancelRequest(m):
			cut, half = p.count(&p.frontend, cutAtFrontend, silenceAtFrontend)
		}
		if cut {
			return errCut
		}
		if err := p.pass(l.server, m, half); err != nil {
			return err
		}
	}
}

// The type octets of the messages CommandComplete and ReadyForQuery.
const (
	commandComplete = 'C'
	readyForQuery   = 'Z'
)

var (
	// ping is the message Query with which pgx asks whether a connection works. Its answer ends with ReadyForQuery.
	ping      = []byte("Q\x00\x00\x00\x0c-- ping\x00")
	terminate = []byte("X\x00\x00\x00\x04")
)

// isCancelRequest reports whether a message opens a connection only to cancel a statement on another one. Like all messages
// that open a connection, it begins with a length, whose first octet is 0.
func isCancelRequest(m []byte) bool {
	const code = 80877102
	return m[0] == 0 && len(m) >= 8 && binary.BigEndian.Uint32(m[4:]) == code
}

func (p *Proxy) toClient(l *link) error {
	in := bufio.NewReader(l.server)
	for {
		m, err := readMessage(in, 5)
		if err != nil {
			return err
		}
		if l.pinged.Load() {
			if m[0] == readyForQuery {
				l.pinged.Store(false) // before the client can send its next message
			}
			if err := p.pass(l.client, m, false); err != nil {
				return err
			}
			continue
		}
		if m[0] == commandComplete {
			if cut, _ := p.count(&p.completes, cutBeforeComplete, pass); cut {
				return errCut
			}
		}
		if m[0] == readyForQuery {
			p.count(&p.rounds, pass, pass)
		}
		last := m[0] == readyForQuery && p.cutsAfter()
		if last {
			l.server.Close() // before the client can send its next message
		}
		_, half := p.count(&p.backend, pass, silenceAtBackend)
		if err := p.pass(l.client, m, half); err != nil {
			return err
		}
		if last {
			return errCut
		}
	}
}

// pass passes on a message or, when a silence begins, the first half of it, and then waits for the end of the silence.
func (p *Proxy) pass(to net.Conn, m []byte, half bool) error {
	if !half {
		p.awaitEnd()
		_, err := to.Write(m)
		return err
	}
	if _, err := to.Write(m[:len(m)/2]); err != nil {
		return err
	}
	p.awaitEnd()
	return errCut
}

// count counts one message and reports whether the proxy cuts the connection there, or falls silent in the middle of it.
func (p *Proxy) count(n *int, cuts, silences mode) (cut, silent bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*n++
	if p.mode == pass || *n != p.at {
		return false, false
	}
	switch p.mode {
	case cuts:
		p.mode = pass
		p.cuts++
		return true, false
	case silences:
		p.mode = pass
		p.silence = make(chan struct{})
		return false, true
	}
	return false, false
}

// cutsAfter reports whether the proxy cuts the connection once the client knows of the command that was counted last.
func (p *Proxy) cutsAfter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mode != cutAfterComplete || p.completes < p.at {
		return false
	}
	p.mode = pass
	p.cuts++
	return true
}

// readMessage reads a whole message: a type octet in most, a length that includes itself, and the rest (PostgreSQL's
// documentation, "Message Formats").
func readMessage(in *bufio.Reader, header int) ([]byte, error) {
	m := make([]byte, header)
	if _, err := io.ReadFull(in, m); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(m[header-4:])
	if size < 4 || size > 1<<30 {
		return nil, fmt.Errorf("a message of %d octets", size)
	}
	m = append(m, make([]byte, size-4)...)
	_, err := io.ReadFull(in, m[header:])
	return m, err
}
