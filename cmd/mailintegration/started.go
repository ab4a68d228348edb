package main

import (
	"cmp"
	"os"
	"runtime"

	"go.uber.org/zap"
)

// about returns what the log says of the daemon when it starts: its configuration, its database, the platform, and how it was
// started.
func (in *installation) about(e *env) []zap.Field {
	return daemonStartedFields(e.config, databaseName(in.service), runtime.GOOS+"/"+runtime.GOARCH, e.startedBy(), os.Getpid())
}

// startedBy returns who started this process: a person at a terminal, a service manager, or another program such as cron.
func (e *env) startedBy() string {
	if isTerminal(e.stderr) {
		return "a terminal"
	}
	return cmp.Or(serviceManager(), "another program")
}
