package mailbox_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"

	"mailintegration/mailbox"
)

func TestRefusalsAreClassified(t *testing.T) {
	t.Parallel()
	const transient, permanent = false, true
	for _, tt := range []struct {
		command, answer string
		want            error
		permanent       bool
	}{
		{"PASS", "-ERR [IN-USE] locked", mailbox.ErrMaildropLocked, transient},
		{"PASS", "-ERR [in-use] locked", mailbox.ErrMaildropLocked, transient},
		{"PASS", "-ERR [AUTH] no", mailbox.ErrCredentials, permanent},
		{"PASS", "-ERR [LOGIN-DELAY] wait", mailbox.ErrLoginDelay, transient},
		{"PASS", "-ERR [SYS/TEMP] full", mailbox.ErrServerTrouble, transient},
		{"PASS", "-ERR [SYS/PERM] broken", mailbox.ErrServerDefect, permanent},
		{"PASS", "-ERR [SYS/TEMP/DISK] full", mailbox.ErrServerTrouble, transient},
		{"PASS", "-ERR [SYS] neither", mailbox.ErrCredentials, permanent},
		{"PASS", "-ERR invalid password", mailbox.ErrCredentials, permanent},
		{"PASS", "-ERR", mailbox.ErrCredentials, permanent},
		{"PASS", "-ERR unable to lock maildrop", mailbox.ErrMaildropLocked, transient},
		{"PASS", "-ERR maildrop already locked", mailbox.ErrMaildropLocked, transient},
		{"PASS", "-ERR Mailbox is in use", mailbox.ErrMaildropLocked, transient},
		{"PASS", "-ERR server unavailable", mailbox.ErrServerTrouble, transient},
		{"PASS", "-ERR too many connections for this user", mailbox.ErrServerTrouble, transient},
		{"PASS", "-ERR temporary authentication failure", mailbox.ErrServerTrouble, transient},
		{"PASS", "-ERR account is locked", mailbox.ErrCredentials, permanent},
		{"PASS", "-ERR [UNKNOWN] no", mailbox.ErrCredentials, permanent},
		{"USER", "-ERR [SYS/TEMP] no directory", mailbox.ErrServerTrouble, transient},
		{"USER", "-ERR no such user", mailbox.ErrCredentials, permanent},
		{"greeting", "-ERR [SYS/TEMP] too many connections", mailbox.ErrServerTrouble, transient},
		{"greeting", "-ERR go away", mailbox.ErrRefused, transient},
		{"STAT", "-ERR [SYS/TEMP] later", mailbox.ErrServerTrouble, transient},
		{"LIST", "-ERR later", mailbox.ErrRefused, transient},
		{"RETR 1", "-ERR [SYS/PERM] corrupt index", mailbox.ErrServerDefect, permanent},
		{"RETR 1", "-ERR no such message", mailbox.ErrRefused, transient},
		{"DELE", "-ERR no such message", mailbox.ErrRefused, transient},
		{"QUIT", "-ERR some deleted messages not removed", mailbox.ErrRefused, transient},
	} {
		t.Run(tt.answer+" to "+tt.command, func(t *testing.T) {
			t.Parallel()
			a, _ := goodScript().with(tt.command, tt.answer+"\r\n").account()
			_, err := walk(t.Context(), a)
			if !errors.Is(err, tt.want) || !errors.Is(err, mailbox.ErrRefused) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if mailbox.IsPermanentForMailbox(err) != tt.permanent || mailbox.IsTransient(err) == tt.permanent {
				t.Errorf("%v: permanent is %t", err, !tt.permanent)
			}
			var e *mailbox.Error
			if !errors.As(err, &e) || e.Reply != tt.answer || !strings.Contains(err.Error(), "mail.example.com:110") {
				t.Errorf("the error does not say what the server said: %v", err)
			}
			if tt.want != mailbox.ErrRefused && mailbox.Hint(err) == "" {
				t.Error("there is no hint")
			}
		})
	}
}

func TestHintsForAServerThatCannotBeReached(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		err  error
		hint string
	}{
		{"no such name", &net.DNSError{Err: "no such host", IsNotFound: true}, "no host named mail.example.com"},
		{"no name server", &net.DNSError{Err: "server misbehaving", IsTemporary: true}, "name servers"},
		{"a port that nobody listens at", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, "nothing listens at mail.example.com:110"},
		{"a firewall that swallows", &net.OpError{Op: "dial", Err: context.DeadlineExceeded}, "firewalls"},
		{"no route", &net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH}, "network"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, _ := goodScript().account()
			a.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, tt.err }
			_, err := mailbox.Open(t.Context(), a)
			if !errors.Is(err, mailbox.ErrUnreachable) || !mailbox.IsTransient(err) {
				t.Errorf("got %v", err)
			}
			if hint := mailbox.Hint(err); !strings.Contains(hint, tt.hint) {
				t.Errorf("the hint is %q", hint)
			}
		})
	}
}

func TestAServerThatIsNoPOP3ServerGivesAHint(t *testing.T) {
	t.Parallel()
	a, _ := goodScript().with("greeting", "SSH-2.0-OpenSSH_9.2\r\n").account()
	_, err := mailbox.Open(t.Context(), a)
	if !strings.Contains(mailbox.Hint(err), "not a POP3 server") {
		t.Errorf("%v, hint %q", err, mailbox.Hint(err))
	}
}

// TestNoSecretIsInAnError is about servers that repeat what they were sent, or more.
func TestNoSecretIsInAnError(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{"-ERR I do not know %", "-ERR [AUTH] %", "what is %?", "+OK %", "%"} {
		for _, step := range commands {
			t.Run(answer+" at "+step, func(t *testing.T) {
				t.Parallel()
				said := strings.ReplaceAll(answer, "%", "PASS "+secret)
				a, _ := goodScript().with(step, said+"\r\n"+hangUp).account()
				_, err := walk(t.Context(), a)
				if err == nil && step != "QUIT" {
					t.Fatal("no error")
				}
				if err != nil && strings.Contains(err.Error()+mailbox.Hint(err), secret) {
					t.Errorf("the password is in it: %v", err)
				}
			})
		}
	}
}

func TestNilIsNoError(t *testing.T) {
	t.Parallel()
	if mailbox.IsTransient(nil) || mailbox.IsPermanentForMailbox(nil) || mailbox.IsPermanentForMessage(nil) || mailbox.SessionBroken(nil) || mailbox.Hint(nil) != "" {
		t.Error("nil is taken for an error")
	}
	if other := errors.New("of somebody else"); !mailbox.IsTransient(other) || !mailbox.SessionBroken(other) {
		t.Error("an unknown error is not taken for a transient one that ends the session")
	}
}
