//go:build !windows

package config

// defaultDataDirectory returns the folder that the packages create for the daemon's account.
func defaultDataDirectory() string { return "/var/lib/mailintegration" }
