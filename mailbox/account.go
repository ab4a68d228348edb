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

// Security is how the connection is protected.
type Security string

// The values of SecureSocketOption.
const (
	None         Security = "None"         // no TLS
	StartTLS     Security = "StartTLS"     // STLS (RFC 2595 §4), refused when the server does not offer it
	SslOnConnect Security = "SslOnConnect" // implicit TLS (RFC 8314 §3.3)
)

// Account is one configured maildrop.
type Account struct {
	Server   string // host name, be it with letters beyond ASCII, or address, IPv6 without brackets
	Port     int
	Security Security
	UserName string
	Password string

	// Token yields the access token for AUTH XOAUTH2, which takes the place of USER and PASS; nil means that Password
	// counts. Its errors wrap ErrToken, ErrTokenRefused or ErrNotAuthorized. A token needs TLS, except on this machine.
	Token func(ctx context.Context) (string, error)
	// TokenRefused, when not nil, is called when the server refused a token, so that the next one is another.
	TokenRefused func()

	Roots            *x509.CertPool // trusted certificates, nil for the system's
	StepTimeout      time.Duration  // for each step on the network; 0 means 60 s
	GreetingPatience time.Duration  // after which a silent server is asked whether it speaks TLS; 0 means 700 ms
	SpoolDirectory   string         // for messages over SpoolMemory octets; "" means os.TempDir()
	SpoolMemory      int64          // 0 means 1 MiB
	MaxOctets        int64          // a message that grows beyond is cut off; 0 means no limit

	// Dial makes the TCP connection; nil means net.Dialer's DialContext. It is where a proxy fits.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

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

// dialAddress is address as the network knows it.
func (a Account) dialAddress() string {
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
