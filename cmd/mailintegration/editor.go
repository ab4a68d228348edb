package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
)

// runEditor opens a file in the person's editor, and waits for its end. Ctrl-C belongs to the editor meanwhile.
func (f *edited) runEditor(path string) error {
	command, err := editorCommand(f.ctx, path)
	if err != nil {
		return err
	}
	command.Stdin, command.Stdout, command.Stderr = f.input, underlying(f.stdout), underlying(f.stderr)
	signal.Ignore(os.Interrupt)
	err = command.Run()
	// The questions that follow end with Ctrl-C again; the context of the program no longer knows it.
	own := *f.env
	own.ctx, _ = signal.NotifyContext(f.ctx, os.Interrupt) // until the program ends
	f.env = &own
	if err != nil {
		return &failure{
			code: exitFailed, err: fmt.Errorf("nothing was changed: the editor %s: %w", command.Args[0], err),
			hint: "set VISUAL or EDITOR to an editor that this machine has, or use --set TAG=VALUE",
		}
	}
	return nil
}

// editorCommand returns the command that opens a file in an editor: VISUAL, EDITOR, or what the system usually has. VISUAL and
// EDITOR may have arguments, and are read by the shell as other programs do.
func editorCommand(ctx context.Context, path string) (*exec.Cmd, error) {
	wanted := cmp.Or(os.Getenv("VISUAL"), os.Getenv("EDITOR"))
	switch {
	case wanted != "" && runtime.GOOS == "windows":
		words := strings.Fields(wanted)
		if _, err := exec.LookPath(wanted); err == nil { // a path with blanks
			words = []string{wanted}
		}
		return exec.CommandContext(ctx, words[0], append(words[1:], path)...), nil
	case wanted != "":
		return exec.CommandContext(ctx, "/bin/sh", "-c", wanted+` "$1"`, wanted, path), nil
	case runtime.GOOS == "windows":
		return exec.CommandContext(ctx, "notepad.exe", path), nil
	}
	for _, name := range []string{"editor", "sensible-editor", "nano", "vi"} {
		if program, err := exec.LookPath(name); err == nil {
			return exec.CommandContext(ctx, program, path), nil
		}
	}
	return nil, &failure{code: exitFailed, err: errors.New("there is no editor"), hint: "set VISUAL or EDITOR, or use --set TAG=VALUE"}
}
