package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"mailintegration/mailbox/dovecottest"
	"mailintegration/mailbox/pop3test"
)

// conversation is a program in a terminal, and the person in front of it.
type conversation struct {
	*testing.T
	program *exec.Cmd
	window  *os.File
	shown   bytes.Buffer // all that the window has shown
	read    int          // how much of it the person has read
}

// converse starts a program in a terminal of its own, which does not know how wide it is.
func converse(t *testing.T, program *exec.Cmd) *conversation {
	t.Helper()
	return converseIn(t, 0, program)
}

// converseIn starts a program, which must be limited, in a terminal with a number of columns. If the program hangs, the test fails
// with what the window shows.
func converseIn(t *testing.T, columns uint16, program *exec.Cmd) *conversation {
	t.Helper()
	window, tty := openTerminal(t)
	if err := unix.IoctlSetWinsize(int(window.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: columns}); err != nil {
		t.Fatal(err)
	}
	program.Stdin, program.Stdout, program.Stderr = tty, tty, tty
	program.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	tty.Close()
	t.Cleanup(func() {
		if program.ProcessState == nil {
			_ = program.Process.Kill()
			_ = program.Wait()
		}
	})
	return &conversation{T: t, program: program, window: window}
}

// sees waits until the window shows a text.
func (c *conversation) sees(text string) {
	c.Helper()
	buffer := make([]byte, 4096)
	for {
		if at := bytes.Index(c.shown.Bytes()[c.read:], []byte(text)); at >= 0 {
			c.read += at + len(text)
			return
		}
		n, err := c.window.Read(buffer)
		if err != nil {
			c.Fatalf("%q was not shown: %v\n%s", text, err, &c.shown)
		}
		c.shown.Write(buffer[:n])
	}
}

// types types keys.
func (c *conversation) types(keys string) {
	c.Helper()
	if _, err := c.window.WriteString(keys); err != nil {
		c.Fatal(err)
	}
}

// answers waits for a question and answers it.
func (c *conversation) answers(question, answer string) {
	c.Helper()
	c.sees(question)
	c.types(answer + "\n")
}

// ends waits for the end of the program, and returns its exit code.
func (c *conversation) ends() int {
	c.Helper()
	buffer := make([]byte, 4096)
	for {
		n, err := c.window.Read(buffer) // an error once the program has closed its side
		c.shown.Write(buffer[:n])
		if err != nil {
			break
		}
	}
	_ = c.program.Wait() // the exit code says it
	return c.program.ProcessState.ExitCode()
}

// The keys that end a program and an input.
const ctrlC, ctrlD = "\x03", "\x04"

// newcomer returns an installation without mailboxes whose database has a team, and the command config new.
func newcomer(t *testing.T) (*installed, *exec.Cmd) {
	t.Helper()
	in := install(t, 1, "nobody", "none")
	if err := os.Remove(filepath.Join(filepath.Dir(in.config), "mailboxes", "helpdesk.xml")); err != nil {
		t.Fatal(err)
	}
	return in, in.command("config", "new")
}

func TestANewcomerSetsUpAMailboxThatTheRunningDaemonPolls(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	srv.SetPassword("helpdesk", "pass-of-helpdesk")
	srv.Add("helpdesk", []byte("From: ann@acme.example\nSubject: Printer\nDate: Fri, 27 Nov 2026 08:00:00 +0000\n\nIt does not print.\n"))
	in, command := newcomer(t)
	in.runs(t)
	c := converse(t, command)
	c.answers("What shall a new message open? (incident, service-request, event) [incident]: ", "ticket")
	c.sees("That does not work: ticket is none of incident, service-request, event")
	c.answers("[incident]: ", "?")
	c.sees("EndUserIncidentMailMessageProcessor")
	c.answers("[incident]: ", "")
	c.answers("POP3 server: ", "http://x")
	c.sees("That does not work: ServerName: ")
	c.answers("POP3 server: ", fmt.Sprintf("127.0.0.1:%d", srv.Port()))
	c.sees("answers, without encryption (None).")
	c.answers("User name: ", "helpdesk")
	c.answers("Password: ", "wrong-secret")
	c.sees("FAILED    log-in: ")
	c.answers("Log-in failed. What now? (again, change, write, leave) [change]: ", "")
	c.answers(fmt.Sprintf("POP3 server [127.0.0.1:%d]: ", srv.Port()), "")
	c.answers("User name [helpdesk]: ", "")
	c.answers("Password: ", "pass-of-helpdesk")
	c.sees("Logged in; 1 message in the mailbox.")
	c.answers("Logon for unknown senders [unknown]: ", "")
	c.answers("Name of the mailbox [helpdesk]: ", "")
	c.answers("Schedule [30s]: ", "1s")
	c.answers("Record them at the first poll? (yes, no) [yes]: ", "")
	c.answers("Keep the password (file, here, encrypted) [file]: ", "")
	c.sees("<Name>helpdesk</Name>")
	c.answers("Write it? (yes, no) [yes]: ", "")
	c.sees("polled   helpdesk: 1 message recorded, 0 left to record")
	if code := c.ends(); code != exitDone {
		t.Errorf("exit code %d\n%s", code, &c.shown)
	}
	in.wantRecorded(1)
	for _, secret := range []string{"wrong-secret", "pass-of-helpdesk"} {
		if strings.Contains(c.shown.String(), secret) {
			t.Errorf("the terminal shows a password\n%s", &c.shown)
		}
	}
}

