//go:build unix

package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mailintegration/store/storetest"
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

// TestAStopEndsTheWaitForAPipe names a pipe that nobody writes to where a pipe is welcome.
func TestAStopEndsTheWaitForAPipe(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{
		"user set-password daemon --password-file", "template set acknowledgement",
	} {
		ctx, stop := context.WithCancel(t.Context())
		stop()
		var stdout, stderr strings.Builder
		ended := make(chan int, 1)
		go func() { ended <- run(ctx, append(strings.Fields(verb), pipe), strings.NewReader(""), &stdout, &stderr) }()
		if code := storetest.Await(t, "the verb ends", ended); code != exitFailed || !strings.Contains(stderr.String(), context.Canceled.Error()) {
			t.Errorf("%s: exit code %d, %s", verb, code, &stderr)
		}
	}
	both, err := os.OpenFile(pipe, os.O_RDWR, 0) // ends the calls that wait
	if err != nil {
		t.Fatal(err)
	}
	both.Close()
}
