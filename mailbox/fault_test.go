package mailbox_test

import (
	"errors"
	"slices"
	"testing"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
)

// steps are the steps of a session with two messages over STLS, as pop3test names them.
var steps = []string{
	"greeting", "CAPA", "STLS", "USER helpdesk", "PASS", "STAT", "LIST", "UIDL",
	"RETR 1", "DELE 1", "RETR 2", "DELE 2", "QUIT",
}

// TestASessionLosesNothingWhicheverStepFails breaks each step of a session in each way. In every case the messages that
// were read are complete. A message whose deletion QUIT did not confirm is read again by the next session, or it was
// deleted after it had been read.
func TestASessionLosesNothingWhicheverStepFails(t *testing.T) {
	t.Parallel()
	faults := []struct {
		name string
		set  func(*pop3test.Step)
	}{
		{"dropped", (*pop3test.Step).Drop},
		{"dropped before the answer", (*pop3test.Step).DropReply},
		{"dropped after the answer", (*pop3test.Step).DropAfterReply},
		{"refused", func(s *pop3test.Step) { s.Reply("-ERR [SYS/TEMP] not now") }},
		{"answered with an empty line", func(s *pop3test.Step) { s.Reply("") }},
		{"answered with garbage", func(s *pop3test.Step) { s.Garbage([]byte("\x00\xff\n.\n+OK\n")) }},
		{"answered with a line that ends in bare LF", func(s *pop3test.Step) { s.Garbage([]byte("+OK\n")) }},
	}
	for _, step := range steps {
		for _, fault := range faults {
			t.Run(step+" "+fault.name, func(t *testing.T) {
				t.Parallel()
				srv := pop3test.Run(t, pop3test.Options{TLS: pop3test.STLS})
				fill(srv)
				fault.set(srv.At(step))
				breakAndMend(t, srv, account(srv, "helpdesk", mailbox.StartTLS))
			})
		}
	}
}

// TestASessionLosesNothingWhereverItIsCut cuts a session after each octet that the server sends.
func TestASessionLosesNothingWhereverItIsCut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		mode     pop3test.TLSMode
		security mailbox.Security
		stride   int64 // with TLS, tries only every so many octets: handshakes are expensive
	}{
		{pop3test.NoTLS, mailbox.None, 1},
		{pop3test.STLS, mailbox.StartTLS, 23},
		{pop3test.ImplicitTLS, mailbox.SslOnConnect, 23},
	} {
		t.Run(string(tt.security), func(t *testing.T) {
			t.Parallel()
			srv := pop3test.Run(t, pop3test.Options{TLS: tt.mode})
			a := account(srv, "helpdesk", tt.security)
			fill(srv)
			if _, err := walk(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			if err := srv.Idle(t.Context()); err != nil {
				t.Fatal(err)
			}
			whole := srv.OctetsSent()
			for octets := int64(0); octets < whole; octets += tt.stride {
				fill(srv)
				srv.CutAfterOctets(octets)
				breakAndMend(t, srv, a)
				if t.Failed() {
					t.Fatalf("cut after %d of %d octets", octets, whole)
				}
			}
		})
	}
}

// fill puts the two messages of a test into the maildrop.
func fill(srv *pop3test.Server) {
	for n := range 2 {
		srv.Add("helpdesk", mail(n))
	}
}

// breakAndMend drains a maildrop with two messages while the server has faults, and again after they are gone.
func breakAndMend(t *testing.T, srv *pop3test.Server, a mailbox.Account) {
	t.Helper()
	want := []string{string(mail(0)), string(mail(1))}
	got, err := walk(t.Context(), a)
	if !slices.Equal(got, want[:len(got)]) {
		t.Errorf("read %q", got)
	}
	left := contents(srv)
	if err == nil && len(left) != 0 {
		t.Errorf("%d messages are left without an error", len(left))
	}
	for _, m := range want {
		if !slices.Contains(left, m) && !slices.Contains(got, m) {
			t.Errorf("a message was deleted that was not read: %v", err)
		}
	}
	if err != nil && mailbox.IsTransient(err) == mailbox.IsPermanentForMailbox(err) {
		t.Errorf("the error does not say whether waiting helps: %v", err)
	}
	if err := srv.Idle(t.Context()); err != nil {
		t.Fatal(err)
	}
	srv.Heal()
	left = contents(srv)
	again, err := walk(t.Context(), a)
	if err != nil || !slices.Equal(again, left) {
		t.Errorf("without faults: %d messages, %v", len(again), err)
	}
}

// contents returns the messages in the maildrop.
func contents(srv *pop3test.Server) []string {
	var all []string
	for _, m := range srv.Messages("helpdesk") {
		all = append(all, string(m.Octets))
	}
	return all
}

// TestMessagesThatTheServerDoesNotDeleteKeepTheirUniqueIDs reads the same messages under the same unique-ids from a
// server that never deletes.
func TestMessagesThatTheServerDoesNotDeleteKeepTheirUniqueIDs(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	fill(srv)
	srv.ForgetDeletes()
	var first []mailbox.Item
	for round := range 3 {
		s := open(t, account(srv, "helpdesk", mailbox.None))
		items, err := s.List(t.Context())
		if err != nil || len(items) != 2 {
			t.Fatalf("round %d: %d messages, %v", round, len(items), err)
		}
		if first == nil {
			first = items
		}
		if !slices.Equal(first, items) {
			t.Errorf("round %d: %v is not %v", round, items, first)
		}
		for _, it := range items {
			err = errors.Join(err, s.Delete(t.Context(), it))
		}
		if err := errors.Join(err, s.Quit(t.Context())); err != nil {
			t.Error(err)
		}
	}
}
