package smtp

import (
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"mailintegration/mailbox"
)

// Address is the address of a person or a team.
type Address struct {
	Name    string // shown to people; may be empty
	Address string // local-part@domain
}

// Account is one server at which mail is submitted, and the account there.
type Account struct {
	Server   string // host name, also with non-ASCII letters, or address, IPv6 without brackets
	Port     int
	Security mailbox.Security
	UserName string // "" where the server accepts mail of this machine without a log-in
	Password string

	// Token returns the access token for AUTH XOAUTH2, as mailbox.Account.Token does; nil means that Password is used.
	Token func(ctx context.Context) (string, error)
	// TokenRefused, when not nil, is called when the server refused a token, so that Token returns another next time.
	TokenRefused func()

	Roots *x509.CertPool // trusted certificates, nil for the system's
	From  Address        // the sender of messages without their own, and the one that Check tries

	StepTimeout time.Duration // for each step on the network; 0 means 60 s

	// Dial makes the TCP connection, through a proxy for instance; nil means net.Dialer's DialContext.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// defaultStepTimeout is the default of Account.StepTimeout.
const defaultStepTimeout = 60 * time.Second

// answerPatience is how many times longer the server may take for its answer to a whole message: it may scan it, and
// every message that is given up too early is sent twice (RFC 5321 §4.5.3.2.6, RFC 1047).
const answerPatience = 10

// errTokenInClear is returned instead of sending a bearer token without TLS (RFC 6750 §5.3).
var errTokenInClear = fmt.Errorf("%w: an access token is not sent without TLS", mailbox.ErrAccount)

// withDefaults returns the account with its zero values replaced.
func (a Account) withDefaults() Account {
	a.Server = strings.TrimSuffix(strings.TrimPrefix(a.Server, "["), "]")
	a.StepTimeout = cmp.Or(a.StepTimeout, defaultStepTimeout)
	if a.Dial == nil {
		a.Dial = (&net.Dialer{Timeout: a.StepTimeout}).DialContext
	}
	return a
}

// HostPort returns the server as host:port for a person.
func (a Account) HostPort() string { return net.JoinHostPort(a.Server, strconv.Itoa(a.Port)) }

// host returns the server's name as name servers and certificates know it.
func (a Account) host() string {
	host, _ := mailbox.ASCIIHost(a.Server) // check has seen the error
	return host
}

// tlsName returns the name that the server's certificate must be for: the host without an IPv6 zone.
func (a Account) tlsName() string {
	name, _, _ := strings.Cut(a.host(), "%")
	return name
}

// check returns an error for settings that must not reach the network.
func (a Account) check() error {
	switch {
	case a.Server == "" || strings.ContainsAny(a.Server, "\r\n\x00 /"):
		return fmt.Errorf("%w: %q is not a host name or address", mailbox.ErrAccount, a.Server)
	case a.Port < 1 || a.Port > 65535:
		return fmt.Errorf("%w: %d is not a port (1–65535)", mailbox.ErrAccount, a.Port)
	case a.Security != mailbox.None && a.Security != mailbox.StartTLS && a.Security != mailbox.SslOnConnect:
		return fmt.Errorf("%w: %q is not None, StartTLS or SslOnConnect", mailbox.ErrAccount, a.Security)
	case strings.ContainsAny(a.UserName+a.Password, "\r\n\x00"):
		return fmt.Errorf("%w: the user name or the password contains a line break or NUL", mailbox.ErrAccount)
	case a.UserName == "" && (a.Token != nil || a.Password != ""):
		return fmt.Errorf("%w: the user name is empty", mailbox.ErrAccount)
	case a.Token != nil && a.Security == mailbox.None && !mailbox.IsLocal(a.Server):
		return errTokenInClear
	}
	if _, err := mailbox.ASCIIHost(a.Server); err != nil {
		return fmt.Errorf("%w: %q is not a host name: %w", mailbox.ErrAccount, a.Server, err)
	}
	return nil
}
