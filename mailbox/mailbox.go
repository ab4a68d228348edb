package mailbox

import (
	"context"
	"crypto/x509"
	"net"
	"time"
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

// Item is one line of the scan listing.
type Item struct {
	Number int    // message-number, valid in this session only
	UIDL   string // unique-id (RFC 1939 §7), "" when the server has none or one that cannot be trusted
	Octets int64  // as LIST says: a hint, as servers are known to send more or fewer
}
