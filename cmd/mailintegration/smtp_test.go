package main

import (
	"bytes"
	"context"
	"fmt"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailintegration/mailbox/pop3test"
	"mailintegration/mailbox/smtp/smtptest"
)

// smtpTag returns <Smtp> for a server.
func smtpTag(srv *smtptest.Server, more string) string {
	return fmt.Sprintf("<Smtp><ServerName>127.0.0.1</ServerName><Port>%d</Port><SecureSocketOption>None</SecureSocketOption>"+
		"<UserName>desk</UserName><Password>secret</Password>%s</Smtp>", srv.Port(), more)
}

func TestCheckLogsInToSMTPAndSendsNothing(t *testing.T) {
	t.Parallel()
	maildrops := pop3test.Run(t, pop3test.Options{})
	maildrops.SetPassword("helpdesk", "secret")
	srv := smtptest.Run(t, smtptest.Options{})
	srv.SetPassword("desk", "secret")
	box := func(tags string) string {
		return strings.Replace(fmt.Sprintf(killedMailbox, maildrops.Port(), "helpdesk", "secret"), "</MailIntegration>", tags+"</MailIntegration>", 1)
	}
	server := fmt.Sprintf("127.0.0.1:%d", srv.Port())
	out, _ := checked(t, smtpTag(srv, "<Address>desk@acme.example</Address>"), box(""))
	wantLine(t, out, "ok      smtp of the service: "+server+" accepts mail from desk@acme.example, without encryption", "")
	out, _ = checked(t, "", box(smtpTag(srv, "<Address>it@acme.example</Address>")))
	wantLine(t, out, "ok      smtp of mailbox helpdesk: "+server+" accepts mail from it@acme.example, without encryption", "")
	out, _ = checked(t, "", box(smtpTag(srv, "")))
	wantLine(t, out, "FAILED  smtp of mailbox helpdesk: there is no address to send from for the mail of helpdesk; set Address in <Smtp>", "")
	out, _ = checked(t, "", box("<CreateNewRequests>False</CreateNewRequests>"))
	wantLine(t, out, "warning mailbox helpdesk: CreateNewRequests is False, but no Smtp is configured", "the senders of refused messages get no answer")

	srv.At("MAIL").Reply("550 5.7.60 SMTP; Client does not have permissions to send as this sender")
	out, code := checked(t, smtpTag(srv, "<Address>desk@acme.example</Address>"), box(""))
	wantLine(t, out, "FAILED  smtp of the service: mail from desk@acme.example cannot be sent: ", "to an address of its own")
	if code == exitDone {
		t.Errorf("exit code %d", code)
	}
	srv.Heal()
	srv.At("AUTH").Reply("550 5.7.30 Basic authentication is not supported for Client Submission")
	out, _ = checked(t, smtpTag(srv, "<Address>desk@acme.example</Address>"), box(""))
	wantLine(t, out, "FAILED  smtp of the service: mail from desk@acme.example cannot be sent: AUTH PLAIN at "+server, "the replies wait meanwhile")
	if strings.Contains(out, "secret") {
		t.Errorf("a secret in\n%s", out)
	}
	if n := len(srv.Messages()); n != 0 || slices.Contains(srv.Log(), "DATA") {
		t.Errorf("check has sent %d mails", n)
	}
}

// TestAnAnswerSurvivesSIGKILL kills the process with SIGKILL between the commit and the sending of an answer, while it sends,
// and between the answer of the mail server and the mark in the database.
func TestAnAnswerSurvivesSIGKILL(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		fault func(*smtptest.Server) // where the mail server holds the process until it is killed
		step  string                 // whose arrival it waits for
		sent  int
	}{
		{"between the commit and the claim, or before the connection", func(s *smtptest.Server) { s.At("greeting").Stall() }, "", 1},
		{"before the recipient", func(s *smtptest.Server) { s.At("RCPT").Stall() }, "RCPT", 1},
		{"before the end of the mail", func(s *smtptest.Server) { s.At(".").Stall() }, "DATA", 1},
		{"after the mail, before its mark", func(s *smtptest.Server) { s.At(".").Hold() }, "taken", 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			maildrops := pop3test.Run(t, pop3test.Options{})
			maildrops.SetPassword("helpdesk", "secret")
			srv := smtptest.Run(t, smtptest.Options{})
			srv.SetPassword("desk", "secret")
			in := install(t, maildrops.Port(), "helpdesk", "secret")
			in.addToMailbox(smtpTag(srv, "<Address>desk@acme.example</Address>") + "<CreateNewRequests>False</CreateNewRequests>")
			maildrops.Add("helpdesk", []byte("From: ann@acme.example\r\nSubject: Help\r\nMessage-ID: <1@acme.example>\r\n\r\nHelp!\r\n"))
			test.fault(srv)

			ctx, cancel := context.WithTimeout(t.Context(), textPatience)
			defer cancel()
			cmd := in.command("once")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var err error
			switch test.step {
			case "":
				err = srv.AwaitSession(ctx)
			case "taken":
				_, err = srv.Await(ctx, 1)
			default:
				err = srv.AwaitCommand(ctx, test.step, 1)
			}
			cmd.Process.Kill()
			cmd.Wait()
			if err != nil {
				t.Fatal(err)
			}
			srv.Heal()
			idle(t, maildrops)
			in.endLeases()
			if n := in.count(`SELECT count(*) FROM outbox WHERE due_at IS NOT NULL`); n != 1 {
				t.Fatalf("%d mails wait after the death of the process", n)
			}
			in.once() // the claim of the dead process lasts
			in.endClaims()
			in.once()
			in.once()
			ids := map[string]bool{}
			for _, m := range srv.Messages() {
				read, err := mail.ReadMessage(bytes.NewReader(m.Data))
				if err != nil {
					t.Fatal(err)
				}
				ids[read.Header.Get("Message-ID")] = true
			}
			if n := len(srv.Messages()); n != test.sent || len(ids) != 1 {
				t.Errorf("%d mails with %d Message-IDs, want %d with one", n, len(ids), test.sent)
			}
			if n := in.count(`SELECT count(*) FROM outbox WHERE sent_at IS NULL`); n != 0 {
				t.Errorf("%d mails are not marked as sent", n)
			}
		})
	}
}

// addToMailbox adds tags to the mailbox file.
func (in *installed) addToMailbox(tags string) {
	in.Helper()
	path := filepath.Join(filepath.Dir(in.config), "mailboxes", "helpdesk.xml")
	text, err := os.ReadFile(path)
	if err != nil {
		in.Fatal(err)
	}
	text = []byte(strings.Replace(string(text), "</MailIntegration>", tags+"</MailIntegration>", 1))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		in.Fatal(err)
	}
}

// endClaims lets the time pass until the claims on mail of processes that were killed have run out.
func (in *installed) endClaims() {
	in.Helper()
	if _, err := in.rows.Exec(context.Background(), `UPDATE outbox SET due_at = now() WHERE due_at IS NOT NULL`); err != nil {
		in.Fatal(err)
	}
}