// runs runs the daemon of an installation until the end of the test.
func (in *installed) runs(t *testing.T) {
	t.Helper()
	log := &followed{}
	daemon := begin(t, in.command("run"), log)
	t.Cleanup(func() {
		_ = daemon.Process.Signal(syscall.SIGTERM) // it may have ended
		_ = daemon.Wait()
	})
	log.await(t, "daemon started")
}

// TestTheFirstPollIsThatOfTheNewMailbox sets up a mailbox whose name another one had. That one was polled, and recorded the message
// that waits in the new one, too.
func TestTheFirstPollIsThatOfTheNewMailbox(t *testing.T) {
	t.Parallel()
	for name, story := range map[string]struct {
		flags []string
		lost  bool // the account, after the log-in of config new
		want  string
		code  int
	}{
		"the numbers are the daemon's": {[]string{"--opens", "incident"}, false, "polled   helpdesk: 1 message recorded, 0 left to record", exitDone},
		"a group that the database lacks is named before the wait": {
			[]string{"--opens", "event", "--group", "Nowhere"}, false, "mailintegration group add Nowhere --team IT", exitDone,
		},
		"the daemon cannot log in": {
			[]string{"--opens", "incident"}, true, "the file is written, but the daemon cannot poll helpdesk: ", exitUnreachable,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := pop3test.Run(t, pop3test.Options{})
			srv.SetPassword("helpdesk", "pass-of-helpdesk")
			same := []byte("From: ann@acme.example\nSubject: Printer\nDate: Fri, 27 Nov 2026 08:00:00 +0000\n\nIt does not print.\n")
			srv.Add("helpdesk", same)
			in := install(t, srv.Port(), "helpdesk", "pass-of-helpdesk")
			in.once()
			if err := os.Remove(filepath.Join(filepath.Dir(in.config), "mailboxes", "helpdesk.xml")); err != nil {
				t.Fatal(err)
			}
			srv.Add("helpdesk", same)
			srv.Add("helpdesk", []byte("From: ann@acme.example\nSubject: Scanner\nDate: Fri, 27 Nov 2026 09:00:00 +0000\n\nIt does not scan.\n"))
			in.runs(t)
			if story.lost {
				srv.At("UIDL").Times(1).Call(func() { srv.SetPassword("helpdesk", "another-one") })
			}
			command := in.command(append([]string{"config", "new", "--user-name", "helpdesk", "--schedule", "1s", "--server",
				fmt.Sprintf("127.0.0.1:%d", srv.Port())}, story.flags...)...)
			command.Stdin = strings.NewReader("pass-of-helpdesk\n")
			out, _ := command.CombinedOutput() // the exit code says it
			if code := command.ProcessState.ExitCode(); code != story.code || !strings.Contains(string(out), story.want) {
				t.Errorf("exit code %d\n%s", code, out)
			}
		})
	}
}

func TestThePersonEndsTheQuestionsAndNothingIsWritten(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	for name, ending := range map[string]func(c *conversation){
		"at the first question, with Ctrl-C": func(c *conversation) {
			c.sees("What shall a new message open?")
			c.types(ctrlC)
		},
		"at a question, with the end of the input": func(c *conversation) {
			c.answers("What shall a new message open?", "event")
			c.sees("POP3 server: ")
			c.types(ctrlD)
		},
		"at the password, with Ctrl-C": func(c *conversation) {
			c.answers("What shall a new message open?", "event")
			c.answers("POP3 server: ", fmt.Sprintf("127.0.0.1:%d", srv.Port()))
			c.answers("User name: ", "helpdesk")
			c.sees("Password: ")
			c.types(ctrlC)
		},
		"at the password, with the end of the input": func(c *conversation) {
			c.answers("What shall a new message open?", "event")
			c.answers("POP3 server: ", fmt.Sprintf("127.0.0.1:%d", srv.Port()))
			c.answers("User name: ", "helpdesk")
			c.sees("Password: ")
			c.types(ctrlD)
		},
		"after a failure": func(c *conversation) {
			c.answers("What shall a new message open?", "event")
			c.answers("POP3 server: ", "127.0.0.1:1")
			c.answers("Connection failed. What now?", "leave")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in, command := newcomer(t)
			c := converse(t, command)
			ending(c)
			if code := c.ends(); code != exitFailed || !strings.Contains(c.shown.String(), "stopped; nothing was written") {
				t.Errorf("exit code %d\n%s", code, &c.shown)
			}
			in.wantNoMailbox()
		})
	}
}

