//go:build unix

package main

import (
	"context"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestAPipeIsRefused names a pipe that nobody writes to: opening it would wait for ever.
func TestAPipeIsRefused(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, verb := range [][]string{{"restore", "--verify"}, {"user", "import"}, {"explain"}} {
		var stdout, stderr strings.Builder
		code := run(context.Background(), append(verb, pipe), strings.NewReader(""), &stdout, &stderr)
		if code != exitFailed || !strings.Contains(stderr.String(), pipe+" is not a regular file") {
			t.Errorf("%v: exit code %d, %s", verb, code, stderr.String())
		}
	}
}
