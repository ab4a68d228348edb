//go:build !linux

package main

// hideTyped does nothing: term.ReadPassword hides what is typed after the prompt.
func hideTyped(int) error { return nil }
