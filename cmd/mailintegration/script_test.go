package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/zap"

	"mailintegration/daemon/vocabulary"
	"mailintegration/mailbox/dovecottest"
	"mailintegration/mailbox/pop3test"
	"mailintegration/store/storetest"
)

// asProgram is the environment variable that makes the test binary run as the program.
const asProgram = "MAILINTEGRATION_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	lengthenLimits()
	program := func() {
		recordEvents(os.Getenv(eventsFile))
		main()
	}
	if os.Getenv(asProgram) != "" {
		program()
	}
	testscript.Main(wholeRun{m}, map[string]func(){"mailintegration": program, "ESI.Octopus.MailIntegrationApp.exe": program})
}

// lengthenLimits gives a database, a server or a disk that stands still for some time more of it, in the tests and in the programs
// that they start. A test of a limit sets its own.
func lengthenLimits() {
	for _, limit := range []*time.Duration{&namesTime, &childTime, &askingTime, &pollLimit, &lineTime} {
		*limit = textPatience
	}
}

// eventsFile names the environment variable with the path of the file in which all processes of the tests note which events
// they log.
const eventsFile = "MAILINTEGRATION_TEST_EVENTS"

// recordEvents makes all loggers of this process note their events in a file. Without a path it does nothing.
func recordEvents(path string) *vocabulary.Recorder {
	r := vocabulary.NewRecorder(path)
	if path != "" {
		loggerOptions = []zap.Option{zap.WrapCore(r.Core)}
	}
	return r
}

// wholeRun runs the tests. If the environment asks for it, they fail unless they, and the programs that they started, have logged
// every event of events.go.
type wholeRun struct{ *testing.M }

// Run implements testscript.TestingM.
func (w wholeRun) Run() int {
	folder, err := os.MkdirTemp("", "events")
	if err == nil {
		err = os.Chmod(folder, 0o777) // some programs run as another account
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "logged")
	if err := errors.Join(os.WriteFile(path, nil, 0o666), os.Chmod(path, 0o666), os.Setenv(eventsFile, path)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var impossible []string
	if os.Getuid() != 0 {
		impossible = append(impossible, "root's privileges dropped")
	}
	return recordEvents(path).RunWhole(w.M.Run, "../..", "cmd/mailintegration", impossible...)
}

// TestScript runs testdata/script/*.txt, which read like a terminal. Each script has a database of its own, $DATABASE, and
// POP3 servers with the user helpdesk:
//
//	$POP3_HOST $POP3_PORT  without TLS
//	$TLS_PORT              with TLS; its certificate is in ca.pem
//	$OTHER_PORT            with a certificate for another name, in other.pem
//	$TOKEN_PORT            takes access tokens of azure@acme.example from the endpoint $TOKEN_URL (see tokenServers)
//	$DEAD_PORT             no server listens here
//
// These commands are added to testscript's own:
//
//	expand FILE…              replaces $NAMES in files
//	deliver USER FILE…        puts messages into a maildrop
//	exits CODE PROGRAM ARGS…  runs a program that must end with that exit code
//	lose DIRECTORY            removes the folders in a directory
//
// The condition [namespaces] holds where a script can play another machine (unshare -rm).
func TestScript(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/script",
		Setup: func(e *testscript.Env) error { return prepare(t, e) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"expand":  expand,
			"deliver": deliver,
			"exits":   exits,
			"lose":    lose,
		},
		Condition:           condition,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// condition implements the condition namespaces.
func condition(name string) (bool, error) {
	if name != "namespaces" {
		return false, fmt.Errorf("unknown condition %s", name)
	}
	return exec.Command("unshare", "-rm", "true").Run() == nil, nil
}

// lose implements the command lose DIRECTORY, which removes every folder in a directory and leaves its files.
func lose(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 || neg {
		ts.Fatalf("usage: lose DIRECTORY")
	}
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	for _, e := range entries {
		if e.IsDir() {
			ts.Check(os.RemoveAll(filepath.Join(ts.MkAbs(args[0]), e.Name())))
		}
	}
}

// exits implements the command exits CODE PROGRAM ARGS…, which fails the script unless the program ends with that code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || neg {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS…")
	}
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit := new(exec.ExitError)
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		code = exit.ExitCode()
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// maildropKey is the key of the server without TLS in a script's environment.
type maildropKey struct{}

func prepare(t *testing.T, e *testscript.Env) error {
	plain := pop3test.Run(t, pop3test.Options{})
	plain.SetPassword("helpdesk", "pass-of-helpdesk")
	plain.SetPassword("monitoring", "pass-of-monitoring")
	secure := pop3test.Run(t, pop3test.Options{TLS: pop3test.ImplicitTLS})
	other := pop3test.Run(t, pop3test.Options{
		TLS: pop3test.ImplicitTLS, Certificate: pop3test.Certificate{Names: []string{"mail.old.example"}},
	})
	for _, s := range []*pop3test.Server{secure, other} {
		s.SetPassword("helpdesk", "pass-of-helpdesk")
	}
	azure, endpoint := tokenServers(t)
	e.Setenv("TOKEN_PORT", strconv.Itoa(azure.Port()))
	e.Setenv("TOKEN_URL", endpoint)
	e.Values[maildropKey{}] = plain
	e.Setenv(eventsFile, os.Getenv(eventsFile))
	e.Setenv("GORACE", os.Getenv("GORACE"))
	e.Setenv(asProgram, "1")         // the program may start itself
	e.Setenv("TMPDIR", os.TempDir()) // a server that runs as another user must be able to reach it
	e.Setenv("ESC", "\x1b")          // the scripts name these characters, which nobody would see in them
	e.Setenv("CSI", "\u009b")        // ESC [ in one character
	e.Setenv("RLO", "\u202e")        // turns the direction of what follows
	e.Setenv("DATABASE", storetest.New(t).URL)
	e.Setenv("EMPTY_DATABASE", storetest.Empty(t).URL)
	e.Setenv("POP3_HOST", plain.Host())
	e.Setenv("POP3_PORT", strconv.Itoa(plain.Port()))
	e.Setenv("TLS_PORT", strconv.Itoa(secure.Port()))
	e.Setenv("OTHER_PORT", strconv.Itoa(other.Port()))
	e.Setenv("DEAD_PORT", strconv.Itoa(dovecottest.ClosedPort(t))) // no server listens there
	e.Setenv("MAILINTEGRATION_CONFIG", filepath.Join(e.WorkDir, "mailintegration.xml"))
	for name, s := range map[string]*pop3test.Server{"ca.pem": secure, "other.pem": other} {
		if err := os.WriteFile(filepath.Join(e.WorkDir, name), s.RootsPEM(), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// expand implements the command expand FILE…, which replaces $NAMES in files by the script's variables.
func expand(ts *testscript.TestScript, neg bool, files []string) {
	for _, name := range files {
		path := ts.MkAbs(name)
		ts.Check(os.WriteFile(path, []byte(os.Expand(ts.ReadFile(name), ts.Getenv)), 0o600))
	}
}

// deliver implements the command deliver USER FILE…, which puts messages into a maildrop of the server without TLS.
func deliver(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: deliver USER FILE…")
	}
	for _, name := range args[1:] {
		ts.Value(maildropKey{}).(*pop3test.Server).Add(args[0], []byte(ts.ReadFile(name)))
	}
}
