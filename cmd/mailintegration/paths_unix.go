//go:build !windows

package main

// defaultConfig is where the service configuration file is looked for.
func defaultConfig() string { return "/etc/mailintegration/mailintegration.xml" }
