//go:build unix

package main

import "syscall"

// init keeps other accounts from writing to the directories of the tests, in which root refuses to work.
func init() { syscall.Umask(syscall.Umask(0o022) | 0o022) }
