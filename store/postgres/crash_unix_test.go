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
	"mailintegration/store/storetest"
)

// daemonEnvironment is the environment variable that turns the test binary into a daemon. It names the data directory.
const daemonEnvironment = "PRIVATE_POSTGRES_TEST_DAEMON"

func TestMain(m *testing.M) {
	if dir := os.Getenv(daemonEnvironment); dir != "" {
		runDaemon(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

// runDaemon starts the server, prints "ready", and waits for a test to kill it. When the test ends first, the pipe that
// is standard input closes, and the daemon ends too.
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

// daemon is a process with a private server, for a test to kill.
type daemon struct {
	*exec.Cmd
	ready chan error // receives nil when the server runs
}

// startDaemon starts a daemon with more variables in its environment.
func startDaemon(t *testing.T, dir string, env ...string) daemon {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), daemonEnvironment+"="+dir), env...)
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
		t.Errorf("the server is process %d, owned: %v; want process %d, owned", s.PID(), s.Owned(), pid)
	}
	execute(t, s, `SELECT 1`)
	stop(t, s)
	if alive(pid) {
		t.Error("Stop has not stopped the adopted server")
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

// TestADaemonKilledWithinInitdbStartsAgain has an initdb that stops in the middle, so that the daemon is killed in time.
func TestADaemonKilledWithinInitdbStartsAgain(t *testing.T) {
	t.Parallel()
	bin := programs(t, "echo 15 >\"$2/PG_VERSION\"\nmkdir \"$2/base\"\nexec sleep 600\n", "") // $2 is the new cluster
	dir := dataDirectory(t)
	d := startDaemon(t, dir, postgres.BinEnvironment+"="+bin)
	storetest.Until(t, "initdb has written something", func() bool {
		begun, _ := filepath.Glob(filepath.Join(dir, "cluster.new-*", "base"))
		return len(begun) > 0
	})
	d.kill()
	s := start(t, dir)
	execute(t, s, `SELECT 1`)
	if left, _ := filepath.Glob(filepath.Join(dir, "cluster.new-*")); len(left) > 0 {
		t.Errorf("%v still exists", left)
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
		t.Errorf("process %d at %s, want another process at the same URL", s.PID(), s.URL())
	}
	execute(t, s, `SELECT one FROM kept`)
	<-busy
}

// keepBusy makes the server compute for a while. Its process outlives a killed server, and no new server may start
// until it ends. The result is closed when the connection is lost.
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

func TestAServerIsRestartedOnceThatIsPossibleAgain(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	log, happened := observe(t)
	s := startWith(t, postgres.Options{DataDirectory: dir, Logger: log})
	cluster, pid := filepath.Join(dir, "cluster"), s.PID()
	if err := os.Rename(cluster, cluster+".away"); err != nil {
		t.Fatal(err)
	}
	killNow(pid) // unless the server has ended by itself, as it does when it misses its files
	happened.wait(t, "private postgresql could not be started again")
	if _, err := os.Stat(cluster); err == nil {
		t.Error("the restart made an empty database in place of the one that vanished")
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
		t.Error("the server moved away from its users")
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
	storetest.Until(t, "the server has ended", func() bool { return !alive(pid) })
}

func TestAPidFileThatNamesAnotherProgramIsStale(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	stop(t, start(t, dir))
	info, err := os.Stat(filepath.Join(dir, "cluster"))
	if err != nil {
		t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t)
	other := exec.Command("sleep", "600") // of the server's user: PostgreSQL would take it for the server
	if os.Geteuid() == 0 {
		other.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}}
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Process.Kill(); _ = other.Wait() })
	stale := fmt.Sprintf("%d\n%s\n1700000000\n5432\n\n127.0.0.1\n  5432001   123456\nready   \n",
		other.Process.Pid, filepath.Join(dir, "cluster"))
	write(t, filepath.Join(dir, "cluster", "postmaster.pid"), stale, 0o600)
	if os.Geteuid() == 0 {
		if err := os.Chown(filepath.Join(dir, "cluster", "postmaster.pid"), int(owner.Uid), int(owner.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	s := start(t, dir)
	execute(t, s, `SELECT 1`)
	if !alive(other.Process.Pid) {
		t.Error("the start has stopped the other program")
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
		t.Error("the data directory of root belongs to a lesser user")
	}
}

func TestTheServerRunsAsTheOwnerOfItsDataDirectory(t *testing.T) {
	t.Parallel()
	dir := dataDirectory(t)
	owner := os.Getuid()
	if owner == 0 {
		owner = 65534 // nobody: root would choose the user postgres if there is one
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, owner, -1); err != nil {
		t.Fatal(err)
	}
	s := start(t, dir)
	for _, path := range []string{
		"/proc/" + strconv.Itoa(s.PID()), dir + "/cluster", dir + "/password", dir + "/admin-password", dir + "/socket",
		dir + "/server.log", dir + "/users.lock", dir + "/owner.lock",
	} {
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
