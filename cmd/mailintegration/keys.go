package main

import (
	"os"
	"path/filepath"

	"mailintegration/config"
	"mailintegration/config/key"
)

// keys returns where the key of the encrypted passwords is: beside the service file, and in the credentials of systemd.
func (e *env) keys() key.Source {
	file := filepath.Join(filepath.Dir(e.config), key.FileName)
	if absolute, err := filepath.Abs(file); err == nil {
		file = absolute
	}
	return key.Source{File: file, Credentials: config.KeyCredentials(os.Getenv("CREDENTIALS_DIRECTORY"))}
}
