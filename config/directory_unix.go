//go:build !windows

package config

// defaultDataDirectory is where the packages make a folder that belongs to the daemon's account.
func defaultDataDirectory() string { return "/var/lib/mailintegration" }
