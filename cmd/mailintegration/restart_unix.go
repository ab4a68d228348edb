//go:build unix

package main

import (
	"os"
	"syscall"
)

// canBecome says that a process can become another program, with the same number, terminal and parent.
const canBecome = true

// become makes the process the program at path, with the arguments and the environment that it has. It returns only an error.
func become(path string) error { return syscall.Exec(path, os.Args, os.Environ()) }
