package monitor

import (
	"errors"
	"fmt"
	"net"
)

// ListenError says why a monitor cannot answer at an address, in words for a person. Its Err is the system's.
type ListenError struct {
	Address string
	Err     error

	why, hint string
}

// Error implements error.
func (e *ListenError) Error() string {
	return fmt.Sprintf("the daemon cannot answer at %s: %s", e.Address, e.why)
}

// Hint returns what a person can do.
func (e *ListenError) Hint() string { return e.hint }

// Unwrap returns the error of the system.
func (e *ListenError) Unwrap() error { return e.Err }

// newListenError finds the words for an error of net.Listen.
func newListenError(address string, err error) *ListenError {
	host, port, _ := net.SplitHostPort(address)
	e := &ListenError{Address: address, Err: err, why: reason(err).Error(), hint: "choose another address in Listen; mail is not affected"}
	var unknown *net.DNSError
	switch {
	case errors.Is(err, addressInUse):
		e.why = "another program has port " + port
		e.hint = "end the program that has this port, or choose another one in Listen; mail is not affected"
	case errors.Is(err, addressMissing):
		e.why = "this machine has no address " + host
		e.hint = "name an address of this machine in Listen, or 0.0.0.0 for all of them; mail is not affected"
	case errors.Is(err, addressForbidden):
		e.why = "the account of the daemon may not use port " + port
		e.hint = "choose a port above 1023 in Listen, or give the service the right to use this one (on Linux CAP_NET_BIND_SERVICE); mail is not affected"
	case errors.As(err, &unknown):
		e.why = "no name server knows the host " + host
		e.hint = "name an address of this machine in Listen; mail is not affected"
	}
	return e
}

// TryListen reports whether a monitor could answer at an address: the error is a *ListenError, nil if it could.
func TryListen(address string) error {
	socket, err := net.Listen("tcp", address)
	if err != nil {
		return newListenError(address, err)
	}
	return socket.Close()
}

// reason returns an error of net.Listen without the address, which the caller names.
func reason(err error) error {
	if op := new(net.OpError); errors.As(err, &op) {
		return op.Err
	}
	return err
}
