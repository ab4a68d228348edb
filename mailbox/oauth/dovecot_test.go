package oauth_test

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/dovecottest"
	"mailintegration/mailbox/oauth"
)

// signer is an endpoint whose tokens a Dovecot accepts.
type signer struct {
	endpoint
	key    []byte
	serial int
}

// newSigner returns an endpoint that grants every request, and rotates refresh tokens.
func newSigner(t *testing.T, key []byte) *signer {
	s := &signer{key: key}
	s.say = func(_ string, form url.Values) answer {
		refresh := ""
		if form.Get("grant_type") == "refresh_token" {
			if want := fmt.Sprintf("refresh-%d", s.serial); form.Get("refresh_token") != want {
				return refusal(400, "invalid_grant", "AADSTS70000: not the last one")
			}
			refresh = fmt.Sprintf("refresh-%d", s.serial+1)
		}
		s.serial++
		token, err := dovecottest.SignToken(s.key, userName, time.Now().Add(time.Hour), map[string]any{"serial": s.serial})
		if err != nil {
			t.Error(err)
		}
		return granted(token, refresh)
	}
	return s
}

// poll reads and deletes all messages in the maildrop, and returns how many there were.
func poll(t *testing.T, srv *dovecottest.Server, s *oauth.Source) (int, error) {
	t.Helper()
	session, err := mailbox.Open(t.Context(), mailbox.Account{
		Server: srv.Host, Port: srv.TLSPort, Security: mailbox.SslOnConnect, Roots: srv.Roots(), UserName: userName,
		Token: s.Token, TokenRefused: s.Forget,
	})
	if err != nil {
		return 0, err
	}
	defer session.Close()
	items, err := session.List(t.Context())
	for _, it := range items {
		spool, failed := session.Retrieve(t.Context(), it)
		if failed != nil {
			return 0, failed
		}
		err = errors.Join(err, spool.Close(), session.Delete(t.Context(), it))
	}
	return len(items), errors.Join(err, session.Quit(t.Context()))
}

// TestDovecotIsPolledWithEachGrant polls six times in three hours of an injected clock. The tokens are valid for an
// hour, so that they are renewed in between.
func TestDovecotIsPolledWithEachGrant(t *testing.T) {
	t.Parallel()
	key := []byte("a key for tokens, 32 octets long")
	srv := dovecottest.Start(t, dovecottest.Options{TokenKey: key})
	for _, grant := range []oauth.Grant{oauth.ClientCredentials, oauth.UserPassword, oauth.DeviceCode} {
		t.Run(string(grant), func(t *testing.T) { // not parallel: there is only one maildrop
			e, c := newSigner(t, key), newClock()
			o := options(t, grant, serve(t, e))
			o.Now = c.Now
			if grant == oauth.DeviceCode {
				o.Store = oauth.NewStore(filepath.Join(t.TempDir(), "tokens"))
				if err := o.Store.Save(authorization(o, "refresh-0")); err != nil {
					t.Fatal(err)
				}
			}
			s := source(t, o)
			for n := range 6 {
				srv.Deliver(userName, fmt.Appendf(nil, "Subject: %d\r\n\r\nbody\r\n", n))
				if got, err := poll(t, srv, s); err != nil || got != 1 {
					t.Fatalf("poll %d: %d messages, %v\n%s", n, got, err, srv.Log())
				}
				c.turn(30 * time.Minute)
			}
			if srv.Count(userName) != 0 || e.count() != 3 {
				t.Errorf("%d messages are left; %d requests, want 3", srv.Count(userName), e.count())
			}
		})
	}
}

// TestATokenThatDovecotRefusedIsReplaced signs the first token with a key that the server does not know.
func TestATokenThatDovecotRefusedIsReplaced(t *testing.T) {
	t.Parallel()
	key := []byte("a key for tokens, 32 octets long")
	srv := dovecottest.Start(t, dovecottest.Options{TokenKey: key})
	e := newSigner(t, []byte("another key, of 32 octets as well"))
	s := source(t, options(t, oauth.ClientCredentials, serve(t, e)))
	if _, err := poll(t, srv, s); !errors.Is(err, mailbox.ErrCredentials) {
		t.Fatalf("got %v", err)
	}
	e.key = key
	if _, err := poll(t, srv, s); err != nil {
		t.Fatalf("the token that was refused was used again: %v", err)
	}
}
