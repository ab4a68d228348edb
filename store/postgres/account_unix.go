//go:build unix

package postgres

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// exe ends the names of programs.
const exe = ""

// account is the account that the server runs as. The zero account is the account of this process.
type account struct {
	drop     bool // this process is root, and its children become uid and gid
	uid, gid int
	name     string
	all      bool // the account owns the whole data directory, not only the cluster
}

// accountFor returns the account for a data directory, which may not exist yet.
func accountFor(path string) (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 && info.Sys().(*syscall.Stat_t).Uid != 0 {
		return account{}, fmt.Errorf("%s is a symbolic link that belongs to another account, so root does not follow it: "+
			"name the directory itself", path)
	}
	if info, err := os.Lstat(filepath.Join(path, "cluster")); err == nil && info.IsDir() {
		a, _ := ownerOf(info, nil)
		return a.ofCluster(path)
	}
	if a, ok := ownerOf(os.Stat(nearest(path))); ok && a.uid != 0 {
		a.all = true
		return a, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err1 == nil && err2 == nil {
			return account{drop: true, uid: uid, gid: gid, name: name}, nil
		}
	}
	return account{}, errors.New("PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it as: " +
		"start this program as an ordinary user")
}

// ofCluster completes the account that owns the cluster at path. The data directory must belong to the same account or
// to root: a third account could have put anything in the cluster's place.
func (a account) ofCluster(path string) (account, error) {
	cluster := filepath.Join(path, "cluster")
	if a.uid == 0 {
		return a, fmt.Errorf("%s belongs to root, and PostgreSQL refuses to run as root: "+
			"give it to the user that shall run PostgreSQL (chown -R postgres %s)", cluster, cluster)
	}
	dir, _ := ownerOf(os.Stat(path))
	if dir.uid != a.uid && dir.uid != 0 {
		return a, fmt.Errorf("%s belongs to the account %s, and %s to %s: give both to the account that shall run PostgreSQL (chown -R)",
			path, dir.name, cluster, a.name)
	}
	a.all = dir.uid == a.uid
	return a, nil
}

// ownerOf returns the account that owns a file, and false when it is unknown.
func ownerOf(info fs.FileInfo, err error) (account, bool) {
	if err != nil {
		return account{}, false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return account{}, false
	}
	return account{drop: true, uid: int(st.Uid), gid: int(st.Gid), name: accountName(int(st.Uid))}, true
}

// nearest returns the path, or its nearest ancestor that exists.
func nearest(path string) string {
	for {
		if _, err := os.Stat(path); err == nil || path == filepath.Dir(path) {
			return path
		}
		path = filepath.Dir(path)
	}
}

// makeDirectory makes the data directory and its parents, and lets the account pass through it.
func (a account) makeDirectory(path string) error {
	if info, err := os.Stat(path); err == nil {
		if !info.IsDir() {
			return fmt.Errorf("%s is not a directory", path)
		}
		if a.drop && !a.all {
			return os.Chmod(path, info.Mode().Perm()|0o011)
		}
		return nil
	}
	if err := a.makeParents(filepath.Dir(path), 0o711); err != nil {
		return err
	}
	mode := os.FileMode(0o700)
	if a.drop && !a.all {
		mode = 0o711
	}
	return a.mkdir(path, mode)
}

// makeParents makes a directory with a mode, and its parents, which everybody may list. The directory itself holds mail and
// authorizations besides the data: others pass through it to the server's socket, and no more.
func (a account) makeParents(path string, mode os.FileMode) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := a.makeParents(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return a.mkdir(path, mode)
}

// mkdir makes one directory, owned by the account when the account owns the whole data directory.
func (a account) mkdir(path string, mode os.FileMode) error {
	if err := os.Mkdir(path, mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if a.all {
		return os.Lchown(path, a.uid, a.gid)
	}
	return os.Chmod(path, mode) // the umask may have taken the x of 0711 away
}

// giveOurs gives one of our own files to the account when the account owns the whole data directory.
func (a account) giveOurs(f *os.File) error {
	if !a.all {
		return nil
	}
	return f.Chown(a.uid, a.gid)
}

// giveToServer gives a file or directory below root to the account.
func (a account) giveToServer(root *os.Root, name string) error {
	if !a.drop {
		return nil
	}
	return root.Lchown(name, a.uid, a.gid)
}

// checkAccess returns an error when the account cannot run the programs in the data directory.
func (a account) checkAccess(path string, b binaries) error {
	if !a.drop {
		return nil
	}
	cmd := a.command(path, b.program("postgres"), "--version")
	err := cmd.Run()
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	closed := a.closedTo(path)
	if closed == "" {
		closed = a.closedTo(b.program("postgres"))
	}
	return fmt.Errorf("the user %s, as whom PostgreSQL runs because it refuses to run as root, has no access to %s: "+
		"choose a data directory that every user can reach (such as /var/lib/mailintegration), open this one (chmod o+x %s), "+
		"or start this program as an ordinary user", a.name, closed, closed)
}

// closedTo returns the first directory on the way to path whose mode bits keep the account out, "" for none.
func (a account) closedTo(path string) string {
	if parent := filepath.Dir(path); parent != path {
		if closed := a.closedTo(parent); closed != "" {
			return closed
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	bit := os.FileMode(0o001)
	switch {
	case int(st.Uid) == a.uid:
		bit = 0o100
	case int(st.Gid) == a.gid:
		bit = 0o010
	}
	if info.Mode()&bit == 0 {
		return path
	}
	return ""
}
