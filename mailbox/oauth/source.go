package oauth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"mailintegration/mailbox"
)

// Source yields the access tokens of one mailbox. Its methods may be called from several goroutines.
type Source struct {
	opts  Options // with their defaults
	grant Grant
	turn  chan struct{} // holds a value while a goroutine is at the fields below

	forgotten atomic.Bool // access is not to be used again

	current accessToken
	unsaved *Authorization // rotated, and not yet in the store
}

// accessToken is an access token.
type accessToken struct {
	text    string
	renew   time.Time // when it is time for another
	expires time.Time
}

// New returns a Source. It does not talk to the endpoint.
func New(opts Options) (*Source, error) {
	opts = opts.withDefaults()
	if err := opts.check(); err != nil {
		return nil, fmt.Errorf("access tokens for %s: %w", opts.Mailbox, err)
	}
	return &Source{opts: opts, grant: opts.Grant(), turn: make(chan struct{}, 1)}, nil
}

// Token returns an access token that is good for some minutes at least, the same one until shortly before it expires.
// While the endpoint is in trouble the old one is returned for as long as it is good.
func (s *Source) Token(ctx context.Context) (string, error) {
	if err := s.acquire(ctx); err != nil {
		return "", err
	}
	defer s.release()
	if s.forgotten.Swap(false) {
		s.current = accessToken{}
	}
	if s.now().Before(s.current.renew) {
		return s.current.text, nil
	}
	fresh, err := s.obtain(ctx)
	if err == nil {
		s.current = fresh
		return fresh.text, nil
	}
	if mailbox.IsTransient(err) && ctx.Err() == nil && s.now().Before(s.current.expires) {
		return s.current.text, nil
	}
	return "", err
}

// Forget drops the token that was handed out, because the server refused it although it has not expired: a person may
// have changed what it stands for. The next Token is a new one.
func (s *Source) Forget() { s.forgotten.Store(true) }

// acquire waits until no other goroutine is at the source.
func (s *Source) acquire(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return &Error{Op: string(s.grant), Err: fmt.Errorf("%w: %w", mailbox.ErrToken, ctx.Err())}
	}
}

func (s *Source) release() { <-s.turn }

// now is the wall clock: a monotonic one stops while the machine sleeps.
func (s *Source) now() time.Time { return s.opts.Now().Round(0) }

// obtain gets a token by the grant that is configured.
func (s *Source) obtain(ctx context.Context) (accessToken, error) {
	switch s.grant {
	case ClientCredentials:
		return s.requestToken(ctx, string(s.grant), nil, s.clientCredentials)
	case UserPassword:
		return s.requestToken(ctx, string(s.grant), nil, s.userPassword)
	}
	return s.refresh(ctx)
}

// requestToken has get ask for a token that needs no care but its own.
func (s *Source) requestToken(ctx context.Context, op string, secrets []string, get func(context.Context) (*oauth2.Token, error)) (accessToken, error) {
	asked := s.now()
	var t *oauth2.Token
	err := s.ask(ctx, op, secrets, func(ctx context.Context) (err error) {
		t, err = get(ctx)
		return err
	})
	if err != nil {
		return accessToken{}, err
	}
	return s.readToken(op, t, asked)
}

// clientCredentials asks as the application itself.
func (s *Source) clientCredentials(ctx context.Context) (*oauth2.Token, error) {
	c := clientcredentials.Config{
		ClientID: s.opts.ClientID, ClientSecret: s.opts.ClientSecret,
		TokenURL: s.opts.endpoint("token"), Scopes: s.opts.Scopes, AuthStyle: oauth2.AuthStyleInParams,
	}
	return c.Token(ctx)
}

// userPassword asks with the user's own password.
func (s *Source) userPassword(ctx context.Context) (*oauth2.Token, error) {
	return s.config().PasswordCredentialsToken(ctx, s.opts.UserName, s.opts.Password)
}

// config is that of a public client.
func (s *Source) config() *oauth2.Config {
	return &oauth2.Config{
		ClientID: s.opts.ClientID, Scopes: s.opts.Scopes,
		Endpoint: oauth2.Endpoint{
			TokenURL: s.opts.endpoint("token"), DeviceAuthURL: s.opts.endpoint("devicecode"),
			AuthStyle: oauth2.AuthStyleInParams, // to try both ways, as x/oauth2 does by itself, would double every refusal
		},
	}
}

// renewBefore is how long before its end a token is replaced: longer than a session takes to log in on any line.
const renewBefore = 5 * time.Minute

// readToken reads the token of an answer to what was asked at that time.
func (s *Source) readToken(op string, t *oauth2.Token, asked time.Time) (accessToken, error) {
	if strings.ContainsFunc(t.AccessToken, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return accessToken{}, &Error{
			Op: op, Endpoint: s.opts.host(),
			Err: fmt.Errorf("%w: %w", mailbox.ErrToken, errors.New("the token holds characters that no token has (RFC 6750 §2.1)")),
		}
	}
	// x/oauth2 adds the life to its own clock; without one the token is used once.
	var life time.Duration
	if !t.Expiry.IsZero() {
		life = time.Until(t.Expiry)
	}
	return accessToken{
		text:    t.AccessToken,
		renew:   asked.Add(life - min(renewBefore, life/5)),
		expires: asked.Add(life),
	}, nil
}
