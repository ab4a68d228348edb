package mailbox

import (
	"cmp"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// What stands for the zero values of an Account.
const (
	defaultStepTimeout = 60 * time.Second
	defaultSpoolMemory = 1 << 20
)

// withDefaults returns the account with its zero values replaced.
func (a Account) withDefaults() Account {
	a.Server = strings.TrimSuffix(strings.TrimPrefix(a.Server, "["), "]")
	a.StepTimeout = cmp.Or(a.StepTimeout, defaultStepTimeout)
	a.SpoolMemory = cmp.Or(a.SpoolMemory, defaultSpoolMemory)
	if a.Dial == nil {
		a.Dial = (&net.Dialer{Timeout: a.StepTimeout}).DialContext
	}
	return a
}

// address is what to connect to, with IPv6 addresses in brackets.
func (a Account) address() string {
	return net.JoinHostPort(a.Server, strconv.Itoa(a.Port))
}

// tlsName is the name that the server's certificate must carry: the server without an IPv6 zone.
func (a Account) tlsName() string {
	name, _, _ := strings.Cut(a.Server, "%")
	return name
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
	}
	return nil
}
