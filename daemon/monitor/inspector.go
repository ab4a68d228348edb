package monitor

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"mailintegration/daemon"
)

// inspection holds what a daemon says of itself at one moment.
type inspection struct {
	status daemon.Status
	stuck  error // nil while it makes progress
	silent bool  // the daemon has not said how it is: status is zero
}

// inspector asks a daemon how it is. Requests that come together share one look, and none waits longer than patience: a daemon
// that does not answer is stuck itself.
type inspector struct {
	daemon   Subject
	patience time.Duration
	mu       sync.Mutex
	current  *look // nil while none is under way
}

// look is one look at the daemon, under way or done.
type look struct {
	done chan struct{} // closed when seen is there
	seen inspection
}

// errSilent says that a daemon does not even say how it is.
var errSilent = errors.New("the daemon does not answer, which is a bug: restart it, and report this")

// look returns how the daemon is.
func (i *inspector) look() inspection {
	l := i.join()
	patience := time.NewTimer(i.patience)
	defer patience.Stop()
	select {
	case <-l.done:
		return l.seen
	case <-patience.C:
		return inspection{stuck: errSilent, silent: true}
	}
}

// join returns the look under way, or a new one. So a daemon that never answers costs one goroutine, however often it is asked.
func (i *inspector) join() *look {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.current != nil {
		return i.current
	}
	l := &look{done: make(chan struct{})}
	i.current = l
	go func() {
		defer close(l.done)
		l.seen = i.ask()
		i.mu.Lock()
		defer i.mu.Unlock()
		i.current = nil
	}()
	return l
}

// ask asks the daemon. A panic, which is a bug, is an answer too.
func (i *inspector) ask() (seen inspection) {
	defer func() {
		if r := recover(); r != nil {
			seen = inspection{stuck: fmt.Errorf("the daemon cannot say how it is: %v", r), silent: true}
		}
	}()
	return inspection{status: i.daemon.Status(), stuck: i.daemon.Stuck()}
}
