package smtp

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	client "github.com/wneessen/go-mail/smtp"

	"mailintegration/mailbox"
)

// maxCommand is the length of a command line without its CRLF (RFC 5321 §4.5.3.1.4). A longer initial response must not
// be sent with AUTH (RFC 4954 §4): tokens have several thousand octets.
const maxCommand = 510

// fetchToken obtains the access token before the session connects, so that the server need not wait for it.
func (s *Session) fetchToken(ctx context.Context) error {
	if s.account.Token == nil {
		return nil
	}
	token, err := s.account.Token(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return s.failure("token", ctx.Err(), false)
	case err != nil:
		return s.failure("token", tokenError(err), false)
	case token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return s.failure("token", fmt.Errorf("%w: the token source returned an invalid bearer token (RFC 6750 §2.1)", mailbox.ErrToken), false)
	}
	s.token = token
	return nil
}

// tokenError classifies an unknown error of the token source as transient.
func tokenError(err error) error {
	for _, class := range []error{mailbox.ErrToken, mailbox.ErrTokenRefused, mailbox.ErrNotAuthorized, mailbox.ErrAccount} {
		if errors.Is(err, class) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", mailbox.ErrToken, err)
}

// logIn authenticates: by AUTH XOAUTH2 with a token, else by PLAIN or LOGIN, whichever the server offers. Without a user
// name it does nothing: the server accepts mail of this machine, or says at MAIL that it does not.
func (s *Session) logIn(ctx context.Context) error {
	if s.account.UserName == "" {
		return nil
	}
	_, list := s.client.Extension("AUTH")
	offered := strings.Fields(strings.ToUpper(list))
	name, auth := s.mechanism(offered)
	if auth == nil {
		return s.failure("AUTH "+name, fmt.Errorf("%w; it offers %s", mailbox.ErrMechanism, offeredWords(offered)), false)
	}
	err := s.step(ctx, "AUTH "+name, s.account.StepTimeout, func() error { return s.client.Auth(auth) })
	if errors.Is(err, mailbox.ErrCredentials) && s.token != "" && s.account.TokenRefused != nil {
		s.account.TokenRefused()
	}
	return err
}

// mechanism returns the mechanism to log in with, nil if the server does not offer it.
func (s *Session) mechanism(offered []string) (string, client.Auth) {
	switch {
	case s.token != "":
		if !slices.Contains(offered, "XOAUTH2") {
			return "XOAUTH2", nil
		}
		return "XOAUTH2", &exchange{name: "XOAUTH2", response: s.xoauth2Response()}
	case slices.Contains(offered, "PLAIN"):
		return "PLAIN", &exchange{name: "PLAIN", response: s.plainResponse()}
	case slices.Contains(offered, "LOGIN"):
		return "LOGIN", client.LoginAuth(s.account.UserName, s.account.Password, s.account.tlsName(), true)
	}
	return "PLAIN", nil
}

// offeredWords lists the mechanisms of a server for a person.
func offeredWords(offered []string) string {
	if len(offered) == 0 {
		return "none"
	}
	return mailbox.Presentable(strings.Join(offered, " "))
}

// exchange is a mechanism in which the client says everything in its first response. It sends that with AUTH only where
// the line is short enough.
type exchange struct {
	name     string
	response []byte
	sent     bool
}

// Start implements smtp.Auth.
func (x *exchange) Start(*client.ServerInfo) (string, []byte, error) {
	if len("AUTH "+x.name+" ")+base64.StdEncoding.EncodedLen(len(x.response)) > maxCommand {
		return x.name, nil, nil
	}
	x.sent = true
	return x.name, x.response, nil
}

// Next implements smtp.Auth. A challenge after the response is XOAUTH2's reason for a failure, which the client answers
// with an empty line; then the server refuses.
func (x *exchange) Next(_ []byte, more bool) ([]byte, error) {
	switch {
	case !more:
		return nil, nil
	case x.sent:
		return []byte{}, nil
	}
	x.sent = true
	return x.response, nil
}

// xoauth2Response returns the response of XOAUTH2.
func (s *Session) xoauth2Response() []byte {
	return []byte("user=" + s.account.UserName + "\x01auth=Bearer " + s.token + "\x01\x01")
}

// plainResponse returns the message of PLAIN (RFC 4616 §2), without an authorization identity.
func (s *Session) plainResponse() []byte {
	return []byte("\x00" + s.account.UserName + "\x00" + s.account.Password)
}

// redact replaces the secrets in a text of the server, should it have repeated one.
func (s *Session) redact(text string) string {
	secrets := []string{s.token, s.account.Password}
	for _, response := range [][]byte{s.xoauth2Response(), s.plainResponse(), []byte(s.account.Password), []byte(s.token)} {
		secrets = append(secrets, base64.StdEncoding.EncodeToString(response))
	}
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) }) // a part must not be replaced before the whole
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "REDACTED")
		}
	}
	return text
}
