package oauth

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/oauth2"

	"mailintegration/mailbox"
)

// Error says why there is no token. It wraps mailbox.ErrToken, which is transient, mailbox.ErrTokenRefused or
// mailbox.ErrNotAuthorized, for which a person must act. It contains no secret and no token.
type Error struct {
	Op       string // the step: "client credentials", "refresh token", …
	Endpoint string // host:port, "" when nothing was sent
	Status   int    // status of the HTTP answer, 0 for none
	Code     string // RFC 6749 §5.2 and RFC 8628 §3.5, such as "invalid_grant"; "" for none
	AADSTS   int    // Microsoft's number for the reason, 0 for none
	Err      error

	hint string
}

// Error implements error.
func (e *Error) Error() string {
	if e.Endpoint == "" {
		return fmt.Sprintf("%s: %v", e.Op, e.Err)
	}
	return fmt.Sprintf("%s at %s: %v", e.Op, e.Endpoint, e.Err)
}

// Unwrap returns the class.
func (e *Error) Unwrap() error { return e.Err }

// Hint returns one sentence on what a person can do, "" when nothing helps but waiting.
func (e *Error) Hint() string { return e.hint }

// failure returns the error of a request.
func (s *Source) failure(ctx context.Context, op string, x *transport, secrets []string, err error) *Error {
	e := &Error{Op: op, Endpoint: s.opts.host(), Status: x.status}
	var answer *oauth2.RetrieveError
	switch {
	case ctx.Err() != nil:
		e.Err = fmt.Errorf("%w: %w", mailbox.ErrToken, ctx.Err())
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			e.hint = unreachableHint(e.Endpoint)
		}
	case x.timedOut:
		e.Err = fmt.Errorf("%w: no answer within %v", mailbox.ErrToken, s.opts.Timeout)
		e.hint = unreachableHint(e.Endpoint)
	case errors.As(err, &answer) && answer.ErrorCode != "":
		secrets = append(secrets, s.opts.ClientSecret, s.opts.Password)
		e.setRefusal(answer, redact(answer.ErrorDescription, secrets))
	case x.status != 0:
		e.Err = fmt.Errorf("%w: unusable answer: %s", mailbox.ErrToken, x.describe())
		e.hint = "look for a proxy or a firewall that answers in the endpoint's place; the next poll tries again"
	default:
		e.Err = fmt.Errorf("%w: %w", mailbox.ErrToken, cause(err))
		e.hint = unreachableHint(e.Endpoint)
	}
	return e
}

func unreachableHint(host string) string {
	return fmt.Sprintf("this machine must reach %s over HTTPS: check AuthorityURL, the firewalls and the proxy; the next poll tries again",
		host)
}

// describe returns the status and media type of the answer, without any of its text.
func (x *transport) describe() string {
	kind := x.mediaType
	if kind == "" {
		kind = "no media type"
	}
	return fmt.Sprintf("%d %s, %s", x.status, http.StatusText(x.status), kind)
}

// cause removes the request from an error of net/http: its URL says no more than the Error.
func cause(err error) error {
	var request *url.Error
	if errors.As(err, &request) {
		err = request.Err
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op
	}
	return err
}

// setRefusal records the endpoint's reason for its refusal.
func (e *Error) setRefusal(answer *oauth2.RetrieveError, description string) {
	e.Code, e.AADSTS = shortWord(answer.ErrorCode), aadstsNumber(description)
	class := mailbox.ErrToken
	if e.isPermanent() {
		class = mailbox.ErrTokenRefused
		e.hint = hintFor(e.Code, e.AADSTS)
	}
	e.Err = fmt.Errorf("%w: %s", class, e.Code)
	if description != "" {
		e.Err = fmt.Errorf("%w: %s", e.Err, description)
	}
}

// permanentCodes are the refusals that do not pass by waiting (RFC 6749 §5.2, OpenID Connect Core §3.1.2.6).
var permanentCodes = map[string]bool{
	"invalid_grant": true, "invalid_client": true, "unauthorized_client": true, "unsupported_grant_type": true,
	"invalid_scope": true, "invalid_resource": true, "access_denied": true, "authorization_declined": true,
	"interaction_required": true, "consent_required": true, "login_required": true,
}

// isPermanent reports whether a person must act on the refusal. An endpoint with a temporary problem may use the same
// codes. A proxy may damage a request and cause invalid_request, so that this code counts only with Microsoft's number.
func (e *Error) isPermanent() bool {
	if e.Status >= 500 || e.Status == http.StatusTooManyRequests || e.Status == http.StatusRequestTimeout ||
		transientNumbers[e.AADSTS] {
		return false
	}
	return permanentCodes[e.Code] || e.Code == "invalid_request" && e.AADSTS != 0
}

var aadsts = regexp.MustCompile(`AADSTS([0-9]{4,8})`)

// aadstsNumber returns Microsoft's number in a description, 0 for none.
func aadstsNumber(description string) int {
	found := aadsts.FindStringSubmatch(description)
	if found == nil {
		return 0
	}
	n, _ := strconv.Atoi(found[1]) // it has at most eight digits
	return n
}

// shortWord returns the first 40 printable characters of a code, without blanks.
func shortWord(s string) string {
	return fmt.Sprintf("%.40s", strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, s))
}

// redact makes a description fit for a person: one line, without secrets and without the identifiers of this request.
func redact(description string, secrets []string) string {
	for _, secret := range secrets {
		if secret != "" {
			description = strings.NewReplacer(secret, "REDACTED", url.QueryEscape(secret), "REDACTED").Replace(description)
		}
	}
	description, _, _ = strings.Cut(strings.Join(strings.Fields(description), " "), " Trace ID:")
	return printable(description)
}

// printable makes a text of the endpoint fit for one line of a log or a terminal.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 400 {
		return string(r[:400]) + "…"
	}
	return s
}
