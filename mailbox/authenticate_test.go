package mailbox_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/dovecottest"
	"mailintegration/mailbox/pop3test"
)

// bearing returns the account with an access token instead of its password.
func bearing(a mailbox.Account, token string) mailbox.Account {
	a.Password = ""
	a.Token = func(context.Context) (string, error) { return token, nil }
	return a
}

func TestATokenLogsIn(t *testing.T) {
	t.Parallel()
	long := rand.Text() + strings.Repeat("x", 6<<10)
	for _, tt := range []struct {
		name, token string
		options     pop3test.Options
		want        error
		status      string
	}{
		{"a good token", "good", pop3test.Options{SASL: []string{"PLAIN", "XOAUTH2"}}, nil, ""},
		{"a token of 6 kB", long, pop3test.Options{SASL: []string{"XOAUTH2"}}, nil, ""},
		{"a token for a server without CAPA", "good", pop3test.Options{SASL: []string{"XOAUTH2"}, NoCAPA: true}, nil, ""},
		{"a token that the server refuses", "bad", pop3test.Options{SASL: []string{"XOAUTH2"}}, mailbox.ErrCredentials, "401"},
		{"a server that offers other mechanisms", "good", pop3test.Options{SASL: []string{"PLAIN"}}, mailbox.ErrMechanism, ""},
		{"a server without AUTH", "good", pop3test.Options{}, mailbox.ErrMechanism, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := pop3test.Run(t, tt.options)
			srv.Add("helpdesk", mail(1))
			srv.SetToken("helpdesk", "good")
			if tt.token == long {
				srv.SetToken("helpdesk", long)
			}
			messages, err := walk(t.Context(), bearing(account(srv, "helpdesk", mailbox.None), tt.token))
			if tt.want == nil {
				if err != nil || len(messages) != 1 {
					t.Errorf("%d messages, %v", len(messages), err)
				}
				return
			}
			var e *mailbox.Error
			if !errors.Is(err, tt.want) || !errors.As(err, &e) || e.Status != tt.status ||
				!mailbox.IsPermanentForMailbox(err) || mailbox.Hint(err) == "" {
				t.Errorf("got %v, want %v with status %q", err, tt.want, tt.status)
			}
			if log := srv.Log(); slices.Contains(log, "USER helpdesk") {
				t.Errorf("it fell back to a password: %q", log)
			}
		})
	}
}

// withAUTH returns a script with answers to AUTH, to the response to its challenge, and to the empty line that ends a
// failure.
func withAUTH(first, second, third string) script {
	s := goodScript().with("CAPA", "+OK\r\nSASL PLAIN XOAUTH2\r\nUIDL\r\n.\r\n").with("AUTH", first)
	response := base64.StdEncoding.EncodeToString([]byte("user=helpdesk\x01auth=Bearer t0ken\x01\x01"))
	return s.with(response, second).with("", third)
}

func challenge(text string) string {
	return "+ " + base64.StdEncoding.EncodeToString([]byte(text)) + "\r\n"
}

