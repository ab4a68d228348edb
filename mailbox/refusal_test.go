package mailbox_test

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
)

// TestRefusals answers steps with -ERR and every response code.
func TestRefusals(t *testing.T) {
	t.Parallel()
	const transient, permanent = false, true
	tests := []struct {
		step, answer string
		class        error
		permanent    bool
		broken       bool
	}{
		{"greeting", "-ERR too many connections", mailbox.ErrRefused, transient, true},
		{"greeting", "-ERR [SYS/TEMP] busy", mailbox.ErrServerTrouble, transient, true},
		{"greeting", "-ERR [SYS/PERM] closed for good", mailbox.ErrServerDefect, permanent, true},
		{"USER", "-ERR never heard of mailbox name", mailbox.ErrCredentials, permanent, true},
		{"USER", "-ERR [SYS/TEMP] directory is down", mailbox.ErrServerTrouble, transient, true},
		{"PASS", "-ERR", mailbox.ErrCredentials, permanent, true},
		{"PASS", "-ERR invalid password", mailbox.ErrCredentials, permanent, true},
		{"PASS", "-ERR [AUTH] no", mailbox.ErrCredentials, permanent, true},
		{"PASS", "-ERR [auth] no", mailbox.ErrCredentials, permanent, true},
		{"PASS", "-ERR [AUTH/EXPIRED] no", mailbox.ErrCredentials, permanent, true},
		{"PASS", "-ERR [IN-USE] no", mailbox.ErrMaildropLocked, transient, true},
		{"PASS", "-ERR [LOGIN-DELAY] minimum time between mail checks violation", mailbox.ErrLoginDelay, transient, true},
		{"PASS", "-ERR [SYS/TEMP] no", mailbox.ErrServerTrouble, transient, true},
		{"PASS", "-ERR [SYS/TEMP/DISK] no", mailbox.ErrServerTrouble, transient, true},
		{"PASS", "-ERR [SYS/PERM] no", mailbox.ErrServerDefect, permanent, true},
		{"PASS", "-ERR [UNKNOWN] no", mailbox.ErrCredentials, permanent, true},
		{"PASS", "-ERR unable to lock maildrop", mailbox.ErrMaildropLocked, transient, true},
		{"PASS", "-ERR maildrop already locked", mailbox.ErrMaildropLocked, transient, true},
		{"PASS", "-ERR can't get lock", mailbox.ErrMaildropLocked, transient, true},
		{"PASS", "-ERR mailbox in use", mailbox.ErrMaildropLocked, transient, true},
		{"PASS", "-ERR account locked", mailbox.ErrCredentials, permanent, true},
		{"STAT", "-ERR no", mailbox.ErrRefused, transient, false},
		{"LIST", "-ERR [SYS/TEMP] no", mailbox.ErrServerTrouble, transient, false},
		{"UIDL", "-ERR [SYS/TEMP] no", mailbox.ErrServerTrouble, transient, false},
		{"UIDL", "-ERR no", mailbox.ErrRefused, transient, false},
		{"RETR 1", "-ERR no such message", mailbox.ErrRefused, transient, false},
		{"RETR 1", "-ERR [SYS/TEMP] no", mailbox.ErrServerTrouble, transient, false},
		{"RETR 1", "-ERR [SYS/PERM] no", mailbox.ErrServerDefect, permanent, false},
		{"DELE 1", "-ERR message 1 already deleted", mailbox.ErrRefused, transient, false},
		{"QUIT", "-ERR some deleted messages not removed", mailbox.ErrRefused, transient, true},
	}
	for _, tt := range tests {
		t.Run(tt.step+" "+tt.answer, func(t *testing.T) {
			t.Parallel()
			srv := pop3test.Run(t, pop3test.Options{})
			srv.Add("helpdesk", mail(1))
			srv.At(tt.step).Reply(tt.answer)
			_, err := drain(t.Context(), account(srv, "helpdesk", mailbox.None))
			if !errors.Is(err, tt.class) || !errors.Is(err, mailbox.ErrRefused) {
				t.Errorf("got %v", err)
			}
			if mailbox.IsPermanentForMailbox(err) != tt.permanent || mailbox.IsTransient(err) == tt.permanent {
				t.Errorf("it is told wrongly whether waiting helps: %v", err)
			}
			if mailbox.SessionBroken(err) != tt.broken {
				t.Errorf("it is told wrongly whether the session goes on: %v", err)
			}
			var e *mailbox.Error
			if !errors.As(err, &e) || e.Reply != tt.answer || !strings.HasPrefix(tt.step, e.Op) {
				t.Errorf("got %#v", e)
			}
		})
	}
}

