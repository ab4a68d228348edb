//go:build unix && !linux

package main

// hasNoLinks reports whether to use renameNew: never, since only Linux and Windows rename a file without replacing another one.
func hasNoLinks(error) bool { return false }

// renameNew does nothing: hasNoLinks keeps others from calling it.
func renameNew(_, _ string) error { return nil }
