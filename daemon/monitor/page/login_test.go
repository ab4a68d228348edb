package page

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mailintegration/store"
	"mailintegration/store/storetest"
)

// door is a page with a database, a log and a clock, to which people have to log in.
type door struct {
	*world
	db    *storetest.Database
	store *store.Store
	said  []string     // what the log was told
	asked atomic.Int32 // how often the database was asked for the tokens
	now   time.Time
}

// newDoor returns a page to which nobody has logged in.
func newDoor(t *testing.T) *door {
	t.Helper()
	d := &door{world: newWorld(t), now: noon}
	d.db = d.openDatabase()
	d.store = d.desk.(*store.Store)
	d.db.Exec(t, `INSERT INTO user_account (logon, name) VALUES ('ann', 'Ann Lee')`)
	ask := d.tokens.ask
	d.tokens.ask = func(ctx context.Context) ([]store.PageToken, error) {
		d.asked.Add(1)
		return ask(ctx)
	}
	clock := func() time.Time { return d.now }
	d.standIn, d.log, d.Page.now, d.tokens.now = nil, d, clock, clock
	return d
}

func (d *door) LoggedIn(token, from string)  { d.said = append(d.said, "in "+token+" "+from) }
func (d *door) LoggedOut(token, from string) { d.said = append(d.said, "out "+token+" "+from) }
func (d *door) LogInRefused(times int, from string) {
	d.said = append(d.said, fmt.Sprint("refused ", times, " ", from))
}
func (d *door) Acted(token, user, action, path string) {
	d.said = append(d.said, "acted "+token+" "+user+" "+action+" "+path)
}

// token creates a token of Ann.
func (d *door) token(name string, acts bool) string {
	d.t.Helper()
	token, err := d.store.CreatePageToken(d.t.Context(), store.PageToken{Name: name, Logon: "ann", MayAct: acts})
	if err != nil {
		d.t.Fatal(err)
	}
	return token
}

// logIn sends the form to log in.
func (d *door) logIn(token string, header ...string) *httptest.ResponseRecorder {
	return d.post("/login", url.Values{"token": {token}, "next": {"/mailboxes"}}, header...)
}

// enter logs in and returns the cookie as a browser sends it.
func (d *door) enter(token string, header ...string) string {
	d.t.Helper()
	got := d.logIn(token, header...)
	if got.Code != http.StatusSeeOther {
		d.t.Fatalf("to log in: %d %s", got.Code, got.Body)
	}
	return cookieOf(got)
}

// cookieOf returns the cookie that an answer sets.
func cookieOf(got *httptest.ResponseRecorder) string {
	cookie, _, _ := strings.Cut(got.Header().Get("Set-Cookie"), ";")
	return cookie
}

// wantOpen fails the test unless a cookie lets its browser see a page, or does not.
func (d *door) wantOpen(cookie string, want bool, when string) {
	d.t.Helper()
	if got := d.get("/mailboxes", "Cookie", cookie); (got.Code == http.StatusOK) != want {
		d.t.Errorf("%s: %d", when, got.Code)
	}
}

