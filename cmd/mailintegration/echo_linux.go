package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// hideTyped makes a terminal show nothing of what is typed, before the prompt is there: a person may type at once. Ctrl-C and lines
// work as usual. term.Restore ends it.
func hideTyped(terminal int) error {
	now, err := unix.IoctlGetTermios(terminal, unix.TCGETS)
	if err != nil {
		return err
	}
	now.Lflag &^= unix.ECHO
	now.Lflag |= unix.ICANON | unix.ISIG
	now.Iflag |= unix.ICRNL
	return unix.IoctlSetTermios(terminal, unix.TCSETS, now)
}

// readHidden reads a line from a terminal that hideTyped has prepared. term.ReadPassword would ignore Ctrl-D.
func readHidden(terminal *os.File) (string, error) { return readTyped(terminal) }
