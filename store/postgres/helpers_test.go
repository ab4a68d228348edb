package postgres_test

import (
	"context"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest"

	"mailintegration/store/postgres"
	"mailintegration/store/storetest"
)

// patience limits every wait of a test.
const patience = 3 * time.Minute

// dataDirectory returns a data directory that does not exist yet. The test fails when it leaves a server running there.
func dataDirectory(t *testing.T) string {
	t.Helper()
	data := filepath.Join(storetest.Directory(t), "data")
	t.Cleanup(func() {
		if pid := serverPID(data); pid > 0 && alive(pid) {
			t.Errorf("the test left server %d running", pid)
			killNow(pid)
		}
	})
	return data
}

// serverPID returns the process id in postmaster.pid, 0 when there is none.
func serverPID(data string) int {
	b, _ := os.ReadFile(filepath.Join(data, "cluster", "postmaster.pid"))
	first, _, _ := strings.Cut(string(b), "\n")
	pid, _ := strconv.Atoi(first)
	return pid
}

func start(t *testing.T, dir string) *postgres.Server {
	t.Helper()
	return startWith(t, postgres.Options{DataDirectory: dir, Logger: zaptest.NewLogger(t)})
}

func startWith(t *testing.T, opts postgres.Options) *postgres.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s, err := postgres.Start(ctx, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s
}

func stop(t *testing.T, s *postgres.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// startFails returns the text of the error of Start, which must fail.
func startFails(t *testing.T, opts postgres.Options) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s, err := postgres.Start(ctx, opts)
	if err == nil {
		stop(t, s)
		t.Fatal("the server started")
	}
	return err.Error()
}

func execute(t *testing.T, s *postgres.Server, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func ask(t *testing.T, s *postgres.Server, query string) (answer string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), query).Scan(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

func port(t *testing.T, s *postgres.Server) string {
	t.Helper()
	u, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}

// occupy listens at a port until the test ends, unless another program does.
func occupy(t *testing.T, port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:"+port)
	switch {
	case err == nil:
		t.Cleanup(func() { l.Close() })
	case !isTaken(port):
		t.Fatal(err)
	}
}

// isTaken reports whether somebody listens at a port.
func isTaken(port string) bool {
	conn, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err == nil {
		conn.Close()
	}
	return err == nil
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func write(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

// observed receives the messages that a server logs.
type observed chan string

// observe returns a logger, and the messages that it gets.
func observe(t *testing.T) (*zap.Logger, observed) {
	happened := make(observed, 100)
	log := zaptest.NewLogger(t, zaptest.WrapOptions(zap.Hooks(func(e zapcore.Entry) error {
		happened <- e.Message
		return nil
	})))
	return log, happened
}

// wait waits until the server logs the event.
func (o observed) wait(t *testing.T, event string) {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case got := <-o:
			if got == event {
				return
			}
		case <-late:
			t.Fatalf("the server has not logged %q", event)
		}
	}
}
