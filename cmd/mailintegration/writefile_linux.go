package main

import (
	"errors"
	"strings"

	"golang.org/x/sys/unix"
)

// keepAttributes gives a new file the extended attributes of another one, among them its access control list and its label of
// SELinux. A file system without them has none to keep.
func keepAttributes(from, to string) error {
	names, err := attribute(func(to []byte) (int, error) { return unix.Listxattr(from, to) })
	if errors.Is(err, unix.ENOTSUP) {
		return nil
	}
	if err != nil {
		return err
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(names), "\x00"), "\x00") {
		if name == "" {
			continue
		}
		value, err := attribute(func(to []byte) (int, error) { return unix.Getxattr(from, name, to) })
		if err == nil {
			err = setAttribute(to, name, value)
		}
		if err != nil && !errors.Is(err, unix.ENODATA) {
			return err
		}
	}
	return nil
}

// setAttribute gives a file an attribute, unless it has it with that value: only root may set some that every file has.
func setAttribute(path, name string, value []byte) error {
	now, err := attribute(func(to []byte) (int, error) { return unix.Getxattr(path, name, to) })
	if err == nil && string(now) == string(value) {
		return nil
	}
	return unix.Setxattr(path, name, value, 0)
}

// attribute returns what a call of the system writes. It asks for the size first.
func attribute(read func(to []byte) (int, error)) ([]byte, error) {
	n, err := read(nil)
	if err != nil || n == 0 {
		return nil, err
	}
	octets := make([]byte, n)
	n, err = read(octets)
	return octets[:max(0, n)], err
}
