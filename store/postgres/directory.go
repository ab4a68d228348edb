package postgres

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// directory is the data directory, see the package comment.
type directory struct {
	path string  // absolute, without symbolic links
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
	return directory{path: path, as: as}, nil
}

// open opens one of our own files; never through a symbolic link.
func (d directory) open(name string, flag int) (*os.File, error) {
	f, err := os.OpenFile(d.file(name), flag|noFollow, 0o600)
	if err != nil {
		return nil, err
	}
	if err := d.as.giveTo(f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// write replaces one of our own files, durably.
func (d directory) write(name, content string) error {
	f, err := d.open(name+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(d.file(name+".new"), d.file(name)); err != nil {
		return err
	}
	return syncDirectory(d.path)
}

// version is the major version that the cluster was made by, 0 when there is no cluster.
func (d directory) version() (int, error) {
	b, err := os.ReadFile(filepath.Join(d.cluster(), "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(d.cluster()); errors.Is(err, fs.ErrNotExist) {
			return 0, nil
		}
		return 0, fmt.Errorf("%s is not a PostgreSQL data directory: it has no PG_VERSION; move it away, nothing was changed", d.cluster())
	}
	if err != nil {
		return 0, err
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || major <= 0 {
		return 0, fmt.Errorf("%s does not hold a version of PostgreSQL that can be used; nothing was changed", filepath.Join(d.cluster(), "PG_VERSION"))
	}
	return major, nil
}

// password is the role's password.
func (d directory) password() (string, error) {
	b, err := os.ReadFile(d.file("password"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s, the password of the database, is missing: bring it back from a backup", d.file("password"))
	}
	return strings.TrimSpace(string(b)), err
}

// rememberedPort is the port of last time, 0 for none.
func (d directory) rememberedPort() int {
	b, err := os.ReadFile(d.file("port"))
	if err != nil {
		return 0
	}
	port, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || port < 1024 || port > 65535 {
		return 0
	}
	return port
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
