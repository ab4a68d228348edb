package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mailintegration/config"
	"mailintegration/daemon"
	"mailintegration/mailbox"
	"mailintegration/mailbox/oauth"
)

// token obtains an access token, as a poll does, and returns what it permits. It reports whether there is a token to try the
// log-in with.
func (c *checking) token(mailbox string, obtain func(context.Context) (string, error), opts oauth.Options) (steps []finding, isUsable bool) {
	ctx, cancel := context.WithTimeout(c.ctx, checkTimeout)
	defer cancel()
	if opts.Grant() == oauth.UserPassword {
		steps = append(steps, doubtful("Microsoft is ending sign-in with user name and password, and it fails where a second factor is required",
			"write ClientSecret, or remove Password and run "+asTyped("mailbox", "authorize", mailbox)))
	}
	text, err := obtain(ctx)
	if err != nil {
		return append(steps, bad(err, daemon.Hint(err))), false
	}
	claims, err := oauth.ReadClaims(text)
	if err != nil {
		return append(steps, doubtful(err.Error(), "")), true
	}
	steps = append(steps, good("token by %s: %s", opts.Grant(), claims))
	for _, missing := range claims.Missing(opts, time.Now()) {
		steps = append(steps, bad(errors.New("access token: "+missing), ""))
	}
	if claims.IsOfAnother(opts.UserName) {
		steps = append(steps, doubtful(anotherUser(claims.User, opts.UserName), ""))
	}
	return steps, true
}

// anotherUser returns the warning about a token for another user than the mailbox's.
func anotherUser(signedIn, userName string) string {
	return fmt.Sprintf("the token is for %s, not for UserName %s: it opens the mailbox only if %s has full access to it",
		signedIn, userName, signedIn)
}

// refusedTokenHint returns the hint for a server that refuses a token of the application itself, "" for any other error.
// If Exchange Online does not know the application, it says only that the log-in failed.
func refusedTokenHint(m *config.Mailbox, err error) string {
	if m.Authentication != config.Azure || m.ClientSecret.IsEmpty() || !errors.Is(err, mailbox.ErrCredentials) {
		return ""
	}
	return "make the application known in Exchange Online (New-ServicePrincipal), give it access to the mailbox " +
		"(Add-MailboxPermission … -AccessRights FullAccess), and enable POP for the mailbox"
}
