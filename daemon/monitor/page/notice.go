package page

import "net/http"

// noticeCookie has the key of the text that the next page shows, such as that a message was replayed.
const noticeCookie = "notice"

// noticeSeconds is how long a notice waits for its page.
const noticeSeconds = 60

// setNotice has the next page show a text. "" does nothing.
func (v *visit) setNotice(key string) {
	if key != "" {
		v.sendNotice(key, noticeSeconds)
	}
}

// takeNotice returns the text that this page has to show, "" for none.
func (v *visit) takeNotice() string {
	c, err := v.r.Cookie(noticeCookie)
	if err != nil || isLive(v.r) {
		return ""
	}
	v.sendNotice("", -1)
	text, _ := v.lang.text(c.Value)
	return text
}

// sendNotice sends the cookie.
func (v *visit) sendNotice(key string, seconds int) {
	http.SetCookie(v.w, &http.Cookie{
		Name: noticeCookie, Value: key, Path: "/", MaxAge: seconds, HttpOnly: true, Secure: IsSecure(v.r), SameSite: http.SameSiteStrictMode,
	})
}
