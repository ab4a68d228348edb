package main

import "golang.org/x/sys/unix"

// hideTyped makes a terminal show nothing of what is typed, before the prompt is there: a person may type at once. Ctrl-C and lines
// stay as they are. term.Restore ends it.
func hideTyped(terminal int) error {
	now, err := unix.IoctlGetTermios(terminal, unix.TCGETS)
	if err != nil {
		return err
	}
	now.Lflag &^= unix.ECHO
	return unix.IoctlSetTermios(terminal, unix.TCSETS, now)
}
