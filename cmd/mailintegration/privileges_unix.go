//go:build unix

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// becomeOwner makes root's process, for good, the process of the account that owns the data directory, and returns the name
// of the account. It does nothing and returns "" if the process is not root's, or if root owns the directory.
//
// The owner of a directory decides where its names lead. Root would follow a link there to files that the account may not
// even read, and would leave files behind that the account cannot use.
func becomeOwner(directory string) (string, error) {
	if os.Geteuid() != 0 {
		return "", nil
	}
	uid, gid, err := directoryOwner(directory)
	if err != nil || uid == 0 {
		return "", err
	}
	who, err := accountOf(uid, gid, directory)
	if err == nil {
		err = who.become()
	}
	if err != nil {
		return "", fmt.Errorf("root works in %s as the account that owns it, but cannot become %s: %w", directory, who.name, err)
	}
	return who.name, canReach(who.name, directory)
}

// directoryOwner returns the owner of the data directory or, if it does not exist yet, of its nearest parent that does. It
// returns an error for a directory of root's that another account could exchange for another directory.
func directoryOwner(directory string) (uid, gid int, err error) {
	steps, err := way(directory)
	if err != nil && !errors.Is(err, fs.ErrPermission) { // a file server may refuse even root a part of the way
		return 0, 0, err
	}
	for _, s := range slices.Backward(steps) {
		if uid, gid = ownerOf(s.info); !s.isLink() {
			break
		}
	}
	if uid != 0 {
		return uid, gid, nil
	}
	for _, s := range steps {
		if why := s.exchangeable(); why != "" {
			return 0, 0, &failure{
				code: exitFailed, err: fmt.Errorf("data directory %s: root does not work in it: %s %s", directory, s.path, why),
				hint: "run this as the account that shall own the data directory, give the directory to that account (chown -R), " +
					"or name another directory in DataDirectory",
			}
		}
	}
	return 0, 0, nil
}

// step is one directory or symbolic link on the way to a path.
type step struct {
	path string
	info fs.FileInfo
}

func (s step) isLink() bool { return s.info.Mode()&fs.ModeSymlink != 0 }

// ownerOf returns the owner and the group of a file.
func ownerOf(info fs.FileInfo) (uid, gid int) {
	st := info.Sys().(*syscall.Stat_t) // package os documents it
	return int(st.Uid), int(st.Gid)
}

// exchangeable returns why an account other than root could change where the step leads, "" if none could.
func (s step) exchangeable() string {
	switch uid, gid := ownerOf(s.info); {
	case uid != 0:
		return "belongs to the account " + accountName(uid)
	case s.info.IsDir() && gid != 0 && s.info.Mode().Perm()&0o020 != 0 && s.info.Mode()&fs.ModeSticky == 0:
		return "can be written to by its group"
	case s.info.IsDir() && s.info.Mode().Perm()&0o002 != 0 && s.info.Mode()&fs.ModeSticky == 0:
		return "can be written to by every account"
	}
	return ""
}

// maxLinks bounds the symbolic links on a way, as Linux does.
const maxLinks = 40

// way returns the steps from the root directory to path, as far as they exist: the directories, the symbolic links, and the
// steps to the targets of the links.
func way(path string) ([]step, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	at, names := "/", append([]string{"."}, strings.Split(path, "/")...)
	var steps []step
	for links := 0; len(names) > 0; {
		next := filepath.Join(at, names[0])
		names = names[1:]
		info, err := os.Lstat(next)
		if errors.Is(err, fs.ErrNotExist) {
			return steps, nil
		}
		if err != nil {
			return steps, err
		}
		s := step{next, info}
		steps = append(steps, s)
		if !s.isLink() {
			at = next
			continue
		}
		target, err := os.Readlink(next)
		if links++; err == nil && links > maxLinks {
			err = &fs.PathError{Op: "follow", Path: next, Err: syscall.ELOOP}
		}
		if err != nil {
			return nil, err
		}
		if filepath.IsAbs(target) {
			at = "/"
		}
		names = append(strings.Split(target, "/"), names...)
	}
	return steps, nil
}

// identity is an account as the kernel knows it, with the name and home that programs expect in the environment.
type identity struct {
	uid, gid   int
	groups     []int
	name, home string
}

