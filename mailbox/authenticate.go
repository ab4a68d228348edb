package mailbox

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// fetchToken asks for the access token, before the server has to wait for it.
func (s *Session) fetchToken(ctx context.Context) error {
	if s.account.Token == nil {
		return nil
	}
	token, err := s.account.Token(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return s.failure("token", ctx.Err())
	case err != nil:
		return s.failure("token", tokenError(err))
	case token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return s.failure("token", fmt.Errorf("%w: what was had is none (RFC 6750 §2.1)", ErrToken))
	}
	s.token = token
	return nil
}

// tokenError gives the error of a token source that has no class the one that passes.
func tokenError(err error) error {
	for _, class := range classes {
		if errors.Is(err, class) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", ErrToken, err)
}

// logIn says who we are: by AUTH XOAUTH2 when there is a token, by AUTH PLAIN where the server offers it, else by USER
// and PASS. Nothing is sent ahead: a server may lose what comes behind the command that changes its state (courier).
func (s *Session) logIn(ctx context.Context) error {
	if s.token != "" {
		err := s.sasl(ctx, "XOAUTH2", s.xoauth2Response())
		if errors.Is(err, ErrCredentials) && s.account.TokenRefused != nil {
			s.account.TokenRefused()
		}
		return err
	}
	if s.capabilities.HasArgument("SASL", "PLAIN") {
		err := s.sasl(ctx, "PLAIN", s.plainResponse())
		// Refused before it was told anything: it does not do what it offers. USER is optional beside it (RFC 2449 §6.3).
		if !errors.Is(err, ErrMechanism) || SessionBroken(err) || !s.capabilities.Has("USER") {
			return err
		}
	}
	err := s.command(ctx, "USER", expectation{}, func() error { return s.pop.User(s.account.UserName) })
	if err != nil {
		return err
	}
	return s.command(ctx, "PASS", expectation{}, func() error { return s.pop.Pass(s.account.Password) })
}

// sasl authenticates by a mechanism whose client speaks first (RFC 5034 §4). Its response is not sent with the command,
// which must not be longer than 255 octets then: tokens have some thousand.
func (s *Session) sasl(ctx context.Context, mechanism, response string) error {
	op := "AUTH " + mechanism
	offered, known := s.capabilities["SASL"]
	if known && !s.capabilities.HasArgument("SASL", mechanism) {
		s.conn.close()
		return s.failure(op, fmt.Errorf("%w: it offers %s", ErrMechanism, s.conn.redact(strings.Join(offered, " "))))
	}
	err := s.command(ctx, op, expectation{challenge: true}, func() error { return discard(s.pop.Cmd(op, false)) })
	if err != nil {
		return s.mechanismRefused(err)
	}
	if !s.conn.last.challenge {
		return s.protocolFailure(op, "it accepts before it knows whom")
	}
	err = s.command(ctx, op, expectation{challenge: true}, func() error { return discard(s.pop.Cmd(response, false)) })
	if err != nil || !s.conn.last.challenge {
		return err
	}
	return s.saslFailure(ctx, op, s.conn.last.text)
}

// mechanismRefused makes a refusal without a response code what it is: nothing was known of the user yet.
func (s *Session) mechanismRefused(err error) error {
	var e *Error
	if errors.As(err, &e) && e.Err == ErrCredentials && !strings.Contains(e.Reply, "[") {
		e.Err = ErrMechanism
		e.hint = s.hint(e)
	}
	return err
}

// saslFailure hears the reason of a failure, which XOAUTH2 gives as a challenge, to be answered by an empty line
// before the server refuses.
func (s *Session) saslFailure(ctx context.Context, op, challenge string) error {
	status := failureStatus(challenge)
	err := s.command(ctx, op, expectation{}, func() error { return discard(s.pop.Cmd("", false)) })
	if err == nil {
		return s.protocolFailure(op, "it accepts after it has refused")
	}
	var e *Error
	if errors.As(err, &e) && e.Reply != "" {
		e.Status = status
		if strings.HasPrefix(status, "5") && code(strings.TrimPrefix(e.Reply, "-ERR ")) == "" {
			e.Err = ErrServerTrouble
		}
		e.hint = s.hint(e)
	}
	return err
}

// failureStatus reads the status of a failure: base64 of {"status":"401","schemes":"bearer","scope":"…"}. It is "" for
// anything else, and never longer than a status is.
func failureStatus(challenge string) string {
	text, err := base64.StdEncoding.DecodeString(challenge)
	var failure struct {
		Status json.RawMessage `json:"status"` // a string, though some write a number
	}
	if err != nil || json.Unmarshal(text, &failure) != nil {
		return ""
	}
	status := strings.Trim(string(failure.Status), `"`)
	if len(status) > 10 || !isNumber(status) {
		return ""
	}
	return status
}

// xoauth2Response is the initial response of XOAUTH2.
func (s *Session) xoauth2Response() string {
	return base64.StdEncoding.EncodeToString([]byte("user=" + s.account.UserName + "\x01auth=Bearer " + s.token + "\x01\x01"))
}

// plainResponse is the message of PLAIN (RFC 4616 §2), without an identity to act as.
func (s *Session) plainResponse() string {
	return base64.StdEncoding.EncodeToString([]byte("\x00" + s.account.UserName + "\x00" + s.account.Password))
}

// secrets are what must not be shown in any form in which it is sent, longest first: a part must not be replaced before
// the whole, of which the rest would be left. A secret with blanks is there as well without those that are lost when a
// line is taken apart.
func (s *Session) secrets() []string {
	secrets := []string{s.account.Password, s.plainResponse()}
	if s.token != "" {
		secrets = []string{s.token, s.xoauth2Response()}
	}
	secrets = append(secrets, strings.TrimSpace(secrets[0]), strings.Join(strings.Fields(secrets[0]), " "))
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	return secrets
}
