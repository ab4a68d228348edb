package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"mailintegration/config"
	"mailintegration/config/key"
)

// makeKey makes the first key. If another run has made one meanwhile, that one counts.
func (n *encryption) makeKey() error {
	ring, err := key.Generate()
	if err != nil {
		return err
	}
	if n.dryRun {
		n.ring = ring
		printLine(n.stdout, "would make  %s: a new key", n.source.File)
		return nil
	}
	err = n.create(n.source.File, ring, n.dataDirectory())
	if errors.Is(err, fs.ErrExist) {
		return n.open()
	}
	if err != nil {
		return fmt.Errorf("its key %s %w", n.source.File, &replaceError{n.source.File, err})
	}
	if err := n.open(); err != nil {
		return err
	}
	printLine(n.stderr, "made %s: key %s; keep a copy of it, apart from copies of the files (mailintegration config encrypt --save-key FILE)",
		n.source.File, n.ring.IDs()[0])
	return nil
}

// rotate makes a new key, encrypts every value with it, and removes the other keys once nothing needs them.
func (n *encryption) rotate(keepOld bool) error {
	if n.ring == nil {
		return &failure{
			code: exitFailed, err: &key.MissingError{File: n.source.File}, hint: "run mailintegration config encrypt, which makes a key",
		}
	}
	if n.keyFile == nil {
		return &failure{
			code: exitFailed, err: fmt.Errorf("there is no key file %s: the key is a credential of systemd, which this program cannot replace", n.source.File),
			hint: "put the key back there, rotate, and make it a credential again: see Encrypted passwords in the README",
		}
	}
	old := n.ring.IDs()
	if n.isUnfinished() {
		old = old[1:]
		printLine(n.stdout, "going on with key %s of a rotation that did not end", n.ring.IDs()[0])
	} else {
		fresh, err := key.Generate()
		if err != nil {
			return err
		}
		if err := n.setKeys(fresh.Join(n.ring)); err != nil {
			return err
		}
	}
	n.encryptAll()
	if err := n.verdict(); err != nil {
		return err
	}
	return n.removeOld(old, keepOld)
}

// isUnfinished reports whether a value needs another key of the ring than the first: a rotation was interrupted, or a file could
// not be changed. A further key would only stay, too, if that happened again.
func (n *encryption) isUnfinished() bool {
	older := n.ring.IDs()[1:]
	for _, path := range n.files {
		octets, err := readSmall(path)
		if err != nil {
			continue // encryptAll says why
		}
		secrets, _ := config.SecretsIn(path, octets, n.source)
		if slices.ContainsFunc(secrets, func(s config.SecretValue) bool { return slices.Contains(older, s.KeyID) }) {
			return true
		}
	}
	return slices.ContainsFunc(n.secretFiles, func(path string) bool {
		octets, err := readSmall(path)
		if err != nil {
			return false
		}
		id, err := key.IDOf(string(octets))
		return err == nil && slices.Contains(older, id)
	})
}

// setKeys writes the key file with another ring.
func (n *encryption) setKeys(ring *key.Ring) error {
	octets, err := ring.Sealed()
	if err != nil {
		return err
	}
	if err := n.write(n.source.File, n.keyFile, octets); err != nil {
		return fmt.Errorf("write the key file: %w", err)
	}
	if n.dryRun {
		n.ring, n.keyFile = ring, octets
		return nil
	}
	// Read it again: no value may be encrypted with a key that is not on the disk.
	now, err := readSmall(n.source.File)
	if err == nil && !bytes.Equal(now, octets) {
		err = errChanged
	}
	if err != nil {
		return fmt.Errorf("read the key file again: %w", err)
	}
	n.ring, n.keyFile = ring, octets
	return nil
}

// removeOld removes all keys but the first, unless something may still need one.
func (n *encryption) removeOld(old []string, keep bool) error {
	names := "key " + strings.Join(old, ", ")
	switch {
	case n.dryRun:
		printLine(n.stdout, "would replace  %s: %s", n.source.File, names)
		return nil
	case keep:
		printLine(n.stdout, "new key %s in %s; it keeps %s", n.ring.IDs()[0], n.source.File, names)
		return nil
	case len(n.service.Broken) > 0: // what they name could not be looked at
		n.failed = len(n.service.Broken)
		printLine(n.stdout, "FAILED  %s: it keeps %s, because of mistakes in %s: correct them, then rotate again",
			n.source.File, names, plural(n.failed, "mailbox file"))
		return n.verdict()
	}
	if err := n.setKeys(n.ring.First()); err != nil {
		return err
	}
	printLine(n.stdout, "new key %s in %s; removed %s", n.ring.IDs()[0], n.source.File, names)
	printLine(n.stderr, "make a new value for each /Password: that holds an encrypted one (mailintegration config encrypt --value), and keep a "+
		"copy of the new key (--save-key FILE)")
	return nil
}

// dataDirectory returns the directory whose owner runs the daemon.
func (n *encryption) dataDirectory() string {
	if n.service == nil {
		return config.DefaultService("").DataDirectory
	}
	return n.service.DataDirectory
}

// readValue reads the password that value prints encrypted.
func (n *encryption) readValue() (string, error) {
	plain, err := (&userSetPasswordCmd{}).read(n.env)
	if err == nil && plain == "" {
		err = &failure{code: exitUsage, err: errors.New("the password is empty"), hint: "type it, or pass it on standard input"}
	}
	return plain, err
}

// value prints a password encrypted.
func (n *encryption) value(plain string) error {
	if n.ring == nil {
		n.service, _, _ = config.LoadService(n.config, n.source) // without it, makeKey takes the usual data directory
		if err := n.makeKey(); err != nil {
			return err
		}
	}
	value, err := n.ring.Encrypt(plain)
	if err != nil {
		return err
	}
	fmt.Fprintln(n.stdout, value)
	return nil
}

// unsaved returns the failure for a file to which the keys cannot be written.
func unsaved(path string, err error) error {
	hint := "name a new file in a folder that this account may write to"
	info, there := os.Stat(path)
	switch {
	case there == nil && !info.Mode().IsRegular():
		err, hint = fmt.Errorf("%s is not a regular file", path), "name a new file: a device or a folder keeps no copy"
	case errors.Is(err, fs.ErrExist):
		hint = "name a new file; this one stays as it is, because it may hold another key"
	case errors.Is(err, fs.ErrNotExist):
		hint = "make the folder first"
	}
	return &failure{code: exitFailed, err: err, hint: hint}
}

// save writes a copy of the keys that any machine can read.
func (n *encryption) save(path string) error {
	if n.ring == nil {
		return &failure{
			code: exitFailed, err: &key.MissingError{File: n.source.File}, hint: "run mailintegration config encrypt, which makes a key",
		}
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return unsaved(path, err)
	}
	_, err = file.Write(n.ring.Plain())
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	printLine(n.stdout, "%s written: keep it in a safe place; to use it, copy it to %s", path, n.source.File)
	return nil
}
