package smtp

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/textproto"
	"regexp"
	"slices"
	"strconv"
	"strings"

	client "github.com/wneessen/go-mail/smtp"

	"mailintegration/mailbox"
)

// class is a class of errors with the words for SMTP; it is one of mailbox's classes too, unless is is nil.
type class struct {
	text string
	is   error
}

// Error implements error.
func (c *class) Error() string { return c.text }

// Is reports whether the class is one of mailbox's.
func (c *class) Is(target error) bool { return c.is != nil && target == c.is }

// The classes of errors that mailbox does not have. An error of connection, TLS or log-in has one of mailbox's:
// ErrAccount, ErrUnreachable, ErrConnection, ErrTimeout, ErrTLS, ErrTLSRefused, ErrCertificate, ErrProtocol,
// ErrCredentials, ErrMechanism, ErrServerDefect, ErrToken, ErrTokenRefused and ErrNotAuthorized.
var (
	ErrRecipient     error = &class{text: "the server refused the recipient"}                          // 5xx to RCPT
	ErrMessage       error = &class{text: "the server refused the message"}                            // 5xx to DATA
	ErrSenderRefused error = &class{text: "the server does not let this account send the mail"}        // 5xx to MAIL, 5.7.60
	ErrNoSender      error = &class{"there is no address to send from", mailbox.ErrAccount}            // From is missing or invalid
	ErrTemporary     error = &class{"the server refused for the time being", mailbox.ErrServerTrouble} // 4xx
)

// The classes of mailbox whose words are POP3's.
var (
	errTLSRefused error = &class{"the server does not offer STARTTLS", mailbox.ErrTLSRefused}
	errProtocol   error = &class{"the server does not follow the SMTP protocol", mailbox.ErrProtocol}
)

// Error says which step failed, with which server, and why. It never contains a secret.
type Error struct {
	Op       string // the step: "connect", "TLS", "greeting", "EHLO", "AUTH PLAIN", "MAIL FROM:<…>", …
	Server   string // host:port
	Code     int    // the reply code with which the server refused, 0 if it did not
	Enhanced string // its enhanced status code (RFC 3463), such as "5.7.30"; "" for none
	Reply    string // the server's words, "" if it did not refuse
	Err      error  // one of the classes, wrapped

	hint   string
	broken bool // the connection is closed
}

// Error implements error.
func (e *Error) Error() string {
	s := fmt.Sprintf("%s at %s: %v", e.Op, e.Server, e.Err)
	if e.Code != 0 {
		s += ": server said " + strconv.Quote(strings.TrimSpace(strconv.Itoa(e.Code)+" "+e.Reply))
	}
	return mailbox.Printable(s)
}

// Unwrap returns the class.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is mailbox.ErrRefused and e a refusal.
func (e *Error) Is(target error) bool { return target == mailbox.ErrRefused && e.Code != 0 }

// Hint returns one sentence on what a person can do, "" when nothing helps but waiting.
func (e *Error) Hint() string { return e.hint }

// IsMessageFault reports whether err says that this message, or its recipient, will be refused again and again, while
// others may be sent.
func IsMessageFault(err error) bool {
	return errors.Is(err, ErrRecipient) || errors.Is(err, ErrMessage)
}

// IsOfMessage reports whether err concerns the one message that was sent, for the time being or for ever, and says
// nothing about the next one: greylisting for instance.
func IsOfMessage(err error) bool {
	return IsMessageFault(err) || errors.Is(err, ErrTemporary) && !SessionBroken(err)
}

// SessionBroken reports whether err ended the session. If not, the server only refused one message.
func SessionBroken(err error) bool {
	var e *Error
	if errors.As(err, &e) {
		return e.broken
	}
	return err != nil
}

// failure returns the error of a step that got no usable answer.
func (s *Session) failure(op string, err error, handshake bool) *Error {
	switch {
	case isMalformed(err):
		err = fmt.Errorf("%w: %s", errProtocol, mailbox.Presentable(s.redact(err.Error())))
	case !hasClass(err):
		err = mailbox.Classify(err, handshake)
	}
	e := &Error{Op: op, Server: s.account.HostPort(), Err: err}
	e.hint = s.hint(e)
	return e
}

// isMalformed reports whether the server sent something that is no answer.
func isMalformed(err error) bool {
	var line textproto.ProtocolError
	var challenge base64.CorruptInputError
	return errors.As(err, &line) || errors.As(err, &challenge) || errors.Is(err, client.ErrUnexpectedServerResponse)
}

// hasClass reports whether an error has one of the classes that mailbox.Classify does not know.
func hasClass(err error) bool {
	for _, class := range []error{ErrRecipient, ErrMessage, ErrNoSender, errProtocol, mailbox.ErrMechanism} {
		if errors.Is(err, class) {
			return true
		}
	}
	return false
}

// refusal returns the error for an answer with another code than the expected one.
func (s *Session) refusal(op string, answer *textproto.Error) *Error {
	reply := mailbox.Presentable(s.redact(strings.ReplaceAll(answer.Msg, "\n", " ")))
	e := &Error{Op: op, Server: s.account.HostPort(), Code: answer.Code, Reply: reply, Enhanced: enhancedCode(reply)}
	e.Err = refusalClass(op, e.Code, e.Enhanced, reply)
	e.broken = e.Code == 421 // RFC 5321 §3.8: the server closes the connection
	e.hint = s.hint(e)
	return e
}

var enhanced = regexp.MustCompile(`^([245]\.[0-9]{1,3}\.[0-9]{1,3})\b`)

// enhancedCode returns the enhanced status code at the beginning of a reply's text (RFC 2034 §4), "" for none.
func enhancedCode(reply string) string { return enhanced.FindString(reply) }

// The enhanced status codes that name whose fault it is, at whichever step they come: Exchange Online gives most of them
// only at the end of the message. RFC 3463 §3.2 has X.1.7 and X.1.8 for the sender's address.
var (
	credentialCodes = []string{"5.7.3", "5.7.8", "5.7.9", "5.7.30", "5.7.57", "5.7.139"}
	senderCodes     = []string{"5.1.7", "5.1.8", "5.2.252", "5.7.27", "5.7.60", "5.7.501", "5.7.502", "5.7.503", "5.7.705", "5.7.708"}
)

// relayWords mean that the server does not pass on mail for other domains: it wants a log-in, or does not know this
// machine.
var relayWords = regexp.MustCompile(`(?i)\brelay(ing)?\b`)

// refusalClass returns the class of a refusal of a step.
func refusalClass(op string, code int, enhanced, reply string) error {
	verb, _, _ := strings.Cut(op, " ")
	switch {
	case code/100 == 4, enhanced == "5.2.2": // RFC 3463 §3.3: a full mailbox is a persistent transient condition
		return ErrTemporary
	case code/100 != 5:
		return fmt.Errorf("%w: an answer with this code has no meaning here", errProtocol)
	case verb == "STARTTLS":
		return errTLSRefused
	case verb == "AUTH" && slices.Contains([]int{500, 501, 502, 504}, code):
		return mailbox.ErrMechanism
	case verb == "AUTH", code == 530, code == 535, slices.Contains(credentialCodes, enhanced):
		return mailbox.ErrCredentials
	case verb == "MAIL", slices.Contains(senderCodes, enhanced), verb == "RCPT" && relayWords.MatchString(reply):
		return ErrSenderRefused
	case verb == "RCPT":
		return ErrRecipient
	case verb == "DATA":
		return ErrMessage
	}
	return mailbox.ErrServerDefect
}
