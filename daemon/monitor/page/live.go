package page

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// livePath is where the script of a page hears that something has changed.
const livePath = "/live"

const (
	// maxStreams is how many pages are told at the same time, of the connections that the monitor has for everybody.
	maxStreams = 8
	// lookEvery is the time between two looks at the daemon, and so between two events at least.
	lookEvery = 5 * time.Second
	// looksPerEvent is the number of looks after which a page is told in any case: other daemons and people change things, too.
	looksPerEvent = 6
	// looksPerStream is the number of looks after which a stream ends. The browser begins a new one.
	looksPerStream = 120
	// usualSendTime is how long an event waits for a reader.
	usualSendTime = 5 * time.Second
)

// isLive reports whether the script of a page sends a request by itself. Such a request is no use of a session: it does not last
// longer for it.
func isLive(r *http.Request) bool { return r.Header.Get("Live") != "" || r.URL.Path == livePath }

// streams are the pages that are told of changes.
type streams struct {
	ticks    func(time.Duration) (fires <-chan time.Time, stop func()) // tests replace it
	sendTime time.Duration

	mu   sync.Mutex
	open map[chan struct{}]bool
}

// newStreams returns no streams.
func newStreams() *streams {
	return &streams{open: map[chan struct{}]bool{}, sendTime: usualSendTime, ticks: func(d time.Duration) (<-chan time.Time, func()) {
		t := time.NewTicker(d)
		return t.C, t.Stop
	}}
}

// begin returns a channel that is closed when the stream has to end. isFree is false if there are enough streams.
func (s *streams) begin() (ended chan struct{}, isFree bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.open) >= maxStreams {
		return nil, false
	}
	ended = make(chan struct{})
	s.open[ended] = true
	return ended, true
}

// forget makes room for another stream.
func (s *streams) forget(ended chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, ended)
}

// EndStreams ends all streams, so that a server need not wait for them when it stops.
func (p *Page) EndStreams() {
	p.streams.mu.Lock()
	defer p.streams.mu.Unlock()
	for ended := range p.streams.open {
		close(ended)
		delete(p.streams.open, ended)
	}
}

// serveLive tells a page when it should ask for what is new, by server-sent events (HTML Living Standard §9.2). No Content tells
// the browser to give up: nobody has logged in, or enough pages are told already.
func (p *Page) serveLive(w http.ResponseWriter, r *http.Request) {
	_, isThere := p.session(r)
	ended, isFree := p.streams.begin()
	if isFree {
		defer p.streams.forget(ended)
	}
	if !isThere || !isFree {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	connection := http.NewResponseController(w)
	_ = connection.SetReadDeadline(time.Time{}) // otherwise the limit of the request ends the stream; a connection without one has none
	send := func(event string) error {
		_ = connection.SetWriteDeadline(time.Now().Add(p.streams.sendTime))
		if _, err := io.WriteString(w, event); err != nil {
			return err
		}
		return connection.Flush()
	}
	p.tellChanges(r, ended, send)
}

// tellChanges sends an event after each look that has found the daemon changed, until somebody ends the stream or the session.
func (p *Page) tellChanges(r *http.Request, ended <-chan struct{}, send func(string) error) {
	fires, stop := p.streams.ticks(lookEvery)
	defer stop()
	before, told := p.fingerprint(), 0 // before the page hears that it will be told
	if send("retry: 5000\n\n") != nil {
		return
	}
	for looks := 1; looks <= looksPerStream; looks++ {
		select {
		case <-fires:
		case <-ended:
			return
		case <-r.Context().Done():
			return
		}
		if _, isThere := p.session(r); !isThere {
			return
		}
		now := p.fingerprint()
		if now == before && looks-told < looksPerEvent {
			continue
		}
		before, told = now, looks
		if send("event: change\ndata: \n\n") != nil {
			return
		}
	}
}

// fingerprint returns a value that differs when the daemon has something new to show.
func (p *Page) fingerprint() [sha256.Size]byte {
	s, err := p.daemon.Status()
	h := sha256.New()
	fmt.Fprintln(h, err, s.Live, s.Stopping, s.Ready, s.Database.Cause, s.Database.Since.UnixNano(), s.Totals,
		p.counted.countedAt().UnixNano())
	for _, m := range s.Mailboxes {
		fmt.Fprintln(h, m.Name, m.State, m.Held, m.Holder, m.Cause, m.PolledAt.UnixNano(), m.Backlog)
	}
	for _, c := range s.Configuration {
		fmt.Fprintln(h, c.File, c.Mistakes)
	}
	for _, a := range s.Sending {
		fmt.Fprintln(h, a.Server, a.Cause, a.Waiting)
	}
	return [sha256.Size]byte(h.Sum(nil))
}
