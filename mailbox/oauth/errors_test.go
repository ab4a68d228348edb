package oauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/dovecottest"
	"mailintegration/mailbox/oauth"
)

const page = "<html><body>Sign in to continue</body></html>"

func TestOnlyARefusalWithAReasonIsPermanent(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		answer    answer
		permanent bool
		err, hint string // parts of both texts
	}{
		{"the secret is wrong", refusal(401, "invalid_client", "AADSTS7000215: Invalid client secret provided. Trace ID: 12ab Timestamp: x"), true, "refused the request: invalid_client: AADSTS7000215: Invalid client secret provided.", "not its Secret ID"},
		{"the secret has expired", refusal(401, "invalid_client", "AADSTS7000222: expired"), true, "AADSTS7000222", "create a new one"},
		{"the application is unknown", refusal(400, "unauthorized_client", "AADSTS700016: not found"), true,
			"unauthorized_client", "ClientId and TenantId"},
		{"the tenant is unknown", refusal(400, "invalid_request", "AADSTS90002: Tenant 'x' not found."), true, "AADSTS90002", "TenantId"},
		{"the password is wrong", refusal(400, "invalid_grant", "AADSTS50126: Error validating credentials"), true,
			"invalid_grant", "UserName and Password"},
		{"a second factor is required", refusal(400, "interaction_required", "AADSTS50076: MFA"), true,
			"interaction_required", "mailbox authorize"},
		{"nobody consented", refusal(400, "invalid_grant", "AADSTS65001: consent"), true, "65001", "POP.AccessAsUser.All"},
		{"the refresh token is too old", refusal(400, "invalid_grant", "AADSTS700082: expired due to inactivity"), true,
			"700082", "mailbox authorize"},
		{"the application is not a public client", refusal(401, "invalid_client", "AADSTS7000218: client_assertion"), true,
			"7000218", "public client flows"},
		{"a refusal without a number", refusal(400, "invalid_grant", ""), true, "invalid_grant", "no longer valid"},
		{"an unknown number", refusal(400, "invalid_scope", "AADSTS99999999: ?"), true, "invalid_scope", "Scope"},
		{"a refusal with 200", refusal(200, "invalid_client", ""), true, "invalid_client", "ClientSecret"},
		{"a temporary problem of Microsoft's", refusal(400, "invalid_grant", "AADSTS90033: A transient error has occurred."),
			false, "90033", ""},
		{"a refusal with status 500", refusal(500, "invalid_client", ""), false, "invalid_client", ""},
		{"too many requests", refusal(429, "invalid_grant", "AADSTS90055"), false, "invalid_grant", ""},
		{"a request that came too slowly", refusal(408, "invalid_grant", ""), false, "invalid_grant", ""},
		{"a server error in JSON", refusal(500, "server_error", "oops"), false, "server_error", ""},
		{"overload", refusal(503, "temporarily_unavailable", "AADSTS90006"), false, "temporarily_unavailable", ""},
		{"an unknown code", refusal(400, "mystery", ""), false, "mystery", ""},
		{"a request that a proxy damaged", refusal(400, "invalid_request", "no grant_type"), false, "invalid_request", ""},
		{"a page in place of a token", answer{200, "text/html", page}, false, "200 OK, text/html", "proxy"},
		{"a page with 400", answer{400, "text/html", page}, false, "400 Bad Request, text/html", "proxy"},
		{"a page with 401", answer{401, "text/html", page}, false, "401 Unauthorized, text/html", "proxy"},
		{"a page with 502", answer{502, "text/html", page}, false, "502 Bad Gateway, text/html", "proxy"},
		{"a page that says it is JSON", answer{200, "application/json", page}, false, "200 OK, application/json", "proxy"},
		{"a page without a media type", answer{200, "", page}, false, "200 OK", "proxy"},
		{"a page that says it is plain text", answer{200, "text/plain", page}, false, "200 OK, text/plain", "proxy"},
		{"an empty answer", answer{200, "application/json", ""}, false, "200 OK", "proxy"},
		{"JSON without a token", asJSON(200, map[string]int{"expires_in": 3600}), false, "200 OK", "proxy"},
		{"JSON of another shape", answer{200, "application/json", `["access_token"]`}, false, "200 OK", "proxy"},
		{"an endless answer", answer{200, "application/json", `{"access_token":"` + strings.Repeat("x", 2<<20) + `"}`},
			false, "unusable answer", "proxy"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := always(tt.answer)
			_, err := source(t, options(t, oauth.ClientCredentials, serve(t, e))).Token(t.Context())
			if err == nil {
				t.Fatal("there is a token")
			}
			if mailbox.IsPermanentForMailbox(err) != tt.permanent || mailbox.IsTransient(err) == tt.permanent {
				t.Errorf("permanent is %v, want %v: %v", !tt.permanent, tt.permanent, err)
			}
			if !strings.Contains(err.Error(), tt.err) || !strings.Contains(mailbox.Hint(err), tt.hint) {
				t.Errorf("got %q, hint %q, want %q, %q", err, mailbox.Hint(err), tt.err, tt.hint)
			}
			for _, unwanted := range []string{"Trace ID", "Sign in", clientSecret, "\n"} {
				if strings.Contains(err.Error(), unwanted) {
					t.Errorf("%q is in %q", unwanted, err)
				}
			}
			if e.count() != 1 {
				t.Errorf("%d requests, want 1", e.count())
			}
		})
	}
}

