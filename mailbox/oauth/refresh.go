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

// stopGrace is how long a refresh that was asked for may go on when its caller has to stop: the answer may carry a
// refresh token that takes the place of the stored one.
const stopGrace = 3 * time.Second

// refresh exchanges the stored refresh token (RFC 6749 §6). What the endpoint rotated is in the store before the access
// token is returned.
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

// lock waits until no other process uses the authorization, though not for one that was stopped in the middle.
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
			hint: "end the other mailintegration that uses this mailbox's authorization and does not go on",
		}
	}
	return nil, s.loadFailure(err)
}

// storedAuthorization is what to refresh with: the stored one, or one that is still to be stored.
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

// exchangeRefreshToken asks the endpoint.
func (s *Source) exchangeRefreshToken(ctx context.Context, refreshToken string) (t *oauth2.Token, err error) {
	err = s.ask(ctx, "refresh token", []string{refreshToken}, func(ctx context.Context) (err error) {
		t, err = s.config().TokenSource(ctx, &oauth2.Token{RefreshToken: refreshToken}).Token()
		return err
	})
	return t, err
}

// rotate stores the refresh token that came with an access token. The time of its last use is stored as well: Microsoft
// lets go of one that was not used for 90 days.
func (s *Source) rotate(a Authorization, refreshToken string) error {
	a.RefreshToken, a.RefreshedAt = refreshToken, s.now().UTC()
	return s.save(a)
}

// save stores an authorization, and keeps it in memory when that fails: the one in the store may be worth nothing now.
func (s *Source) save(a Authorization) error {
	if err := s.opts.Store.Save(a); err != nil {
		s.unsaved = &a
		return s.storeFailure(err)
	}
	s.unsaved = nil
	return nil
}

// loadFailure makes the error of an authorization that could not be had.
func (s *Source) loadFailure(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s.notAuthorized(errors.New("no refresh token is stored"))
	case errors.Is(err, errBroken):
		return s.notAuthorized(err)
	}
	return s.storeFailure(err)
}

// storeFailure makes the error of a store that could not be used.
func (s *Source) storeFailure(err error) error {
	var unsafe *UnsafeError
	if errors.As(err, &unsafe) {
		e := s.notAuthorized(err)
		e.hint = unsafe.Hint()
		return e
	}
	return &Error{
		Op: "refresh token", Err: fmt.Errorf("%w: %w", mailbox.ErrToken, err),
		hint: "let the daemon's account read and write the folder tokens in DataDirectory, and see that the disk has room",
	}
}

func (s *Source) notAuthorized(err error) *Error {
	return &Error{
		Op: "refresh token", Err: fmt.Errorf("%w: %w", mailbox.ErrNotAuthorized, err),
		hint: fmt.Sprintf("run mailintegration mailbox authorize %q", s.opts.Mailbox),
	}
}
