package main

import (
	"errors"
	"io/fs"
)

// leaveRoot makes this process work as the account that owns the data directory, when root started it and the directory
// is another account's. It comes before anything is opened there.
func (e *env) leaveRoot(dataDirectory string) error {
	account, err := becomeOwner(dataDirectory)
	if account != "" {
		e.account, e.owned = account, dataDirectory
	}
	return err
}

// explainDenial adds to an error about permissions that root ran this and that it worked as another account: who is root
// expects to be let in everywhere.
func (e *env) explainDenial(err error) error {
	if e.account == "" || !errors.Is(err, fs.ErrPermission) || errors.As(err, new(*failure)) {
		return err
	}
	return &failure{
		code: exitFailed, err: err,
		hint: "this ran as the account " + e.account + ", the owner of " + e.owned + ", not as root: " +
			"let that account in, or give it what belongs to root (chown)",
	}
}
