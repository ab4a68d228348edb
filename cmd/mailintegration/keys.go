package main

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"mailintegration/config"
	"mailintegration/config/key"
	"mailintegration/store/disk"
)

// keys returns where the key of the encrypted passwords is: beside the service file, and in the credentials of systemd.
func (e *env) keys() key.Source {
	file := filepath.Join(filepath.Dir(e.config), key.FileName)
	if absolute, err := filepath.Abs(file); err == nil {
		file = absolute
	}
	return key.Source{File: file, Credentials: config.KeyCredentials(os.Getenv("CREDENTIALS_DIRECTORY"))}
}

// decrypted returns the password of a command line of Octopus, which config encrypt --value may have encrypted.
func (e *env) decrypted(password string) (string, error) {
	if !key.IsEncrypted(password) {
		return password, nil
	}
	ring, _, err := e.keys().Open(readSmall)
	if err != nil {
		return "", err
	}
	return ring.Decrypt(password)
}

// openKeys reads the keys. A key file that cannot be used is an error, even where systemd has a copy of it: nothing is to be
// written over it. The ring is nil if there is no key yet.
func openKeys(source key.Source) (*key.Ring, error) {
	ring, problem, err := source.Open(readSmall)
	switch {
	case problem != nil:
		return nil, unusableKey(problem)
	case err != nil:
		return nil, nil
	}
	return ring, nil
}

// unusableKey returns the failure for a key file that exists and cannot be used.
func unusableKey(problem *key.MissingError) error {
	hint := "restore it from your backup; or move it away and write the passwords themselves into the files again"
	if errors.Is(problem, fs.ErrPermission) {
		hint = "run this as root or administrator, or let this account read it"
	}
	return &failure{code: exitConfiguration, err: problem, hint: hint}
}

// createKeyFile writes the key file of a new ring, which only the account that runs the daemon can read: the owner of the data
// directory. It is there whole or not at all. The error is fs.ErrExist if there is a key file.
func createKeyFile(path string, ring *key.Ring, dataDirectory string) error {
	octets, err := ring.Sealed()
	if err != nil {
		return err
	}
	pattern := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".*.new")
	removeAll(pattern)
	fresh := strings.Replace(pattern, "*", rand.Text(), 1)
	if err := createFile(fresh, octets); err != nil {
		return err
	}
	defer func() { _ = os.Remove(fresh) }() // the same file under its other name, if it still has two
	if err := letDaemonAloneRead(fresh, dataDirectory); err != nil {
		return err
	}
	return errors.Join(publish(fresh, path, os.Link), disk.SyncDirectory(filepath.Dir(path)))
}

// publish gives a whole file its name, which no file may have: then the error is fs.ErrExist. Without links, it renames the file,
// which the system refuses just so.
func publish(fresh, path string, link func(from, to string) error) error {
	err := link(fresh, path)
	if err != nil && hasNoLinks(err) {
		return renameNew(fresh, path)
	}
	return err
}
