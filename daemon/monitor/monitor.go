package monitor

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

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
	Daemon   Subject          // required
	Meter    *Meter           // that the daemon has; nil: a new one, which measures nothing
	Version  string           // of the program
	Revision string           // of its source, "" if unknown
	Now      func() time.Time // nil: time.Now

	// Mistaken is told how many clients have spoken TLS at an address without TLS since it was told last, and where the last one came
	// from; once an hour at most. Nil: nobody is told.
	Mistaken func(address string, times int, from string)

	limits limits // tests shorten them; zero: usualLimits
}

// Monitor tells over HTTP how a daemon is. Its methods may be called by several goroutines.
type Monitor struct {
	inspector inspector
	figures   figures
	registry  *prometheus.Registry
	version   string
	build     []string // the labels of buildInfo
	now       func() time.Time
	limits    limits
	proxied   atomic.Pointer[[]string] // the hosts that a proxy passes on
	page      Page                     // nil: people get no answer
	mistaken  func(address string, times int, from string)
	wrongly   rarely // clients that speak TLS where there is none

	mu       sync.Mutex // held while the listener changes
	listener *listener  // nil while there is none
	closed   bool

	configuring   sync.Mutex // guards configuration
	configuration configurationRead
}

// configurationRead says how the last reading of the configuration went.
type configurationRead struct {
	hash   string // of the one in force
	isGood bool
	goodAt time.Time // when it was read last without a mistake, zero before
}

// New returns a monitor of a daemon, which answers nowhere yet.
func New(o Options) (*Monitor, error) {
	if o.Daemon == nil {
		return nil, errors.New("monitor: no daemon")
	}
	if o.limits == (limits{}) {
		o.limits = usualLimits
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	m := &Monitor{
		inspector: inspector{daemon: o.Daemon, patience: o.limits.look},
		figures:   figures{ask: o.Daemon.Figures, now: o.Now, patience: o.limits.figures},
		version:   o.Version, build: []string{o.Version, o.Revision, runtime.Version()}, now: o.Now, limits: o.limits,
		mistaken: o.Mistaken,
	}
	if m.mistaken == nil {
		m.mistaken = func(string, int, string) {}
	}
	m.registry = newRegistry(m, cmp.Or(o.Meter, NewMeter()))
	return m, nil
}

// Status returns the state of the daemon. It waits only for a limited time: the error says that the daemon does not answer.
func (m *Monitor) Status() (daemon.Status, error) {
	seen := m.inspector.look()
	if seen.silent {
		return daemon.Status{}, seen.stuck
	}
	return seen.status, nil
}

// ConfigurationRead notes that the configuration was read: the hash of the one in force from now on, and whether all files were
// without a mistake.
func (m *Monitor) ConfigurationRead(hash string, isGood bool) {
	m.configuring.Lock()
	defer m.configuring.Unlock()
	m.configuration.hash, m.configuration.isGood = hash, isGood
	if isGood {
		m.configuration.goodAt = m.now()
	}
}

// configurationRead returns how the last reading of the configuration went.
func (m *Monitor) configurationRead() configurationRead {
	m.configuring.Lock()
	defer m.configuring.Unlock()
	return m.configuration
}
