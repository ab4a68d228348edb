package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/term"

	"mailintegration/config"
)

// inEditor opens a copy of the file in an editor until it has no mistakes, or the person gives up. A version that was not written is
// kept, unless the person discards it.
func (f *edited) inEditor() error {
	if f.input == nil || !term.IsTerminal(int(f.input.Fd())) {
		return &failure{
			code: exitUsage, err: errors.New("no change is named, and there is no terminal for an editor"),
			hint: "use --set TAG=VALUE, --unset TAG or --secret TAG",
		}
	}
	folder, err := os.MkdirTemp("", "mailintegration-edit-*") // with mode 0700: the copy may hold a password
	if err != nil {
		return err
	}
	copied := filepath.Join(folder, filepath.Base(f.path))
	if err = os.WriteFile(copied, f.before, 0o600); err == nil {
		err = f.editCopy(copied)
	}
	if now, fault := os.ReadFile(copied); err != nil && fault == nil && !bytes.Equal(now, f.before) {
		printLine(f.stderr, "Your version is kept in %s; remove that file when you no longer need it.", copied)
		return err
	}
	_ = os.RemoveAll(folder)
	return err
}

// editCopy opens the copy in an editor, and writes the file once the daemon could use it.
func (f *edited) editCopy(copied string) error {
	for {
		if err := f.runEditor(copied); err != nil {
			return err
		}
		after, err := readSmall(copied)
		if err != nil {
			return err
		}
		if bytes.Equal(f.before, after) {
			printLine(f.stdout, "unchanged  %s", f.path)
			return nil
		}
		changes, next, err := f.review(after)
		switch {
		case err != nil:
			return err
		case next == "discard":
			printLine(f.stdout, "unchanged  %s: the edit was discarded", f.path)
			return nil
		case next == nextWrite:
			return f.replace(after, changes)
		}
	}
}

// review shows what is wrong with an edited file, and asks what to do. It returns write if nothing is.
func (f *edited) review(after []byte) (config.Changes, string, error) {
	changes, mailbox, err := f.validate(after)
	var broken *config.Error
	if errors.As(err, &broken) {
		fmt.Fprintln(f.stderr, broken)
		next, err := f.ask(question{
			title: "The file has mistakes. What now?", choices: []string{"edit", "discard"}, otherwise: "edit",
			says: "edit: open the editor again. discard: leave the file as it was",
		})
		return changes, next, err
	}
	if err != nil {
		return changes, "", err
	}
	failed, err := f.try(changes, mailbox)
	if err != nil || failed == nil {
		return changes, nextWrite, err
	}
	printTree(f.stderr, *failed, 0)
	next, err := f.ask(question{
		title: "The log-in failed. What now?", choices: []string{"edit", nextWrite, "discard"}, otherwise: "edit",
		says: "edit: open the editor again. write: write the file all the same. discard: leave the file as it was",
	})
	return changes, next, err
}

// runEditor opens a file in the person's editor, and waits for its end. Ctrl-C belongs to the editor meanwhile.
func (f *edited) runEditor(path string) error {
	name, command, err := editorCommand(f.ctx, path)
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
	switch ended := new(exec.ExitError); {
	case err == nil:
		return nil
	case errors.As(err, &ended) && ended.Exited():
		return &failure{
			code: exitFailed, err: fmt.Errorf("nothing was changed: the editor %s ended with exit code %d", name, ended.ExitCode()),
			hint: "run this again, with another VISUAL or EDITOR if this one does not work, or use --set TAG=VALUE",
		}
	}
	return unusable(name, err)
}

// unusable returns the failure for an editor that cannot be started, or that was ended.
func unusable(name string, err error) error {
	if fault := new(exec.Error); errors.As(err, &fault) {
		err = fault.Err // without the name
	}
	return &failure{
		code: exitFailed, err: fmt.Errorf("nothing was changed: the editor %s: %w", name, err),
		hint: "set VISUAL or EDITOR to an editor that this machine has, or use --set TAG=VALUE",
	}
}

// editorCommand returns the name of an editor, and the command that opens a file in it: VISUAL, EDITOR, or what the system usually has.
// VISUAL and EDITOR may have arguments, and are read by the shell as other programs do.
func editorCommand(ctx context.Context, path string) (string, *exec.Cmd, error) {
	wanted := cmp.Or(strings.TrimSpace(os.Getenv("VISUAL")), strings.TrimSpace(os.Getenv("EDITOR")))
	if wanted != "" {
		words := strings.Fields(wanted)
		if _, err := exec.LookPath(wanted); err == nil && runtime.GOOS == "windows" { // a path with blanks
			words = []string{wanted}
		}
		if _, err := exec.LookPath(words[0]); err != nil && !strings.ContainsAny(words[0], "'\"$`\\=(~") { // the shell reads those
			return "", nil, unusable(words[0], err)
		}
		if runtime.GOOS == "windows" {
			return words[0], exec.CommandContext(ctx, words[0], append(words[1:], path)...), nil
		}
		return wanted, exec.CommandContext(ctx, "/bin/sh", "-c", wanted+` "$1"`, wanted, path), nil
	}
	names := []string{"editor", "sensible-editor", "nano", "vi"}
	if runtime.GOOS == "windows" {
		names = []string{"notepad.exe"}
	}
	for _, name := range names {
		if program, err := exec.LookPath(name); err == nil {
			return name, exec.CommandContext(ctx, program, path), nil
		}
	}
	return "", nil, &failure{code: exitFailed, err: errors.New("there is no editor"), hint: "set VISUAL or EDITOR, or use --set TAG=VALUE"}
}
