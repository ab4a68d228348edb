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

// fetchToken obtains the access token before the session connects, so that the server need not wait for it.
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
		return s.failure("token", fmt.Errorf("%w: the token source returned an invalid bearer token (RFC 6750 §2.1)", ErrToken))
	}
	s.token = token
	return nil
}

// tokenError classifies an unknown error of the token source as transient.
func tokenError(err error) error {
	for _, class := range classes {
		if errors.Is(err, class) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", ErrToken, err)
}

// logIn authenticates: by AUTH XOAUTH2 with a token, by AUTH PLAIN where the server offers it, else by USER and PASS.
// It waits for each answer: a server may lose commands sent behind the one that changes its state (courier).
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
		// Refused before the password was sent: the server lists PLAIN without supporting it. USER is an alternative
		// only where the server lists it (RFC 2449 §6.3).
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

// sasl authenticates by a mechanism in which the client speaks first (RFC 5034 §4). It does not send the initial
// response with the command, which must not exceed 255 octets: tokens have several thousand.
func (s *Session) sasl(ctx context.Context, mechanism, response string) error {
	op := "AUTH " + mechanism
	offered, known := s.capabilities["SASL"]
	if known && !s.capabilities.HasArgument("SASL", mechanism) {
		s.conn.close()
		return s.failure(op, fmt.Errorf("%w; it offers %s", ErrMechanism, s.conn.redact(strings.Join(offered, " "))))
	}
	err := s.command(ctx, op, expectation{challenge: true}, func() error { return discard(s.pop.Cmd(op, false)) })
	if err != nil {
		return s.mechanismRefused(err)
	}
	if !s.conn.last.challenge {
		return s.protocolFailure(op, "it accepted the log-in before any credentials were sent")
	}
	err = s.command(ctx, op, expectation{challenge: true}, func() error { return discard(s.pop.Cmd(response, false)) })
	if err != nil || !s.conn.last.challenge {
		return err
	}
	return s.saslFailure(ctx, op, s.conn.last.text)
}

// mechanismRefused reclassifies a refusal without a response code as ErrMechanism: the server knew nothing of the user
// yet.
func (s *Session) mechanismRefused(err error) error {
	var e *Error
	if errors.As(err, &e) && e.Err == ErrCredentials && !strings.Contains(e.Reply, "[") {
		e.Err = ErrMechanism
		e.hint = s.hint(e)
	}
	return err
}

// saslFailure returns the error for a failure. XOAUTH2 sends its reason as a challenge, which the client answers with
// an empty line; then the server refuses.
func (s *Session) saslFailure(ctx context.Context, op, challenge string) error {
	status := failureStatus(challenge)
	err := s.command(ctx, op, expectation{}, func() error { return discard(s.pop.Cmd("", false)) })
	if err == nil {
		return s.protocolFailure(op, "it accepted the log-in after rejecting the credentials")
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

// failureStatus returns the status in a failure: base64 of {"status":"401","schemes":"bearer","scope":"…"}. It returns
// "" for anything else, and at most ten digits.
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

// xoauth2Response returns the initial response of XOAUTH2.
func (s *Session) xoauth2Response() string {
	return base64.StdEncoding.EncodeToString([]byte("user=" + s.account.UserName + "\x01auth=Bearer " + s.token + "\x01\x01"))
}

// plainResponse returns the message of PLAIN (RFC 4616 §2), without an authorization identity.
func (s *Session) plainResponse() string {
	return base64.StdEncoding.EncodeToString([]byte("\x00" + s.account.UserName + "\x00" + s.account.Password))
}

// secrets returns the strings that must never be shown: the secret in each form in which it is sent, longest first, so
// that redacting a part does not leave the rest of a longer form. It also has the secret with the blanks that are lost
// when a line is split into words.
func (s *Session) secrets() []string {
	secrets := []string{s.account.Password, s.plainResponse()}
	if s.token != "" {
		secrets = []string{s.token, s.xoauth2Response()}
	}
	secrets = append(secrets, strings.TrimSpace(secrets[0]), strings.Join(strings.Fields(secrets[0]), " "))
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	return secrets
}
