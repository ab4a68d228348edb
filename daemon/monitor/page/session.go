package page

import "net/http"

// session stands for somebody who has logged in.
type session struct {
	name string // of the token, for the menu and for what it does
	acts bool   // may change something
	csrf string // that its forms carry
}

// has reports whether the session gives a right.
func (s session) has(r right) bool { return r == toRead || s.acts }

// session returns the session of a request. isThere is false for somebody who has not logged in.
func (p *Page) session(*http.Request) (s session, isThere bool) {
	if p.standIn == nil {
		return session{}, false
	}
	return *p.standIn, true
}

// refuseStranger answers somebody who has not logged in.
func (p *Page) refuseStranger(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "log in first", http.StatusUnauthorized)
}
