package main

import (
	"bytes"
	"errors"
	"fmt"
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
	plain := ""
	if c.Value {
		var err error
		if plain, err = n.readValue(); err != nil {
			return err
		}
	}
	if !c.DryRun {
		unlock, err := e.lockFiles()
		if err != nil {
			return err
		}
		defer unlock()
	}
	if err := n.open(); err != nil {
		return err
	}
	switch {
	case c.Value:
		return n.value(plain)
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
	case c.SaveKey == "-":
		fault = "--save-key needs the name of a file: a key does not belong on a terminal or into a log"
	case c.KeepOld && !c.Rotate:
		fault = "--keep-old needs --rotate"
	default:
		return nil
	}
	return &failure{code: exitUsage, err: errors.New(fault), hint: "run mailintegration config encrypt --help"}
}

// encryption is one run of config encrypt. At each moment of it, every value of every file can be decrypted with the keys that are
// on the disk: a key is written before the first value that needs it, and removed after the last one. Its caller holds the lock of
// lockFiles, since two runs at once would remove each other's keys. A file that something else changes meanwhile, such as an
// editor, is left as it is and counts as failed.
type encryption struct {
	*env
	source key.Source
	dryRun bool

	service     *config.Service // nil without a service file
	files       []string
	secretFiles []string // that tags name and that hold an encrypted value

	ring    *key.Ring // nil: there is no key yet
	keyFile []byte    // the octets of the key file, nil: there is none

	encrypted, already, without, failed int // files

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
	n.sum()
}

// sum says how many files became what.
func (n *encryption) sum() {
	if n.failed == 0 && n.encrypted == 0 {
		return // each line says the same
	}
	var parts []string
	for _, part := range []struct {
		files int
		what  string
	}{
		{n.encrypted, map[bool]string{true: "to encrypt", false: "encrypted now"}[n.dryRun]}, {n.already, "encrypted already"},
		{n.without, "without a password"}, {n.failed, "FAILED"},
	} {
		if part.files > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.files, part.what))
		}
	}
	printLine(n.stdout, "%s: %s", plural(n.encrypted+n.already+n.without+n.failed, "file"), strings.Join(parts, ", "))
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
	if unreplaced := new(replaceError); errors.As(err, &unreplaced) {
		err = fmt.Errorf("%w (%s)", err, unreplaced.hint())
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
	if bytes.Equal(before, after) {
		return nil
	}
	if n.dryRun {
		if err := hasOneName(path); err != nil {
			return &replaceError{path, err}
		}
		return nil
	}
	return n.replace(path, before, after)
}

// tell says what became of a file, and counts it.
func (n *encryption) tell(path string, changed []string, secrets []config.SecretValue, unread error) {
	tags := strings.Join(changed, ", ")
	switch {
	case len(changed) > 0 && n.dryRun:
		printLine(n.stdout, "would encrypt  %s: %s", path, tags)
	case len(changed) > 0:
		printLine(n.stdout, "encrypted  %s: %s", path, tags)
	}
	switch {
	case unread != nil: // fail counts the file
	case len(changed) > 0:
		n.encrypted++
	case len(secrets) > 0:
		n.already++
		printLine(n.stdout, "unchanged  %s: it is encrypted", path)
	default:
		n.without++
		printLine(n.stdout, "unchanged  %s: it holds no password (a file that PasswordFile names stays as it is)", path)
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

// verdict returns the error that decides the exit code.
func (n *encryption) verdict() error {
	if n.failed == 0 {
		return nil
	}
	return &failure{
		code: exitFailed, err: errors.New("not every password was encrypted"), hint: "see the lines that begin with FAILED; then run this again",
	}
}
