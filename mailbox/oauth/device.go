package oauth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/oauth2"

	"mailintegration/mailbox"
)

// Invitation tells a person how to authorize a mailbox (RFC 8628 §3.2).
type Invitation struct {
	URL     string // the page to open
	Code    string // the code to enter there
	Expires time.Time
}

// Authorize lets a person authorize the mailbox. It calls show with the page and the code, and blocks until the person
// finishes, the code expires, or ctx ends. It stores the refresh token and returns the claims of the access token, so
// that the caller can check the user and the permissions.
func (s *Source) Authorize(ctx context.Context, show func(Invitation)) (Claims, error) {
	if s.opts.Store == nil || s.grant != DeviceCode {
		return Claims{}, fmt.Errorf("authorize %s: nothing to authorize: it obtains tokens by %s", s.opts.Mailbox, s.grant)
	}
	if err := s.acquire(ctx); err != nil {
		return Claims{}, err
	}
	defer s.release()
	if err := s.opts.Store.check(s.opts.Mailbox); err != nil {
		return Claims{}, s.storeFailure(err) // before a person enters a code in vain
	}
	code, err := s.deviceCode(ctx)
	if err != nil {
		return Claims{}, err
	}
	show(Invitation{URL: printable(code.VerificationURI), Code: printable(code.UserCode), Expires: code.Expiry})
	t, err := s.awaitAuthorization(ctx, code)
	if err != nil {
		return Claims{}, err
	}
	return s.saveAuthorization(ctx, t)
}

// deviceCode requests a code (RFC 8628 §3.1).
func (s *Source) deviceCode(ctx context.Context) (code *oauth2.DeviceAuthResponse, err error) {
	err = s.ask(ctx, "device code", nil, func(ctx context.Context) (err error) {
		code, err = s.config().DeviceAuth(ctx)
		if err == nil && (code.DeviceCode == "" || code.UserCode == "" || code.VerificationURI == "") {
			err = errors.New("the answer lacks the code or the page to enter it")
		}
		return err
	})
	return code, err
}

// awaitAuthorization asks the endpoint repeatedly until the person is done (RFC 8628 §3.4). A transient error, such as
// a lost connection, only makes it ask less often (§3.5).
func (s *Source) awaitAuthorization(ctx context.Context, code *oauth2.DeviceAuthResponse) (*oauth2.Token, error) {
	for {
		var t *oauth2.Token
		err := s.ask(ctx, "device code", []string{code.DeviceCode}, func(ctx context.Context) (err error) {
			t, err = s.config().DeviceAccessToken(ctx, code)
			return err
		})
		switch {
		case err == nil:
			return t, nil
		// The oauth2 package reckons Expiry from the real clock.
		case isExpired(err), !code.Expiry.IsZero() && !time.Now().Before(code.Expiry):
			return nil, &Error{
				Op: "device code", Endpoint: s.opts.host(), Code: "expired_token",
				Err:  fmt.Errorf("%w: nobody entered the code before it expired", mailbox.ErrNotAuthorized),
				hint: fmt.Sprintf("run mailintegration mailbox authorize %q again and enter the code in time", s.opts.Mailbox),
			}
		case ctx.Err() != nil, !errors.Is(err, mailbox.ErrToken):
			return nil, err
		}
		code.Interval = min(max(5, 2*code.Interval), 60)
	}
}

// isExpired reports whether the endpoint says that the code has expired. Microsoft uses a code and a number of its own.
func isExpired(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Code == "expired_token" || e.Code == "code_expired" || e.AADSTS == 70020)
}

// saveAuthorization stores the refresh token that the person's sign-in yielded, and returns the claims.
func (s *Source) saveAuthorization(ctx context.Context, t *oauth2.Token) (Claims, error) {
	if t.RefreshToken == "" {
		return Claims{}, &Error{
			Op: "device code", Endpoint: s.opts.host(),
			Err:  fmt.Errorf("%w: the answer has no refresh token", mailbox.ErrNotAuthorized),
			hint: "allow the application offline_access, and add offline_access to Scope where it is set",
		}
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return Claims{}, err
	}
	defer unlock()
	now := s.now().UTC()
	if err := s.save(Authorization{
		Mailbox: s.opts.Mailbox, AuthorityURL: s.opts.AuthorityURL, TenantID: s.opts.TenantID, ClientID: s.opts.ClientID,
		UserName: s.opts.UserName, RefreshToken: t.RefreshToken, AuthorizedAt: now, RefreshedAt: now,
	}); err != nil {
		return Claims{}, err
	}
	s.current, err = s.readToken("device code", t, now)
	if err != nil {
		return Claims{}, err
	}
	claims, err := ReadClaims(t.AccessToken)
	if err != nil {
		return Claims{}, nil // an opaque token may be valid: only the server can read it
	}
	return claims, nil
}
