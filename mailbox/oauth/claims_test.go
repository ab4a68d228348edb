package oauth_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailintegration/mailbox/oauth"
)

func TestMissingNamesEveryDefectOfAToken(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 13, 0, 0, 0, time.UTC)
	application := map[string]any{"scp": nil, "upn": nil, "roles": []string{"POP.AccessAsApp"}, "aud": "https://outlook.office365.com"}
	tests := []struct {
		name   string
		grant  oauth.Grant
		claims map[string]any
		scope  string
		want   []string // the beginning of each text
	}{
		{"a person's token is right", oauth.DeviceCode, nil, "", nil},
		{"an application's token is right", oauth.ClientCredentials, application, "", nil},
		{"the audience is Exchange Online's identifier", oauth.UserPassword,
			map[string]any{"aud": "00000002-0000-0ff1-ce00-000000000000"}, "", nil},
		{"the audience is a list", oauth.UserPassword, map[string]any{"aud": []string{"https://outlook.office.com/"}}, "", nil},
		{"a national cloud", oauth.UserPassword, map[string]any{"aud": "https://mail.cloud.example"},
			"https://mail.cloud.example/POP.AccessAsUser.All", nil},
		{"the audience is Graph", oauth.DeviceCode, map[string]any{"aud": "https://graph.microsoft.com"}, "",
			[]string{"the audience is https://graph.microsoft.com"}},
		{"only SMTP was consented to", oauth.DeviceCode, map[string]any{"scp": "SMTP.Send"}, "",
			[]string{"the scope POP.AccessAsUser.All is missing"}},
		{"the application has no role", oauth.ClientCredentials, map[string]any{"scp": nil}, "",
			[]string{"the role POP.AccessAsApp is missing"}},
		{"the application has IMAP's role only", oauth.ClientCredentials,
			map[string]any{"roles": []string{"IMAP.AccessAsApp"}}, "", []string{"the role POP.AccessAsApp is missing"}},
		{"another tenant", oauth.DeviceCode, map[string]any{"tid": "22222222-0000-0000-0000-000000000000"}, "",
			[]string{"the tenant is 22222222"}},
		{"it has expired", oauth.DeviceCode, map[string]any{"exp": now.Unix()}, "", []string{"the token expired"}},
		{"it is not valid yet", oauth.DeviceCode, map[string]any{"nbf": now.Add(time.Hour).Unix()}, "",
			[]string{"the token is not valid before"}},
		{"the endpoint's clock is a little ahead", oauth.DeviceCode, map[string]any{"nbf": now.Add(time.Minute).Unix()}, "", nil},
		{"all at once", oauth.DeviceCode, map[string]any{"aud": nil, "scp": nil, "exp": 1.5e9}, "",
			[]string{"the audience is none", "the scope", "the token expired"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := oauth.ReadClaims(jwt(tt.claims))
			if err != nil {
				t.Fatal(err)
			}
			o := options(t, tt.grant, "http://127.0.0.1:9")
			if tt.scope != "" {
				o.Scopes = []string{tt.scope}
			}
			got := c.Missing(o, now)
			if len(got) != len(tt.want) {
				t.Fatalf("got %q, want %q", got, tt.want)
			}
			for i, want := range tt.want {
				if !strings.HasPrefix(got[i], want) {
					t.Errorf("got %q, want %q", got[i], want)
				}
			}
		})
	}
}

func TestATokenForSendingNeedsThePermissionToSend(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, tt := range []struct {
		name    string
		grant   oauth.Grant
		purpose oauth.Purpose
		claims  map[string]any
		want    string // in all texts, "" for none
	}{
		{"both, and both are there", oauth.DeviceCode, oauth.ReadingAndSending, nil, ""},
		{"both, and only reading is there", oauth.DeviceCode, oauth.ReadingAndSending, map[string]any{"scp": "POP.AccessAsUser.All"}, "the scope SMTP.Send is missing"},
		{"only sending, and it is there", oauth.DeviceCode, oauth.Sending, map[string]any{"scp": "SMTP.Send"}, ""},
		{"only reading, and sending is not there", oauth.DeviceCode, oauth.Reading, map[string]any{"scp": "POP.AccessAsUser.All"}, ""},
		{"an application that may only read", oauth.ClientCredentials, oauth.ReadingAndSending,
			map[string]any{"scp": nil, "roles": []string{"POP.AccessAsApp"}}, "the role SMTP.SendAsApp is missing"},
		{"an application that may only send", oauth.ClientCredentials, oauth.Sending,
			map[string]any{"scp": nil, "roles": []string{"SMTP.SendAsApp"}}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := oauth.ReadClaims(jwt(tt.claims))
			if err != nil {
				t.Fatal(err)
			}
			o := options(t, tt.grant, "http://127.0.0.1:9")
			o.Purpose = tt.purpose
			if got := strings.Join(c.Missing(o, now), "; "); !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestClaimsAreOneLine(t *testing.T) {
	t.Parallel()
	for want, claims := range map[string]map[string]any{
		"audience https://outlook.office.com, scopes POP.AccessAsUser.All SMTP.Send, user helpdesk@acme.example, tenant " + tenant + ", expires 2100-01-01T00:00:00Z": nil,
		"audience https://outlook.office365.com, roles POP.AccessAsApp, tenant " + tenant + ", expires 2100-01-01T00:00:00Z":                                          {"aud": "https://outlook.office365.com", "scp": nil, "upn": nil, "roles": []string{"POP.AccessAsApp"}},
		"audience none, no roles and no scopes, user a[31mb, tenant none":                                                                                             {"aud": nil, "scp": nil, "tid": nil, "exp": nil, "upn": nil, "preferred_username": "a\x1b[31m\nb"},
	} {
		c, err := oauth.ReadClaims(jwt(claims))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, c.String()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestAnOpaqueTokenHasNoClaims(t *testing.T) {
	t.Parallel()
	b64 := base64.RawURLEncoding.EncodeToString
	for _, text := range []string{"", "EwBgA8l6BAAU", "a.b.c", "a." + b64([]byte("not JSON")) + ".c", "a." + b64([]byte(`[1]`)) + ".c", "..", "a.b.c.d.e"} {
		if c, err := oauth.ReadClaims(text); err == nil || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%q: got %v, %v", text, c, err)
		}
	}
}

// FuzzReadClaims looks for tokens that crash the program, or that bring control characters to a terminal.
func FuzzReadClaims(f *testing.F) {
	for _, seed := range []string{`{}`, `{"aud":["a",1],"exp":"x"}`, `{"roles":"one","exp":1e300,"nbf":-1}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		c, err := oauth.ReadClaims("e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2ln")
		if err == nil && strings.ContainsAny(c.String(), "\n\r\x1b\x00") {
			t.Errorf("%q", c.String())
		}
	})
}