// wantNoMailbox fails the test if a file was written.
func (in *installed) wantNoMailbox() {
	in.Helper()
	for _, folder := range []string{"mailboxes", "secrets"} {
		if entries, _ := os.ReadDir(filepath.Join(filepath.Dir(in.config), folder)); len(entries) > 0 {
			in.Errorf("there is %v", entries)
		}
	}
}

func TestExplanationsFitTheWindow(t *testing.T) {
	t.Parallel()
	const width = 40
	_, command := newcomer(t)
	c := converseIn(t, width, command)
	c.answers("[incident]: ", "?")
	c.answers("[incident]: ", "")
	c.sees("POP3 server: ")
	c.types(ctrlC)
	c.ends()
	shown := strings.SplitN(c.shown.String(), "mailintegration: stopped", 2)[0] // as long as errors are anywhere
	for line := range strings.Lines(shown) {
		if line = strings.TrimSpace(line); len([]rune(line)) > width && strings.Contains(line, " ") {
			t.Errorf("a line of %d columns: %s", len([]rune(line)), line)
		}
	}
}

func TestAServerThatNeverAnswersIsLeftAtOnce(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	stalled := srv.At("greeting")
	stalled.Stall()
	in, command := newcomer(t)
	c := converse(t, command)
	c.answers("What shall a new message open?", "event")
	c.answers("POP3 server: ", fmt.Sprintf("127.0.0.1:%d", srv.Port()))
	c.sees("how it protects connections")
	c.types(ctrlC)
	if code := c.ends(); code != exitFailed || !strings.Contains(c.shown.String(), "stopped; nothing was written") {
		t.Errorf("exit code %d\n%s", code, &c.shown)
	}
	in.wantNoMailbox()
}

func TestConfigNewFindsOutHowDovecotProtectsItsConnections(t *testing.T) {
	t.Parallel()
	srv := dovecottest.Start(t, dovecottest.Options{})
	for security, port := range map[string]int{"StartTLS": srv.Port, "SslOnConnect": srv.TLSPort} {
		in, command := newcomer(t)
		folder := filepath.Dir(in.config)
		srv.WriteRoots(t, filepath.Join(folder, "ca.pem"))
		srv.Deliver("helpdesk", []byte("From: ann@acme.example\r\nSubject: Printer\r\n\r\nIt does not print.\r\n"))
		command.Args = append(command.Args, "--opens", "incident", "--server", fmt.Sprintf("%s:%d", srv.Host, port),
			"--trusted-certificate", filepath.Join(folder, "ca.pem"), "--user-name", "helpdesk")
		command.Stdin = strings.NewReader(dovecottest.DefaultPassword + "\n")
		out, err := command.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "Logged in; 1 message in the mailbox.") {
			t.Fatalf("%s: %v\n%s", security, err, out)
		}
		octets, err := os.ReadFile(filepath.Join(folder, "mailboxes", "helpdesk.xml"))
		if want := "<SecureSocketOption>" + security + "<"; err != nil || !strings.Contains(string(octets), want) {
			t.Errorf("%v, %s is not in\n%s", err, want, octets)
		}
		in.once()
		if n := in.count(`SELECT count(*) FROM receipt`); n != 1 {
			t.Errorf("%s: %d receipts for 1 message", security, n)
		}
	}
}

// TestAPersonWhoCannotWriteIsAskedNothing keeps a person from answering all questions in vain.
func TestAPersonWhoCannotWriteIsAskedNothing(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	makeImmutable(t, folder)
	var out bytes.Buffer
	e := &env{ctx: t.Context(), config: filepath.Join(folder, "etc", "mailintegration.xml"), stdin: strings.NewReader(""), stdout: &out, stderr: &out}
	err := new(configNewCmd).Run(e)
	failed := new(failure)
	want := "nothing was written: " + folder + ": "
	if !errors.As(err, &failed) || failed.code != exitFailed || !strings.Contains(err.Error(), want) || failed.hint == "" {
		t.Errorf("%v\n%s", err, &out)
	}
	e.config = filepath.Join(t.TempDir(), "etc", "mailintegration.xml")
	if err := new(configNewCmd).Run(e); !errors.As(err, &failed) || failed.code != exitUsage {
		t.Errorf("%v, want the flags that are missing\n%s", err, &out)
	}
}
