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

// The classes of errors. errors.Is tells them; a refusal by the server may be of two, ErrRefused and its reason.
var (
	ErrAccount     = errors.New("the account is wrong")                  // nothing was sent
	ErrUnreachable = errors.New("the server cannot be reached")          // no connection
	ErrConnection  = errors.New("the connection was lost")               // ended before the answer did
	ErrTimeout     = errors.New("the server did not answer in time")     // or too slowly (minimumRate)
	ErrTLS         = errors.New("TLS could not be agreed on")            // not for the certificate's sake
	ErrTLSRefused  = errors.New("the server does not offer STLS")        // RFC 2595 §4
	ErrCertificate = errors.New("the server's certificate is not valid") // name, dates or authority
	ErrProtocol    = errors.New("the server does not keep to POP3")      // what it sent has no meaning

	ErrRefused        = errors.New("the server refused the command")                    // any -ERR
	ErrCredentials    = errors.New("the server refused the user name or password")      // [AUTH], RFC 3206 §5
	ErrMechanism      = errors.New("the server does not offer the way to log in")       // AUTH, RFC 5034 §4
	ErrMaildropLocked = errors.New("the maildrop is locked by another session")         // [IN-USE], RFC 2449 §8.1.2
	ErrLoginDelay     = errors.New("the server wants more time between log-ins")        // [LOGIN-DELAY], RFC 2449 §8.1.1
	ErrServerTrouble  = errors.New("the server has a temporary problem")                // [SYS/TEMP], RFC 3206 §4
	ErrServerDefect   = errors.New("the server has a problem that a person must solve") // [SYS/PERM], RFC 3206 §4

	ErrToken         = errors.New("no access token could be had")        // endpoint silent, broken or overloaded
	ErrTokenRefused  = errors.New("the token endpoint refused")          // classified, RFC 6749 §5.2
	ErrNotAuthorized = errors.New("the mailbox has not been authorized") // device code: no refresh token to use

	ErrTooLarge = errors.New("the message is larger than allowed")       // Account.MaxOctets
	ErrShort    = errors.New("the message came far shorter than listed") // as LIST said
	ErrSpool    = errors.New("the message could not be kept on disk")
	ErrClosed   = errors.New("the session is closed")
)

// Error says what was tried, with which server, and why it failed. No secret is ever in it.
type Error struct {
	Op      string // the step: "connect", "TLS", "greeting" or the command without its secrets, such as "RETR 3"
	Command string // the first word of Op, such as "RETR": programs compare this, people read Op
	Server  string // host:port
	Number  int    // the message-number that the step was about, 0 for none
	Reply   string // the server's line that refused, "" when none did
	Status  string // what XOAUTH2's failure says, such as "401"; "" when there is none
	Err     error  // one of the classes, wrapped

	hint   string
	broken bool // the connection is closed
}

// Error implements error. Certificates and name servers have a say in it: what a terminal would obey is taken out.
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

// Unwrap gives the class.
func (e *Error) Unwrap() error { return e.Err }

// Is makes every refusal an ErrRefused, whatever its class.
func (e *Error) Is(target error) bool { return target == ErrRefused && e.Reply != "" }

// IsPermanentForMailbox reports whether waiting does not help this mailbox: a person must correct the account,
// the password, the certificate or the server. It may be tried again, but slowly.
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

// IsPermanentForMessage reports whether this one message will fail again however often it is tried.
func IsPermanentForMessage(err error) bool { return errors.Is(err, ErrTooLarge) }

// IsTransient reports whether the next poll may find it better. All that is not known to be permanent is
// transient, so that no mail is given up by ignorance.
func IsTransient(err error) bool {
	return err != nil && !IsPermanentForMailbox(err) && !IsPermanentForMessage(err)
}

// SessionBroken reports whether the session ended with err. When it did not, the server only refused one command,
// or the context ended before anything was sent, and the session goes on.
func SessionBroken(err error) bool {
	var e *Error
	if errors.As(err, &e) {
		return e.broken
	}
	return err != nil
}

// Hint says in one sentence what a person can do about err, "" when there is nothing to say. An error of Account.Token
// says it itself, by a method Hint.
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

// isContext reports whether the caller, not the server, ended the step.
func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// failure makes the error of a step that ended the session.
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

// refusal makes the error of a command that was answered -ERR.
func (s *Session) refusal(op string, r reply) *Error {
	e := &Error{Op: op, Command: firstWord(op), Server: s.account.address(), Reply: s.conn.redact(r.String()), Err: refusalClass(op, r)}
	if op == "STLS" {
		e.Err = ErrTLSRefused
	}
	e.hint = s.hint(e)
	return e
}

// classes are all classes that an error may have been given where it arose.
var classes = []error{
	ErrAccount, ErrUnreachable, ErrConnection, ErrTimeout, ErrTLS, ErrTLSRefused, ErrCertificate, ErrProtocol,
	ErrTooLarge, ErrShort, ErrSpool, ErrClosed, ErrToken, ErrTokenRefused, ErrNotAuthorized,
}

// classify gives an error of the network its class.
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
		return fmt.Errorf("%w: %w", ErrCertificate, certificate.Err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ErrTimeout
	case isContext(err):
		return err
	case errors.As(err, &handshake) && !isLost(handshake.err):
		return fmt.Errorf("%w: %w", ErrTLS, err)
	}
	return fmt.Errorf("%w: %w", ErrConnection, err)
}

// isLost reports whether the connection itself failed. crypto/tls hands alerts on as a net.OpError too, with an Op
// of its own.
func isLost(err error) bool {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, net.ErrClosed} {
		if errors.Is(err, end) {
			return true
		}
	}
	var op *net.OpError
	return errors.As(err, &op) && op.Op != "remote error" && op.Op != "local error"
}
