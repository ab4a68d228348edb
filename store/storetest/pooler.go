package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"
)

// PoolerEnvironment is the environment variable that makes New and Empty return databases by way of pgbouncer, when it
// is not empty: so whole test suites run behind a pooler.
const PoolerEnvironment = "MAILINTEGRATION_TEST_POOLER"

// Pooled returns the URL of a database by way of a pgbouncer in transaction mode. It gives each transaction the session
// of PostgreSQL that has been idle for longest, and refuses start-up parameters. The test fails without pgbouncer.
func Pooled(t testing.TB, d *Database) string {
	t.Helper()
	address, err := pooler()
	if err != nil {
		t.Fatalf("no pgbouncer for the tests: %v\n(make setup installs what is missing)", err)
	}
	u, err := url.Parse(cmp.Or(d.direct, d.URL))
	if err != nil {
		t.Fatal(err)
	}
	u.Host = address
	return u.String()
}

// Direct returns the URL of a database without the pooler that New has put in between, for tests that need a session of
// PostgreSQL.
func Direct(t testing.TB, databaseURL string) string {
	t.Helper()
	if os.Getenv(PoolerEnvironment) == "" {
		return databaseURL
	}
	to, err := server()
	if err != nil {
		t.Fatal(err)
	}
	pooled, err := pooler()
	if err != nil {
		t.Fatal(err)
	}
	direct, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(databaseURL)
	if err == nil && u.Host == pooled {
		u.Host = direct.Host
		return u.String()
	}
	return databaseURL
}

// NeedsSession skips a test that is about what lasts for a session of PostgreSQL, when a pooler is in between.
func NeedsSession(t testing.TB) {
	t.Helper()
	if os.Getenv(PoolerEnvironment) != "" {
		t.Skip("a pooler gives each transaction another session")
	}
}

// pooler starts the one pgbouncer of this test binary, once. The watchdog stops it.
var pooler = sync.OnceValues(startPooler)

// The name of a database in the address decides which database of the server it is. pgbouncer logs in there itself.
const poolerConfiguration = `[databases]
* = host=%s port=%s user=%s password=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = any
pool_mode = transaction
server_round_robin = 1
min_pool_size = 3
max_client_conn = 1000
server_check_delay = 0
server_login_retry = 1
logfile =
`

// startPooler returns the address of a pgbouncer that leads to the server of this test binary. It tries a few ports, since
// another program may take a free one before pgbouncer does.
func startPooler() (address string, err error) {
	for range 5 {
		if address, err = startPoolerOnce(); err == nil {
			break
		}
	}
	return address, err
}

// startPoolerOnce starts pgbouncer at a free port.
func startPoolerOnce() (address string, err error) {
	program, err := findPooler()
	if err != nil {
		return "", err
	}
	to, err := server()
	if err != nil {
		return "", err
	}
	u, err := url.Parse(to)
	if err != nil {
		return "", err
	}
	dir, err := makeDirectory()
	if err != nil {
		return "", err
	}
	port, err := freePort()
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	password, _ := u.User.Password()
	configuration := filepath.Join(dir, "pgbouncer.ini")
	text := fmt.Sprintf(poolerConfiguration, u.Hostname(), u.Port(), u.User.Username(), password, port)
	if err := os.WriteFile(configuration, []byte(text), 0o644); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	args := []string{configuration}
	if os.Geteuid() == 0 { // pgbouncer refuses to stay root
		args = append(args, "-u", "nobody")
	}
	cmd := exec.Command(program, args...)
	if err := cmd.Start(); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	if err := watchdog(cmd.Process.Pid, dir); err != nil {
		return "", errors.Join(err, cmd.Process.Kill())
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	return awaitPooler(net.JoinHostPort("127.0.0.1", port), ended)
}

// awaitPooler returns the address once the pooler listens there.
func awaitPooler(address string, ended <-chan error) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			return address, conn.Close()
		}
		select {
		case err := <-ended:
			return "", fmt.Errorf("pgbouncer ended at once: %w", err)
		case <-ctx.Done():
			return "", err
		case <-tick.C:
		}
	}
}

// findPooler returns the path of pgbouncer. Debian installs it where only root's PATH leads.
func findPooler() (string, error) {
	path, err := exec.LookPath("pgbouncer")
	if err == nil {
		return path, nil
	}
	if _, there := os.Stat("/usr/sbin/pgbouncer"); there == nil {
		return "/usr/sbin/pgbouncer", nil
	}
	return "", err
}

// freePort returns a port of the loopback interface that is free now. It lies below those that systems give to whoever asks for
// any port, and below those of private servers.
func freePort() (port string, err error) {
	for range 1000 {
		var l net.Listener
		port = strconv.Itoa(12000 + rand.IntN(8000))
		if l, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", port)); err == nil {
			return port, l.Close()
		}
	}
	return "", err
}
