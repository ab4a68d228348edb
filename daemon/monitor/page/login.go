package page

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mailintegration/store"
)

// logInPath is the path of the page to log in.
const logInPath = "/login"

// maxLogIn limits the octets of the form of a log-in, which anybody can send.
const maxLogIn = 4 << 10

// logInView is the model of the page to log in.
type logInView struct {
	Fault string // why the last try failed: the end of a text login.fault.
	Next  string // where to go then
}

// refuseStranger leads somebody who has not logged in to the page to log in, or tells a script that it has to reload the page.
func (p *Page) refuseStranger(w http.ResponseWriter, r *http.Request) {
	switch {
	case isLive(r):
		http.Error(w, "log in first", http.StatusUnauthorized)
	case r.Method != http.MethodGet && r.Method != http.MethodHead || r.URL.Path == "/":
		http.Redirect(w, r, logInPath, http.StatusSeeOther)
	default:
		http.Redirect(w, r, logInPath+"?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
	}
}

// strangers returns the handler of a route that needs no log-in.
func (p *Page) strangers(handle func(*visit) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.serve(w, r, session{}, route{pattern: r.Pattern, handle: handle, isOpen: true})
	})
}

// showLogIn shows the page to log in.
func (v *visit) showLogIn() error {
	if _, isThere := v.page.session(v.r); isThere {
		http.Redirect(v.w, v.r, localPath(v.r.URL.Query().Get("next")), http.StatusSeeOther)
		return nil
	}
	return v.render("login", logInView{Next: localPath(v.r.URL.Query().Get("next"))})
}

// logIn begins a session for the token that a form has. The session before it ends: nobody can give a browser a cookie that
// becomes one of somebody else.
func (v *visit) logIn() error {
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxLogIn)
	if v.page.origin.Check(v.r) != nil {
		return errForm
	}
	next := localPath(v.r.PostFormValue("next"))
	token, isThere, err := v.page.tokens.find(v.r.PostFormValue("token"))
	switch {
	case !isThere && err != nil:
		return v.refuseLogIn(http.StatusServiceUnavailable, logInView{Fault: "database", Next: next})
	case !isThere:
		code, fault := http.StatusForbidden, "wrong"
		if v.page.noteRefusal(v.from()) {
			code, fault = http.StatusTooManyRequests, "often"
			v.w.Header().Set("Retry-After", "60")
		}
		return v.refuseLogIn(code, logInView{Fault: fault, Next: next})
	}
	v.endSession()
	setCookie(v.w, v.r, v.page.sessions.begin(token, v.page.now()))
	v.page.log.LoggedIn(token.Name, v.from())
	v.noteUse(token)
	http.Redirect(v.w, v.r, next, http.StatusSeeOther)
	return nil
}

// refuseLogIn shows the page to log in again.
func (v *visit) refuseLogIn(code int, view logInView) error {
	v.code = code
	return v.render("login", view)
}

// noteUse notes in the database when a token was used last. A log-in does without it.
func (v *visit) noteUse(t store.PageToken) {
	if t.UsedAt != nil && v.page.now().Sub(*t.UsedAt) < time.Minute {
		return
	}
	if desk, err := v.desk(); err == nil {
		_ = desk.NotePageTokenUse(v.ctx, t.ID)
	}
}

// endSession ends the session of the browser and returns the name of its token, "" if it has none.
func (v *visit) endSession() (name string) {
	cookie, err := v.r.Cookie(cookieName(v.r))
	if err != nil {
		return ""
	}
	return v.page.sessions.end(cookie.Value)
}

// logOut ends the session.
func (v *visit) logOut() error {
	name := v.endSession()
	setCookie(v.w, v.r, "")
	v.page.log.LoggedOut(name, v.from())
	http.Redirect(v.w, v.r, logInPath, http.StatusSeeOther)
	return nil
}

// from returns the address that a request comes from: of a proxy, if there is one.
func (v *visit) from() string {
	host, _, err := net.SplitHostPort(v.r.RemoteAddr)
	if err != nil {
		return v.r.RemoteAddr
	}
	return host
}

// localPath returns the path of a page of ours, "/" for anything else: //evil.example and /\evil.example lead browsers elsewhere.
func localPath(text string) string {
	u, err := url.Parse(text)
	isLocal := err == nil && u.Scheme == "" && u.Host == "" && u.User == nil && strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "//")
	if !isLocal || strings.ContainsAny(text, "\\") || strings.HasPrefix(u.Path, "//") || strings.HasPrefix(u.Path, logInPath) {
		return "/"
	}
	return text
}