func TestSomebodyWithATokenLogsInSeesThePageAndLogsOut(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	token := d.token("Ann's phone", true)
	if got := d.get("/mailboxes?a=1&b=%2F"); got.Header().Get("Location") != "/login?next=%2Fmailboxes%3Fa%3D1%26b%3D%252F" {
		t.Errorf("a stranger is led to %q", got.Header().Get("Location"))
	}
	form := d.get("/login?next=%2Fmailboxes").Body.String()
	if !strings.Contains(form, `name="next" value="/mailboxes"`) || strings.Contains(form, "1.2.3") || strings.Contains(form, "<nav") {
		t.Errorf("the page to log in is %s", form)
	}
	got := d.logIn(" " + token + "\n")
	if got.Code != http.StatusSeeOther || got.Header().Get("Location") != "/mailboxes" {
		t.Fatalf("%d to %q: %s", got.Code, got.Header().Get("Location"), got.Body)
	}
	for _, attribute := range []string{"Path=/", "HttpOnly", "SameSite=Strict", "Max-Age=43200"} {
		if set := got.Header().Get("Set-Cookie"); !strings.Contains(set, attribute) || strings.Contains(set, token) {
			t.Errorf("the cookie is %q, without %s", set, attribute)
		}
	}
	cookie := cookieOf(got)
	page := d.get("/mailboxes", "Cookie", cookie).Body.String()
	if !strings.Contains(page, "Ann&#39;s phone") || !strings.Contains(page, `action="/logout"`) || strings.Contains(page, token) {
		t.Errorf("the page is %s", page)
	}
	if got := d.get("/login", "Cookie", cookie); got.Code != http.StatusSeeOther {
		t.Errorf("the page to log in, for somebody who has: %d", got.Code)
	}
	if all, err := d.store.PageTokens(t.Context()); err != nil || all[0].UsedAt == nil {
		t.Errorf("the token was never used: %+v, %v", all, err)
	}
	_, csrf, _ := strings.Cut(page, `name="csrf" value="`)
	csrf, _, _ = strings.Cut(csrf, `"`)
	if got := d.post("/logout", url.Values{"csrf": {csrf}}, "Cookie", cookie); !strings.Contains(got.Header().Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("to log out: %d %v", got.Code, got.Header())
	}
	d.wantOpen(cookie, false, "after the log-out")
	if want := []string{"in Ann's phone 192.0.2.1", "out Ann's phone 192.0.2.1"}; !slices.Equal(d.said, want) {
		t.Errorf("the log has %q, want %q", d.said, want)
	}
}

func TestAFloodOfWrongTokensCostsTheDatabaseNothingAndKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	token := d.token("ann", false)
	for i, wrong := range []string{"", token[:len(token)-1], token + "x", strings.ToUpper(token), "' OR true --", "\x00", "mailintegration_"} {
		if got := d.logIn(wrong); got.Code != http.StatusForbidden || cookieOf(got) != "" || !strings.Contains(got.Body.String(), "not valid") {
			t.Errorf("wrong token %d: %d", i, got.Code)
		}
	}
	for range 500 {
		d.logIn("wrong")
	}
	if got := d.logIn("wrong"); got.Code != http.StatusTooManyRequests || got.Header().Get("Retry-After") != "60" {
		t.Errorf("one of many: %d", got.Code)
	}
	d.wantOpen(d.enter(token), true, "the right token, after many wrong ones")
	if n := d.asked.Load(); n != 1 {
		t.Errorf("the database was asked %d times within a second", n)
	}
	d.now = d.now.Add(refusalSpan)
	d.logIn("wrong")
	if want := []string{"refused 1 192.0.2.1", "in ann 192.0.2.1", "refused 508 192.0.2.1"}; !slices.Equal(d.said, want) {
		t.Errorf("the log has %q, want %q", d.said, want)
	}
	if got := d.logIn(strings.Repeat("x", 1<<20)); got.Code != http.StatusForbidden {
		t.Errorf("a token of a megabyte: %d", got.Code)
	}
}

func TestANewTokenLetsSomebodyInAtOnce(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.logIn("wrong") // the page knows the tokens now
	token := d.token("ann", false)
	d.now = d.now.Add(tokensRenewed)
	d.wantOpen(d.enter(token), true, "with the new token")
}

func TestASessionEndsWithItsToken(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	ann, bob := d.enter(d.token("ann", true)), ""
	d.now = d.now.Add(tokensRenewed)
	bob = d.enter(d.token("bob", true))
	if err := d.store.RevokePageToken(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}
	d.db.Exec(t, `UPDATE page_token SET expires_at = now() + interval '100 years' WHERE name = 'bob'`)
	d.now = d.now.Add(tokensKept)
	d.wantOpen(ann, false, "the token is revoked")
	d.wantOpen(bob, true, "the other token is not")
	d.db.Exec(t, `UPDATE page_token SET expires_at = now() - interval '1 second' WHERE name = 'bob'`)
	d.now = d.now.Add(tokensKept)
	d.wantOpen(bob, false, "the token has expired")
}

func TestSessionsOutlastAnOutageOfTheDatabaseButNobodyElseGetsIn(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	token := d.token("ann", false)
	cookie := d.enter(token)
	d.away = store.ErrUnavailable
	d.now = d.now.Add(tokensKept)
	d.wantOpen(cookie, true, "the database is away")
	if got := d.logIn("other"); got.Code != http.StatusServiceUnavailable || !strings.Contains(got.Body.String(), "database is away") {
		t.Errorf("to log in with a token that nobody knows: %d %s", got.Code, got.Body)
	}
	d.now = d.now.Add(sessionTime)
	d.wantOpen(cookie, false, "the session is over, although the database is away")
}

