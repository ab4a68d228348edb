//go:build wine

package winetest

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Environment variables that scripts/e2e-windows sets.
const (
	binariesEnvironment = "E2E_WINDOWS_BINARIES" // the directory with the program, the test binaries and the packages
	prefixEnvironment   = "WINEPREFIX"
)

// binaries returns the path of a file that the script has built.
func binaries(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(os.Getenv(binariesEnvironment), name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: run scripts/e2e-windows, which builds it", err)
	}
	return path
}

// commandTimeout limits each Windows program that is not a test. It only ends what hangs.
const commandTimeout = 10 * time.Minute

// wine runs a Windows program in a directory and returns its output and its exit code. Its output goes to a file: a process
// that wine starts beside it would hold a pipe open.
func wine(t testing.TB, directory string, environment []string, args ...string) (output string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "wine", args...)
	output, code, err := run(t, cmd, directory, environment)
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return output, code
}

// run runs a program of wine's with a file for its output.
func run(t testing.TB, cmd *exec.Cmd, directory string, environment []string) (output string, code int, err error) {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "output-")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd.Stdout, cmd.Stderr, cmd.Dir, cmd.Env = f, f, directory, append(os.Environ(), environment...)
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	text, readErr := os.ReadFile(f.Name())
	if readErr != nil {
		t.Fatal(readErr)
	}
	output = strings.TrimSpace(string(withoutWine(text)))
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		return output, exit.ExitCode(), nil
	}
	return output, 0, err
}

// withoutWine returns the output without the lines in which Debian's wine asks for its 32-bit half, which nothing here needs,
// and with the line ends of Unix.
func withoutWine(text []byte) []byte {
	var kept [][]byte
	for line := range bytes.Lines(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))) {
		if !bytes.Contains(line, []byte("wine32")) && !bytes.Contains(line, []byte("multiarch needs to be enabled")) &&
			!bytes.Contains(line, []byte("dpkg --add-architecture i386")) {
			kept = append(kept, line)
		}
	}
	return bytes.Join(kept, nil)
}

// windowsPath returns the path by which Windows programs know a file of this machine.
func windowsPath(path string) string { return "Z:" + strings.ReplaceAll(path, "/", `\`) }
