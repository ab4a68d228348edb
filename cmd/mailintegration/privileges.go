package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// leaveRoot makes root's process the process of the account that owns the data directory, unless that is root. Call it
// before anything in the directory is opened.
func (e *env) leaveRoot(dataDirectory string) error {
	account, err := becomeOwner(dataDirectory)
	if account != "" {
		e.account, e.owned = account, dataDirectory
	}
	if err != nil {
		return dataError(err)
	}
	return nil
}

// explainDenial adds to a "permission denied" that root started this and that it ran as another account: root expects that
// it may open every file.
func (e *env) explainDenial(err error) error {
	if e.account == "" || !errors.Is(err, fs.ErrPermission) || errors.As(err, new(*failure)) {
		return err
	}
	return &failure{
		code: exitFailed, err: err,
		hint: "this ran as the account " + e.account + ", the owner of " + e.owned + ", not as root: " +
			"let that account in, or give it the files that belong to root (chown)",
	}
}

// denied says which of some files of the configuration the daemon cannot read, "" for none. Only root's process can tell, which read
// the files as root and then became the account of the daemon.
func (e *env) denied(paths ...string) string {
	if e.account == "" {
		return ""
	}
	for _, path := range paths {
		f, err := os.Open(path)
		if err == nil {
			f.Close()
		}
		if errors.Is(err, fs.ErrPermission) {
			return fmt.Sprintf("the account %s, which runs the daemon, cannot read %s: give it to a group of that account (chgrp, chmod g+r), "+
				"and let the group pass through the folders above (chmod g+x)", e.account, path)
		}
	}
	return ""
}
