package oauth_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mailintegration/mailbox/oauth"
)

// The settings of the tests' mailbox.
const (
	tenant       = "11111111-2222-3333-4444-555555555555"
	clientID     = "99999999-8888-7777-6666-555555555555"
	userName     = "helpdesk@acme.example"
	clientSecret = "s3cret+of/client~"
	userPassword = "p&ss wörd"
)

// answer is an endpoint's answer to a request.
type answer struct {
	status    int
	mediaType string
	body      string
}

// asJSON returns an answer in JSON.
func asJSON(status int, v any) answer {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return answer{status, "application/json; charset=utf-8", string(text)}
}

// granted returns an answer with a token that is valid for an hour.
func granted(access, refresh string) answer {
	v := map[string]any{"token_type": "Bearer", "access_token": access, "expires_in": 3600}
	if refresh != "" {
		v["refresh_token"] = refresh
	}
	return asJSON(http.StatusOK, v)
}

// refusal returns an answer with an error.
func refusal(status int, code, description string) answer {
	return asJSON(status, map[string]string{"error": code, "error_description": description})
}

// endpoint is a token endpoint. A function gives the answer to each request.
type endpoint struct {
	say func(path string, form url.Values) answer

	mu       sync.Mutex
	requests []url.Values
	paths    []string
	headers  []http.Header
}

// ServeHTTP implements http.Handler.
func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.requests, e.paths, e.headers = append(e.requests, r.PostForm), append(e.paths, r.URL.Path), append(e.headers, r.Header)
	a := e.say(r.URL.Path, r.PostForm)
	if a.mediaType != "" {
		w.Header().Set("Content-Type", a.mediaType)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write([]byte(a.body))
}

// count returns how many requests there were.
func (e *endpoint) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.requests)
}

// serve runs an endpoint on loopback and returns its address.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}

// always returns an endpoint with the same answer to every request.
func always(a answer) *endpoint {
	return &endpoint{say: func(string, url.Values) answer { return a }}
}

// options returns the options of the tests' mailbox for a grant.
func options(t *testing.T, grant oauth.Grant, address string) oauth.Options {
	t.Helper()
	o := oauth.Options{
		Mailbox: "helpdesk", AuthorityURL: address, TenantID: tenant, ClientID: clientID, UserName: userName,
		Timeout: 3 * time.Minute,
	}
	switch grant {
	case oauth.ClientCredentials:
		o.ClientSecret = clientSecret
	case oauth.UserPassword:
		o.Password = userPassword
	case oauth.DeviceCode:
		o.Store = oauth.NewStore(filepath.Join(t.TempDir(), "tokens"))
	}
	return o
}

// authorized returns options for a mailbox that a person has authorized: its refresh token is stored.
func authorized(t *testing.T, address, refreshToken string) oauth.Options {
	t.Helper()
	o := options(t, oauth.DeviceCode, address)
	if err := o.Store.Save(authorization(o, refreshToken)); err != nil {
		t.Fatal(err)
	}
	return o
}

// authorization returns an authorization that matches the options.
func authorization(o oauth.Options, refreshToken string) oauth.Authorization {
	return oauth.Authorization{
		Mailbox: o.Mailbox, AuthorityURL: o.AuthorityURL, TenantID: o.TenantID, ClientID: o.ClientID, UserName: o.UserName,
		RefreshToken: refreshToken,
	}
}

// source returns a source with the options.
func source(t *testing.T, o oauth.Options) *oauth.Source {
	t.Helper()
	s, err := oauth.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// token returns a token, and fails the test without one.
func token(t *testing.T, s *oauth.Source) string {
	t.Helper()
	text, err := s.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// jwt returns a token with the given claims, and otherwise with those that are right for a person's mailbox.
func jwt(claims map[string]any) string {
	all := map[string]any{
		"aud": "https://outlook.office.com", "scp": "POP.AccessAsUser.All SMTP.Send", "tid": tenant, "upn": userName,
		"exp": 4102444800,
	}
	maps.Copy(all, claims)
	for name, v := range claims {
		if v == nil {
			delete(all, name)
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	signed := b64([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + b64(text)
	mac := hmac.New(sha256.New, []byte("key"))
	mac.Write([]byte(signed))
	return signed + "." + b64(mac.Sum(nil))
}

// rotating is an endpoint that accepts each refresh token once, and only the last one it gave.
type rotating struct {
	endpoint
	good   string
	serial int
}

func newRotating(first string) *rotating {
	r := &rotating{good: first}
	r.say = func(_ string, form url.Values) answer {
		if form.Get("grant_type") != "refresh_token" || form.Get("refresh_token") != r.good {
			return refusal(http.StatusBadRequest, "invalid_grant", "AADSTS70000: it was used before. Trace ID: 1234")
		}
		r.serial++
		r.good = fmt.Sprintf("%s-%d", strings.Split(r.good, "-")[0], r.serial)
		return granted(fmt.Sprintf("access-%d", r.serial), r.good)
	}
	return r
}
