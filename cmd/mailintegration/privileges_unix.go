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

// becomeOwner makes a process of root's the process of the account that the data directory belongs to, for good, and
// returns that account's name. It does nothing, and returns "", for other processes and for a directory of root's.
//
// Whoever owns a directory decides what its names lead to. Root would follow a link there to files that the account may
// not even read, and would leave files behind that the account cannot use.
func becomeOwner(directory string) (string, error) {
	if os.Geteuid() != 0 {
		return "", nil
	}
	uid, gid, err := ownerOf(directory)
	if err != nil || uid == 0 {
		return "", err
	}
	who, err := accountOf(uid, gid, directory)
	if err == nil {
		err = who.become()
	}
	if err != nil {
		return "", fmt.Errorf("root works on %s as the account that owns it, %s: %w", directory, who.name, err)
	}
	return who.name, canReach(who.name, directory)
}

// ownerOf returns whom the data directory belongs to or, where it does not exist yet, the nearest one that does. A
// directory of root's is refused when somebody else could put another in its place.
func ownerOf(directory string) (uid, gid int, err error) {
	steps, err := way(directory)
	if err != nil && !errors.Is(err, fs.ErrPermission) { // a file server may keep even root out of what it sees of the way
		return 0, 0, err
	}
	for _, s := range slices.Backward(steps) {
		if uid, gid = s.owner(); !s.isLink() {
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
				hint: "run this as the account that is to own the data directory, give the directory to that account (chown -R), " +
					"or choose another (DataDirectory)",
			}
		}
	}
	return 0, 0, nil
}

// step is a file on the way to another.
type step struct {
	path string
	info fs.FileInfo
}

func (s step) isLink() bool { return s.info.Mode()&fs.ModeSymlink != 0 }

func (s step) owner() (uid, gid int) {
	st := s.info.Sys().(*syscall.Stat_t)
	return int(st.Uid), int(st.Gid)
}

// exchangeable says why somebody other than root could change what the step leads to, "" when nobody can.
func (s step) exchangeable() string {
	switch uid, gid := s.owner(); {
	case uid != 0:
		return "belongs to the account " + accountName(uid)
	case s.info.IsDir() && gid != 0 && s.info.Mode().Perm()&0o020 != 0 && s.info.Mode()&fs.ModeSticky == 0:
		return "can be written to by its group"
	case s.info.IsDir() && s.info.Mode().Perm()&0o002 != 0 && s.info.Mode()&fs.ModeSticky == 0:
		return "can be written to by every account"
	}
	return ""
}

// maxLinks is how many symbolic links may lie on the way, as many as for Linux.
const maxLinks = 40

// way returns everything on the way to path, from the root directory on, as far as it exists: directories, symbolic links,
// and what lies on the way to where these lead.
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

// identity is an account as the kernel knows it, with what programs expect of its environment.
type identity struct {
	uid, gid   int
	groups     []int
	name, home string
}

// accountOf returns the account with that number. One that is in no list of accounts works with the directory's group.
func accountOf(uid, gid int, directory string) (identity, error) {
	who := identity{uid: uid, gid: gid, name: accountName(uid), home: directory}
	u, err := user.LookupId(strconv.Itoa(uid))
	if err != nil {
		if gid == 0 {
			return who, errors.New("there is no such account in /etc/passwd, and the directory's group is root: " +
				"give the directory a group of the account's (chgrp)")
		}
		return who, nil
	}
	who.home = u.HomeDir
	if who.gid, err = strconv.Atoi(u.Gid); err != nil {
		return who, err
	}
	who.groups = []int{who.gid}
	groups, _ := u.GroupIds() // without them the account may do less, not more
	for _, group := range groups {
		if number, err := strconv.Atoi(group); err == nil && number != who.gid {
			who.groups = append(who.groups, number)
		}
	}
	return who, nil
}

// accountName returns the name of the account with that number, or the number.
func accountName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return strconv.Itoa(uid)
}

// become makes the process the account's. Setuid of root's changes the real and the saved id with the effective one
// (setuid(2)), so there is no way back; groups go first, since afterwards nobody may change them.
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

// setEnvironment makes the environment the account's as far as it is root's: its home, its name and, where root's folder
// for temporary files is closed to it, everybody's.
func (who identity) setEnvironment() error {
	err := errors.Join(os.Setenv("HOME", who.home), os.Setenv("USER", who.name), os.Setenv("LOGNAME", who.name))
	if unix.Access(os.TempDir(), unix.W_OK|unix.X_OK) != nil {
		err = errors.Join(err, os.Unsetenv("TMPDIR"))
	}
	return err
}

// canReach returns an error when the account, which this process has become, cannot pass to its own directory.
func canReach(account, directory string) error {
	steps, err := way(directory)
	if errors.Is(err, fs.ErrPermission) || err == nil && len(steps) > 0 && unix.Access(steps[len(steps)-1].path, unix.X_OK) != nil {
		return &failure{
			code: exitFailed,
			err:  fmt.Errorf("the account %s owns the data directory %s but cannot reach it: %w", account, directory, fs.ErrPermission),
			hint: "let it pass through the directories above (chmod o+x), or choose another DataDirectory",
		}
	}
	return err
}
