package page

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"mailintegration/store"
)

// How long a session lasts: this long without a request, and this long in all.
const (
	idleTime    = 30 * time.Minute
	sessionTime = 12 * time.Hour
)

// maxSessionsOfToken limits how many sessions a token has. One more ends the one that was idle for the longest time.
const maxSessionsOfToken = 20

// session says who has logged in, and what the page lets them do.
type session struct {
	name  string // of the token, for the menu and for what it does
	logon string // of the user who acts, for the history
	acts  bool   // may change something
	csrf  string // that its forms carry
}

// has reports whether the session gives a right.
func (s session) has(r right) bool { return r == toRead || s.acts }

// held is a session that has not ended.
type held struct {
	session
	token   int64
	began   time.Time
	lastAsk time.Time // of the person, not of a script
}

// sessions are the sessions of this daemon, in its memory: a restart ends them all, and other daemons know nothing of them. Each is
// found by the hash of its cookie.
type sessions struct {
	mu  sync.Mutex
	all map[[sha256.Size]byte]*held
}

// begin returns the cookie of a new session for a token. It ends those that are over.
func (s *sessions) begin(t store.PageToken, now time.Time) (cookie string) {
	cookie = rand.Text() + rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	var others [][sha256.Size]byte
	for key, h := range s.all {
		switch {
		case h.isOver(now):
			delete(s.all, key)
		case h.token == t.ID:
			others = append(others, key)
		}
	}
	if len(others) >= maxSessionsOfToken {
		delete(s.all, slices.MinFunc(others, func(a, b [sha256.Size]byte) int { return s.all[a].lastAsk.Compare(s.all[b].lastAsk) }))
	}
	s.all[sha256.Sum256([]byte(cookie))] = &held{
		session: session{name: t.Name, logon: t.Logon, acts: t.MayAct, csrf: rand.Text()}, token: t.ID, began: now, lastAsk: now,
	}
	return cookie
}

// isOver reports whether the time of a session has run out.
func (h *held) isOver(now time.Time) bool {
	return now.Sub(h.lastAsk) > idleTime || now.Sub(h.began) > sessionTime
}

// find returns the session of a cookie and its token. isUse says that a person asks, so that the session goes on.
func (s *sessions) find(cookie string, now time.Time, isUse bool) (found session, token int64, isThere bool) {
	key := sha256.Sum256([]byte(cookie))
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.all[key]
	if h == nil {
		return session{}, 0, false
	}
	if h.isOver(now) {
		delete(s.all, key)
		return session{}, 0, false
	}
	if isUse {
		h.lastAsk = now
	}
	return h.session, h.token, true
}

// end ends the session of a cookie. It returns the name of its token, "" if there was none.
func (s *sessions) end(cookie string) (name string) {
	key := sha256.Sum256([]byte(cookie))
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.all[key]; h != nil {
		name = h.name
	}
	delete(s.all, key)
	return name
}

// session returns the session of a request. isThere is false for somebody who has not logged in, or whose token has been revoked or
// has expired since. While the database is away, the tokens count that were in force before.
func (p *Page) session(r *http.Request) (s session, isThere bool) {
	if p.standIn != nil {
		return *p.standIn, true
	}
	cookie, err := r.Cookie(cookieName(r))
	if err != nil {
		return session{}, false
	}
	s, token, isThere := p.sessions.find(cookie.Value, p.now(), !isLive(r))
	if !isThere {
		return session{}, false
	}
	inForce, err := p.tokens.inForce(tokensKept)
	if err != nil && !errors.Is(err, errStale) || !slices.ContainsFunc(inForce, func(t store.PageToken) bool { return t.ID == token }) {
		p.sessions.end(cookie.Value)
		return session{}, false
	}
	return s, true
}
