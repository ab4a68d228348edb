package smtp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"strings"

	"mailintegration/mailbox"
)

// Send sends a message. It returns nil when the server has taken it over. After an error for which SessionBroken is false,
// the session sends the next message.
func (s *Session) Send(ctx context.Context, m Message) error {
	m.From = cmp.Or(m.From, s.account.From)
	from, err := mailPath(m.From.Address)
	if err != nil {
		return s.failure("MAIL", fmt.Errorf("%w: %w", ErrNoSender, err), false)
	}
	to, err := mailPath(m.To.Address)
	if err != nil {
		return s.failure("RCPT", fmt.Errorf("%w: %w", ErrRecipient, err), false)
	}
	octets, err := m.octets(from, to)
	if err != nil {
		return s.failure("DATA", fmt.Errorf("%w: %w", ErrMessage, err), false)
	}
	utf8 := !isASCII(from) || !isASCII(to)
	if utf8 && !s.offers("SMTPUTF8") && !s.broken {
		return s.failure("RCPT", fmt.Errorf("%w: the server does not support non-ASCII addresses (SMTPUTF8, RFC 6531)", ErrRecipient), false)
	}
	if err := s.transaction(ctx, from, to, utf8, octets); err != nil {
		return s.afterRefusal(ctx, err)
	}
	return nil
}

// transaction sends the three parts of a mail transaction (RFC 5321 §3.3).
func (s *Session) transaction(ctx context.Context, from, to string, utf8 bool, octets []byte) error {
	if err := s.mailFrom(ctx, from, utf8); err != nil {
		return err
	}
	rcpt := func() error { return s.client.Rcpt("<" + to + ">") }
	if err := s.step(ctx, "RCPT TO:<"+to+">", s.account.StepTimeout, rcpt); err != nil {
		return err
	}
	var data io.WriteCloser
	err := s.step(ctx, "DATA", s.account.StepTimeout, func() (err error) {
		data, err = s.client.Data()
		return err
	})
	if err != nil {
		return err
	}
	return s.step(ctx, "DATA", answerPatience*s.account.StepTimeout, func() error {
		if _, err := data.Write(octets); err != nil {
			return err
		}
		return data.Close()
	})
}

// mailFrom begins a mail transaction.
func (s *Session) mailFrom(ctx context.Context, from string, utf8 bool) error {
	mail := func() error {
		s.client.SkipSMTPUTF8(!utf8)
		return s.client.Mail("<" + from + ">")
	}
	return s.step(ctx, "MAIL FROM:<"+from+">", s.account.StepTimeout, mail)
}

// afterRefusal makes the session ready for the next message after one was refused. It returns err; where RSET fails too,
// the session is broken.
func (s *Session) afterRefusal(ctx context.Context, err error) error {
	if SessionBroken(err) {
		return err
	}
	if resetting := s.reset(ctx); resetting != nil {
		return s.breaking(err)
	}
	return err
}

// mailPath returns an address as it stands between the angle brackets of MAIL and RCPT, its domain in ASCII. The error
// does not repeat an address with line breaks.
func mailPath(address string) (string, error) {
	if address == "" {
		return "", errors.New("it is empty")
	}
	if strings.ContainsAny(address, "\r\n\x00<>") {
		return "", errors.New("the address contains a line break or an angle bracket")
	}
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Name != "" {
		return "", fmt.Errorf("%.80q is not an address", address)
	}
	local, domain := parsed.Address[:strings.LastIndexByte(parsed.Address, '@')], parsed.Address[strings.LastIndexByte(parsed.Address, '@')+1:]
	ascii, err := mailbox.ASCIIHost(domain)
	if err != nil {
		return "", fmt.Errorf("%.80q is not a domain", domain)
	}
	quoted := (&mail.Address{Address: local + "@" + ascii}).String() // quotes the local part where that is needed
	return strings.TrimSuffix(strings.TrimPrefix(quoted, "<"), ">"), nil
}

// isASCII reports whether an address needs no SMTPUTF8.
func isASCII(address string) bool {
	return !strings.ContainsFunc(address, func(r rune) bool { return r > '~' })
}