func TestAnswersToXOAUTH2AreClassified(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name                 string
		first, second, third string
		want                 error
		status               string
	}{
		{"a challenge that is a plus sign alone", "+\r\n", "+OK\r\n", "", nil, ""},
		{"a challenge with text", "+ go on\r\n", "+OK\r\n", "", nil, ""},
		{"a refusal at once", "+ \r\n", "-ERR Authentication failure: unknown user name or bad password.\r\n", "",
			mailbox.ErrCredentials, ""},
		{"a refusal with its status", "+ \r\n", challenge(`{"status":"400"}`), "-ERR no\r\n", mailbox.ErrCredentials, "400"},
		{"a status that is a number", "+ \r\n", challenge(`{"status":401}`), "-ERR no\r\n", mailbox.ErrCredentials, "401"},
		{"a status that says that the server has a problem", "+ \r\n", challenge(`{"status":"503"}`), "-ERR no\r\n",
			mailbox.ErrServerTrouble, "503"},
		{"a status and a response code, which counts", "+ \r\n", challenge(`{"status":"503"}`), "-ERR [AUTH] no\r\n",
			mailbox.ErrCredentials, "503"},
		{"a failure that is not JSON", "+ \r\n", challenge("<html>"), "-ERR no\r\n", mailbox.ErrCredentials, ""},
		{"a failure that is not base64", "+ \r\n", "+ !!!\r\n", "-ERR no\r\n", mailbox.ErrCredentials, ""},
		{"a status that is not a number", "+ \r\n", challenge(`{"status":"t0ken\\r\\n"}`), "-ERR no\r\n", mailbox.ErrCredentials, ""},
		{"a temporary refusal", "+ \r\n", "-ERR [SYS/TEMP] busy\r\n", "", mailbox.ErrServerTrouble, ""},
		{"a maildrop that is locked", "+ \r\n", "-ERR [IN-USE] locked\r\n", "", mailbox.ErrMaildropLocked, ""},
		{"a log-in too soon", "+ \r\n", "-ERR [LOGIN-DELAY] wait\r\n", "", mailbox.ErrLoginDelay, ""},
		{"a mechanism that is refused", "-ERR unrecognized authentication type\r\n", "", "", mailbox.ErrMechanism, ""},
		{"a mechanism that is refused for lack of TLS", "-ERR [AUTH] not without TLS\r\n", "", "", mailbox.ErrCredentials, ""},
		{"a server that accepts without credentials", "+OK\r\n", "", "", mailbox.ErrProtocol, ""},
		{"a server that accepts after it reported a failure", "+ \r\n", challenge(`{"status":"401"}`), "+OK\r\n", mailbox.ErrProtocol, ""},
		{"a server that repeats the token", "+ \r\n", "-ERR what is t0ken?\r\n", "", mailbox.ErrCredentials, ""},
		{"a server that repeats the response", "+ \r\n", "-ERR " + base64.StdEncoding.EncodeToString([]byte("user=helpdesk\x01auth=Bearer t0ken\x01\x01")) + "\r\n", "", mailbox.ErrCredentials, ""},
		{"a server that closes the connection", "+ \r\n", hangUp, "", mailbox.ErrConnection, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, _ := withAUTH(tt.first, tt.second, tt.third).account()
			a.Server = "localhost" // where a token may go without TLS
			s, err := mailbox.Open(t.Context(), bearing(a, "t0ken"))
			if s != nil {
				_ = s.Close()
			}
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			var e *mailbox.Error
			if errors.As(err, &e) && (e.Status != tt.status || e.Op != "AUTH XOAUTH2") {
				t.Errorf("status %q, want %q; op %q", e.Status, tt.status, e.Op)
			}
			if err != nil && (strings.Contains(err.Error(), "t0ken") || strings.Contains(err.Error(), "dXNlcj1")) {
				t.Errorf("the error contains the token: %v", err)
			}
		})
	}
}

