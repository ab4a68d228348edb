package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// wine 8 answers "not implemented" when a file shall be deleted with POSIX semantics, which os.RemoveAll and os.Root.Remove
// ask for. Windows itself answers so nowhere; where a file system lacks these semantics, Go deletes in the older way. The line
// makes wine such a file system.
const (
	overlaidFile = "src/internal/syscall/windows/at_windows.go"
	lineBefore   = "\tcase STATUS_INVALID_INFO_CLASS,"
	lineAdded    = "\tcase NTStatus(0xC0000002), // STATUS_NOT_IMPLEMENTED\n\t\tSTATUS_INVALID_INFO_CLASS,"
)

// writeOverlay writes the changed file and overlay.json, which names it, to a directory.
func writeOverlay(directory string) error {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("go env GOROOT: %w", err)
	}
	original := filepath.Join(string(bytes.TrimSpace(root)), filepath.FromSlash(overlaidFile))
	text, err := os.ReadFile(original)
	if err != nil {
		return err
	}
	if n := bytes.Count(text, []byte(lineBefore)); n != 1 {
		return fmt.Errorf("%s has %d lines %q, not 1: see how this version of Go deletes files", original, n, lineBefore)
	}
	changed := filepath.Join(directory, filepath.Base(overlaidFile)+".overlay") // not a file of a package of ours
	if err := os.WriteFile(changed, bytes.Replace(text, []byte(lineBefore), []byte(lineAdded), 1), 0o644); err != nil {
		return err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{original: changed}})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(directory, "overlay.json"), overlay, 0o644)
}
