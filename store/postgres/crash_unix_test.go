//go:build unix

package postgres_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"mailintegration/store/postgres"
)

// daemonEnvironment makes the test binary a daemon with the private server in the directory that it names.
const daemonEnvironment = "PRIVATE_POSTGRES_TEST_DAEMON"

func TestMain(m *testing.M) {
	if dir := os.Getenv(daemonEnvironment); dir != "" {
		runDaemon(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

// runDaemon starts the server, says so, and waits to be killed. Should the test end first, so does the daemon,
// which has its end of the pipe as standard input.
func runDaemon(dir string) {
	_, err := postgres.Start(context.Background(), postgres.Options{
		DataDirectory: dir,
		Disposable:    filepath.Base(dir) == "disposable",
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("ready")
	os.Stdin.Read(make([]byte, 1))
}

// daemon is a process with a private server, for killing.
type daemon struct {
	*exec.Cmd
	ready chan error // gets nil when the server runs
}

func startDaemon(t *testing.T, dir string) daemon {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), daemonEnvironment+"="+dir)
	cmd.Stderr = os.Stderr
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
	d := daemon{cmd, make(chan error, 1)}
	go func() {
		_, err := stdout.Read(make([]byte, 16))
		d.ready <- err
	}()
	t.Cleanup(func() { stdin.Close(); d.kill() })
	return d
}

func (d daemon) kill() {
	_ = d.Process.Kill()
	_ = d.Wait()
}

func TestAKilledDaemonsServerIsTakenOver(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	d := startDaemon(t, dir)
	if err := <-d.ready; err != nil {
		t.Fatal(err)
	}
	pid := serverPID(dir)
	d.kill()
	s := start(t, dir)
	if s.PID() != pid || !s.Owned() {
		t.Errorf("the server is process %d, owned: %v; want the process %d that was left", s.PID(), s.Owned(), pid)
	}
	execute(t, s, `SELECT 1`)
	stop(t, s)
	if alive(pid) {
		t.Error("the server that was taken over was not stopped")
	}
}

func TestADaemonAndItsServerKilledTogetherStartAgain(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	d := startDaemon(t, dir)
	if err := <-d.ready; err != nil {
		t.Fatal(err)
	}
	pid := serverPID(dir)
	killNow(pid)
	d.kill()
	s := start(t, dir)
	if s.PID() == pid {
		t.Error("the killed server runs")
	}
	execute(t, s, `SELECT 1`)
}

func TestADaemonKilledWithinInitdbStartsAgain(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	d := startDaemon(t, dir)
	until(t, "initdb has begun", func() bool {
		begun, _ := filepath.Glob(filepath.Join(dir, "cluster.new-*", "PG_VERSION"))
		return len(begun) > 0
	})
	d.kill()
	if _, err := os.Stat(filepath.Join(dir, "cluster")); err == nil {
		t.Fatal("initdb was over before the daemon was killed")
	}
	s := start(t, dir)
	execute(t, s, `SELECT 1`)
	if left, _ := filepath.Glob(filepath.Join(dir, "cluster.new-*")); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

func TestAKilledServerIsStartedAgainAtTheSameURL(t *testing.T) {
	t.Parallel()
	log, happened := observe(t)
	s := startWith(t, postgres.Options{DataDirectory: dataDirectory(t), Logger: log})
	happened.wait(t, "private postgresql started")
	execute(t, s, `CREATE TABLE kept AS SELECT 1 AS one`)
	pid, before := s.PID(), s.URL()
	busy := keepBusy(t, s)
	killNow(pid)
	happened.wait(t, "private postgresql started")
	if s.PID() == pid || s.URL() != before {
		t.Errorf("process %d, want another process at the same place", s.PID())
	}
	execute(t, s, `SELECT one FROM kept`)
	<-busy
}

// keepBusy has the server compute for a while: a process of it outlives a killed server for so long, and no new
// server may start beside it. The result is closed when the connection is lost.
func keepBusy(t *testing.T, s *postgres.Server) <-chan struct{} {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.URL())
	if err != nil {
		t.Fatal(err)
	}
	lost := make(chan struct{})
	go func() {
		defer close(lost)
		defer conn.Close(context.Background())
		_, _ = conn.Exec(t.Context(), `SELECT count(*) FROM generate_series(1, 3000000)`)
	}()
	return lost
}

func TestAServerThatCannotBeStartedAgainIsTriedUntilItCan(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	log, happened := observe(t)
	s := startWith(t, postgres.Options{DataDirectory: dir, Logger: log})
	cluster := filepath.Join(dir, "cluster")
	if err := os.Rename(cluster, cluster+".away"); err != nil {
		t.Fatal(err)
	}
	killNow(s.PID())
	happened.wait(t, "private postgresql could not be started again")
	if _, err := os.Stat(cluster); err == nil {
		t.Error("an empty database was made in place of the one that vanished")
	}
	if err := os.Rename(cluster+".away", cluster); err != nil {
		t.Fatal(err)
	}
	happened.wait(t, "private postgresql started")
	execute(t, s, `SELECT 1`)
}

func TestASharerStartsTheServerAgainWhenItsOwnerAndTheServerAreKilled(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	d := startDaemon(t, dir)
	if err := <-d.ready; err != nil {
		t.Fatal(err)
	}
	log, happened := observe(t)
	s := startWith(t, postgres.Options{DataDirectory: dir, Logger: log})
	before := s.URL()
	pid := serverPID(dir)
	d.kill()
	killNow(pid)
	happened.wait(t, "private postgresql started")
	if s.URL() != before {
		t.Error("the server moved away from those that use it")
	}
	execute(t, s, `SELECT 1`)
}

func TestADisposableServerEndsWithItsProcess(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(filepath.Dir(dataDirectory(t)), "disposable")
	d := startDaemon(t, dir)
	if err := <-d.ready; err != nil {
		t.Fatal(err)
	}
	pid := serverPID(dir)
	d.kill()
	until(t, "the server has ended", func() bool { return !alive(pid) })
}

func TestAPidFileThatNamesAnotherProgramIsNoServer(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	stop(t, start(t, dir))
	info, err := os.Stat(filepath.Join(dir, "cluster"))
	if err != nil {
		t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t)
	other := exec.Command("sleep", "600") // of the server's own user: PostgreSQL would take it for a server
	if os.Geteuid() == 0 {
		other.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}}
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Process.Kill(); _ = other.Wait() })
	stale := fmt.Sprintf("%d\n%s\n1700000000\n5432\n\n127.0.0.1\n  5432001   123456\nready   \n", other.Process.Pid, filepath.Join(dir, "cluster"))
	write(t, filepath.Join(dir, "cluster", "postmaster.pid"), stale, 0o600)
	if os.Geteuid() == 0 {
		if err := os.Chown(filepath.Join(dir, "cluster", "postmaster.pid"), int(owner.Uid), int(owner.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	s := start(t, dir)
	execute(t, s, `SELECT 1`)
	if !alive(other.Process.Pid) {
		t.Error("the other program was stopped")
	}
}

func uidOf(t *testing.T, path string) uint32 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Uid
}

func TestTheServerDoesNotRunAsRoot(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	s := start(t, dir)
	if uidOf(t, "/proc/"+strconv.Itoa(s.PID())) == 0 {
		t.Error("the server runs as root")
	}
	if os.Geteuid() == 0 && uidOf(t, dir) != 0 {
		t.Error("root's files lie in a directory of a lesser user")
	}
}

func TestTheServerRunsAsTheOwnerOfItsDataDirectory(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	owner := os.Getuid()
	if owner == 0 {
		owner = 65534 // nobody: not whom root would choose where there is a user postgres
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, owner, -1); err != nil {
		t.Fatal(err)
	}
	s := start(t, dir)
	for _, path := range []string{"/proc/" + strconv.Itoa(s.PID()), dir + "/cluster", dir + "/password", dir + "/admin-password", dir + "/socket", dir + "/server.log", dir + "/users.lock", dir + "/owner.lock"} {
		if uid := uidOf(t, path); uid != uint32(owner) {
			t.Errorf("%s belongs to user %d, want %d", path, uid, owner)
		}
	}
}

func TestADaemonKilledAtAnyMomentStartsAgain(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	for moment := range 16 { // the first few within initdb, the others within the start of the server
		d := startDaemon(t, dir)
		<-time.After(time.Duration(moment) * 11 * time.Millisecond)
		d.kill()
		if pid := serverPID(dir); pid > 0 && moment%3 == 0 {
			killNow(pid)
		}
		if moment < 4 {
			continue
		}
		s := start(t, dir)
		execute(t, s, `SELECT 1`)
		stop(t, s)
	}
}
