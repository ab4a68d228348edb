//go:build unix

package postgres_test

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"mailintegration/mailbox/dovecottest"
	"mailintegration/store/postgres"
	"mailintegration/store/storetest"
)

// runByHand runs the server of a data directory as an older version leaves it: at a port, without a socket. It returns
// the port.
func runByHand(t *testing.T, dir string) string {
	t.Helper()
	all, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	program, err := exec.LookPath("postgres")
	if err != nil && len(all) > 0 {
		program, err = slices.Max(all), nil
	}
	if named := os.Getenv(postgres.BinEnvironment); named != "" {
		program, err = filepath.Join(named, "postgres"), nil
	}
	if err != nil {
		t.Fatal(err)
	}
	free := strconv.Itoa(dovecottest.FreePort(t))
	cluster := filepath.Join(dir, "cluster")
	cmd := exec.Command(program, "-D", cluster, "-p", free, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "fsync=off", "-c", "shared_buffers=32MB")
	cmd.Dir = dir
	if uid := uidOf(t, cluster); os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	storetest.Until(t, "the server is ready", func() bool {
		text, _ := os.ReadFile(filepath.Join(cluster, "postmaster.pid"))
		return strings.Contains(string(text), "ready")
	})
	return free
}

// TestARunningServerOfAnOlderVersionIsTakenOverAtItsPort adopts a server at a port. Its users know the port, so a
// restart stays there; only the next start moves to the socket.
func TestARunningServerOfAnOlderVersionIsTakenOverAtItsPort(t *testing.T) {
	t.Parallel()
	dir := older(t)
	at := runByHand(t, dir)
	log, happened := observe(t)
	s := startWith(t, postgres.Options{DataDirectory: dir, Logger: log})
	happened.wait(t, "private postgresql taken over")
	if got := port(t, s); got != at {
		t.Fatalf("the server is at %q, not at port %s", got, at)
	}
	execute(t, s, `SELECT word FROM desk.kept`)
	if got := ask(t, s, privileges); got != "f f f f f" {
		t.Errorf("the role has the privileges %q", got)
	}
	killNow(s.PID())
	happened.wait(t, "private postgresql started")
	if got := port(t, s); got != at {
		t.Errorf("the server went from port %s to %q", at, got)
	}
	stop(t, s)
	s = start(t, dir)
	if u, err := url.Parse(s.URL()); err != nil || u.Query().Get("host") != filepath.Join(dir, "socket") {
		t.Errorf("the server is not at its socket (%v)", err)
	}
	execute(t, s, `SELECT word FROM desk.kept`)
}

// TestASocketsLockThatNamesAnotherProgramIsRemoved plays a restarted container, in which another process has the
// server's pid.
func TestASocketsLockThatNamesAnotherProgramIsRemoved(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	stop(t, start(t, dir))
	lock := filepath.Join(dir, "socket", ".s.PGSQL.5432.lock")
	write(t, lock, fmt.Sprintf("%d\n%[2]s/cluster\n1700000000\n5432\n%[2]s/socket\n", os.Getppid(), dir), 0o600)
	if os.Geteuid() == 0 {
		if err := os.Chown(lock, int(uidOf(t, filepath.Join(dir, "cluster"))), -1); err != nil {
			t.Fatal(err)
		}
	}
	execute(t, start(t, dir), `SELECT 1`)
}

func TestOnlyTheServersAccountCanReachTheSocket(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	start(t, dir)
	for _, name := range []string{"socket", "socket/.s.PGSQL.5432"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if open := info.Mode().Perm() & 0o077; open != 0 || uidOf(t, filepath.Join(dir, name)) != uidOf(t, filepath.Join(dir, "cluster")) {
			t.Errorf("%s is open to others (%v)", name, info.Mode())
		}
	}
}

// TestOthersCannotListTheFolderThatIsMadeForTheServer makes the folder above the server's, which holds mail and authorizations too.
func TestOthersCannotListTheFolderThatIsMadeForTheServer(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(filepath.Dir(dataDirectory(t)), "made")
	start(t, filepath.Join(folder, "postgres"))
	info, err := os.Stat(folder)
	if err != nil {
		t.Fatal(err)
	}
	if open := info.Mode().Perm() & 0o066; open != 0 {
		t.Errorf("the folder has mode %o", info.Mode().Perm())
	}
}