// TestSecrets has a server repeat the password; no error shows it.
func TestSecrets(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{"-ERR no user with hunter2\x1b[2J", "what hunter2?"} {
		srv := pop3test.Run(t, pop3test.Options{})
		srv.SetPassword("helpdesk", "hunter2")
		srv.At("PASS").Reply(answer)
		a := account(srv, "helpdesk", mailbox.None)
		a.Password = "hunter2"
		_, err := mailbox.Open(t.Context(), a)
		if err == nil || strings.Contains(err.Error()+mailbox.Hint(err), "hunter2") || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("got %v", err)
		}
		if log := strings.Join(srv.Log(), " "); strings.Contains(log, "hunter2") {
			t.Errorf("the server's log has %s", log)
		}
	}
}

// TestHints says what to do about the errors that are none of TLS.
func TestHints(t *testing.T) {
	t.Parallel()
	deadPort := func(a *mailbox.Account, srv *pop3test.Server) { srv.Close() }
	tests := []struct {
		name   string
		change func(*mailbox.Account, *pop3test.Server)
		class  error
		hint   string
	}{
		{"nothing listens", deadPort, mailbox.ErrUnreachable, "nothing listens at 127.0.0.1:"},
		{"the name does not exist", func(a *mailbox.Account, _ *pop3test.Server) {
			a.Server = "no-such-host.invalid"
		}, mailbox.ErrUnreachable, "check"},
		{"another protocol answers", func(_ *mailbox.Account, srv *pop3test.Server) {
			srv.At("greeting").Reply("SSH-2.0-OpenSSH_9.2")
		}, mailbox.ErrProtocol, "is not a POP3 server; check ServerName and Port"},
		{"the password is wrong", func(a *mailbox.Account, _ *pop3test.Server) {
			a.Password = "wrong"
		}, mailbox.ErrCredentials, "check UserName and Password"},
		{"the maildrop is locked", func(_ *mailbox.Account, srv *pop3test.Server) {
			srv.At("PASS").Reply("-ERR [IN-USE] no")
		}, mailbox.ErrMaildropLocked, "another program reads this mailbox"},
		{"log-ins come too fast", func(_ *mailbox.Account, srv *pop3test.Server) {
			srv.At("PASS").Reply("-ERR [LOGIN-DELAY] no")
		}, mailbox.ErrLoginDelay, "Schedule"},
		{"the connection is cut", func(_ *mailbox.Account, srv *pop3test.Server) {
			srv.At("STAT").Drop()
		}, mailbox.ErrConnection, "closed the connection"},
		{"a message is too large", func(a *mailbox.Account, _ *pop3test.Server) {
			a.MaxOctets = 10
		}, mailbox.ErrTooLarge, "MaxMessageSize"},
		{"the spool directory is not there", func(a *mailbox.Account, _ *pop3test.Server) {
			a.SpoolMemory, a.SpoolDirectory = 10, filepath.Join(os.TempDir(), "no", "such", "directory")
		}, mailbox.ErrSpool, "directory for temporary files"},
		{"the account is wrong", func(a *mailbox.Account, _ *pop3test.Server) {
			a.UserName = ""
		}, mailbox.ErrAccount, "configuration"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := pop3test.Run(t, pop3test.Options{})
			srv.Add("helpdesk", mail(1))
			a := account(srv, "helpdesk", mailbox.None)
			tt.change(&a, srv)
			_, err := drain(t.Context(), a)
			if !errors.Is(err, tt.class) || !strings.Contains(mailbox.Hint(err), tt.hint) {
				t.Errorf("got %v (%s)", err, mailbox.Hint(err))
			}
		})
	}
}

// TestClassesOfOthers classifies errors that are not the package's own.
func TestClassesOfOthers(t *testing.T) {
	t.Parallel()
	for _, err := range []error{io.EOF, net.ErrClosed, os.ErrDeadlineExceeded} {
		if !mailbox.IsTransient(err) || mailbox.IsPermanentForMailbox(err) || !mailbox.SessionBroken(err) || mailbox.Hint(err) != "" {
			t.Errorf("%v", err)
		}
	}
	if mailbox.IsTransient(nil) || mailbox.IsPermanentForMailbox(nil) || mailbox.SessionBroken(nil) || mailbox.Hint(nil) != "" {
		t.Error("no error is classified as one")
	}
}
