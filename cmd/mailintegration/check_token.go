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

// token obtains an access token, as a poll does, and says what it is good for. It returns false when there is none; then
// there is no need to try the log-in.
func (c *checking) token(what string, m daemon.Mailbox, opts oauth.Options) bool {
	ctx, cancel := context.WithTimeout(c.ctx, checkTimeout)
	defer cancel()
	if opts.Grant() == oauth.UserPassword {
		c.warn(what, "signing in with user name and password is being ended by Microsoft, and fails where a second factor is wanted; "+
			"write ClientSecret, or remove Password and run mailintegration mailbox authorize")
	}
	text, err := m.Account.Token(ctx)
	if err != nil {
		c.failed(exitUnreachable, what, err, "")
		return false
	}
	claims, err := oauth.ReadClaims(text)
	if err != nil {
		c.warn(what, err.Error())
		return true
	}
	c.ok(what, fmt.Sprintf("token by %s: %s", opts.Grant(), claims))
	for _, missing := range claims.Missing(opts, time.Now()) {
		c.failed(exitUnreachable, what, errors.New("access token: "+missing), "")
	}
	if claims.IsOfAnother(opts.UserName) {
		c.warn(what, anotherUser(claims.User, opts.UserName))
	}
	return true
}

// anotherUser says what follows from a token of another user than the mailbox's.
func anotherUser(signedIn, userName string) string {
	return fmt.Sprintf("the token is for %s, not for UserName %s: it opens the mailbox only if %s has full access to it", signedIn, userName, signedIn)
}

// refusedTokenHint is for a server that refuses a token of the application itself. Exchange Online says no more than that
// the log-in failed when the application is not known to it.
func refusedTokenHint(m *config.Mailbox, err error) string {
	if m.Authentication != config.Azure || m.ClientSecret.IsEmpty() || !errors.Is(err, mailbox.ErrCredentials) {
		return ""
	}
	return "make the application known in Exchange Online (New-ServicePrincipal), give it the mailbox " +
		"(Add-MailboxPermission … -AccessRights FullAccess), and see that POP is enabled for the mailbox"
}

// warn prints one line for what works and had better be changed.
func (c *checking) warn(what, detail string) {
	fmt.Fprintf(c.stdout, "warning %s: %s\n", what, oneLine(detail))
}
