package mailbox

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
)

// failure makes the error of a step that ended the session.
func (s *Session) failure(op string, err error) *Error {
	e := &Error{Op: op, Server: s.account.address(), Err: classify(err), broken: true}
	e.hint = s.hint(e)
	return e
}

// refusal makes the error of a command that was answered -ERR.
func (s *Session) refusal(op string, r reply) *Error {
	e := &Error{Op: op, Server: s.account.address(), Reply: s.wire.shown(r.String()), Err: refusalClass(op, r)}
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
