package main

import (
	"fmt"
	"os"

	"mailintegration/store"
)

// openMessage opens a message in a file.
func openMessage(name string) (*store.RawFile, error) {
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() { // reading a pipe may never end, and cannot be done twice
		err = fmt.Errorf("%s is not a file", name)
	}
	if err != nil {
		return nil, unreadable(err)
	}
	f, err := store.OpenRaw(name)
	if err != nil {
		return nil, unreadable(err)
	}
	return f, nil
}

func unreadable(err error) error {
	return &failure{code: exitFailed, err: err, hint: "name a file that holds one message and can be read"}
}
