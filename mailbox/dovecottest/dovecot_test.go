package dovecottest_test

import (
	"fmt"
	"os"
	"testing"

	"mailintegration/mailbox"
	"mailintegration/mailbox/dovecottest"
)

// TestStart starts Dovecot in each way and lists its messages over each port.
func TestStart(t *testing.T) {
	t.Parallel()
	plainUser := ""
	if os.Getuid() == 0 {
		plainUser = "nobody"
	}
	tests := []struct {
		name    string
		options dovecottest.Options
	}{
		{"as the user of the test", dovecottest.Options{}},
		{"as a plain user", dovecottest.Options{RunAs: plainUser}},
		{"with given users", dovecottest.Options{Users: map[string]string{"helpdesk": "secret"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := dovecottest.Start(t, tt.options)
			for n := range 1000 {
				srv.Deliver("helpdesk", fmt.Appendf(nil, "Subject: %d\r\n\r\nbody\r\n", n))
			}
			if n := srv.Count("helpdesk"); n != 1000 {
				t.Fatalf("%d messages were delivered", n)
			}
			count(t, srv, mailbox.None, srv.Port)
			count(t, srv, mailbox.StartTLS, srv.Port)
			count(t, srv, mailbox.SslOnConnect, srv.TLSPort)
		})
	}
}

// count expects 1,000 messages in the listing.
func count(t *testing.T, srv *dovecottest.Server, security mailbox.Security, port int) {
	t.Helper()
	s, err := mailbox.Open(t.Context(), mailbox.Account{
		Server: srv.Host, Port: port, Security: security, Roots: srv.Roots(),
		UserName: "helpdesk", Password: dovecottest.DefaultPassword,
	})
	if err != nil {
		t.Fatalf("%s: %v\n%s", security, err, srv.Log())
	}
	defer s.Close()
	items, err := s.List(t.Context())
	if err != nil || len(items) != 1000 {
		t.Fatalf("%s: %d messages, %v", security, len(items), err)
	}
	if err := s.Quit(t.Context()); err != nil {
		t.Error(err)
	}
}
