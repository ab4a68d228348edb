// Package deploy embeds the files that the program itself installs or prints.
package deploy

import _ "embed"

// SystemdUnit is the unit of the daemon, which packages install as it is.
//
//go:embed systemd/mailintegration.service
var SystemdUnit string

// Sysusers describes the account that runs the daemon, for systemd-sysusers.
//
//go:embed systemd/mailintegration.sysusers
var Sysusers string

// Log, Metrics and Database are the references of the log's events, of the metrics, and of the database as an interface.
var (
	//go:embed log.md
	Log string
	//go:embed metrics.md
	Metrics string
	//go:embed database.md
	Database string
)
