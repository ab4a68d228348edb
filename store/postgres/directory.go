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
)

// directory is the data directory, see the package comment. Its files are opened below root, the directory as it was when
// it was opened, and never through a symbolic link: the account that owns the directory may be a lesser one than ours.
type directory struct {
	path string // absolute, without symbolic links
	root *os.Root
	as   account // whom the server runs as
}

func (d directory) file(name string) string { return filepath.Join(d.path, name) }

func (d directory) cluster() string { return d.file("cluster") }

// openDirectory makes the data directory if needed and finds out whom the server is to run as.
func openDirectory(path string) (directory, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return directory{}, err
	}
	as, err := accountFor(path)
	if err != nil {
		return directory{}, err
	}
	if err := as.makeDirectory(path); err != nil {
		return directory{}, fmt.Errorf("make the data directory: %w", err)
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return directory{}, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return directory{}, err
	}
	d := directory{path: path, root: root, as: as}
	if err := d.check(); err != nil {
		return directory{}, errors.Join(err, root.Close())
	}
	return d, nil
}

// check refuses a directory in which others could put files, and a cluster that lies elsewhere.
func (d directory) check() error {
	info, err := d.root.Stat(".")
	if err != nil {
		return err
	}
	if why := d.as.distrustDirectory(info); why != "" {
		return fmt.Errorf("%s %s", d.path, why)
	}
	info, err = d.root.Lstat("cluster")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a directory: move the whole of %s to where the data is to be, and let that be a symbolic link",
			d.cluster(), d.path)
	}
	return err
}

// distrust returns why a file cannot be used that lies in the data directory and belongs there to one of the owners.
func (d directory) distrust(name string, info fs.FileInfo, owners ...int) error {
	why := distrustFile(info, owners)
	if why == "" {
		return nil
	}
	return fmt.Errorf("%s %s: it is not used; move it away", d.file(name), why)
}

// open opens one of our own files, if it is a file of ours.
func (d directory) open(name string, flag int) (*os.File, error) {
	f, err := d.openOwned(name, flag, d.as.ours()...)
	if err != nil {
		return nil, err
	}
	if err := d.as.giveTo(f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// openOwned opens a file below the data directory if it belongs to one of the owners. It looks before it opens, since a
// pipe would block and a device may act, and afterwards whether it has opened what it looked at.
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
		err = fmt.Errorf("%s was exchanged while it was opened", d.file(name))
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

// maxFile is more octets than any file has that is read whole.
const maxFile = 1 << 16

// read returns the text of one of our own files.
func (d directory) read(name string) (string, error) {
	f, err := d.open(name, os.O_RDONLY)
	return readAll(f, err)
}

// readCluster returns the text of one of PostgreSQL's files.
func (d directory) readCluster(name string) (string, error) {
	f, err := d.openOwned("cluster/"+name, os.O_RDONLY, d.as.servers())
	return readAll(f, err)
}

func readAll(f *os.File, err error) (string, error) {
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile))
	return string(text), err
}

// write replaces one of our own files, durably.
func (d directory) write(name, content string) error {
	if err := d.writeNew(name+".new", content); err != nil {
		return err
	}
	if err := d.root.Rename(name+".new", name); err != nil {
		return err
	}
	return syncDirectory(d.path)
}

// writeNew writes a new file; one of that name is what a process has left that was killed.
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

// version is the major version that the cluster was made by, 0 when there is no cluster.
func (d directory) version() (int, error) {
	text, err := d.readCluster("PG_VERSION")
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := d.root.Lstat("cluster"); errors.Is(err, fs.ErrNotExist) {
			return 0, nil
		}
		return 0, fmt.Errorf("%s is not a PostgreSQL data directory: it has no PG_VERSION; move it away, nothing was changed", d.cluster())
	}
	if err != nil {
		return 0, err
	}
	major, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || major <= 0 {
		return 0, fmt.Errorf("%s does not hold a version of PostgreSQL that can be used; nothing was changed",
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

// secret reads a password.
func (d directory) secret(name string) (string, error) {
	text, err := d.read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s, a password of the database, is missing: bring it back from a backup (%w)", d.file(name), fs.ErrNotExist)
	}
	return strings.TrimSpace(text), err
}

// rememberedPort is the port of last time, 0 for none.
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

func newPassword() string {
	b := make([]byte, 24)
	rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

// Exists tells whether a data directory holds a server's data, without touching it.
func Exists(dataDirectory string) bool {
	_, err := os.Stat(filepath.Join(dataDirectory, "cluster", "PG_VERSION"))
	return !errors.Is(err, fs.ErrNotExist)
}
