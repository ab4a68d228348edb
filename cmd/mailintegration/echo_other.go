//go:build !linux

package main

import (
	"os"

	"golang.org/x/term"
)

// hideTyped does nothing: readHidden hides what is typed after the prompt.
func hideTyped(int) error { return nil }

// readHidden reads a line that the terminal does not show.
func readHidden(terminal *os.File) (string, error) {
	line, err := term.ReadPassword(int(terminal.Fd()))
	return string(line), err
}
