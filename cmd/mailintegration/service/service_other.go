//go:build !linux && !windows

package service

import "context"

// logPlace is where the daemon's log is.
const logPlace = "LogDirectory"

// mayManage returns ErrNoManager.
func mayManage() error { return noManager() }

// newBackend returns ErrNoManager.
func newBackend(Options) (backend, error) { return nil, noManager() }

// run runs the daemon plainly.
func run(ctx context.Context, _ bool, daemon func(context.Context, Manager) error) error {
	return daemon(ctx, Unmanaged{})
}
