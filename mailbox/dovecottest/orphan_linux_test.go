package dovecottest_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mailintegration/mailbox/dovecottest"
)

// orphanMaker is an environment variable that is set in the process that TestDovecotEndsWithAKilledTest kills.
const orphanMaker = "DOVECOTTEST_ORPHAN_MAKER"

// TestMain sets the directory for temporary files in the process that is killed.
func TestMain(m *testing.M) {
	if os.Getenv(orphanMaker) != "" {
		_ = os.Setenv("TMPDIR", os.Getenv(orphanMaker))
	}
	os.Exit(m.Run())
}

// TestDovecotEndsWithAKilledTest kills a test that has started Dovecot, and waits for Dovecot's end.
func TestDovecotEndsWithAKilledTest(t *testing.T) {
	t.Parallel()
	if os.Getenv(orphanMaker) != "" {
		srv := dovecottest.Start(t, dovecottest.Options{})
		fmt.Printf("address %s\n", net.JoinHostPort(srv.Host, fmt.Sprint(srv.Port)))
		select {}
	}
	directory := t.TempDir()
	if err := os.Chmod(filepath.Dir(directory), 0o755); err != nil { // Dovecot's accounts must be able to enter it
		t.Fatal(err)
	}
	victim := exec.Command(os.Args[0], "-test.run=^TestDovecotEndsWithAKilledTest$")
	victim.Env = append(os.Environ(), orphanMaker+"="+directory)
	out, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	address := ""
	for lines := bufio.NewScanner(out); address == "" && lines.Scan(); {
		address, _ = strings.CutPrefix(lines.Text(), "address ")
	}
	if err := victim.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if address == "" {
		t.Error("the test that is killed has started no Dovecot")
	}
	_ = victim.Wait() // returns an error, as the process was killed
	for t.Context().Err() == nil {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		_ = conn.Close()
	}
}