func TestWithoutATokenNothingIsSent(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		token     string
		err, want error
		permanent bool
	}{
		{"the endpoint is silent", "", fmt.Errorf("%w: time-out", mailbox.ErrToken), mailbox.ErrToken, false},
		{"the endpoint refuses", "", fmt.Errorf("%w: invalid_grant", mailbox.ErrTokenRefused), mailbox.ErrTokenRefused, true},
		{"nobody has authorized the mailbox", "", mailbox.ErrNotAuthorized, mailbox.ErrNotAuthorized, true},
		{"an error without a class is transient", "", errors.New("?"), mailbox.ErrToken, false},
		{"an empty token", "", nil, mailbox.ErrToken, false},
		{"a token with a line break", "a\r\nDELE 1", nil, mailbox.ErrToken, false},
		{"a token with a control character", "a\x01", nil, mailbox.ErrToken, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, _ := goodScript().account()
			a.Security = mailbox.StartTLS
			a.Token = func(context.Context) (string, error) { return tt.token, tt.err }
			a.Dial = func(context.Context, string, string) (net.Conn, error) {
				t.Error("it connected")
				return nil, errors.New("not now")
			}
			_, err := mailbox.Open(t.Context(), a)
			if !errors.Is(err, tt.want) || mailbox.IsPermanentForMailbox(err) != tt.permanent || mailbox.Hint(err) == "" {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestAPasswordLogsInByAUTHPLAINWhereTheServerOffersIt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		options  pop3test.Options
		password string
		want     []string // the commands after CAPA
	}{
		{"where it is offered", pop3test.Options{SASL: []string{"LOGIN", "PLAIN"}}, "sécret \xff",
			[]string{"AUTH PLAIN", "AUTH-RESPONSE ***"}},
		{"where only others are offered", pop3test.Options{SASL: []string{"LOGIN"}}, "secret", []string{"USER helpdesk", "PASS ***"}},
		{"where no mechanism is offered", pop3test.Options{}, "secret", []string{"USER helpdesk", "PASS ***"}},
		{"where it is offered but refused", pop3test.Options{Extra: []string{"SASL PLAIN"}}, "secret",
			[]string{"AUTH PLAIN", "USER helpdesk", "PASS ***"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := pop3test.Run(t, tt.options)
			srv.SetPassword("helpdesk", tt.password)
			a := account(srv, "helpdesk", mailbox.None)
			a.Password = tt.password
			open(t, a)
			if log := srv.Log(); !slices.Equal(log[1:], tt.want) {
				t.Errorf("sent %q, want %q", log, tt.want)
			}
			a.Password = "wrong"
			if _, err := mailbox.Open(t.Context(), a); !errors.Is(err, mailbox.ErrCredentials) {
				t.Errorf("a wrong password: %v", err)
			}
		})
	}
}

// TestDovecotAcceptsATokenSignedWithItsKey logs in to a real server that verifies tokens itself.
func TestDovecotAcceptsATokenSignedWithItsKey(t *testing.T) {
	t.Parallel()
	key := []byte(rand.Text() + rand.Text())
	srv := dovecottest.Start(t, dovecottest.Options{TokenKey: key})
	const user = "helpdesk"
	srv.Deliver(user, mail(1))
	later := time.Now().Add(time.Hour)
	for _, tt := range []struct {
		name    string
		key     []byte
		user    string
		expires time.Time
		more    map[string]any
		want    error
	}{
		{"a good token", key, user, later, nil, nil},
		{"a token of almost 6 kB, the most that Dovecot accepts", key, user, later, map[string]any{"more": strings.Repeat("x", 4200)}, nil},
		{"a token that has expired", key, user, time.Now().Add(-time.Minute), nil, mailbox.ErrCredentials},
		{"a token signed with another key", []byte("another"), user, later, nil, mailbox.ErrCredentials},
		{"another user's token", key, "somebody", later, nil, mailbox.ErrCredentials},
		{"a token of another issuer", key, user, later, map[string]any{"iss": "https://other.example"}, mailbox.ErrCredentials},
	} {
		t.Run(tt.name, func(t *testing.T) {
			token, err := dovecottest.SignToken(tt.key, tt.user, tt.expires, tt.more)
			if err != nil {
				t.Fatal(err)
			}
			s, err := mailbox.Open(t.Context(), bearing(mailbox.Account{
				Server: srv.Host, Port: srv.TLSPort, Security: mailbox.SslOnConnect, Roots: srv.Roots(),
				UserName: user, StepTimeout: stepTimeout,
			}, token))
			if tt.want == nil {
				if err != nil {
					t.Fatalf("%v\n%s", err, srv.Log())
				}
				if items, err := s.List(t.Context()); err != nil || len(items) != 1 {
					t.Errorf("%d messages, %v", len(items), err)
				}
				if err := s.Quit(t.Context()); err != nil {
					t.Error(err)
				}
				return
			}
			var e *mailbox.Error
			if !errors.Is(err, tt.want) || !errors.As(err, &e) || e.Status != "401" {
				t.Errorf("got %v, want %v with status 401\n%s", err, tt.want, srv.Log())
			}
		})
	}
}
