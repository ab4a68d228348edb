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
	UIDL   string // unique-id (RFC 1939 §7), "" when the server has none or one that cannot be trusted
	Octets int64  // as LIST says: a hint, as servers are known to send more or fewer
}

// What a listing may have.
const (
	maxUIDL        = 1000     // octets of a unique-id; RFC 1939 §7 allows 70, servers send more
	maxItems       = 100_000  // messages that List returns
	maxUIDLs       = 8 << 20  // octets of all unique-ids that List returns
	maxListing     = 32 << 20 // octets of a whole scan listing or unique-id listing
	maxBeforeLogIn = 64 << 10 // octets of a listing that says what the server can do
)

// List asks for the drop listing (STAT), the scan listing (LIST) and the unique-id listing (UIDL), holds them
// against each other and returns the messages in the order of their numbers. go-pop3's own List and Uidl stop
// silently at a line they do not understand, so a cut listing would look whole.
//
// Of a maildrop with more than 100,000 messages, or with more than 8 MiB of unique-ids, List returns the first ones: the
// others come in later sessions, when these are deleted. Listed says how many there are.
func (s *Session) List(ctx context.Context) ([]Item, error) {
	l := &listings{session: s, count: -1}
	stat := &request{op: "STAT"}
	list := &request{op: "LIST", lines: l.addScan, most: maxListing}
	uidl := &request{op: "UIDL", lines: l.addUIDL, most: maxListing}
	if s.isPipelining() {
		capa, found := capabilitiesRequest()
		if err := s.send(ctx, capa, stat, list, uidl); err != nil {
			return nil, err
		}
		if err := s.readCapabilities(ctx, capa, found); err != nil { // RFC 2449 §3: they may differ once the user is known
			return nil, err
		}
	}
	if err := l.readCount(ctx, stat); err != nil {
		return nil, err
	}
	err := s.do(ctx, list)
	if l.count == 0 && isPlainRefusal(err) {
		return nil, nil // some servers refuse to list nothing
	}
	if err == nil {
		err = l.checkScan()
	}
	if err == nil && l.count > 0 {
		err = l.readUIDLs(ctx, uidl)
	}
	if err != nil {
		return nil, err
	}
	return l.items, nil
}

// Listed is how many messages the maildrop has, as the last List found: it is more than List returned when the maildrop
// is too large for one session.
func (s *Session) Listed() int { return s.listed }

// readCount notes the number of messages.
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
		return s.protocolFailure("STAT", "%s is no drop listing", s.quote(stat.text.String()))
	}
	s.statWords = max(s.statWords, len(words))
	l.count, s.listed = count, count
	return nil
}

// readUIDLs fills in the unique-ids. A server may have no UIDL: it is optional in RFC 1939 §7. A server that says that it
// has it, or that it has a problem, did refuse.
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

// parseScan reads "message-number octets"; RFC 1939 §5 lets more follow.
func parseScan(line string) (Item, bool) {
	words := strings.Fields(line)
	if len(words) < 2 || !isNumber(words[1]) {
		return Item{}, false
	}
	n, ok := number(words[0])
	octets, err := strconv.ParseInt(words[1], 10, 64)
	return Item{Number: n, Octets: octets}, ok && n > 0 && err == nil
}

// trustedUIDL returns a unique-id that can stand for its message, "" for one that is too long or holds anything but
// the octets 0x21 to 0x7E (RFC 1939 §7). Its message is still read: its digest identifies it.
func trustedUIDL(id string) string {
	id = strings.TrimRight(id, " ")
	if len(id) > maxUIDL || strings.ContainsFunc(id, func(r rune) bool { return r < 0x21 || r > 0x7e }) {
		return ""
	}
	return strings.Clone(id) // without the rest of its line
}

// protocolFailure ends the session as the server does not keep to the protocol: what it says next cannot be trusted either. What
// the server said is among args as said has it.
func (s *Session) protocolFailure(op, format string, args ...any) *Error {
	s.conn.close()
	return s.failure(op, protocolError(format, args...))
}

// protocolError says how the server does not keep to the protocol.
func protocolError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrProtocol, fmt.Sprintf(format, args...))
}

// isPlainRefusal reports whether the server refused without a response code that gives another reason.
func isPlainRefusal(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Err == ErrRefused
}

// isNumber reports whether s is made of digits only: strconv takes signs as well.
func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// number reads a message-number or a count strictly; it is limited to what any maildrop can hold.
func number(s string) (int, bool) {
	if !isNumber(s) || len(s) > 9 {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}
