//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mailintegration/mailbox/pop3test"
	"mailintegration/store/storetest"
)

// shared are two daemons, each a process of its own, that share the mailboxes of one database.
type shared struct {
	*installed
	srv     *pop3test.Server
	daemons [2]*exec.Cmd
	sent    int
}

// sharedMailboxes is how many mailboxes the two daemons share.
const sharedMailboxes = 4

// share starts two daemons and waits until each has half of the mailboxes.
func share(t *testing.T) *shared {
	t.Helper()
	srv := pop3test.Run(t, pop3test.Options{})
	s := &shared{installed: install(t, srv.Port(), "m0", pop3test.DefaultPassword), srv: srv}
	dir := filepath.Dir(s.config)
	scheduled := strings.Replace(killedMailbox, "</MailIntegration>", "  <Schedule>1s</Schedule>\n</MailIntegration>", 1)
	if err := os.Remove(filepath.Join(dir, "mailboxes", "helpdesk.xml")); err != nil {
		t.Fatal(err)
	}
	for n := range sharedMailboxes {
		user := fmt.Sprintf("m%d", n)
		srv.SetPassword(user, pop3test.DefaultPassword)
		text := fmt.Sprintf(scheduled, srv.Port(), user, pop3test.DefaultPassword)
		if err := os.WriteFile(filepath.Join(dir, "mailboxes", user+".xml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i := range s.daemons {
		cmd := s.command("run")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			cmd.Process.Signal(syscall.SIGCONT)
			cmd.Process.Kill() // its error says that the daemon has ended before
			cmd.Wait()
		})
		s.daemons[i] = cmd
	}
	for i := range s.daemons {
		storetest.Until(t, "each daemon has half of the mailboxes", func() bool { return s.load(i) == sharedMailboxes/2 })
	}
	return s
}

// load returns how many mailboxes a daemon polls.
func (s *shared) load(i int) int {
	return s.count(fmt.Sprintf(`SELECT count(*) FROM lease JOIN daemon AS d ON d.id = holder_id WHERE d.process = %d`, s.daemons[i].Process.Pid))
}

// mail puts a message into each maildrop.
func (s *shared) mail() {
	for n := range sharedMailboxes {
		s.sent++
		s.srv.Add(fmt.Sprintf("m%d", n), fmt.Appendf(nil, "Subject: Nr. %d\r\nMessage-ID: <%d@acme.example>\r\n\r\nHelp!\r\n", s.sent, s.sent))
	}
}

// wantAll waits until all maildrops are empty, and fails the test unless each message is recorded once.
func (s *shared) wantAll() {
	s.Helper()
	storetest.Until(s, "the maildrops are empty", func() bool {
		left := 0
		for n := range sharedMailboxes {
			left += s.srv.Count(fmt.Sprintf("m%d", n))
		}
		return left == 0
	})
	s.wantRecorded(s.sent)
}

// endLease lets the time pass until the leases of a daemon that says nothing more have run out.
func (s *shared) endLease(i int) {
	s.Helper()
	_, err := s.rows.Exec(s.Context(), `UPDATE daemon SET alive_until = now() - interval '1 hour' WHERE process = $1`, s.daemons[i].Process.Pid)
	if err != nil {
		s.Fatal(err)
	}
}

// at sends a signal to the first daemon when a command arrives at the server, from whichever daemon.
func (s *shared) at(step string, signal syscall.Signal) {
	s.Helper()
	arrived := make(chan struct{})
	s.srv.At(step).Times(1).Call(func() {
		s.daemons[0].Process.Signal(signal)
		close(arrived)
	})
	s.mail()
	storetest.Await(s, "the command arrives", arrived)
}

func TestAnotherDaemonTakesOverWhenOneIsKilled(t *testing.T) {
	t.Parallel()
	s := share(t)
	s.mail()
	s.wantAll()
	s.at("DELE", syscall.SIGKILL)
	s.daemons[0].Wait()
	s.endLease(0)
	storetest.Until(t, "the other daemon has all mailboxes", func() bool { return s.load(1) == sharedMailboxes })
	s.mail()
	s.wantAll()
}

// TestADaemonThatIsPausedAndGoesOnHarmsNothing pauses a daemon until the other one has taken its mailboxes. By its own
// clock, which the test cannot set, it still holds them when it goes on: for some seconds both poll.
func TestADaemonThatIsPausedAndGoesOnHarmsNothing(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"RETR", "DELE"} {
		t.Run("at "+step, func(t *testing.T) {
			t.Parallel()
			s := share(t)
			s.at(step, syscall.SIGSTOP)
			s.endLease(0)
			storetest.Until(t, "the other daemon has all mailboxes", func() bool { return s.load(1) == sharedMailboxes })
			s.mail()
			s.daemons[0].Process.Signal(syscall.SIGCONT)
			s.mail()
			s.wantAll()
			storetest.Until(t, "both daemons have mailboxes again", func() bool { return s.load(0) == sharedMailboxes/2 })
			s.mail()
			s.wantAll()
		})
	}
}
