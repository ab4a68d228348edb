package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"mailintegration/config/key"
)

// TestTwoRunsThatWriteTakeTurns holds the lock as a first run does, starts a second run, lets the first one rotate the key, and
// releases the lock. Without the lock, the second run would work with the key that the first one removes.
func TestTwoRunsThatWriteTakeTurns(t *testing.T) {
	for name, second := range map[string]func(*env) error{
		"encrypt":        (&configEncryptCmd{}).Run,
		"rotate":         (&configEncryptCmd{Rotate: true}).Run,
		"edit":           (&configEditCmd{Set: []string{"Team=Service Desk"}}).Run,
		"edit a mailbox": (&configEditCmd{Name: "ann", Set: []string{"Name=ann"}, NoTest: true}).Run,
	} {
		n := newEncrypting(t)
		n.must(configEncryptCmd{})
		synctest.Test(t, func(t *testing.T) {
			n.ctx = t.Context()
			unlock, err := n.lockFiles()
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- second(n.beside()) }()
			synctest.Wait()
			select {
			case err := <-ended:
				t.Errorf("%s did not wait: %v", name, err)
			default:
			}
			first, _ := n.cutting(1000, false)
			if err := first.rotate(false); err != nil {
				t.Error(err)
			}
			unlock()
			err = <-ended
			if isEdit := strings.HasPrefix(name, "edit"); isEdit && !errors.Is(err, errChanged) || !isEdit && err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
		n.wantReadable(name)
		if ring, used := n.keyIDs(); len(ring) != 1 || !slices.Equal(ring, used) {
			t.Errorf("%s: the keys are %v, used are %v", name, ring, used)
		}
	}
}

// beside returns the surroundings of a run beside another one, which does not share its output.
func (n *encrypting) beside() *env {
	e := *n.env
	e.stdout, e.stderr = io.Discard, io.Discard
	return &e
}

// TestASecretOfARemovedKeyIsNotWritten rotates the key between the moment in which config edit encrypts a secret and the moment in
// which it writes it, into a file that the rotation leaves alone.
func TestASecretOfARemovedKeyIsNotWritten(t *testing.T) {
	n := newEncrypting(t)
	n.must(configEncryptCmd{})
	before := n.read("mailboxes/file.xml")
	n.stdin = strings.NewReader("secret\n")
	synctest.Test(t, func(t *testing.T) {
		n.ctx = t.Context()
		unlock, err := n.lockFiles()
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		edit := configEditCmd{Name: "file", Secret: "Password", Unset: []string{"PasswordFile"}, NoTest: true}
		go func() { ended <- edit.Run(n.beside()) }()
		synctest.Wait()
		first, _ := n.cutting(1000, false)
		if err := first.rotate(false); err != nil {
			t.Error(err)
		}
		unlock()
		if err := <-ended; err == nil || !strings.Contains(err.Error(), "is encrypted with key") {
			t.Errorf("got %v", err)
		}
	})
	if got := n.read("mailboxes/file.xml"); got != before {
		t.Errorf("the file holds %s", got)
	}
}

// TestAKeyThatWasOverwrittenEncryptsNothing: a program that knows no lock writes the key file right after it was replaced.
func TestAKeyThatWasOverwrittenEncryptsNothing(t *testing.T) {
	t.Parallel()
	n := newEncrypting(t)
	n.must(configEncryptCmd{})
	saved := n.read(key.FileName)
	e, _ := n.cutting(1000, false)
	replace := e.replace
	e.replace = func(path string, before, after []byte) error {
		err := replace(path, before, after)
		if filepath.Base(path) == key.FileName {
			n.write(key.FileName, saved)
		}
		return err
	}
	if err := e.rotate(false); !errors.Is(err, errChanged) {
		t.Errorf("got %v", err)
	}
	n.wantReadable("after it")
}

// TestARunThatWritesDoesNotWaitForever: the other run never ends.
func TestARunThatWritesDoesNotWaitForever(t *testing.T) {
	for name, run := range map[string]func(*env) error{
		"encrypt":  (&configEncryptCmd{}).Run,
		"rotate":   (&configEncryptCmd{Rotate: true}).Run,
		"value":    (&configEncryptCmd{Value: true}).Run,
		"edit":     (&configEditCmd{Set: []string{"Team=Service Desk"}}).Run,
		"secret":   (&configEditCmd{Secret: "Smtp/Password"}).Run,
		"adoption": (&serviceAdoptCmd{CommandLine: []string{"mail /Login:a /Password:b /Team:1 /ConfigFilePath:mail.xml"}}).Run,
	} {
		n := newEncrypting(t)
		n.stdin = strings.NewReader("secret\n")
		before := n.read("mailintegration.xml")
		synctest.Test(t, func(t *testing.T) {
			n.ctx = t.Context()
			unlock, err := n.lockFiles()
			if err != nil {
				t.Fatal(err)
			}
			defer unlock()
			err = run(n.env)
			if held := new(lockedError); !errors.As(err, &held) || hintOf(err) != "run this again when it has ended" {
				t.Errorf("%s: %v (%s)", name, err, hintOf(err))
			}
			want := "another program changes these files"
			if runtime.GOOS != "darwin" {
				want += fmt.Sprintf(" (process %d)", os.Getpid())
			}
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %s", name, err, want)
			}
		})
		if _, err := os.Stat(filepath.Join(n.folder, key.FileName)); err == nil || n.read("mailintegration.xml") != before {
			t.Errorf("%s has written", name)
		}
	}
}

// TestAPersonEndsTheWaiting: Ctrl-C cancels the context.
func TestAPersonEndsTheWaiting(t *testing.T) {
	t.Parallel()
	n := newEncrypting(t)
	unlock, err := n.lockFiles()
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n.ctx = ctx
	if err := (&configEncryptCmd{}).Run(n.env); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// lockOf names the environment variable with the service file whose lock a process of this test holds until it is killed.
const lockOf = "MAILINTEGRATION_TEST_LOCK_OF"

func TestARunThatIsKilledReleasesTheLock(t *testing.T) {
	t.Parallel()
	n := newEncrypting(t)
	child := limited(t, os.Args[0], "-test.run=^TestHoldTheLockUntilKilled$")
	child.Env = append(os.Environ(), lockOf+"="+n.config)
	never, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer never.Close()
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if line != "locked\n" {
		t.Errorf("%q, %v", line, err)
	}
	_, err = tryLock(n.folder)
	if held := new(lockedError); !errors.As(err, &held) || runtime.GOOS != "darwin" && held.process != child.Process.Pid {
		t.Errorf("got %v, the process is %d", err, child.Process.Pid)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed
	n.must(configEncryptCmd{})
	n.wantReadable("after it")
}

// TestHoldTheLockUntilKilled is the process that is killed.
func TestHoldTheLockUntilKilled(t *testing.T) {
	path := os.Getenv(lockOf)
	if path == "" {
		t.Skip("another test starts this one")
	}
	if _, err := (&env{ctx: t.Context(), config: path}).lockFiles(); err != nil {
		t.Fatal(err)
	}
	fmt.Println("locked")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // it never comes
}
