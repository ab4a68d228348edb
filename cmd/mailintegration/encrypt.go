package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mailintegration/config"
	"mailintegration/config/key"
)

type configEncryptCmd struct {
	File []string `arg:"" optional:"" help:"Files; by default the service file and every mailbox file that it names."`

	Value   bool   `help:"Read one password, from the terminal or from standard input, and print it encrypted: for a tag, or for /Password: of the command line of Octopus."`
	Rotate  bool   `help:"Make a new key, encrypt every value with it, and remove the old key."`
	KeepOld bool   `help:"With --rotate: keep the old key, for values that are not in these files."`
	SaveKey string `placeholder:"FILE" help:"Write the keys to a new file, readable on any machine: to keep in a safe place."`
	DryRun  bool   `help:"Write nothing; print what would be done."`
}

// Help returns what the help says about keys.
func (configEncryptCmd) Help() string {
	return `Each password and client secret in the files becomes encrypted:KEY:…; nothing else of a file changes. A second run changes
nothing. Files that PasswordFile and ClientSecretFile name stay as they are, but may hold a value that --value has printed.

The key lies in mailintegration.key beside the service file. Keep a copy of it (--save-key), apart from copies of the files:
without the key, the passwords have to be typed again. Only the account of the service can read it; on Windows, only this machine
can open it.

--rotate puts a new key first, encrypts every value again, and then removes the old key, unless a file could not be changed.
Values elsewhere, such as /Password: in a scheduled task, and mailbox files that the service file does not name have to be
made again, or named here; --keep-old keeps the old key for them.`
}

// Run encrypts the secrets of the configuration.
func (c *configEncryptCmd) Run(e *env) error {
	if err := c.check(); err != nil {
		return err
	}
	n := encryption{env: e, source: e.keys(), dryRun: c.DryRun, replace: replaceFile, create: createKeyFile}
	if err := n.open(); err != nil {
		return err
	}
	switch {
	case c.Value:
		return n.value()
	case c.SaveKey != "":
		return n.save(c.SaveKey)
	}
	if err := n.find(c.File, c.Rotate); err != nil {
		return err
	}
	if c.Rotate {
		return n.rotate(c.KeepOld)
	}
	n.encryptAll()
	return n.verdict()
}

// check checks that the flags fit together.
func (c *configEncryptCmd) check() error {
	fault := ""
	switch {
	case c.Value && (c.Rotate || c.SaveKey != "" || c.DryRun || len(c.File) > 0):
		fault = "--value stands alone"
	case c.SaveKey != "" && (c.Rotate || c.DryRun || len(c.File) > 0):
		fault = "--save-key stands alone"
	case c.KeepOld && !c.Rotate:
		fault = "--keep-old needs --rotate"
	default:
		return nil
	}
	return &failure{code: exitUsage, err: errors.New(fault), hint: "run mailintegration config encrypt --help"}
}

// encryption is one run of config encrypt. At each moment of it, every value of every file can be decrypted with the keys that are
// on the disk: a key is written before the first value that needs it, and removed after the last one. No lock is needed: a file
// that somebody else changes meanwhile, also the key file, is left as it is and counts as failed.
type encryption struct {
	*env
	source key.Source
	dryRun bool

	service     *config.Service // nil without a service file
	files       []string
	secretFiles []string // that tags name and that hold an encrypted value

	ring    *key.Ring // nil: there is no key yet
	keyFile []byte    // the octets of the key file, nil: there is none
	failed  int

	replace func(path string, before, after []byte) error // replaceFile
	create  func(path string, ring *key.Ring, dataDirectory string) error
}

// open reads the keys. It seals a key file that was put back from a saved copy.
func (n *encryption) open() (err error) {
	if n.ring, err = openKeys(n.source); err != nil {
		return err
	}
	n.keyFile, _ = readSmall(n.source.File) // openKeys has read it, if it exists
	if n.ring == nil || !key.NeedsSeal(n.keyFile) || n.dryRun {
		return nil
	}
	if err := n.setKeys(n.ring); err != nil {
		return err
	}
	return letDaemonAloneRead(n.source.File, n.dataDirectory())
}

// find finds the files: those that were named and, if none were or if all are asked for, the service file and those that it names.
func (n *encryption) find(named []string, all bool) error {
	service, _, err := config.LoadService(n.config, n.source)
	n.service = service
	for _, file := range named {
		path, err := filepath.Abs(file)
		if err != nil {
			return err
		}
		n.add(path)
	}
	if len(named) > 0 && !all {
		return nil
	}
	if service == nil {
		return err
	}
	n.add(service.File)
	for _, m := range service.Mailboxes {
		n.add(m.File)
		n.addSecretFile(m.PasswordFile, m.Password)
		n.addSecretFile(m.ClientSecretFile, m.ClientSecret)
		n.addSecretFilesOf(m.Smtp)
	}
	for _, b := range service.Broken {
		n.add(b.File)
	}
	n.addSecretFilesOf(service.Smtp)
	return nil
}

// add adds a file, unless it is there already.
func (n *encryption) add(path string) {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	if !slices.Contains(n.files, path) {
		n.files = append(n.files, path)
	}
}

// addSecretFilesOf adds the files with encrypted secrets that an <Smtp> names.
func (n *encryption) addSecretFilesOf(s *config.Smtp) {
	if s != nil {
		n.addSecretFile(s.PasswordFile, s.Password)
		n.addSecretFile(s.ClientSecretFile, s.ClientSecret)
	}
}

