package storetest

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// Proxy stands before a PostgreSQL server, understands its protocol (version 3, without TLS) as far as counting
// messages goes, and cuts the connection at one of them:
//
//	proxy := storetest.NewProxy(t, db.URL)
//	pool := …proxy.URL…
//	proxy.CutAtFrontend(7) // the seventh message from now on is not passed on
//
// A cut happens once; afterwards everything passes again, on new connections. A silence lasts, on all connections and new
// ones, until another function is called. Numbers begin at 1 and count from the last call of Pass, Refuse or a Cut or
// Silence function, over all connections. Opening a connection is messages too: the start-up
// message and the password's.
type Proxy struct {
	URL string // of the database, by way of the proxy

	listener net.Listener
	server   string // address of the real one
	work     sync.WaitGroup

	mu        sync.Mutex
	mode      mode
	at        int
	frontend  int
	backend   int
	completes int
	silence   chan struct{} // not nil while nothing passes; closed when it ends
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
type link struct{ client, server net.Conn }

func (l *link) cut() {
	l.client.Close()
	l.server.Close()
}

// NewProxy starts a proxy before the database at databaseURL. It ends with the test.
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

// Pass lets everything pass and counts from zero.
func (p *Proxy) Pass() { p.set(pass, 0) }

// CutAtFrontend cuts the connection instead of passing on the n-th message that a client sends.
func (p *Proxy) CutAtFrontend(n int) { p.set(cutAtFrontend, n) }

// CutBeforeComplete cuts the connection when the server says for the n-th time that a command is complete, before the
// client learns it.
func (p *Proxy) CutBeforeComplete(n int) { p.set(cutBeforeComplete, n) }

// CutAfterComplete cuts the connection after the client was told for the n-th time that a command is complete, and
// that the server is ready for the next.
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

// Refuse cuts all connections and every new one, as a server that is down, until another function is called.
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

// Cuts returns how often the proxy has cut a connection at the message it was told.
func (p *Proxy) Cuts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts
}

func (p *Proxy) set(m mode, at int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode, p.at, p.frontend, p.backend, p.completes, p.cuts = m, at, 0, 0, 0, 0
	p.speak()
}

// speak ends a silence. The connections that it befell do not come back.
func (p *Proxy) speak() {
	if p.silence == nil {
		return
	}
	for l := range p.links {
		l.cut()
	}
	close(p.silence)
	p.silence = nil
}

// await returns when there is no silence.
func (p *Proxy) await() {
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
	p.speak()
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
	p.await()
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	l := &link{client, server}
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

func (p *Proxy) add(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.mode == refuse {
		return false
	}
	p.links[l] = struct{}{}
	return true
}

func (p *Proxy) remove(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
}

// errCut ends a link that the proxy cut.
var errCut = errors.New("cut")

// toServer passes on what the client sends. Its first message has no type octet.
func (p *Proxy) toServer(l *link) error {
	in := bufio.NewReader(l.client)
	for header := 4; ; header = 5 {
		m, err := readMessage(in, header)
		if err != nil {
			return err
		}
		cut, half := p.counts(&p.frontend, cutAtFrontend, silenceAtFrontend)
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

func (p *Proxy) toClient(l *link) error {
	in := bufio.NewReader(l.server)
	for {
		m, err := readMessage(in, 5)
		if err != nil {
			return err
		}
		if m[0] == commandComplete {
			if cut, _ := p.counts(&p.completes, cutBeforeComplete, pass); cut {
				return errCut
			}
		}
		last := m[0] == readyForQuery && p.after()
		if last {
			l.server.Close() // before the client can send its next message
		}
		_, half := p.counts(&p.backend, pass, silenceAtBackend)
		if err := p.pass(l.client, m, half); err != nil {
			return err
		}
		if last {
			return errCut
		}
	}
}

// pass passes on a message, or the first half of it and then nothing until the silence has ended.
func (p *Proxy) pass(to net.Conn, m []byte, half bool) error {
	if !half {
		p.await()
		_, err := to.Write(m)
		return err
	}
	if _, err := to.Write(m[:len(m)/2]); err != nil {
		return err
	}
	p.await()
	return errCut
}

// counts counts one message and tells what happens to it, which it says once: whether to cut here, or to fall silent in
// the middle of it.
func (p *Proxy) counts(n *int, cuts, silences mode) (cut, silent bool) {
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

// after tells whether to cut now that the client knows the command that was counted last.
func (p *Proxy) after() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mode != cutAfterComplete || p.completes < p.at {
		return false
	}
	p.mode = pass
	p.cuts++
	return true
}

// readMessage reads one message whole: perhaps a type octet, a length that counts itself, and the rest
// (PostgreSQL's documentation, "Message Formats").
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
