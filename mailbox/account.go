package mailbox

import (
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/idna"
)

// Security says how the connection is protected.
type Security string

// The values of SecureSocketOption.
const (
	None         Security = "None"         // no TLS
	StartTLS     Security = "StartTLS"     // STLS (RFC 2595 §4); an error when the server does not offer it
	SslOnConnect Security = "SslOnConnect" // implicit TLS (RFC 8314 §3.3)
)

// Account is one configured maildrop.
type Account struct {
	Server   string // host name, also with non-ASCII letters, or address, IPv6 without brackets
	Port     int
	Security Security
	UserName string
	Password string

	// Token returns the access token for AUTH XOAUTH2, which replaces USER and PASS; nil means that Password is used.
	// Its errors wrap ErrToken, ErrTokenRefused or ErrNotAuthorized. A token needs TLS, except on this machine.
	Token func(ctx context.Context) (string, error)
	// TokenRefused, when not nil, is called when the server refused a token, so that Token returns another next time.
	TokenRefused func()

	Roots       *x509.CertPool // trusted certificates, nil for the system's
	TLSSessions *TLSSessions   // of earlier sessions of this account, to resume them; nil resumes none

	StepTimeout      time.Duration // for each step on the network; 0 means 60 s
	GreetingPatience time.Duration // wait for a greeting before the session tries TLS; 0 means 700 ms
	SpoolDirectory   string        // for messages over SpoolMemory octets; "" means os.TempDir()
	SpoolMemory      int64         // 0 means 1 MiB
	MaxOctets        int64         // a longer message ends the session with ErrTooLarge; 0 means no limit

	// Dial makes the TCP connection, through a proxy for instance; nil means net.Dialer's DialContext.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Defaults for zero values in an Account.
const (
	defaultStepTimeout = 60 * time.Second
	defaultSpoolMemory = 1 << 20
)

// errTokenInClear is returned instead of sending a bearer token without TLS: anybody who reads the token can read the
// mailbox (RFC 6750 §5.3).
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

// HostPort returns the server as host:port for a person.
func (a Account) HostPort() string { return a.withDefaults().address() }

// address returns host:port for a person, with IPv6 addresses in brackets.
func (a Account) address() string {
	return net.JoinHostPort(a.Server, strconv.Itoa(a.Port))
}

// dialAddress returns host:port for the network.
func (a Account) dialAddress() string {
	host, _ := a.host() // check has seen the error
	return net.JoinHostPort(host, strconv.Itoa(a.Port))
}

// host returns the server's name as name servers and certificates know it: non-ASCII letters in their A-label form
// (RFC 5890 §2.3.2.1). It leaves ASCII names as they are, as many networks use host names that IDNA does not allow.
func (a Account) host() (string, error) {
	return ASCIIHost(a.Server)
}

// ASCIIHost returns the name of a host as name servers and certificates know it.
func ASCIIHost(name string) (string, error) {
	if !strings.ContainsFunc(name, func(r rune) bool { return r > '~' }) {
		return name, nil
	}
	return idna.Lookup.ToASCII(name)
}

// tlsName returns the name that the server's certificate must be for: the host without an IPv6 zone.
func (a Account) tlsName() string {
	host, _ := a.host() // check has seen the error
	name, _, _ := strings.Cut(host, "%")
	return name
}

// isLocal reports whether the server is this machine, so that nothing crosses a network.
func (a Account) isLocal() bool { return IsLocal(a.Server) }

// IsLocal reports whether a host, given by name or address, is this machine.
func IsLocal(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback() || strings.EqualFold(host, "localhost")
}

// check returns an error for settings that must not reach the network. CR, LF or NUL in a credential would end the
// command, and the server would read the rest as another one.
func (a Account) check() error {
	switch {
	case a.Security != None && a.Security != StartTLS && a.Security != SslOnConnect:
		return fmt.Errorf("%w: %q is not None, StartTLS or SslOnConnect", ErrAccount, a.Security)
	case a.UserName == "":
		return fmt.Errorf("%w: the user name is empty", ErrAccount)
	case strings.ContainsAny(a.UserName, "\r\n\x00"):
		return fmt.Errorf("%w: the user name contains a line break or NUL", ErrAccount)
	case strings.ContainsAny(a.Password, "\r\n\x00"):
		return fmt.Errorf("%w: the password contains a line break or NUL", ErrAccount)
	case a.Token != nil && a.Security == None && !a.isLocal():
		return errTokenInClear
	}
	return a.checkServer()
}

// checkServer returns an error for a server or a port that cannot be connected to.
func (a Account) checkServer() error {
	switch {
	case a.Server == "" || strings.ContainsAny(a.Server, "\r\n\x00 /"):
		return fmt.Errorf("%w: %q is not a host name or address", ErrAccount, a.Server)
	case a.Port < 1 || a.Port > 65535:
		return fmt.Errorf("%w: %d is not a port (1–65535)", ErrAccount, a.Port)
	}
	if _, err := a.host(); err != nil {
		return fmt.Errorf("%w: %q is not a host name: %w", ErrAccount, a.Server, err)
	}
	return nil
}