// addSecretFile adds a file, "" for none, that a secret was read from, if it holds the secret encrypted.
func (n *encryption) addSecretFile(path string, secret config.Secret) {
	if path != "" && secret.IsEncrypted() && !slices.Contains(n.secretFiles, path) {
		n.secretFiles = append(n.secretFiles, path)
	}
}

// encryptAll encrypts the secrets of all files for the first key. It goes on after a file that fails.
func (n *encryption) encryptAll() {
	for _, path := range n.files {
		if err := n.encryptFile(path); err != nil {
			n.fail(path, err)
		}
	}
	for _, path := range n.secretFiles {
		if err := n.encryptContent(path); err != nil {
			n.fail(path, err)
		}
	}
}

// fail says why a file was not, or not wholly, encrypted.
func (n *encryption) fail(path string, err error) {
	n.failed++
	if mistakes := new(config.Error); errors.As(err, &mistakes) {
		for _, m := range mistakes.Mistakes {
			printLine(n.stdout, "FAILED  %s", m)
		}
		return
	}
	printLine(n.stdout, "FAILED  %s: %v", path, err)
}

// encryptFile encrypts the secrets of one file, and makes a key if there is none and the file needs one.
func (n *encryption) encryptFile(path string) error {
	before, err := readSmall(path)
	if err != nil {
		return err
	}
	secrets, unread := config.SecretsIn(path, before, n.source)
	if n.ring == nil && len(secrets) > 0 {
		if err := n.makeKey(); err != nil {
			return err
		}
	}
	if n.ring == nil {
		n.tell(path, nil, secrets, unread)
		return unread
	}
	after, changed, err := config.Encrypt(path, before, n.ring)
	if err == nil || len(changed) > 0 {
		unread = err
		err = n.write(path, before, after)
	}
	if err != nil {
		return err
	}
	n.tell(path, changed, secrets, unread)
	return unread
}

// write replaces a file by what must be the same with other values of its secrets.
func (n *encryption) write(path string, before, after []byte) error {
	if bytes.Equal(before, after) || n.dryRun {
		return nil
	}
	return n.replace(path, before, after)
}

// tell says what became of a file.
func (n *encryption) tell(path string, changed []string, secrets []config.SecretValue, unread error) {
	switch {
	case len(changed) > 0 && n.dryRun:
		printLine(n.stdout, "would encrypt  %s: %s", path, strings.Join(changed, ", "))
	case len(changed) > 0:
		printLine(n.stdout, "encrypted  %s: %s", path, strings.Join(changed, ", "))
	case len(secrets) > 0 && unread == nil:
		printLine(n.stdout, "unchanged  %s: it is encrypted", path)
	case unread == nil:
		printLine(n.stdout, "unchanged  %s: it holds no password", path)
	}
}

// encryptContent encrypts the content of a file with one encrypted value again, if it is of another key.
func (n *encryption) encryptContent(path string) error {
	before, err := readSmall(path)
	if err != nil {
		return err
	}
	text := string(before)
	if id, err := key.IDOf(text); err == nil && n.ring != nil && id == n.ring.IDs()[0] {
		return nil
	}
	if n.ring == nil {
		return &key.MissingError{File: n.source.File}
	}
	plain, err := n.ring.Decrypt(text)
	if err != nil {
		return err
	}
	value, err := n.ring.Encrypt(plain)
	if err != nil {
		return err
	}
	if err := n.write(path, before, []byte(value+"\n")); err != nil {
		return err
	}
	n.tell(path, []string{"its only line"}, nil, nil)
	return nil
}

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
		return fmt.Errorf("write the key file: %w", err)
	}
	if err := n.open(); err != nil {
		return err
	}
	printLine(n.stderr, "made %s: key %s; keep a copy of it, apart from copies of the files (mailintegration config encrypt --save-key FILE)",
		n.source.File, n.ring.IDs()[0])
	return nil
}

// dataDirectory returns the directory whose owner runs the daemon.
func (n *encryption) dataDirectory() string {
	if n.service == nil {
		return config.DefaultService("").DataDirectory
	}
	return n.service.DataDirectory
}

// verdict returns the error that decides the exit code.
func (n *encryption) verdict() error {
	if n.failed == 0 {
		return nil
	}
	return &failure{
		code: exitFailed, err: errors.New("not every password was encrypted"), hint: "see the lines that begin with FAILED; then run this again",
	}
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
	fresh, err := key.Generate()
	if err != nil {
		return err
	}
	if err := n.setKeys(fresh.Join(n.ring)); err != nil {
		return err
	}
	n.encryptAll()
	if err := n.verdict(); err != nil {
		return err
	}
	return n.removeOld(old, keepOld)
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
		printLine(n.stdout, "FAILED  %s: it keeps %s, because %d mailbox files have mistakes: correct them, then rotate again",
			n.source.File, names, n.failed)
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

// value reads a password and prints it encrypted.
func (n *encryption) value() error {
	plain, err := (&userSetPasswordCmd{}).read(n.env)
	if err != nil {
		return err
	}
	if plain == "" {
		return &failure{code: exitUsage, err: errors.New("the password is empty"), hint: "type it, or pass it on standard input"}
	}
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

// save writes a copy of the keys that any machine can read.
func (n *encryption) save(path string) error {
	if n.ring == nil {
		return &failure{
			code: exitFailed, err: &key.MissingError{File: n.source.File}, hint: "run mailintegration config encrypt, which makes a key",
		}
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return &failure{code: exitFailed, err: err, hint: "name a new file that you may write"}
	}
	_, err = file.Write(n.ring.Plain())
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	printLine(n.stdout, "%s written: keep it in a safe place; to use it, copy it to %s", path, n.source.File)
	return nil
}