func TestNoErrorContainsASecretThatTheEndpointRepeats(t *testing.T) {
	t.Parallel()
	for _, grant := range []oauth.Grant{oauth.ClientCredentials, oauth.UserPassword, oauth.DeviceCode} {
		for _, mediaType := range []string{"application/json", "text/html", "text/plain"} {
			t.Run(fmt.Sprintf("%s, %s", grant, mediaType), func(t *testing.T) {
				t.Parallel()
				const refreshToken = "0.refresh-token+/="
				e := &endpoint{say: func(_ string, form url.Values) answer {
					a := refusal(400, "invalid_grant", "AADSTS50126: you sent "+form.Encode()+" which is "+strings.Join(append(form["password"], append(form["client_secret"], form["refresh_token"]...)...), " "))
					a.mediaType = mediaType
					return a
				}}
				o := options(t, grant, serve(t, e))
				if grant == oauth.DeviceCode {
					o = authorized(t, o.AuthorityURL, refreshToken)
				}
				_, err := source(t, o).Token(t.Context())
				if err == nil {
					t.Fatal("there is a token")
				}
				text := fmt.Sprintf("%v %+v %#v %s", err, err, errors.Unwrap(err), mailbox.Hint(err))
				for _, secret := range []string{clientSecret, userPassword, refreshToken} {
					if strings.Contains(text, secret) || strings.Contains(text, url.QueryEscape(secret)) {
						t.Errorf("%s is in %s", secret, text)
					}
				}
			})
		}
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 307, 308} {
		other := always(granted("t", ""))
		address := serve(t, other)
		first := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, address+r.URL.Path, status) })
		_, err := source(t, options(t, oauth.ClientCredentials, serve(t, first))).Token(t.Context())
		if !mailbox.IsTransient(err) || other.count() != 0 {
			t.Errorf("%d: %v, and %d requests at the other address", status, err, other.count())
		}
	}
}

// slow are endpoints that take longer than the time-out.
var slow = map[string]http.HandlerFunc{
	"silent": func(_ http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err == nil { // the server notices the end of the connection only after the body was read
			<-r.Context().Done()
		}
	},
	"endless header": func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err == nil {
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}
	},
	"an octet now and then": func(w http.ResponseWriter, r *http.Request) {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for r.Context().Err() == nil {
			_, _ = w.Write([]byte(" "))
			_ = http.NewResponseController(w).Flush()
			<-tick.C
		}
	},
}

func TestASlowEndpointIsATransientErrorAfterTheTimeOut(t *testing.T) {
	t.Parallel()
	for name, handler := range slow {
		for _, grant := range []oauth.Grant{oauth.ClientCredentials, oauth.DeviceCode} {
			t.Run(name+", "+string(grant), func(t *testing.T) {
				t.Parallel()
				o := options(t, grant, serve(t, handler))
				if grant == oauth.DeviceCode {
					o = authorized(t, o.AuthorityURL, "first")
				}
				o.Timeout = 200 * time.Millisecond
				_, err := source(t, o).Token(t.Context())
				if !errors.Is(err, mailbox.ErrToken) || !mailbox.IsTransient(err) || !strings.Contains(err.Error(), "within 200ms") {
					t.Errorf("got %v", err)
				}
				if errors.Is(err, context.DeadlineExceeded) || !strings.Contains(mailbox.Hint(err), "127.0.0.1") {
					t.Errorf("got %v, hint %q", err, mailbox.Hint(err))
				}
			})
		}
	}
}

func TestACancelledContextEndsARequest(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	h := func(_ http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		cancel()
		<-r.Context().Done()
	}
	s := source(t, options(t, oauth.ClientCredentials, serve(t, http.HandlerFunc(h))))
	if _, err := s.Token(ctx); !errors.Is(err, context.Canceled) || !mailbox.IsTransient(err) {
		t.Errorf("got %v", err)
	}
	if _, err := s.Token(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestAnUnreachableEndpointIsATransientError(t *testing.T) {
	t.Parallel()
	nobody := fmt.Sprint("http://127.0.0.1:", dovecottest.ClosedPort(t))
	_, err := source(t, options(t, oauth.UserPassword, nobody)).Token(t.Context())
	if !mailbox.IsTransient(err) || !strings.Contains(err.Error(), "refused") || strings.Contains(err.Error(), "oauth2/v2.0") {
		t.Errorf("got %v", err)
	}
	_, err = source(t, options(t, oauth.UserPassword, "http://no-such-host.invalid")).Token(t.Context())
	if !mailbox.IsTransient(err) || !strings.Contains(mailbox.Hint(err), "no-such-host.invalid") {
		t.Errorf("got %v, hint %q", err, mailbox.Hint(err))
	}
}
