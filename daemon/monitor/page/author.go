package page

import (
	"context"
	"errors"
	"fmt"

	"mailintegration/processor"
	"mailintegration/store"
)

// Log is told who does what. Its methods must not wait.
type Log interface {
	LoggedIn(token, from string)
	LogInRefused(times int, from string) // as often since the last time
	LoggedOut(token, from string)
	Acted(token, user, action, path string) // by a form
}

// nobody is the Log of a page that tells nobody.
type nobody struct{}

func (nobody) LoggedIn(string, string)              {}
func (nobody) LogInRefused(int, string)             {}
func (nobody) LoggedOut(string, string)             {}
func (nobody) Acted(string, string, string, string) {}

// deskTokens is the part of the database that knows who may log in.
type deskTokens interface {
	PageTokensInForce(context.Context) ([]store.PageToken, error)
	NotePageTokenUse(ctx context.Context, id int64) error
	UserNamed(ctx context.Context, logon string) (processor.User, error)
}

// askTokens asks the database for the tokens in force.
func (p *Page) askTokens(ctx context.Context) ([]store.PageToken, error) {
	desk, err := p.openDesk()
	if err != nil {
		return nil, err
	}
	return desk.PageTokensInForce(ctx)
}

// errNoAuthor says that the user of a token does not exist any more.
var errNoAuthor = errors.New("nobody can be named in the history")

// author returns the user who acts in a session, for the history. The error is errNoAuthor if there is none.
func (v *visit) author() (processor.User, error) {
	desk, err := v.desk()
	if err != nil {
		return processor.User{}, err
	}
	u, err := desk.UserNamed(v.ctx, v.session.logon)
	if errors.Is(err, store.ErrUnknown) {
		err = fmt.Errorf("%w: %w", errNoAuthor, err)
	}
	return u, err
}

// signed returns the reason of a change as the history keeps it: what the person wrote, and with which token.
func (v *visit) signed(reason string) string {
	const onThePage = "on the page, with the token of "
	if reason == "" {
		return onThePage + v.session.name
	}
	return reason + " (" + onThePage + v.session.name + ")"
}