// accountOf returns the account with that number. An account that is not in the list of accounts gets the directory's group.
func accountOf(uid, gid int, directory string) (identity, error) {
	who := identity{uid: uid, gid: gid, name: accountName(uid), home: directory}
	u, err := user.LookupId(strconv.Itoa(uid))
	if err != nil {
		if gid == 0 {
			return who, errors.New("the account is not in /etc/passwd, and the directory's group is root: " +
				"give the directory a group of the account (chgrp)")
		}
		return who, nil
	}
	who.home = u.HomeDir
	if who.gid, err = strconv.Atoi(u.Gid); err != nil {
		return who, err
	}
	who.groups = []int{who.gid}
	groups, _ := u.GroupIds() // on an error the account gets fewer rights, not more
	for _, group := range groups {
		if number, err := strconv.Atoi(group); err == nil && number != who.gid {
			who.groups = append(who.groups, number)
		}
	}
	return who, nil
}

// accountName returns the name of the account with that number, or the number if it has none.
func accountName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return strconv.Itoa(uid)
}

// become makes this process the account's. When root calls setuid, the kernel changes the real and the saved id too
// (setuid(2)), so there is no way back. The groups come first, since the account may not change them.
func (who identity) become() error {
	if err := syscall.Setgroups(who.groups); err != nil {
		return fmt.Errorf("set its groups: %w", err)
	}
	if err := syscall.Setgid(who.gid); err != nil {
		return fmt.Errorf("set its group: %w", err)
	}
	if err := syscall.Setuid(who.uid); err != nil {
		return fmt.Errorf("become it: %w", err)
	}
	if syscall.Setuid(0) == nil {
		return errors.New("the system lets it become root again")
	}
	return who.setEnvironment()
}

// setEnvironment replaces root's home and name in the environment by the account's. If the account cannot use root's
// directory for temporary files, it gets the default one.
func (who identity) setEnvironment() error {
	err := errors.Join(os.Setenv("HOME", who.home), os.Setenv("USER", who.name), os.Setenv("LOGNAME", who.name))
	if unix.Access(os.TempDir(), unix.W_OK|unix.X_OK) != nil {
		err = errors.Join(err, os.Unsetenv("TMPDIR"))
	}
	return err
}

// canReach returns an error if this process, which has become the account, cannot reach the account's directory.
func canReach(account, directory string) error {
	steps, err := way(directory)
	if errors.Is(err, fs.ErrPermission) || err == nil && len(steps) > 0 && unix.Access(steps[len(steps)-1].path, unix.X_OK) != nil {
		return &failure{
			code: exitFailed,
			err:  fmt.Errorf("the account %s owns the data directory %s but cannot reach it: %w", account, directory, fs.ErrPermission),
			hint: "let it pass through the directories above (chmod o+x), or name another directory in DataDirectory",
		}
	}
	return err
}

// barrier returns the first directory on the way to a file of the configuration whose rights do not let the account pass that owns
// the data directory, with the remedy; "" for none. It asks only for root, and passes over a folder that letDaemonFind opens.
func barrier(path, dataDirectory string) string {
	uid, gid, err := directoryOwner(dataDirectory)
	if os.Geteuid() != 0 || err != nil || uid == 0 {
		return ""
	}
	who, err := accountOf(uid, gid, dataDirectory)
	if err != nil {
		return ""
	}
	folder := filepath.Dir(path)
	steps, err := way(folder)
	if err != nil {
		return ""
	}
	for _, s := range steps {
		owner, group := ownerOf(s.info)
		if s.isLink() || who.mayPass(s.info) || s.path == folder && owner == 0 && group == 0 {
			continue
		}
		return fmt.Sprintf("the account %s, which runs the daemon, cannot pass through %s; run chgrp %s %s and chmod g+x %s",
			who.name, s.path, groupName(who.gid), s.path, s.path)
	}
	return ""
}

// mayPass reports whether the mode of a directory lets an account pass through it.
func (who identity) mayPass(directory fs.FileInfo) bool {
	mode := directory.Mode().Perm()
	switch owner, group := ownerOf(directory); {
	case owner == who.uid:
		return mode&0o100 != 0
	case group == who.gid || slices.Contains(who.groups, group):
		return mode&0o010 != 0
	}
	return mode&0o001 != 0
}

// groupName returns the name of the group with that number, or the number if it has none.
func groupName(gid int) string {
	if g, err := user.LookupGroupId(strconv.Itoa(gid)); err == nil {
		return g.Name
	}
	return strconv.Itoa(gid)
}
