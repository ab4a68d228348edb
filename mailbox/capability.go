package mailbox

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Capabilities are the lines of a CAPA reply (RFC 2449 §5): the name in upper case, and its arguments as sent.
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

// capabilitiesRequest is a CAPA, and the capabilities that its answer will fill.
func capabilitiesRequest() (*request, Capabilities) {
	found := Capabilities{}
	return &request{op: "CAPA", lines: found.add, most: maxBeforeLogIn}, found
}

// add takes a line of the answer to CAPA. What a terminal would obey is taken out: capabilities are shown.
func (c Capabilities) add(line []byte) error {
	if words := strings.Fields(clean(string(line))); len(words) > 0 {
		c[strings.ToUpper(words[0])] = words[1:]
	}
	return nil
}

// askCapabilities sends CAPA.
func (s *Session) askCapabilities(ctx context.Context) error {
	r, found := capabilitiesRequest()
	return s.readCapabilities(ctx, r, found)
}

// readCapabilities waits for the answer to CAPA. A server may not know it (popa3d): then capabilities are nil. That
// retrieved messages are deleted (EXPIRE 0) is not forgotten once it was said, whatever is said later, or refused.
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

// LoginDelay is the least time between two log-ins (LOGIN-DELAY, RFC 2449 §6.5), 0 when the server wants none.
func (c Capabilities) LoginDelay() time.Duration {
	for _, word := range c["LOGIN-DELAY"] {
		if seconds, ok := number(word); ok {
			return time.Duration(seconds) * time.Second
		}
	}
	return 0
}

// Expire is after how many days the server may delete a message by itself (EXPIRE, RFC 2449 §6.7): 0 means once it was
// retrieved. It is false when the server says NEVER, or nothing.
func (c Capabilities) Expire() (days int, ok bool) {
	for _, word := range c["EXPIRE"] {
		if days, ok := number(word); ok {
			return days, true
		}
	}
	return 0, false
}
