// Package service runs the daemon as a service of the operating system: it installs, starts, stops and describes the
// service, and tells the service manager that started the daemon how the daemon is.
//
// It supports systemd on Linux and the service manager of Windows. On other systems New returns ErrNoManager, and Run runs
// the daemon plainly.
//
// github.com/kardianos/service does the work with the service manager. What it gets wrong or leaves out is done here: it
// takes a service that waits to be restarted for a running one, leaves a running service behind when it uninstalls it, leaves
// the unit file behind when the installation fails, waits without a limit, and hides what systemctl says on standard error.
//
// # Files
//
//	service.go          Options, Result, Status, and the service of this system: New
//	errors.go           Error: what is wrong, and what to do
//	run.go              Run: the daemon below the service manager that started it, or in a terminal
//	manager.go          Manager: what the daemon tells the service manager
//	systemd_linux.go    systemd: install, uninstall, start, stop, restart
//	unit_linux.go       … the unit file for an installation
//	account_linux.go    … the account, and what it may read and write
//	show_linux.go       … the state of the unit, as systemctl show prints it
//	notify_linux.go     … what systemd is told through its notification socket
//	service_windows.go  the service manager of Windows: install, uninstall, start, stop, restart
//	settings_windows.go … what the service manager knows of the service
//	rights_windows.go   … the account, and what it may read and write
//	wait_windows.go     … waiting for a state, with a limit
//	describe_windows.go … the state of the service, and what the daemon said last
//	handler_windows.go  … the daemon's side: orders of the service manager, and states
//	service_other.go    systems without either
package service
