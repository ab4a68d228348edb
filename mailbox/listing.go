package mailbox

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// maxUIDL is the longest unique-id that is taken; RFC 1939 §7 allows 70, servers send more.
const maxUIDL = 1000

// List asks for the drop listing (STAT), the scan listing (LIST) and the unique-id listing (UIDL), holds them
// against each other and returns the messages in the order of their numbers. go-pop3's own List and Uidl stop
// silently at a line they do not understand, so a cut listing would look whole.
func (s *Session) List(ctx context.Context) ([]Item, error) {
	if s.isPipelining() {
		if err := s.askListings(ctx); err != nil {
			return nil, err
		}
		if err := s.askCapabilities(ctx); err != nil { // RFC 2449 §3: they may differ once the user is known
			return nil, err
		}
	}
	count, err := s.stat(ctx)
	if err != nil {
		return nil, err
	}
	items, err := s.scan(ctx)
	if count == 0 && isPlainRefusal(err) {
		return nil, nil // some servers refuse to list nothing
	}
	if err != nil {
		return nil, err
	}
	if len(items) != count {
		return nil, s.breach("LIST", "STAT says %d messages, LIST %d", count, len(items))
	}
	if count > 0 {
		if err := s.uniqueIDs(ctx, items); err != nil {
			return nil, err
		}
	}
	return slices.SortedFunc(maps.Values(items), func(a, b Item) int { return a.Number - b.Number }), nil
}

// askListings sends all that List wants to know ahead.
func (s *Session) askListings(ctx context.Context) error {
	return s.send(ctx, &request{op: "CAPA", lines: true}, &request{op: "STAT"},
		&request{op: "LIST", lines: true}, &request{op: "UIDL", lines: true})
}

// stat returns the number of messages.
func (s *Session) stat(ctx context.Context) (int, error) {
	drop, err := s.call(ctx, "STAT", false)
	if err != nil {
		return 0, err
	}
	words := strings.Fields(drop.String())
	if len(words) < 2 || !isNumber(words[1]) {
		return 0, s.breach("STAT", "%.80q is no drop listing", drop)
	}
	count, ok := number(words[0])
	if !ok {
		return 0, s.breach("STAT", "%.80q is no drop listing", drop)
	}
	s.statWords = max(s.statWords, len(words))
	return count, nil
}

// scan returns the lines of LIST by their message-number.
func (s *Session) scan(ctx context.Context) (map[int]Item, error) {
	lines, err := s.listing(ctx, "LIST")
	if err != nil {
		return nil, err
	}
	items := make(map[int]Item, len(lines))
	for _, line := range lines {
		it, ok := parseScan(line)
		if !ok {
			return nil, s.breach("LIST", "%.80q is no scan listing", line)
		}
		if _, twice := items[it.Number]; twice {
			return nil, s.breach("LIST", "message-number %d comes twice", it.Number)
		}
		items[it.Number] = it
	}
	return items, nil
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

// uniqueIDs fills in the unique-ids. A server may have no UIDL: it is optional in RFC 1939 §7. One that says that it
// has, or that it has a problem, did refuse.
func (s *Session) uniqueIDs(ctx context.Context, items map[int]Item) error {
	lines, err := s.listing(ctx, "UIDL")
	if err != nil {
		if SessionBroken(err) || s.capabilities.Has("UIDL") || !isPlainRefusal(err) {
			return err
		}
		return nil
	}
	if len(lines) != len(items) {
		return s.breach("UIDL", "LIST has %d messages, UIDL %d", len(items), len(lines))
	}
	holders := make(map[string]int, len(lines)) // how many messages have a unique-id
	ids := make(map[int]string, len(lines))
	for _, line := range lines {
		word, id, _ := strings.Cut(line, " ")
		n, ok := number(word)
		_, listed := items[n]
		_, twice := ids[n]
		if !ok || !listed || twice {
			return s.breach("UIDL", "%.80q names no message of the scan listing, or one twice", line)
		}
		ids[n] = trustedUIDL(id)
		holders[ids[n]]++
	}
	for n, it := range items {
		if holders[ids[n]] == 1 { // RFC 1939 §7: unique within the maildrop, or it stands for nothing
			it.UIDL = ids[n]
			items[n] = it
		}
	}
	return nil
}

// trustedUIDL returns a unique-id that can stand for its message, "" for one that is too long or holds anything but
// the octets 0x21 to 0x7E (RFC 1939 §7). Its message is still read: its digest identifies it.
func trustedUIDL(id string) string {
	id = strings.TrimRight(id, " ")
	if len(id) > maxUIDL || strings.ContainsFunc(id, func(r rune) bool { return r < 0x21 || r > 0x7e }) {
		return ""
	}
	return id
}

// listing sends a command whose answer is a listing and returns its lines.
func (s *Session) listing(ctx context.Context, command string) ([]string, error) {
	lines, err := s.call(ctx, command, true)
	if err != nil || lines.Len() == 0 {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(lines.String(), "\r\n"), "\r\n"), nil
}

// breach ends the session as the server does not keep to the protocol: what it says next cannot be trusted either.
func (s *Session) breach(op, format string, args ...any) *Error {
	s.wire.close()
	return s.failure(op, fmt.Errorf("%w: %s", ErrProtocol, s.wire.shown(fmt.Sprintf(format, args...))))
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
