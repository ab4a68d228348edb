package service

import "context"

// Run runs the daemon until ctx ends or the service manager stops it. Below systemd, which NOTIFY_SOCKET shows, the daemon's
// Manager passes on what the daemon tells. On Windows the process connects to the service manager if the service manager
// started it, which asService says. Otherwise the daemon runs plainly, as in a terminal, and its Manager does nothing.
func Run(ctx context.Context, asService bool, daemon func(context.Context, Manager) error) error {
	return run(ctx, asService, daemon)
}
