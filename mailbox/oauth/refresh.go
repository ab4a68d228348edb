package oauth

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"golang.org/x/oauth2"

	"mailintegration/mailbox"
)

// stopGrace is how long a refresh in progress may continue after a stop: its answer may contain a refresh token that
// replaces the stored one.
const stopGrace = 3 * time.Second

// refresh exchanges the stored refresh token (RFC 6749 §6). It stores a rotated refresh token before it returns the
// access token.
func (s *Source) refresh(ctx context.Context) (accessToken, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return accessToken{}, err
	}
	defer unlock()
	a, err := s.storedAuthorization()
	if err != nil {
		return accessToken{}, err
	}
	going, cancel := mailbox.WithGrace(ctx, stopGrace)
	defer cancel()
	asked := s.now()
	t, err := s.exchangeRefreshToken(going, a.RefreshToken)
	if err != nil {
		return accessToken{}, err
	}
	if err := s.rotate(a, t.RefreshToken); err != nil {
		return accessToken{}, err
	}
	return s.readToken("refresh token", t, asked)
}

// lock waits until no other process uses the authorization, but not for ever: another process may have been suspended
// while it holds the lock.
func (s *Source) lock(ctx context.Context) (unlock func(), err error) {
	waiting, cancel := context.WithTimeoutCause(ctx, 2*s.opts.Timeout, errLocked)
	defer cancel()
	unlock, err = s.opts.Store.lock(waiting, s.opts.Mailbox)
	switch {
	case err == nil:
		return unlock, nil
	case ctx.Err() != nil:
		return nil, &Error{Op: "refresh token", Err: fmt.Errorf("%w: %w", mailbox.ErrToken, ctx.Err())}
	case errors.Is(err, errLocked):
		return nil, &Error{
			Op: "refresh token", Err: fmt.Errorf("%w: the authorization is %w", mailbox.ErrToken, err),
			hint: "another MailIntegration holds this mailbox's authorization and makes no progress: end that process",
		}
	}
	return nil, s.loadFailure(err)
}

// storedAuthorization returns the stored authorization. If an earlier one could not be stored, it stores that first.
func (s *Source) storedAuthorization() (Authorization, error) {
	if s.unsaved != nil {
		if err := s.save(*s.unsaved); err != nil {
			return Authorization{}, err
		}
	}
	a, err := s.opts.Store.Load(s.opts.Mailbox)
	if err != nil {
		return Authorization{}, s.loadFailure(err)
	}
	if why := a.mismatch(s.opts); why != "" {
		return Authorization{}, s.notAuthorized(errors.New(why))
	}
	return a, nil
}

// exchangeRefreshToken sends the refresh token to the endpoint.
func (s *Source) exchangeRefreshToken(ctx context.Context, refreshToken string) (t *oauth2.Token, err error) {
	err = s.ask(ctx, "refresh token", []string{refreshToken}, func(ctx context.Context) (err error) {
		t, err = s.config().TokenSource(ctx, &oauth2.Token{RefreshToken: refreshToken}).Token()
		return err
	})
	return t, err
}

// rotate stores the refresh token that came with an access token, and the time of its last use: Microsoft drops a token
// that was not used for 90 days.
func (s *Source) rotate(a Authorization, refreshToken string) error {
	a.RefreshToken, a.RefreshedAt = refreshToken, s.now().UTC()
	return s.save(a)
}

// save stores an authorization. If that fails, it keeps the authorization in memory, as the stored one may no longer be
// valid.
func (s *Source) save(a Authorization) error {
	if err := s.opts.Store.Save(a); err != nil {
		s.unsaved = &a
		return s.storeFailure(err)
	}
	s.unsaved = nil
	return nil
}

// loadFailure returns the error for an authorization that could not be loaded.
func (s *Source) loadFailure(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s.notAuthorized(errors.New("no refresh token is stored"))
	case errors.Is(err, errBroken):
		return s.notAuthorized(err)
	}
	return s.storeFailure(err)
}

// storeFailure returns the error for a store that could not be used.
func (s *Source) storeFailure(err error) error {
	var unsafe *UnsafeError
	if errors.As(err, &unsafe) {
		e := s.notAuthorized(err)
		e.hint = unsafe.Hint()
		return e
	}
	return &Error{
		Op: "refresh token", Err: fmt.Errorf("%w: %w", mailbox.ErrToken, err),
		hint: "allow the daemon's account to read and write the folder tokens in DataDirectory, and check that the disk has room",
	}
}

// notAuthorized returns the error of a mailbox that a person must authorize.
func (s *Source) notAuthorized(err error) *Error {
	return &Error{
		Op: "refresh token", Err: fmt.Errorf("%w: %w", mailbox.ErrNotAuthorized, err),
		hint: fmt.Sprintf("run mailintegration mailbox authorize %q", s.opts.Mailbox),
	}
}