func TestTokensThatAreKnownExpireByTheClockWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	end := noon.Add(time.Hour)
	now := noon
	known := tokens{now: func() time.Time { return now }, patience: time.Minute}
	var away error
	known.ask = func(context.Context) ([]store.PageToken, error) {
		return []store.PageToken{{ID: 1, ExpiresAt: &end}, {ID: 2}}, away
	}
	if all, err := known.inForce(tokensKept); err != nil || len(all) != 2 {
		t.Errorf("%+v, %v", all, err)
	}
	now, away = end, store.ErrUnavailable
	if all, err := known.inForce(tokensKept); err != errStale || len(all) != 1 || all[0].ID != 2 {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestADatabaseThatHangsHoldsUpAVisitForALimitedTime(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	defer close(end)
	silent := tokens{now: time.Now, patience: time.Millisecond, ask: func(context.Context) ([]store.PageToken, error) {
		<-end
		return nil, nil
	}}
	if _, isThere, err := silent.find("x"); isThere || err == nil {
		t.Errorf("%t, %v", isThere, err)
	}
}

func TestASessionEndsWhenItIsIdleOrOld(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	token := d.token("ann", false)
	idle, busy, scripted := d.enter(token), d.enter(token), d.enter(token)
	for range int(sessionTime / idleTime) {
		d.now = d.now.Add(idleTime)
		d.wantOpen(busy, true, "in use")
		if got := d.get("/mailboxes", "Cookie", scripted, "Live", "1"); d.now.Sub(noon) > idleTime && got.Code != http.StatusUnauthorized {
			t.Errorf("a page that only its script keeps current, after %s: %d", d.now.Sub(noon), got.Code)
		}
	}
	d.wantOpen(idle, false, "idle for hours")
	d.now = d.now.Add(time.Second)
	d.wantOpen(busy, false, "in use for 12 hours")
}

func TestACookieThatSomebodyElseHasChosenIsWorthNothing(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	token := d.token("ann", false)
	chosen := "mailintegration=chosen-by-an-attacker"
	mine := d.enter(token, "Cookie", chosen)
	if mine == chosen || !strings.HasPrefix(mine, "mailintegration=") {
		t.Errorf("the cookie is %q", mine)
	}
	d.wantOpen(chosen, false, "with the cookie that was there before")
	attackers := mine
	victims := d.enter(token, "Cookie", attackers)
	d.wantOpen(attackers, false, "with the cookie of a session that another log-in has ended")
	d.wantOpen(victims, true, "with the new cookie")
}

func TestAFormOfAnotherSiteNeitherLogsInNorOut(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	token := d.token("ann", true)
	for _, header := range [][]string{
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "http://evil.example"}, {"Origin", "null"},
		{"Origin", "http://example.com:81"},
	} {
		if got := d.logIn(token, header...); got.Code != http.StatusForbidden || cookieOf(got) != "" {
			t.Errorf("to log in with %q: %d", header, got.Code)
		}
	}
	cookie := d.enter(token, "Sec-Fetch-Site", "same-origin", "Origin", "http://example.com")
	for _, form := range []url.Values{{}, {"csrf": {""}}, {"csrf": {"guess"}}} {
		if got := d.post("/logout", form, "Cookie", cookie); got.Code != http.StatusForbidden {
			t.Errorf("to log out with the form %v: %d", form, got.Code)
		}
	}
	if got := d.get("/logout", "Cookie", cookie); got.Code != http.StatusNotFound {
		t.Errorf("GET /logout: %d", got.Code)
	}
	d.wantOpen(cookie, true, "after all of that")
}

