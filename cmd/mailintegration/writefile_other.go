//go:build unix && !linux

package main

// keepAttributes does nothing: only Linux is asked for extended attributes.
func keepAttributes(_, _ string) error { return nil }
