package service

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
)

// run runs the daemon. If the service manager has started the process, run connects to it and does what it says.
//
// Then the end of ctx does not count: Windows tells a service too that a user logs off, which Go passes on as SIGTERM.
func run(ctx context.Context, asService bool, daemon func(context.Context, Manager) error) error {
	if !asService {
		return daemon(ctx, Unmanaged{})
	}
	h := &handler{parent: context.WithoutCancel(ctx), daemon: daemon}
	err := svc.Run(Name, h)
	if errors.Is(err, windows.ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) {
		return &Error{err, "the service manager has not started this process", "leave out --service to run the daemon in a terminal"}
	}
	return errors.Join(err, h.err)
}

// handler runs the daemon below the service manager. It implements svc.Handler.
type handler struct {
	parent context.Context
	daemon func(context.Context, Manager) error
	err    error // of the daemon
}

// accepted are the orders that the daemon takes while it runs.
const accepted = svc.AcceptStop | svc.AcceptShutdown | svc.AcceptPreShutdown | svc.AcceptParamChange

// Execute implements svc.Handler: it passes orders to the daemon and states to the service manager, until the daemon ends. Its
// exit code makes the service manager start the service again when the daemon has failed.
func (h *handler) Execute(_ []string, orders <-chan svc.ChangeRequest, states chan<- svc.Status) (specific bool, code uint32) {
	ctx, cancel := context.WithCancel(h.parent)
	defer cancel()
	c := newController(time.Now)
	ended := make(chan error, 1)
	go func() { ended <- h.daemon(ctx, c) }()
	progress := time.NewTicker(progressEvery)
	defer progress.Stop()
	for {
		select {
		case order := <-orders:
			switch order.Cmd {
			case svc.Interrogate:
				states <- order.CurrentStatus
			case svc.ParamChange:
				c.askReload()
			case svc.Stop, svc.Shutdown, svc.PreShutdown:
				c.Stopping(patience)
				cancel()
			}
		case <-c.changed:
			states <- c.state()
		case <-progress.C:
			c.tick()
		case h.err = <-ended:
			return h.end()
		}
	}
}

// end tells why the daemon has ended, and returns the exit code.
func (h *handler) end() (specific bool, code uint32) {
	noteChange(time.Now())
	if h.err == nil {
		say("")
		return false, 0
	}
	text := strings.ReplaceAll(h.err.Error(), "\n", "; ")
	say(text)
	if log, err := eventlog.Open(Name); err == nil {
		_ = log.Error(endedEvent, "The daemon has ended: "+text+". Run mailintegration check.")
		_ = log.Close()
	}
	return true, 1
}

// endedEvent is the number of the event of a daemon that has failed.
const endedEvent = 1

// progressEvery is how often the service manager hears that a start or a stop goes on.
const progressEvery = time.Second

// controller is the Manager of a daemon below the service manager of Windows.
type controller struct {
	Unmanaged
	now     func() time.Time
	changed chan struct{} // has one when the service manager shall hear of the state
	reload  chan struct{} // has one when the service manager wants a reload

	mu     sync.Mutex
	status svc.Status
	until  time.Time // until when a start or a stop may take
}

// newController returns the Manager of a daemon that starts.
func newController(now func() time.Time) *controller {
	c := &controller{now: now, changed: make(chan struct{}, 1), reload: make(chan struct{}, 1)}
	c.set(svc.StartPending, 0, patience)
	return c
}

// set changes the state. A state that is not final lasts for some time at most.
func (c *controller) set(state svc.State, accepts svc.Accepted, limit time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.status.State != state {
		c.status = svc.Status{State: state, Accepts: accepts}
		noteChange(c.now())
	}
	if c.until = c.now().Add(limit); limit > 0 {
		c.status.CheckPoint++
		c.status.WaitHint = uint32(limit.Milliseconds())
	}
	c.tell()
}

// tell makes Execute pass the state on.
func (c *controller) tell() {
	select {
	case c.changed <- struct{}{}:
	default: // it will see the newest
	}
}

// tick advances the checkpoint of a start or a stop, as long as it may last: then the service manager knows that it hangs.
func (c *controller) tick() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.status.CheckPoint > 0 && c.now().Before(c.until) {
		c.status.CheckPoint++
		c.tell()
	}
}

// state returns the state for the service manager.
func (c *controller) state() svc.Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// isStopping reports whether the daemon stops.
func (c *controller) isStopping() bool { return c.state().State == svc.StopPending }

// askReload makes the daemon read its configuration again.
func (c *controller) askReload() {
	select {
	case c.reload <- struct{}{}:
	default: // one waits already
	}
}

// Ready implements Manager.
func (c *controller) Ready() {
	if !c.isStopping() {
		c.set(svc.Running, accepted, 0)
	}
}

// Tell implements Manager.
func (c *controller) Tell(status string) { say(status) }

// Stopping implements Manager.
func (c *controller) Stopping(extend time.Duration) { c.set(svc.StopPending, 0, extend) }

// Reload implements Manager.
func (c *controller) Reload() <-chan struct{} { return c.reload }
