package mailbox_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unicode"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
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
		{"PASS", "-ERR Mailbox locked: too many failed log-ins", mailbox.ErrCredentials, permanent},
		{"PASS", "-ERR maximum number of failed login attempts exceeded, mailbox locked", mailbox.ErrCredentials, permanent},
		{"PASS", "-ERR Your mailbox has been locked out, contact support", mailbox.ErrCredentials, permanent},
		{"PASS", "-ERR mailbox is locked, ask your administrator to unlock it", mailbox.ErrCredentials, permanent},
		{"PASS", "-ERR [IN-USE] you are locked out", mailbox.ErrCredentials, permanent},
		{"PASS", "-ERR Logon failure: account is disabled", mailbox.ErrCredentials, permanent},
		{"PASS", "-ERR your mailbox has been suspended", mailbox.ErrCredentials, permanent},
		{"PASS", "-ERR Service not available for this user", mailbox.ErrCredentials, permanent},
		{"PASS", "-ERR Access denied: too many connections", mailbox.ErrServerTrouble, transient},
		{"PASS", "-ERR mailbox in use: maximum of 3 concurrent sessions exceeded", mailbox.ErrServerTrouble, transient},
		{"PASS", "-ERR [IN-USE] too many simultaneous connections", mailbox.ErrServerTrouble, transient},
		{"PASS", "-ERR connection limit of this mailbox reached", mailbox.ErrServerTrouble, transient},
		{"PASS", "-ERR [IN-USE] Too many logins, try again later", mailbox.ErrLoginDelay, transient},
		{"PASS", "-ERR you log in too often", mailbox.ErrLoginDelay, transient},
		{"PASS", "-ERR mailbox locked, log-in limit exceeded", mailbox.ErrLoginDelay, transient},
		{"PASS", "-ERR [IN-USE] Do you have another POP session running?", mailbox.ErrMaildropLocked, transient},
		{"PASS", "-ERR failed to lock mailbox", mailbox.ErrMaildropLocked, transient},
		{"LIST", "-ERR too many connections", mailbox.ErrRefused, transient},
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
				t.Errorf("the error does not contain the server's answer: %v", err)
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
		{"a port without a listener", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, "no program listens at mail.example.com:110"},
		{"a firewall that drops packets", &net.OpError{Op: "dial", Err: context.DeadlineExceeded}, "firewalls"},
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

func TestAServerOfAnotherProtocolGivesAHint(t *testing.T) {
	t.Parallel()
	a, _ := goodScript().with("greeting", "SSH-2.0-OpenSSH_9.2\r\n").account()
	_, err := mailbox.Open(t.Context(), a)
	if !strings.Contains(mailbox.Hint(err), "not a POP3 server") {
		t.Errorf("%v, hint %q", err, mailbox.Hint(err))
	}
}

// TestNoErrorContainsASecret uses servers that repeat what they received, and more.
func TestNoErrorContainsASecret(t *testing.T) {
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
					t.Errorf("the error contains the password: %v", err)
				}
			})
		}
	}
}

// TestASecretIsRedactedHoweverTheServerRepeatsIt uses secrets that quoting, truncating and splitting change.
func TestASecretIsRedactedHoweverTheServerRepeatsIt(t *testing.T) {
	t.Parallel()
	for _, password := range []string{
		`pass"word\with'quotes`, "  blanks  within  ", "tab\there", "\xff\xfenot UTF-8", "caf\u00e9\u202egnp", "QQ", strings.Repeat("long", 100),
	} {
		whole := strings.TrimSpace(password)
		plain := base64.StdEncoding.EncodeToString([]byte("\x00helpdesk\x00" + password))
		for _, answer := range []string{
			"-ERR %", "+OK %", "%", "-ERR [AUTH] " + strings.Repeat("x", 395) + "%", strings.Repeat("x", 60) + "%",
			"-ERR ^", "^", strings.Repeat("x", 70) + "^",
		} {
			for _, step := range []string{"greeting", "PASS", "STAT", "LIST", "UIDL", "RETR 1", "DELE", "QUIT", "CAPA"} {
				said := strings.NewReplacer("%", password, "^", plain).Replace(answer)
				a, _ := goodScript().with("LIST", "+OK\r\n"+said+"\r\n.\r\n").with(step, said+"\r\n"+hangUp).account()
				a.Password = password
				_, err := walk(t.Context(), a)
				if err == nil {
					continue
				}
				text := err.Error() + mailbox.Hint(err)
				for _, leak := range []string{password, whole, whole[:min(len(whole), 8)], strconv.Quote(whole)[1:], plain[len(plain)-6:]} {
					if len(leak) > 2 && strings.Contains(text, leak) {
						t.Errorf("%q at %s: %q is in %s", said, step, leak, text)
					}
				}
			}
		}
	}
}

// TestErrorsContainNoControlCharactersOfTheServer uses control characters, and text that Unicode reverses or hides.
func TestErrorsContainNoControlCharactersOfTheServer(t *testing.T) {
	t.Parallel()
	bad := "\x1b[2J\u009b2J\u202eevil\u2066\u2069\u200b\u200f\u061c\ufeff\u2028\x7f"
	isBad := func(r rune) bool { return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) }
	for _, step := range commands {
		for _, answer := range []string{"-ERR " + bad, bad, "+OK\r\n" + bad + "\r\n."} {
			a, _ := goodScript().with(step, answer+"\r\n"+hangUp).account()
			if _, err := walk(t.Context(), a); err != nil && strings.ContainsFunc(err.Error()+mailbox.Hint(err), isBad) {
				t.Errorf("%q", err.Error())
			}
		}
	}
	s := goodScript().with("CAPA", "+OK\r\nX-"+bad+" "+bad+"\r\n.\r\n").opened(t)
	if said := fmt.Sprint(s.Capabilities()); strings.ContainsFunc(said, isBad) {
		t.Errorf("%q", said)
	}
	srv := pop3test.Run(t, pop3test.Options{
		TLS: pop3test.ImplicitTLS, Certificate: pop3test.Certificate{Names: []string{"a\x1b[2J.example"}},
	})
	_, err := mailbox.Open(t.Context(), account(srv, "helpdesk", mailbox.SslOnConnect))
	if err == nil || strings.ContainsFunc(err.Error()+mailbox.Hint(err), isBad) {
		t.Errorf("%q", err)
	}
}

func TestNilIsNotAnError(t *testing.T) {
	t.Parallel()
	if mailbox.IsTransient(nil) || mailbox.IsPermanentForMailbox(nil) || mailbox.IsPermanentForMessage(nil) ||
		mailbox.SessionBroken(nil) || mailbox.Hint(nil) != "" {
		t.Error("nil has a class")
	}
	if other := errors.New("of somebody else"); !mailbox.IsTransient(other) || !mailbox.SessionBroken(other) {
		t.Error("an unknown error does not count as transient, or as one that ends the session")
	}
}
