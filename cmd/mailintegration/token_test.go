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

// tokenUser is the user that the tokens are issued for.
const tokenUser = "azure@acme.example"

// tokenServers starts a POP3 server that accepts access tokens, and the endpoint that issues them. The tenant decides what
// the endpoint does:
//
//	good     issues a token with the permissions asked for
//	imap     issues a token without the permission for POP
//	guest    lets another user sign in
//	opaque   issues a token that only the server can read
//	stale    issues a token that the server refuses
//	refused  refuses
//	html     answers with a web page
func tokenServers(t *testing.T) (mail *pop3test.Server, endpoint string) {
	t.Helper()
	mail = pop3test.Run(t, pop3test.Options{SASL: []string{"XOAUTH2"}})
	tokens := &tokenEndpoint{t: t, mail: mail}
	srv := httptest.NewServer(tokens)
	t.Cleanup(srv.Close)
	return mail, srv.URL
}

// tokenEndpoint is the token endpoint; its tenants are those of tokenServers.
type tokenEndpoint struct {
	t       *testing.T
	mail    *pop3test.Server
	pending atomic.Bool // the person has not entered the code yet
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
		reply(http.StatusUnauthorized, map[string]any{
			"error":             "invalid_client",
			"error_description": "AADSTS7000215: Invalid client secret provided: " + r.FormValue("client_secret"),
		})
	case action == "devicecode":
		e.pending.Store(true)
		reply(http.StatusOK, map[string]any{
			"device_code": "the-device-code", "user_code": "ABCD-1234", "verification_uri": "https://login.example/device",
			"expires_in": 900, "interval": 1,
		})
	case strings.HasSuffix(r.FormValue("grant_type"), "device_code") && e.pending.Swap(false):
		reply(http.StatusBadRequest, map[string]any{"error": "authorization_pending"})
	default:
		reply(http.StatusOK, map[string]any{
			"access_token": e.token(tenant, r.FormValue("grant_type")), "refresh_token": "secret-refresh-token", "expires_in": 3600,
		})
	}
}

// token issues a token and, except for the tenant stale, tells the POP3 server to accept it.
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
