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

// openedMessage is a message in a file, or why it could not be opened.
type openedMessage struct {
	name string
	raw  *store.RawFile
	err  error
}

// openMessages opens messages in files. It comes before the configuration is read: whoever named the files may be root,
// and the program may go on as an account that cannot read them.
func openMessages(names []string) []openedMessage {
	var all []openedMessage
	for _, name := range names {
		raw, err := openMessage(name)
		all = append(all, openedMessage{name, raw, err})
	}
	return all
}

func unreadable(err error) error {
	return &failure{code: exitFailed, err: err, hint: "name a file that holds one message and can be read"}
}
