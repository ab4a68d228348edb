//go:build bench && linux

package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// usage is the time and memory that a command used.
type usage struct {
	Wall   time.Duration
	CPU    time.Duration // user and system, as the kernel accounts it
	MaxRSS int64         // peak memory in octets
}

// The test binary is also three small programs: one runs a command and measures it, one drains a maildrop, and one is
// the POP3 server of the growth rows.
const (
	measuring = "BENCH_MEASURE" // the command is in the arguments, the usage goes to this file
	draining  = "BENCH_DRAIN"   // address, user and password are in the arguments
	serving   = "BENCH_SERVE"   // the server is told by standard input
)

// TestMain runs the tests, or one of the small programs.
func TestMain(m *testing.M) {
	switch {
	case os.Getenv(measuring) != "":
		exit(measureHere(os.Getenv(measuring), os.Args[1:]))
	case os.Getenv(draining) != "":
		exit(drain(os.Args[1], os.Args[2], os.Args[3]))
	case os.Getenv(serving) != "":
		exit(serveMaildrops())
	}
	os.Exit(m.Run())
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// measureHere runs a command as a child of this process, which is small. The kernel counts the memory of the starting
// process as the command's own peak, here some 15 MiB.
func measureHere(file string, command []string) error {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, measuring+"=") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	started := time.Now()
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", command[0], err)
	}
	u := usage{Wall: time.Since(started)}
	u.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	u.MaxRSS = cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
	text, err := json.Marshal(u)
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

// measure runs a command and returns its usage and its output.
func measure(t *testing.T, environment []string, command ...string) (u usage, printed string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "usage")
	cmd := exec.CommandContext(t.Context(), os.Args[0], command...)
	cmd.Env = append(append(os.Environ(), measuring+"="+file), environment...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v\n%s", command, err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &u); err != nil {
		t.Fatal(err)
	}
	return u, string(out)
}

// ticksPerSecond is USER_HZ, which is 100 on every machine that Linux runs on today.
const ticksPerSecond = 100

// treeCPU returns the processor time of a process and all its descendants, including those that have ended and were
// waited for (proc(5): utime, stime, cutime, cstime).
func treeCPU(pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0 // it has ended since
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+2:]))
	var ticks int64
	for _, f := range fields[11:15] {
		n, _ := strconv.ParseInt(f, 10, 64) // the kernel writes numbers
		ticks += n
	}
	total := time.Duration(ticks) * time.Second / ticksPerSecond
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for _, f := range strings.Fields(string(children)) {
		child, _ := strconv.Atoi(f)
		total += treeCPU(child)
	}
	return total
}
