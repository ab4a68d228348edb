package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "wine:", err)
		os.Exit(1)
	}
}

// run carries out the command line.
func run(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: wine dll|overlay DIRECTORY")
	}
	switch args[0] {
	case "dll":
		return os.WriteFile(filepath.Join(args[1], dllName), forwarder(), 0o644)
	case "overlay":
		return writeOverlay(args[1])
	}
	return fmt.Errorf("%q is neither dll nor overlay", args[0])
}
