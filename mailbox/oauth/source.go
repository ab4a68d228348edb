package oauth

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"mailintegration/mailbox"
)

// Source returns the access tokens of one mailbox. Its methods may be called from several goroutines.
type Source struct {
	opts  Options // with defaults
	grant Grant
	turn  chan struct{} // holds a value while a goroutine uses the fields below

	forgotten atomic.Bool // current must not be used again

	current accessToken
	unsaved *Authorization // rotated, but not yet stored
}

// accessToken is an access token.
type accessToken struct {
	text    string
	renew   time.Time // from then on Token requests another
	expires time.Time
}

// New returns a Source. It does not contact the endpoint.
func New(opts Options) (*Source, error) {
	opts = opts.withDefaults()
	if err := opts.check(); err != nil {
		return nil, fmt.Errorf("access tokens for %s: %w", opts.Mailbox, err)
	}
	return &Source{opts: opts, grant: opts.Grant(), turn: make(chan struct{}, 1)}, nil
}

// Token returns an access token that is valid for some minutes at least, the same one until shortly before it expires.
// While requests fail with a transient error, it returns the old token for as long as that is valid.
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

// Forget drops the current token, so that the next Token is a new one. The caller uses it when a server refused an
// unexpired token: a person may have changed the permissions behind it.
func (s *Source) Forget() { s.forgotten.Store(true) }

// acquire waits until no other goroutine uses the source.
func (s *Source) acquire(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return &Error{Op: string(s.grant), Err: fmt.Errorf("%w: %w", mailbox.ErrToken, ctx.Err())}
	}
}

// release lets the next goroutine use the source.
func (s *Source) release() { <-s.turn }

// now returns the time of the wall clock: the monotonic clock stops while the machine sleeps.
func (s *Source) now() time.Time { return s.opts.Now().Round(0) }

// obtain obtains a token by the configured grant.
func (s *Source) obtain(ctx context.Context) (accessToken, error) {
	switch s.grant {
	case ClientCredentials:
		return s.requestToken(ctx, string(s.grant), nil, s.clientCredentials)
	case UserPassword:
		return s.requestToken(ctx, string(s.grant), nil, s.userPassword)
	}
	return s.refresh(ctx)
}

// requestToken obtains a token through get. It is for grants without a refresh token.
func (s *Source) requestToken(
	ctx context.Context, op string, secrets []string, get func(context.Context) (*oauth2.Token, error),
) (accessToken, error) {
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

// clientCredentials requests a token as the application itself.
func (s *Source) clientCredentials(ctx context.Context) (*oauth2.Token, error) {
	c := clientcredentials.Config{
		ClientID: s.opts.ClientID, ClientSecret: s.opts.ClientSecret,
		TokenURL: s.opts.endpoint("token"), Scopes: s.opts.Scopes, AuthStyle: oauth2.AuthStyleInParams,
	}
	return c.Token(ctx)
}

// userPassword requests a token with the user's password.
func (s *Source) userPassword(ctx context.Context) (*oauth2.Token, error) {
	return s.config().PasswordCredentialsToken(ctx, s.opts.UserName, s.opts.Password)
}

// config returns the configuration of a public client.
func (s *Source) config() *oauth2.Config {
	return &oauth2.Config{
		ClientID: s.opts.ClientID, Scopes: s.opts.Scopes,
		Endpoint: oauth2.Endpoint{
			TokenURL: s.opts.endpoint("token"), DeviceAuthURL: s.opts.endpoint("devicecode"),
			AuthStyle: oauth2.AuthStyleInParams, // x/oauth2 would otherwise try both styles, and double every refusal
		},
	}
}

// renewBefore is how long before its expiry a token is replaced: longer than the slowest log-in takes.
const renewBefore = 5 * time.Minute

// readToken reads the token from the answer to a request that was sent at the time asked.
func (s *Source) readToken(op string, t *oauth2.Token, asked time.Time) (accessToken, error) {
	if strings.ContainsFunc(t.AccessToken, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return accessToken{}, &Error{
			Op: op, Endpoint: s.opts.host(),
			Err: fmt.Errorf("%w: the endpoint returned an invalid bearer token (RFC 6750 §2.1)", mailbox.ErrToken),
		}
	}
	// x/oauth2 adds the lifetime to its own clock. A token without a lifetime is used once.
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