func TestALogInLeadsToOurOwnPagesOnly(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"/mailboxes?after=1%2F2":  "/mailboxes?after=1%2F2",
		"/":                       "/",
		"":                        "/",
		"mailboxes":               "/",
		"//evil.example":          "/",
		"///evil.example":         "/",
		"/\\evil.example":         "/",
		"\\\\evil.example":        "/",
		"/%2fevil.example":        "/",
		"https://evil.example/":   "/",
		"https:/evil.example":     "/",
		"javascript:alert(1)":     "/",
		"data:text/html,x":        "/",
		"/x\r\nSet-Cookie: a=b":   "/",
		"/\t/evil.example":        "/",
		"/login":                  "/",
		"/login?next=/login":      "/",
		" /mailboxes":             "/",
		"//user@evil.example/%2e": "/",
	} {
		if got := localPath(text); got != want {
			t.Errorf("%q leads to %q, want %q", text, got, want)
		}
	}
}

func TestAStrangerChangesNothing(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	handle := d.visited(route{pattern: "POST /x", right: toAct, handle: func(*visit) error {
		t.Error("a stranger has acted")
		return nil
	}})
	for _, cookie := range []string{"", "mailintegration=", "mailintegration=x", "other=y", "__Host-mailintegration=z"} {
		r := httptest.NewRequest("POST", "/x", strings.NewReader("csrf="))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Cookie", cookie)
		got := httptest.NewRecorder()
		handle.ServeHTTP(got, r)
		if got.Code != http.StatusSeeOther || got.Header().Get("Location") != "/login" {
			t.Errorf("with the cookie %q: %d to %q", cookie, got.Code, got.Header().Get("Location"))
		}
	}
	if got := d.get("/mailboxes", "Live", "1"); got.Code != http.StatusUnauthorized {
		t.Errorf("a script without a session: %d", got.Code)
	}
}

func TestTheLogHasEachActWithTheNameOfItsToken(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.standIn = &session{name: "Ann's phone", logon: "ann", acts: true, csrf: "secret"}
	act := func(csrf string, err error) {
		r := httptest.NewRequest("POST", "/asides/7/replay", strings.NewReader(url.Values{csrfField: {csrf}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		handle := func(v *visit) error {
			if author, err := v.author(); err != nil || author.Name != "Ann Lee" || v.signed("why") != "why (on the page, with the token of Ann's phone)" {
				t.Errorf("%+v, %v, %q", author, err, v.signed("why"))
			}
			return err
		}
		d.visited(route{pattern: "POST /asides/{id}/replay", right: toAct, handle: handle}).ServeHTTP(httptest.NewRecorder(), r)
	}
	act("secret", nil)
	act("secret", errNotFound)
	act("guess", nil)
	if want := []string{"acted Ann's phone ann POST /asides/{id}/replay /asides/7/replay"}; !slices.Equal(d.said, want) {
		t.Errorf("the log has %q, want %q", d.said, want)
	}
}

func TestACookieOverTLSIsForThisHostAndPortAlone(t *testing.T) {
	t.Parallel()
	name := func(host string, prepare func(*http.Request) *http.Request) string {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		setCookie(w, prepare(r), "value")
		return w.Header().Get("Set-Cookie")
	}
	plain := func(r *http.Request) *http.Request { return r }
	overTLS := func(r *http.Request) *http.Request {
		r.TLS = &tls.ConnectionState{}
		return r
	}
	for _, tt := range []struct{ got, begins string }{
		{name("localhost:9464", plain), "mailintegration-9464=value"},
		{name("localhost:9465", plain), "mailintegration-9465=value"},
		{name("mail.example.com", Secured), "__Host-mailintegration=value"},
		{name("mail.example.com:9464", overTLS), "__Host-mailintegration-9464=value"},
	} {
		isSecure := strings.Contains(tt.got, "; Secure") && !strings.Contains(tt.got, "Domain")
		if !strings.HasPrefix(tt.got, tt.begins) || isSecure != strings.HasPrefix(tt.begins, "__Host-") {
			t.Errorf("the cookie is %q, want %q", tt.got, tt.begins)
		}
	}
}

func TestATokenHasALimitedNumberOfSessions(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	ann, bob := d.token("ann", false), d.token("bob", false)
	kept, first := d.enter(bob), d.enter(ann)
	for range maxSessionsOfToken {
		d.now = d.now.Add(time.Second)
		d.enter(ann)
	}
	d.wantOpen(first, false, "the session that was idle for the longest time")
	d.wantOpen(kept, true, "the session of another token")
	if n := len(d.sessions.all); n != maxSessionsOfToken+1 {
		t.Errorf("%d sessions", n)
	}
}
