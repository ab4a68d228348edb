package oauth_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailintegration/mailbox"
	"mailintegration/mailbox/oauth"
)

// direct is a transport to a handler in the same process, so that the test can use synctest's time.
type direct struct{ http.Handler }

// RoundTrip implements http.RoundTripper.
func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w.Result(), nil
}

// deviceEndpoint answers with a code and then with the given answers in turn, the last one for ever.
type deviceEndpoint struct {
	endpoint
	times []time.Duration // of the requests for a token, since the code
}

func newDeviceEndpoint(interval int, answers ...answer) *deviceEndpoint {
	d := &deviceEndpoint{}
	var asked time.Time
	d.say = func(path string, form url.Values) answer {
		if strings.HasSuffix(path, "/devicecode") {
			asked = time.Now()
			return asJSON(200, map[string]any{
				"device_code": "the-device-code", "user_code": "ABCD-1234", "verification_uri": "https://login.example/device",
				"expires_in": 900, "interval": interval, "message": "x",
			})
		}
		if form.Get("device_code") != "the-device-code" {
			return refusal(400, "bad_verification_code", form.Encode())
		}
		d.times = append(d.times, time.Since(asked))
		a := answers[0]
		if len(answers) > 1 {
			answers = answers[1:]
		}
		return a
	}
	return d
}

var pending = refusal(400, "authorization_pending", "AADSTS70016: pending. Trace ID: 1")

// authorize runs Authorize against the endpoint, within a synctest bubble.
func authorize(t *testing.T, ctx context.Context, h http.Handler) (oauth.Options, oauth.Claims, []oauth.Invitation, error) {
	t.Helper()
	o := options(t, oauth.DeviceCode, "https://login.example")
	o.Transport = direct{h}
	var shown []oauth.Invitation
	claims, err := source(t, o).Authorize(ctx, func(i oauth.Invitation) { shown = append(shown, i) })
	return o, claims, shown, err
}

func TestAuthorizeStoresTheRefreshToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newDeviceEndpoint(5, pending, pending,
			refusal(400, "slow_down", ""), pending, // 5 s more from here on (RFC 8628 §3.5)
			answer{503, "text/html", page},
			granted(jwt(nil), "the-refresh-token"))
		o, claims, shown, err := authorize(t, t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		want := []oauth.Invitation{{URL: "https://login.example/device", Code: "ABCD-1234", Expires: shown[0].Expires}}
		if diff := cmp.Diff(want, shown); diff != "" {
			t.Errorf("shown (-want +got):\n%s", diff)
		}
		if claims.User != userName {
			t.Errorf("claims %v", claims)
		}
		seconds := []time.Duration{5, 10, 15, 25, 35, 45}
		for i, s := range seconds {
			if e.times[i] != s*time.Second {
				t.Errorf("request %d came after %v, want %d s", i, e.times[i], s)
			}
		}
		wantForm := url.Values{
			"client_id": {clientID},
			"scope":     {"https://outlook.office.com/POP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access"},
		}
		if diff := cmp.Diff(wantForm, e.requests[0]); diff != "" || e.paths[0] != "/"+tenant+"/oauth2/v2.0/devicecode" {
			t.Errorf("request %s (-want +got):\n%s", e.paths[0], diff)
		}
		a, err := o.Store.Load("helpdesk")
		if err != nil || a.RefreshToken != "the-refresh-token" || a.AuthorizedAt.IsZero() {
			t.Errorf("stored %v, %v", a.AuthorizedAt, err)
		}
	})
}

func TestAuthorizeFailsWithAReason(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		last      answer
		want      error
		err, hint string
	}{
		{"nobody enters the code", pending, mailbox.ErrNotAuthorized, "expired", "in time"},
		{"the endpoint says that it expired", refusal(400, "expired_token", "AADSTS70020"), mailbox.ErrNotAuthorized, "expired", "in time"},
		{"the person declines", refusal(400, "authorization_declined", ""), mailbox.ErrTokenRefused, "declined", "accept"},
		{"the person lacks permission", refusal(400, "access_denied", ""), mailbox.ErrTokenRefused, "denied", "accept"},
		{"the application is not a public client", refusal(401, "invalid_client", "AADSTS7000218: x"),
			mailbox.ErrTokenRefused, "7000218", "public client flows"},
		{"no refresh token comes", granted(jwt(nil), ""), mailbox.ErrNotAuthorized, "no refresh token", "offline_access"},
		{"the endpoint is down until the code expires", answer{503, "text/html", page}, mailbox.ErrNotAuthorized, "expired", "in time"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o, _, _, err := authorize(t, t.Context(), newDeviceEndpoint(0, pending, tt.last))
				if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.err) || !strings.Contains(mailbox.Hint(err), tt.hint) {
					t.Errorf("got %v, hint %q", err, mailbox.Hint(err))
				}
				if err != nil && strings.Contains(err.Error(), "the-device-code") {
					t.Errorf("the device code is in %v", err)
				}
				if _, err := o.Store.Load("helpdesk"); err == nil {
					t.Error("something is stored")
				}
			})
		})
	}
}

func TestAStopEndsAuthorize(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 62*time.Second)
		defer cancel()
		began := time.Now()
		_, _, _, err := authorize(t, ctx, newDeviceEndpoint(5, pending))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 62*time.Second {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
	})
}

func TestACodeIsShownOnlyWhenThereIsOne(t *testing.T) {
	t.Parallel()
	e := always(granted("t", ""))
	if _, err := source(t, options(t, oauth.ClientCredentials, serve(t, e))).Authorize(t.Context(), nil); err == nil || e.count() > 0 {
		t.Errorf("got %v after %d requests", err, e.count())
	}
	for name, a := range map[string]answer{
		"a page": {200, "text/html", page}, "an empty object": asJSON(200, map[string]string{}),
		"a page with 503": {503, "text/html", page},
	} {
		s := source(t, options(t, oauth.DeviceCode, serve(t, always(a))))
		_, err := s.Authorize(t.Context(), func(oauth.Invitation) { t.Error("Authorize shows a code") })
		if !mailbox.IsTransient(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTheRequestForADeviceCodeHasATimeOut: x/oauth2 sends this request without a context.
func TestTheRequestForADeviceCodeHasATimeOut(t *testing.T) {
	t.Parallel()
	o := options(t, oauth.DeviceCode, serve(t, slow["silent"]))
	o.Timeout = 100 * time.Millisecond
	if _, err := source(t, o).Authorize(t.Context(), nil); !mailbox.IsTransient(err) || !strings.Contains(err.Error(), "within 100ms") {
		t.Errorf("got %v", err)
	}
	o.Timeout = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := source(t, o).Authorize(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
