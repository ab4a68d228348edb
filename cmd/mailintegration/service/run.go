package service

import (
	"context"
	"fmt"
	"time"
)

// stopLimit is how long a stop may take altogether: the messages in hand, the leases, the private PostgreSQL. Each has a shorter
// limit of its own.
const stopLimit = 75 * time.Second

// Run runs the daemon until ctx ends or the service manager stops it. Below systemd, which NOTIFY_SOCKET shows, the daemon's
// Manager passes on what the daemon tells. On Windows the process connects to the service manager if the service manager
// started it, which asService says. Otherwise the daemon runs plainly, as in a terminal, and its Manager does nothing.
//
// If the daemon does not stop within a limit, Run returns an error and leaves it alone; the process then ends, which costs no
// message.
func Run(ctx context.Context, asService bool, daemon func(context.Context, Manager) error) error {
	return run(ctx, asService, limited(daemon, stopLimit))
}

// limited returns a daemon that stops within a limit.
func limited(daemon func(context.Context, Manager) error, limit time.Duration) func(context.Context, Manager) error {
	return func(ctx context.Context, m Manager) error {
		ended := make(chan error, 1)
		go func() { ended <- daemon(ctx, m) }()
		select {
		case err := <-ended:
			return err
		case <-ctx.Done():
		}
		late := time.NewTimer(limit)
		defer late.Stop()
		select {
		case err := <-ended:
			return err
		case <-late.C:
			return &Error{
				ErrStopTooSlow, fmt.Sprintf("the daemon has not stopped within %v; each message is recorded, or still in its mailbox", limit),
				"look in the log for what does not answer, a database or a share",
			}
		}
	}
}
