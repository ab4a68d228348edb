package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailintegration/mailbox/pop3test"
)

// TestTheListOfProcessesShowsNoPassword reads the command line of a process that waits for a mail server, as any account of the
// machine could.
func TestTheListOfProcessesShowsNoPassword(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	srv.SetPassword("helpdesk", "secret")
	in := install(t, srv.Port(), "helpdesk", "secret")
	set := in.command("user", "set-password", "daemon")
	set.Stdin = strings.NewReader("hunter2 and more\n")
	if out, err := set.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	called, release := make(chan struct{}), make(chan struct{})
	srv.At("PASS").Times(1).Call(func() { close(called); <-release })
	file := filepath.Join(filepath.Dir(in.config), "mailboxes", "helpdesk.xml")
	call := in.command("/Login:daemon", "/Password:hunter2", "and", "more", "/Team:IT", "/ConfigFilePath:"+file)
	var out bytes.Buffer
	call.Stdout, call.Stderr = &out, &out
	if err := call.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- call.Wait() }()
	select {
	case <-called:
	case err := <-ended:
		t.Fatalf("the call ended before it logged in: %v\n%s", err, &out)
	}
	shown, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", call.Process.Pid))
	close(release)
	if err != nil {
		t.Fatal(err)
	}
	arguments := strings.Split(strings.TrimRight(string(shown), "\x00"), "\x00")[1:]
	if got, want := strings.Join(arguments[:5], " "), "/Login:daemon /Password:******* *** **** /Team:IT"; got != want {
		t.Errorf("the list of processes shows %q, want %q", got, want)
	}
	if err := <-ended; err != nil {
		t.Errorf("%v\n%s", err, &out)
	}
}
