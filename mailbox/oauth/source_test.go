package oauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailintegration/mailbox"
	"mailintegration/mailbox/oauth"
)

func TestEachGrantAsksForItsTokenInOneRequest(t *testing.T) {
	t.Parallel()
	tests := []struct {
		grant oauth.Grant
		want  url.Values
	}{
		{oauth.ClientCredentials, url.Values{
			"grant_type": {"client_credentials"}, "client_id": {clientID}, "client_secret": {clientSecret},
			"scope": {"https://outlook.office365.com/.default"},
		}},
		{oauth.UserPassword, url.Values{
			"grant_type": {"password"}, "client_id": {clientID}, "username": {userName}, "password": {userPassword},
			"scope": {"https://outlook.office.com/POP.AccessAsUser.All"},
		}},
		{oauth.DeviceCode, url.Values{
			"grant_type": {"refresh_token"}, "client_id": {clientID}, "refresh_token": {"stored"},
		}},
	}
	for _, tt := range tests {
		t.Run(string(tt.grant), func(t *testing.T) {
			t.Parallel()
			e := always(granted("the-token", ""))
			o := options(t, tt.grant, serve(t, e)+"/")
			if tt.grant == oauth.DeviceCode {
				o = authorized(t, o.AuthorityURL[:len(o.AuthorityURL)-1], "stored")
			}
			s := source(t, o)
			if got := token(t, s); got != "the-token" || o.Grant() != tt.grant {
				t.Errorf("got %q by %s", got, o.Grant())
			}
			if diff := cmp.Diff([]url.Values{tt.want}, e.requests); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
			if want := "/" + tenant + "/oauth2/v2.0/token"; e.paths[0] != want || e.headers[0].Get("Authorization") != "" {
				t.Errorf("asked %s with Authorization %q, want %s without", e.paths[0], e.headers[0].Get("Authorization"), want)
			}
		})
	}
}

func TestTheConfiguredScopeReplacesTheDefault(t *testing.T) {
	t.Parallel()
	e := always(granted("the-token", ""))
	o := options(t, oauth.ClientCredentials, serve(t, e))
	o.Scopes = []string{"https://outlook.office365.us/.default"}
	token(t, source(t, o))
	if got := e.requests[0].Get("scope"); got != o.Scopes[0] {
		t.Errorf("asked for %s", got)
	}
}

// clock is a clock that the test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) turn(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// TestADayOfPolls polls every 30 s for a day, with a token that is valid for an hour and a refresh token that is valid
// once, and restarts the program every five hours.
func TestADayOfPolls(t *testing.T) {
	t.Parallel()
	e, c := newRotating("first"), newClock()
	o := authorized(t, serve(t, e), "first")
	o.Now = c.Now
	s := source(t, o)
	issued := map[string]time.Time{}
	for poll := range 24 * 120 {
		if poll%600 == 599 {
			s = source(t, o)
		}
		got := token(t, s)
		if _, known := issued[got]; !known {
			issued[got] = c.Now()
		}
		if age := c.Now().Sub(issued[got]); age > 55*time.Minute {
			t.Fatalf("poll %d: a token of an hour was handed out after %v", poll, age)
		}
		c.turn(30 * time.Second)
	}
	if got := e.count(); got < 24 || got > 33 {
		t.Errorf("%d requests in a day, want about one in 55 minutes", got)
	}
	a, err := o.Store.Load("helpdesk")
	if err != nil || a.RefreshToken != e.good {
		t.Errorf("stored %q (%v), want %q", a.RefreshToken, err, e.good)
	}
}

func TestATokenWithoutALifetimeIsUsedOnce(t *testing.T) {
	t.Parallel()
	e := always(asJSON(http.StatusOK, map[string]string{"access_token": "t", "token_type": "Bearer"}))
	s := source(t, options(t, oauth.ClientCredentials, serve(t, e)))
	token(t, s)
	token(t, s)
	if e.count() != 2 {
		t.Errorf("%d requests, want 2", e.count())
	}
}

func TestAForgottenTokenIsReplaced(t *testing.T) {
	t.Parallel()
	e := newRotating("first")
	s := source(t, authorized(t, serve(t, e), "first"))
	first := token(t, s)
	s.Forget()
	if second := token(t, s); second == first {
		t.Errorf("%s was handed out again", second)
	}
}

