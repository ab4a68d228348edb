package service

import "time"

// Manager is the service manager that started the daemon. Its methods wait for nothing, and may be called by any goroutine.
type Manager interface {
	// Ready says that the daemon is live.
	Ready()
	// Tell says in a sentence how the daemon is.
	Tell(status string)
	// Reloading says that the daemon reads its configuration again, until it calls Reloaded.
	Reloading()
	Reloaded()
	// Stopping says that the daemon stops, and that it needs until the given time from now for its next sign of life.
	// The daemon calls it again while it stops.
	Stopping(extend time.Duration)
	// Alive says that the daemon makes progress. Without it the service manager ends the process after Watchdog.
	Alive()
	// Watchdog returns after which time without Alive the service manager ends the process, 0 if it never does.
	Watchdog() time.Duration
	// Reload receives when the service manager wants the configuration to be read again. Systemd sends SIGHUP instead.
	Reload() <-chan struct{}
}

// Unmanaged is the Manager of a daemon that no service manager started.
type Unmanaged struct{}

// Ready implements Manager.
func (Unmanaged) Ready() {}

// Tell implements Manager.
func (Unmanaged) Tell(string) {}

// Reloading implements Manager.
func (Unmanaged) Reloading() {}

// Reloaded implements Manager.
func (Unmanaged) Reloaded() {}

// Stopping implements Manager.
func (Unmanaged) Stopping(time.Duration) {}

// Alive implements Manager.
func (Unmanaged) Alive() {}

// Watchdog implements Manager.
func (Unmanaged) Watchdog() time.Duration { return 0 }

// Reload implements Manager.
func (Unmanaged) Reload() <-chan struct{} { return nil }
