package main

import (
	"fmt"
	"os"
)

// makeSpool makes the directory in which large messages lie while they are read, for this account alone: they are mail.
func makeSpool(directory string) error {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return &failure{
			code: exitFailed, err: fmt.Errorf("spool directory: %w", err),
			hint: "let the account that the program runs as write there, or name another directory in SpoolDirectory",
		}
	}
	return nil
}
