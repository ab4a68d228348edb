//go:build unix

package storetest_test

import (
	"bufio"
	"io"
	"mailintegration/store/storetest"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// helperEnvironment is the variable that makes TestHelper work, in a process of its own.
const helperEnvironment = "STORETEST_HELPER"

// TestHelper runs in another process for the tests below. It does nothing in this one.
func TestHelper(t *testing.T) {
	if os.Getenv(helperEnvironment) == "" {
		return
	}
	db := storetest.New(t)
	os.Stdout.WriteString("URL " + db.URL + "\n")
	os.Stdin.Read(make([]byte, 1)) // until the test kills this process or closes the pipe
}

// process is a test binary that runs TestHelper.
type process struct {
	*exec.Cmd
	stdin io.Closer
	out   *bufio.Scanner
}

// helper starts TestHelper in another process, with its temporary directory in temp.
func helper(t *testing.T, temp string, env ...string) process {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestHelper$")
	cmd.Env = append(append(os.Environ(), helperEnvironment+"=run", "TMPDIR="+temp), env...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close(); _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return process{cmd, stdin, bufio.NewScanner(stdout)}
}

func TestNothingIsLeftOfATestBinary(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		end  func(process)
	}{
		{"that ends by itself", func(p process) { p.stdin.Close(); _ = p.Wait() }},
		{"that is terminated", func(p process) { _ = p.Process.Signal(syscall.SIGTERM); _ = p.Wait() }}, // a shell may have SIGINT ignored
		{"that is killed", func(p process) { _ = p.Process.Kill(); _ = p.Wait() }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			temp := storetest.Directory(t)
			p := helper(t, temp)
			address := ""
			for address == "" && p.out.Scan() {
				if to, ok := strings.CutPrefix(p.out.Text(), "URL "); ok {
					u, err := url.Parse(to)
					if err != nil {
						t.Fatal(err)
					}
					address = u.Host
				}
			}
			if c, err := net.Dial("tcp", address); err != nil {
				t.Fatal(err)
			} else {
				c.Close()
			}
			tc.end(p)
			storetest.Until(t, "the directory is gone", func() bool {
				left, err := filepath.Glob(filepath.Join(temp, "*"))
				return err == nil && len(left) == 0
			})
			if c, err := net.Dial("tcp", address); err == nil {
				c.Close()
				t.Error("the server runs")
			}
		})
	}
}

func TestWithoutPostgreSQLATestFailsAndSaysWhatToRun(t *testing.T) {
	t.Parallel()
	p := helper(t, storetest.Directory(t), "MAILINTEGRATION_PG_BIN="+t.TempDir())
	var output []string
	for p.out.Scan() {
		output = append(output, p.out.Text())
	}
	if err := p.Wait(); err == nil {
		t.Error("the test passed")
	}
	if all := strings.Join(output, "\n"); !strings.Contains(all, "make setup") {
		t.Error(all)
	}
}

func TestEachTestHasItsOwnDatabase(t *testing.T) {
	t.Parallel()
	one, two := storetest.New(t), storetest.New(t)
	one.Exec(t, `INSERT INTO site (name) VALUES ('here')`)
	var sites int
	if err := two.Pool(t).QueryRow(t.Context(), `SELECT count(*) FROM site`).Scan(&sites); err != nil {
		t.Fatal(err)
	}
	if sites != 0 {
		t.Error("a test sees the row of another")
	}
}
