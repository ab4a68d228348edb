package main

import "unsafe"

// overwrite overwrites a text in place. It must be a part of os.Args, whose strings are the memory that /proc/PID/cmdline shows;
// the strings of a program's text must not be written to.
func overwrite(secret string) {
	if secret == "" {
		return
	}
	for i, octets := 0, unsafe.Slice(unsafe.StringData(secret), len(secret)); i < len(octets); i++ {
		octets[i] = '*'
	}
}
