package main

import (
	"fmt"
	"os"

	"mailintegration/store"
)

// aMessage describes, for a hint, the file that holds a message.
const aMessage = "a file that holds one message and"

// openMessage opens the message in a file.
func openMessage(name string) (*store.RawFile, error) {
	if err := refusePipe(name, aMessage); err != nil { // a pipe cannot be read twice
		return nil, err
	}
	f, err := store.OpenRaw(name)
	if err != nil {
		return nil, unreadable(err, aMessage)
	}
	return f, nil
}

// refusePipe returns an error for what is no regular file: opening a pipe waits, perhaps for ever, for a program that writes to it.
func refusePipe(name, instead string) error {
	info, err := os.Stat(name)
	if err != nil || info.Mode().IsRegular() {
		return nil // of an error, opening says as much
	}
	return unreadable(fmt.Errorf("%s is not a regular file", name), instead)
}

// openRegular opens a regular file that a person has named. instead describes, for a hint, what to name.
func openRegular(name, instead string) (*os.File, error) {
	if err := refusePipe(name, instead); err != nil {
		return nil, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, unreadable(err, instead)
	}
	return f, nil
}

// openedMessage is a message in a file, or the error of opening it.
type openedMessage struct {
	name string
	raw  *store.RawFile
	err  error
}

// openMessages opens messages in files. Call it before load: root may have named the files, and the program may go on as
// an account that cannot read them.
func openMessages(names []string) []openedMessage {
	var all []openedMessage
	for _, name := range names {
		raw, err := openMessage(name)
		all = append(all, openedMessage{name, raw, err})
	}
	return all
}

// unreadable adds to the error of a file that a person named what to name instead.
func unreadable(err error, instead string) error {
	return &failure{code: exitFailed, err: err, hint: fmt.Sprintf("name %s that can be read", instead)}
}
