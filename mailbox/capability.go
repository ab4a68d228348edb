package mailbox

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Capabilities are the lines of a CAPA reply (RFC 2449 §5): each name in upper case, with its arguments as sent.
type Capabilities map[string][]string

// Has reports whether the server listed the capability.
func (c Capabilities) Has(name string) bool {
	_, ok := c[name]
	return ok
}

// HasArgument reports whether the server listed the capability with that argument, such as SASL with XOAUTH2.
func (c Capabilities) HasArgument(name, argument string) bool {
	return slices.ContainsFunc(c[name], func(a string) bool { return strings.EqualFold(a, argument) })
}

// capabilitiesRequest returns a CAPA and the capabilities that its answer will fill.
func capabilitiesRequest() (*request, Capabilities) {
	found := Capabilities{}
	return &request{op: "CAPA", lines: found.add, most: maxCapabilities}, found
}

// add records a line of the answer to CAPA, without control characters: capabilities are shown to a person.
func (c Capabilities) add(line []byte) error {
	if words := strings.Fields(clean(string(line))); len(words) > 0 {
		c[strings.ToUpper(words[0])] = words[1:]
	}
	return nil
}

// AskCapabilities requests the capabilities again (CAPA). They may differ once the user is known (RFC 2449 §3).
func (s *Session) AskCapabilities(ctx context.Context) error {
	r, found := capabilitiesRequest()
	return s.readCapabilities(ctx, r, found)
}

// readCapabilities waits for the answer to CAPA. Capabilities are nil when the server does not know CAPA (popa3d). The
// shortest EXPIRE that the server announced in this session is kept, whatever it says or refuses later: after EXPIRE 0
// it may delete retrieved messages.
func (s *Session) readCapabilities(ctx context.Context, r *request, found Capabilities) error {
	before, said := s.capabilities.Expire()
	s.capabilities = nil
	err := s.do(ctx, r)
	if err == nil {
		s.capabilities = found
	}
	if days, ok := found.Expire(); said && (err != nil || !ok || before < days) {
		if s.capabilities == nil {
			s.capabilities = Capabilities{}
		}
		s.capabilities["EXPIRE"] = []string{strconv.Itoa(before)}
	}
	if SessionBroken(err) {
		return err
	}
	return nil
}

// LoginDelay returns the least time between two log-ins (LOGIN-DELAY, RFC 2449 §6.5), 0 when the server requires none.
func (c Capabilities) LoginDelay() time.Duration {
	for _, word := range c["LOGIN-DELAY"] {
		if seconds, ok := number(word); ok {
			return time.Duration(seconds) * time.Second
		}
	}
	return 0
}

// Expire returns after how many days the server may delete a message by itself (EXPIRE, RFC 2449 §6.7); 0 means as soon
// as it was retrieved. ok is false when the server says NEVER, or nothing.
func (c Capabilities) Expire() (days int, ok bool) {
	for _, word := range c["EXPIRE"] {
		if days, ok := number(word); ok {
			return days, true
		}
	}
	return 0, false
}
