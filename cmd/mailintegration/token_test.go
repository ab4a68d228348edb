package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mailintegration/mailbox/dovecottest"
	"mailintegration/mailbox/pop3test"
)

// tokenUser is the mailbox that tokens are for.
const tokenUser = "azure@acme.example"

// tokenServers are a POP3 server that takes access tokens, and the endpoint that gives them. What the endpoint does is
// the tenant's matter: "good" gives what it is asked for, "imap" forgets POP, "guest" has somebody else sign in,
// "opaque" gives a token that only the server can read, "stale" one that it does not take; "refused" refuses and "html"
// answers with a page.
func tokenServers(t *testing.T) (mail *pop3test.Server, endpoint string) {
	t.Helper()
	mail = pop3test.Run(t, pop3test.Options{SASL: []string{"XOAUTH2"}})
	tokens := &tokenEndpoint{t: t, mail: mail}
	srv := httptest.NewServer(tokens)
	t.Cleanup(srv.Close)
	return mail, srv.URL
}

// tokenEndpoint is the endpoint.
type tokenEndpoint struct {
	t       *testing.T
	mail    *pop3test.Server
	pending atomic.Bool // a person has not entered the code yet
}

// ServeHTTP implements http.Handler.
func (e *tokenEndpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	tenant, action, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/oauth2/v2.0/")
	reply := func(status int, v map[string]any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		if err := json.NewEncoder(w).Encode(v); err != nil {
			e.t.Error(err)
		}
	}
	switch {
	case tenant == "html":
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html>Sign in to the network</html>"))
	case tenant == "refused":
		reply(http.StatusUnauthorized, map[string]any{"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided: " + r.FormValue("client_secret")})
	case action == "devicecode":
		e.pending.Store(true)
		reply(http.StatusOK, map[string]any{
			"device_code": "the-device-code", "user_code": "ABCD-1234", "verification_uri": "https://login.example/device", "expires_in": 60, "interval": 1,
		})
	case strings.HasSuffix(r.FormValue("grant_type"), "device_code") && e.pending.Swap(false):
		reply(http.StatusBadRequest, map[string]any{"error": "authorization_pending"})
	default:
		reply(http.StatusOK, map[string]any{
			"access_token": e.token(tenant, r.FormValue("grant_type")), "refresh_token": "secret-refresh-token", "expires_in": 3600,
		})
	}
}

// token makes a token that the POP3 server takes.
func (e *tokenEndpoint) token(tenant, grant string) string {
	claims := map[string]any{"aud": "https://outlook.office365.com", "tid": tenant}
	switch {
	case grant == "client_credentials":
		claims["roles"] = []string{"POP.AccessAsApp"}
	case tenant == "imap":
		claims["scp"] = "IMAP.AccessAsUser.All"
	default:
		claims["scp"], claims["upn"] = "POP.AccessAsUser.All", tokenUser
	}
	if tenant == "guest" {
		claims["upn"] = "admin@acme.example"
	}
	token, err := dovecottest.SignToken([]byte("key"), tokenUser, time.Now().Add(time.Hour), claims)
	if err != nil {
		e.t.Error(err)
	}
	if tenant == "opaque" {
		token = "EwBgA8l6BAAU"
	}
	if tenant != "stale" {
		e.mail.SetToken(tokenUser, token)
	}
	return token
}
