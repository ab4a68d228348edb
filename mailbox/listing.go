package mailbox

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Item is one line of the scan listing.
type Item struct {
	Number int    // message-number, valid in this session only
	UIDL   string // unique-id (RFC 1939 §7), "" when the server gave none or an invalid one
	Octets int64  // as LIST says; an estimate, as some servers send more or fewer
}

// Limits of a listing.
const (
	maxUIDL         = 1000     // octets of a unique-id; RFC 1939 §7 allows 70, servers send more
	maxItems        = 100_000  // messages that List returns
	maxUIDLs        = 8 << 20  // octets of all unique-ids that List returns
	maxListing      = 32 << 20 // octets of a whole scan listing or unique-id listing
	maxCapabilities = 64 << 10 // octets of an answer to CAPA
)

// List requests the drop listing (STAT). If there are messages, it also requests the capabilities of the user, the scan
// listing (LIST) and the unique-id listing (UIDL), checks the listings against each other and returns the messages in the
// order of their numbers. go-pop3's own List and Uidl stop silently at a line they do not understand, so that a truncated
// listing would look complete.
//
// From a maildrop with more than 100,000 messages, or with more than 8 MiB of unique-ids, List returns the first ones;
// later sessions get the others, when these are deleted. Listed returns the total.
func (s *Session) List(ctx context.Context) ([]Item, error) {
	l := &listings{session: s, count: -1}
	if err := l.readCount(ctx, &request{op: "STAT"}); err != nil {
		return nil, err
	}
	if l.count == 0 {
		return nil, s.askLoginDelay(ctx)
	}
	s.conn.expectMuch()
	capa, found := capabilitiesRequest()
	list := &request{op: "LIST", lines: l.addScan, most: maxListing}
	uidl := &request{op: "UIDL", lines: l.addUIDL, most: maxListing}
	if s.isPipelining() {
		if err := s.send(ctx, capa, list, uidl); err != nil {
			return nil, err
		}
	}
	if s.capabilities != nil { // the server knows CAPA
		if err := s.readCapabilities(ctx, capa, found); err != nil {
			return nil, err
		}
	}
	err := s.do(ctx, list)
	if err == nil {
		err = l.checkScan()
	}
	if err == nil {
		err = l.readUIDLs(ctx, uidl)
	}
	if err != nil {
		return nil, err
	}
	return l.items, nil
}

// askLoginDelay requests the capabilities of the user if LOGIN-DELAY is among those from before the log-in: it may
// differ between users (RFC 2449 §6.5). No other capability matters to a session without messages.
func (s *Session) askLoginDelay(ctx context.Context) error {
	if !s.capabilities.Has("LOGIN-DELAY") {
		return nil
	}
	return s.AskCapabilities(ctx)
}

// readCount waits for the answer to STAT and records the number of messages.
func (l *listings) readCount(ctx context.Context, stat *request) error {
	s := l.session
	if err := s.do(ctx, stat); err != nil {
		return err
	}
	words := strings.Fields(stat.text.String())
	count, ok := 0, false
	if len(words) >= 2 && isNumber(words[1]) {
		count, ok = number(words[0])
	}
	if !ok {
		return s.protocolFailure("STAT", "%s is not a drop listing", s.quote(stat.text.String()))
	}
	s.statWords = max(s.statWords, len(words))
	l.count = count
	return nil
}

// readUIDLs waits for the answer to UIDL, which is optional in RFC 1939 §7. A refusal is an error only when the server
// listed UIDL as a capability, or gave a reason.
func (l *listings) readUIDLs(ctx context.Context, uidl *request) error {
	s := l.session
	err := s.do(ctx, uidl)
	switch {
	case err == nil:
		return l.checkUIDLs()
	case SessionBroken(err) || s.capabilities.Has("UIDL") || !isPlainRefusal(err):
		return err
	}
	return nil
}

// parseScan parses "message-number octets"; RFC 1939 §5 lets more follow.
func parseScan(line string) (Item, bool) {
	words := strings.Fields(line)
	if len(words) < 2 || !isNumber(words[1]) {
		return Item{}, false
	}
	n, ok := number(words[0])
	octets, err := strconv.ParseInt(words[1], 10, 64)
	return Item{Number: n, Octets: octets}, ok && n > 0 && err == nil
}

// trustedUIDL returns the unique-id if it can identify its message, "" if it is too long or has other octets than 0x21
// to 0x7E (RFC 1939 §7). The message is still read: its digest identifies it.
func trustedUIDL(id string) string {
	id = strings.TrimRight(id, " ")
	if len(id) > maxUIDL || strings.ContainsFunc(id, func(r rune) bool { return r < 0x21 || r > 0x7e }) {
		return ""
	}
	return strings.Clone(id) // so that the rest of the line can be freed
}

// protocolFailure ends the session because the server violates the protocol: its next answers cannot be trusted either.
// Text of the server among args has gone through quote.
func (s *Session) protocolFailure(op, format string, args ...any) *Error {
	s.conn.close()
	return s.failure(op, protocolError(format, args...))
}

// protocolError returns an ErrProtocol that says how the server violates the protocol.
func protocolError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrProtocol, fmt.Sprintf(format, args...))
}

// isPlainRefusal reports whether the server refused without a response code that gives a reason.
func isPlainRefusal(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Err == ErrRefused
}

// isNumber reports whether s consists of digits only: strconv accepts signs as well.
func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// number parses a message-number or a count of at most nine digits, more than any maildrop needs.
func number(s string) (int, bool) {
	if !isNumber(s) || len(s) > 9 {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}
