package monitor

import (
	"context"
	"errors"
	"sync"

	"mailintegration/daemon"
	"mailintegration/store"
)

// Subject is the part of a daemon that a monitor looks at.
type Subject interface {
	Status() daemon.Status
	Stuck() error
	Figures(context.Context) (store.Figures, error)
}

var _ Subject = (*daemon.Daemon)(nil)

// Options configures a Monitor.
type Options struct {
	Daemon  Subject // required
	Version string  // of the program

	limits limits // tests shorten them; zero: usualLimits
}

// Monitor tells over HTTP how a daemon is. Its methods may be called by several goroutines.
type Monitor struct {
	inspector inspector
	version   string
	limits    limits

	mu       sync.Mutex // held while the listener changes
	listener *listener  // nil while there is none
	closed   bool
}

// New returns a monitor of a daemon, which answers nowhere yet.
func New(o Options) (*Monitor, error) {
	if o.Daemon == nil {
		return nil, errors.New("monitor: no daemon")
	}
	if o.limits == (limits{}) {
		o.limits = usualLimits
	}
	return &Monitor{inspector: inspector{daemon: o.Daemon, patience: o.limits.look}, version: o.Version, limits: o.limits}, nil
}
