package main

import (
	"fmt"
	"os"

	"mailintegration/store"
)

// makeSpool makes the directory in which large messages lie while they are read, for this account alone: they are mail.
func makeSpool(directory string) error {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return directoryFailure(fmt.Errorf("spool directory: %w", err), "SpoolDirectory")
	}
	return nil
}

// directoryFailure adds a hint to an error about the directory that a tag of the configuration names.
func directoryFailure(err error, tag string) error {
	if hint := store.FileHint(err, tag); hint != "" {
		return &failure{code: exitFailed, err: err, hint: hint}
	}
	return err
}