func TestDuringTransientErrorsTheOldTokenIsUsedUntilItExpires(t *testing.T) {
	t.Parallel()
	say := granted("old", "")
	e, c := &endpoint{}, newClock()
	e.say = func(string, url.Values) answer { return say }
	o := options(t, oauth.ClientCredentials, serve(t, e))
	o.Now = c.Now
	s := source(t, o)
	token(t, s)
	say = answer{http.StatusServiceUnavailable, "text/html", "<html>busy</html>"}
	c.turn(56 * time.Minute)
	if got := token(t, s); got != "old" || e.count() != 2 {
		t.Errorf("got %q after %d requests, want the old one after trying", got, e.count())
	}
	c.turn(5 * time.Minute)
	if got, err := s.Token(t.Context()); !mailbox.IsTransient(err) || got != "" {
		t.Errorf("got %q, %v of an expired token", got, err)
	}
	say = refusal(http.StatusBadRequest, "invalid_client", "AADSTS7000222: expired")
	if _, err := s.Token(t.Context()); !mailbox.IsPermanentForMailbox(err) {
		t.Errorf("got %v", err)
	}
	say = granted("new", "")
	if got := token(t, s); got != "new" {
		t.Errorf("got %q, want the source to recover by itself", got)
	}
}

func TestManyConcurrentCallersCauseOneRequest(t *testing.T) {
	t.Parallel()
	e := newRotating("first")
	s := source(t, authorized(t, serve(t, e), "first"))
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := s.Token(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if e.count() != 1 {
		t.Errorf("%d requests, want 1", e.count())
	}
}

// TestTwoProcessesTakeTurns uses several sources with one store, like the daemon and check. The endpoint accepts a
// refresh token once, so that two sources that read the same one would fail.
func TestTwoProcessesTakeTurns(t *testing.T) {
	t.Parallel()
	e := newRotating("first")
	o := authorized(t, serve(t, e), "first")
	var all sync.WaitGroup
	for range 6 {
		s := source(t, o)
		all.Go(func() {
			if _, err := s.Token(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if e.count() != 6 {
		t.Errorf("%d requests, want 6", e.count())
	}
}

// TestASuspendedProcessBlocksOthersForALimitedTime, and does not block a stop.
func TestASuspendedProcessBlocksOthersForALimitedTime(t *testing.T) {
	t.Parallel()
	e := newRotating("first")
	o := authorized(t, serve(t, e), "first")
	unlock, err := o.Store.Lock(t.Context(), "helpdesk")
	if err != nil {
		t.Fatal(err)
	}
	patient := source(t, o)
	o.Timeout = 150 * time.Millisecond
	s := source(t, o)
	_, err = s.Token(t.Context())
	if !mailbox.IsTransient(err) || !errors.Is(err, mailbox.ErrToken) || !strings.Contains(mailbox.Hint(err), "end that process") {
		t.Errorf("got %v, hint %q", err, mailbox.Hint(err))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Token(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	unlock()
	token(t, patient)
}

func TestAnAuthorizationIsUsedWithoutARestart(t *testing.T) {
	t.Parallel()
	e := newRotating("second")
	o := authorized(t, serve(t, e), "worn out")
	s := source(t, o)
	if _, err := s.Token(t.Context()); !errors.Is(err, mailbox.ErrTokenRefused) ||
		!strings.Contains(mailbox.Hint(err), "mailbox authorize") {
		t.Fatalf("got %v, hint %q", err, mailbox.Hint(err))
	}
	if err := o.Store.Save(authorization(o, "second")); err != nil {
		t.Fatal(err)
	}
	token(t, s)
}

func TestARefreshTokenThatCannotBeStoredIsKeptAndStoredLater(t *testing.T) {
	t.Parallel()
	e := newRotating("first")
	o := authorized(t, serve(t, e), "first")
	s := source(t, o)
	path := o.Store.Path("helpdesk")
	o.Store.At(func(step string) {
		if step == "written" {
			if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil { // a file cannot replace a directory
				t.Error(err)
			}
		}
	})
	if got, err := s.Token(t.Context()); got != "" || !errors.Is(err, mailbox.ErrToken) || !mailbox.IsTransient(err) {
		t.Fatalf("got %q, %v, want no token before it is stored", got, err)
	}
	o.Store.At(func(string) {})
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got := token(t, s); got != "access-2" {
		t.Errorf("got %q", got)
	}
	if a, err := o.Store.Load("helpdesk"); err != nil || a.RefreshToken != "first-2" {
		t.Errorf("stored %q, %v", a.RefreshToken, err)
	}
}

func TestTheHintSaysHowToAuthorizeAMailbox(t *testing.T) {
	t.Parallel()
	e := always(granted("t", ""))
	o := options(t, oauth.DeviceCode, serve(t, e))
	o.Mailbox = "Service Desk"
	_, err := source(t, o).Token(t.Context())
	if !errors.Is(err, mailbox.ErrNotAuthorized) || !mailbox.IsPermanentForMailbox(err) {
		t.Fatal(err)
	}
	if want := `run mailintegration mailbox authorize "Service Desk"`; mailbox.Hint(err) != want {
		t.Errorf("hint %q, want %q", mailbox.Hint(err), want)
	}
	if e.count() != 0 {
		t.Error("the endpoint was asked")
	}
}

func TestAnAuthorizationForAnotherApplicationOrUserIsNotUsed(t *testing.T) {
	t.Parallel()
	changes := map[string]func(*oauth.Options){
		"ClientId":     func(o *oauth.Options) { o.ClientID = "another" },
		"TenantId":     func(o *oauth.Options) { o.TenantID = "another" },
		"UserName":     func(o *oauth.Options) { o.UserName = "another" },
		"AuthorityURL": func(o *oauth.Options) { o.AuthorityURL += "/another" },
	}
	for tag, change := range changes {
		t.Run(tag, func(t *testing.T) {
			t.Parallel()
			o := authorized(t, "http://127.0.0.1:9", "stored")
			change(&o)
			_, err := source(t, o).Token(t.Context())
			if !errors.Is(err, mailbox.ErrNotAuthorized) || !strings.Contains(err.Error(), tag) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestALongTokenIsReturnedComplete(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("abcDEF0123-_.~+/", 400)[:6200]
	s := source(t, options(t, oauth.ClientCredentials, serve(t, always(granted(long, "")))))
	if got := token(t, s); got != long {
		t.Errorf("got %d octets, want %d", len(got), len(long))
	}
}

func TestATokenWithInvalidCharactersIsRefused(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"a\r\nDELE 1", "a\x01auth=", "a b", "a\x00", "ä"} {
		s := source(t, options(t, oauth.ClientCredentials, serve(t, always(granted(bad, "")))))
		got, err := s.Token(t.Context())
		if got != "" || !errors.Is(err, mailbox.ErrToken) || !mailbox.IsTransient(err) {
			t.Errorf("%q: got %q, %v", bad, got, err)
		}
	}
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]oauth.Options{
		"no client":   {Mailbox: "m", TenantID: "t", ClientSecret: clientSecret},
		"no tenant":   {Mailbox: "m", ClientID: "c", ClientSecret: clientSecret},
		"no store":    {Mailbox: "m", TenantID: "t", ClientID: "c"},
		"no endpoint": {Mailbox: "m", TenantID: "t", ClientID: "c", ClientSecret: clientSecret, AuthorityURL: "login"},
	} {
		if _, err := oauth.New(o); err == nil || strings.Contains(err.Error(), clientSecret) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAStopWhileTheEndpointAnswersLosesNoRotatedToken cancels the context during a refresh.
func TestAStopWhileTheEndpointAnswersLosesNoRotatedToken(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	e := &endpoint{say: func(string, url.Values) answer {
		cancel()
		return granted("access", "rotated")
	}}
	o := authorized(t, serve(t, e), "first")
	if _, err := source(t, o).Token(ctx); err != nil {
		t.Error(err)
	}
	if a, err := o.Store.Load("helpdesk"); err != nil || a.RefreshToken != "rotated" {
		t.Errorf("stored %q, %v", a.RefreshToken, fmt.Sprint(err))
	}
}
