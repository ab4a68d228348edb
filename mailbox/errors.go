package mailbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
)

// The classes of errors, told apart with errors.Is. A refusal by the server may have two: ErrRefused and its reason.
var (
	ErrAccount     = errors.New("the account settings are not valid")           // nothing was sent
	ErrUnreachable = errors.New("the server cannot be reached")                 // no connection
	ErrConnection  = errors.New("the connection was lost")                      // before the answer was complete
	ErrTimeout     = errors.New("the server did not answer in time")            // or too slowly (minimumRate)
	ErrTLS         = errors.New("the TLS handshake failed")                     // for another reason than the certificate
	ErrTLSRefused  = errors.New("the server does not offer STLS")               // RFC 2595 §4
	ErrCertificate = errors.New("the server's certificate is not valid")        // name, dates or authority
	ErrProtocol    = errors.New("the server does not follow the POP3 protocol") // an answer without a meaning

	ErrRefused        = errors.New("the server refused the command")                             // any -ERR
	ErrCredentials    = errors.New("the server refused the user name or password")               // [AUTH], RFC 3206 §5
	ErrMechanism      = errors.New("the server does not support the log-in method")              // AUTH, RFC 5034 §4
	ErrMaildropLocked = errors.New("the maildrop is locked by another session")                  // [IN-USE], RFC 2449 §8.1.2
	ErrLoginDelay     = errors.New("the server requires more time between log-ins")              // [LOGIN-DELAY], RFC 2449 §8.1.1
	ErrServerTrouble  = errors.New("the server has a temporary problem")                         // [SYS/TEMP], RFC 3206 §4
	ErrServerDefect   = errors.New("the server has a problem that its administrator must solve") // [SYS/PERM], RFC 3206 §4

	ErrToken         = errors.New("could not obtain an access token")       // endpoint silent, broken or overloaded
	ErrTokenRefused  = errors.New("the token endpoint refused the request") // with a reason, RFC 6749 §5.2
	ErrNotAuthorized = errors.New("the mailbox has not been authorized")    // device code: no usable refresh token

	ErrTooLarge = errors.New("the message is larger than allowed") // Account.MaxOctets
	ErrShort    = errors.New("the server sent far less of the message than LIST said")
	ErrSpool    = errors.New("could not write the message to disk")
	ErrClosed   = errors.New("the session is closed")
)

// Error says which step failed, with which server, and why. It never contains a secret.
type Error struct {
	Op      string // the step: "connect", "TLS", "greeting" or the command without its secrets, such as "RETR 3"
	Command string // the first word of Op, such as "RETR": programs compare this, people read Op
	Server  string // host:port
	Number  int    // message-number that the step was about, 0 for none
	Reply   string // the status line with which the server refused, "" if it did not
	Status  string // the status in XOAUTH2's failure, such as "401"; "" when there is none
	Err     error  // one of the classes, wrapped

	hint   string
	broken bool // the connection is closed
}

// Error implements error. Certificates and name servers contribute text to it, so control characters are replaced.
func (e *Error) Error() string {
	s := fmt.Sprintf("%s at %s: %v", e.Op, e.Server, e.Err)
	if e.Status != "" {
		s += " (status " + e.Status + ")"
	}
	if e.Reply != "" {
		s += ": server said " + strconv.Quote(e.Reply)
	}
	return clean(s)
}

// Unwrap returns the class.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is ErrRefused and e a refusal: a refusal is an ErrRefused besides its own class.
func (e *Error) Is(target error) bool { return target == ErrRefused && e.Reply != "" }

// IsPermanentForMailbox reports whether waiting does not help this mailbox: a person must correct the account,
// the password, the certificate or the server. The caller may try again, but slowly.
func IsPermanentForMailbox(err error) bool {
	for _, class := range []error{
		ErrAccount, ErrCredentials, ErrMechanism, ErrCertificate, ErrTLS, ErrTLSRefused, ErrServerDefect,
		ErrTokenRefused, ErrNotAuthorized,
	} {
		if errors.Is(err, class) {
			return true
		}
	}
	return false
}

// IsPermanentForMessage reports whether every further attempt at this one message will fail too.
func IsPermanentForMessage(err error) bool { return errors.Is(err, ErrTooLarge) }

// IsTransient reports whether the next poll may succeed. Every error that is not known to be permanent is transient,
// so that no message is given up for an unknown reason.
func IsTransient(err error) bool {
	return err != nil && !IsPermanentForMailbox(err) && !IsPermanentForMessage(err)
}

// SessionBroken reports whether err ended the session. If not, the server only refused one command, or the context
// ended before anything was sent, and the session can be used further.
func SessionBroken(err error) bool {
	var e *Error
	if errors.As(err, &e) {
		return e.broken
	}
	return err != nil
}

// Hint returns one sentence on what a person can do about err, "" when there is nothing to say. The hint for an error
// of Account.Token comes from that error's own method Hint.
func Hint(err error) string {
	var token interface{ Hint() string }
	if errors.As(err, &token) && token.Hint() != "" {
		return token.Hint()
	}
	var e *Error
	if errors.As(err, &e) {
		return e.hint
	}
	return ""
}

// isContext reports whether the caller's context, not the server, ended the step.
func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// failure returns the error of a step that ended the session.
func (s *Session) failure(op string, err error) *Error {
	e := &Error{Op: op, Command: firstWord(op), Server: s.account.address(), Err: classify(err), broken: true}
	e.hint = s.hint(e)
	return e
}

// firstWord returns the command of a step, without its arguments.
func firstWord(op string) string {
	word, _, _ := strings.Cut(op, " ")
	return word
}

// refusal returns the error of a command that the server answered with -ERR.
func (s *Session) refusal(op string, r reply) *Error {
	e := &Error{
		Op: op, Command: firstWord(op), Server: s.account.address(),
		Reply: s.conn.redact(r.String()), Err: refusalClass(op, r),
	}
	if op == "STLS" {
		e.Err = ErrTLSRefused
	}
	e.hint = s.hint(e)
	return e
}

// classes are the classes that an error may already have when it reaches classify.
var classes = []error{
	ErrAccount, ErrUnreachable, ErrConnection, ErrTimeout, ErrTLS, ErrTLSRefused, ErrCertificate, ErrProtocol,
	ErrTooLarge, ErrShort, ErrSpool, ErrClosed, ErrToken, ErrTokenRefused, ErrNotAuthorized,
}

// Classify wraps an error of the network in its class; handshake says that the step was a TLS handshake. It is for the
// other protocols, whose errors have the same classes.
func Classify(err error, handshake bool) error {
	if handshake {
		err = &handshakeError{err}
	}
	return classify(err)
}

// classify wraps an error of the network in its class.
func classify(err error) error {
	for _, class := range classes {
		if errors.Is(err, class) {
			return err
		}
	}
	var certificate *tls.CertificateVerificationError
	var handshake *handshakeError
	switch {
	case errors.As(err, &certificate):
		return fmt.Errorf("%w: %w", ErrCertificate, untrusted{certificate})
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ErrTimeout
	case isContext(err):
		return err
	case errors.As(err, &handshake) && !isLost(handshake.err):
		return fmt.Errorf("%w: %w", ErrTLS, err)
	}
	return fmt.Errorf("%w: %w", ErrConnection, err)
}

// isLost reports whether the connection itself failed. crypto/tls reports TLS alerts as net.OpError too, with an Op of
// its own.
func isLost(err error) bool {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, net.ErrClosed} {
		if errors.Is(err, end) {
			return true
		}
	}
	var op *net.OpError
	return errors.As(err, &op) && op.Op != "remote error" && op.Op != "local error"
}
