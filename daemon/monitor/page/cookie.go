package page

import (
	"context"
	"net"
	"net/http"
	"time"
)

// secureKey is the key of what Secured notes.
type secureKey struct{}

// Secured returns a request of which it is known that the browser sent it over TLS, although it came without, through a proxy.
func Secured(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), secureKey{}, true))
}

// IsSecure reports whether the browser sent a request over TLS.
func IsSecure(r *http.Request) bool { return r.TLS != nil || r.Context().Value(secureKey{}) != nil }

// cookieName returns the name of the cookie of a session. Browsers send the cookies of a host to each of its ports, so the name has
// the port: another daemon of this machine has a cookie of its own. Over TLS, __Host- (RFC 6265bis §4.1.3.2) keeps other hosts and
// pages without TLS from setting it.
func cookieName(r *http.Request) string {
	name := "mailintegration"
	if _, port, err := net.SplitHostPort(r.Host); err == nil {
		name += "-" + port
	}
	if IsSecure(r) {
		return "__Host-" + name
	}
	return name
}

// setCookie sends the cookie of a session. The server ends a session; the cookie ends with it at the latest.
func setCookie(w http.ResponseWriter, r *http.Request, value string) {
	c := &http.Cookie{
		Name: cookieName(r), Value: value, Path: "/", MaxAge: int(sessionTime / time.Second), HttpOnly: true, Secure: IsSecure(r),
		SameSite: http.SameSiteStrictMode,
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}
