package postgres

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"mailintegration/store/disk"
)

// directory is the data directory; the package comment lists its files. Its methods open files below root, the
// directory as it was when it was opened, and never through a symbolic link: the directory's owner may be a lesser
// account than ours.
type directory struct {
	path    string // absolute, without symbolic links
	root    *os.Root
	account account // that the server runs as
}

// file returns the path of a file in the directory.
func (d directory) file(name string) string { return filepath.Join(d.path, name) }

// cluster returns the path of PostgreSQL's own data directory.
func (d directory) cluster() string { return d.file("cluster") }

// openDirectory opens the data directory, which it makes if needed, and chooses the account that the server runs as.
func openDirectory(path string) (directory, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return directory{}, err
	}
	account, err := accountFor(path)
	if err != nil {
		return directory{}, err
	}
	if err := account.makeDirectory(path); err != nil {
		return directory{}, fmt.Errorf("make the data directory: %w", err)
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return directory{}, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return directory{}, err
	}
	d := directory{path: path, root: root, account: account}
	if err := d.check(); err != nil {
		return directory{}, errors.Join(err, root.Close())
	}
	return d, nil
}

// check returns an error when other accounts could put files into the directory, or when the cluster lies elsewhere.
func (d directory) check() error {
	info, err := d.root.Stat(".")
	if err != nil {
		return err
	}
	if why := d.account.distrustDirectory(info); why != "" {
		return fmt.Errorf("%s %s", d.path, why)
	}
	info, err = d.root.Lstat("cluster")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a directory: move all of %s to where the data shall lie, and make it a symbolic link to there",
			d.cluster(), d.path)
	}
	return err
}

// distrust returns an error when a file of the data directory cannot be used. It must belong to one of the owners.
func (d directory) distrust(name string, info fs.FileInfo, owners ...int) error {
	why := distrustFile(info, owners)
	if why == "" {
		return nil
	}
	return fmt.Errorf("%s %s: move it away, this program does not use it", d.file(name), why)
}

// open opens one of our own files, if it belongs to us.
func (d directory) open(name string, flag int) (*os.File, error) {
	f, err := d.openOwned(name, flag, d.account.ours()...)
	if err != nil {
		return nil, err
	}
	if err := d.account.giveOurs(f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// openOwned opens a file below the data directory if it belongs to one of the owners. It checks the file before it
// opens it, because a pipe would block and a device might act, and then checks that it has opened the same file.
func (d directory) openOwned(name string, flag int, owners ...int) (*os.File, error) {
	info, err := d.root.Lstat(name)
	if err == nil {
		err = d.distrust(name, info, owners...)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f, err := d.root.OpenFile(name, flag|nonBlocking, 0o600)
	if err != nil {
		return nil, err
	}
	opened, err := f.Stat()
	if err == nil {
		info, err = d.root.Lstat(name)
	}
	if err == nil && !os.SameFile(info, opened) {
		err = fmt.Errorf("somebody replaced %s while it was opened: check who can write there", d.file(name))
	}
	if err == nil {
		err = d.distrust(name, opened, owners...)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// maxFile limits, in octets, how much of a file readAll reads. Every file that it reads is smaller.
const maxFile = 1 << 16

// read returns the text of one of our own files.
func (d directory) read(name string) (string, error) {
	f, err := d.open(name, os.O_RDONLY)
	return readAll(f, err)
}

// readCluster returns the text of one of PostgreSQL's files.
func (d directory) readCluster(name string) (string, error) {
	f, err := d.openOwned("cluster/"+name, os.O_RDONLY, d.account.servers())
	return readAll(f, err)
}

// readAll returns the text of a file and closes it. It takes the error of opening the file too.
func readAll(f *os.File, err error) (string, error) {
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile))
	return string(text), err
}

// write replaces one of our own files durably.
func (d directory) write(name, content string) error {
	if err := d.writeNew(name+".new", content); err != nil {
		return err
	}
	if err := d.root.Rename(name+".new", name); err != nil {
		return err
	}
	return disk.SyncDirectory(d.path)
}

// writeNew writes a new file. It replaces one of that name, which a killed process has left.
func (d directory) writeNew(name, content string) error {
	if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := d.open(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	return errors.Join(err, f.Sync(), f.Close())
}

// version returns the major version of PostgreSQL that made the cluster, 0 when there is no cluster.
func (d directory) version() (int, error) {
	text, err := d.readCluster("PG_VERSION")
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := d.root.Lstat("cluster"); errors.Is(err, fs.ErrNotExist) {
			return 0, nil
		}
		return 0, fmt.Errorf("%s is not a PostgreSQL data directory, because it has no PG_VERSION; nothing was changed: move it away",
			d.cluster())
	}
	if err != nil {
		return 0, err
	}
	major, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || major <= 0 {
		return 0, fmt.Errorf("%s does not name a version of PostgreSQL; nothing was changed: restore the file from a backup",
			filepath.Join(d.cluster(), "PG_VERSION"))
	}
	return major, nil
}

// The files with the passwords of Role and of adminRole.
const (
	passwordFile      = "password"
	adminPasswordFile = "admin-password"
)

// password returns the password of Role.
func (d directory) password() (string, error) { return d.secret(passwordFile) }

// secret returns the password in one of our files.
func (d directory) secret(name string) (string, error) {
	text, err := d.read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s, a password of the database, is missing: restore it from a backup (%w)", d.file(name), fs.ErrNotExist)
	}
	return strings.TrimSpace(text), err
}

// rememberedPort returns the port of the last start, 0 for none.
func (d directory) rememberedPort() (int, error) {
	text, err := d.read("port")
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	port, wrong := strconv.Atoi(strings.TrimSpace(text))
	if wrong != nil || port < 1024 || port > 65535 {
		return 0, err
	}
	return port, err
}

// newPassword returns a random password.
func newPassword() string {
	b := make([]byte, 24)
	rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

// Exists reports whether a data directory contains a server's data. It changes nothing.
func Exists(dataDirectory string) bool {
	_, err := os.Stat(filepath.Join(dataDirectory, "cluster", "PG_VERSION"))
	return !errors.Is(err, fs.ErrNotExist)
}
