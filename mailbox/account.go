package mailbox

import (
	"cmp"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/idna"
)

// What stands for the zero values of an Account.
const (
	defaultStepTimeout = 60 * time.Second
	defaultSpoolMemory = 1 << 20
)

// errTokenInClear refuses to send a bearer token without TLS: whoever reads it has the mailbox (RFC 6750 §5.3).
var errTokenInClear = fmt.Errorf("%w: an access token is not sent without TLS", ErrAccount)

// withDefaults returns the account with its zero values replaced.
func (a Account) withDefaults() Account {
	a.Server = strings.TrimSuffix(strings.TrimPrefix(a.Server, "["), "]")
	a.StepTimeout = cmp.Or(a.StepTimeout, defaultStepTimeout)
	a.GreetingPatience = cmp.Or(a.GreetingPatience, defaultPatience)
	a.SpoolMemory = cmp.Or(a.SpoolMemory, defaultSpoolMemory)
	if a.Dial == nil {
		a.Dial = (&net.Dialer{Timeout: a.StepTimeout}).DialContext
	}
	return a
}

// address is where to connect to, as a person reads it, with IPv6 addresses in brackets.
func (a Account) address() string {
	return net.JoinHostPort(a.Server, strconv.Itoa(a.Port))
}

// dialled is address as the network knows it.
func (a Account) dialled() string {
	host, _ := a.host() // check has seen the error
	return net.JoinHostPort(host, strconv.Itoa(a.Port))
}

// host is the server's name as name servers and certificates have it: letters beyond ASCII in their A-label form
// (RFC 5890 §2.3.2.1). Other names are left as they are, as many a network has host names that IDNA does not allow.
func (a Account) host() (string, error) {
	if !strings.ContainsFunc(a.Server, func(r rune) bool { return r > '~' }) {
		return a.Server, nil
	}
	return idna.Lookup.ToASCII(a.Server)
}

// tlsName is the name that the server's certificate must carry: the server without an IPv6 zone.
func (a Account) tlsName() string {
	host, _ := a.host() // check has seen the error
	name, _, _ := strings.Cut(host, "%")
	return name
}

// isLocal reports whether the server is this machine, so that no network carries what is sent.
func (a Account) isLocal() bool {
	ip := net.ParseIP(a.Server)
	return ip != nil && ip.IsLoopback() || strings.EqualFold(a.Server, "localhost")
}

// check refuses what must not reach the network. CR, LF and NUL in a credential would end the command and let
// what follows be read as another one.
func (a Account) check() error {
	switch {
	case a.Server == "" || strings.ContainsAny(a.Server, "\r\n\x00 /"):
		return fmt.Errorf("%w: %q is not a server's name or address", ErrAccount, a.Server)
	case a.Port < 1 || a.Port > 65535:
		return fmt.Errorf("%w: %d is not a port (1–65535)", ErrAccount, a.Port)
	case a.Security != None && a.Security != StartTLS && a.Security != SslOnConnect:
		return fmt.Errorf("%w: %q is not None, StartTLS or SslOnConnect", ErrAccount, a.Security)
	case a.UserName == "":
		return fmt.Errorf("%w: the user name is empty", ErrAccount)
	case strings.ContainsAny(a.UserName, "\r\n\x00"):
		return fmt.Errorf("%w: the user name has a line break or NUL in it", ErrAccount)
	case strings.ContainsAny(a.Password, "\r\n\x00"):
		return fmt.Errorf("%w: the password has a line break or NUL in it", ErrAccount)
	case a.Token != nil && a.Security == None && !a.isLocal():
		return errTokenInClear
	}
	if _, err := a.host(); err != nil {
		return fmt.Errorf("%w: %q is not a server's name: %w", ErrAccount, a.Server, err)
	}
	return nil
}
