package dovecottest_test

import (
	"errors"
	"testing"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/dovecottest"
	"mailintegration/mailbox/pop3test"
)

// TestAServerChangesWhileATestRuns logs in after each change.
func TestAServerChangesWhileATestRuns(t *testing.T) {
	t.Parallel()
	srv := dovecottest.Start(t, dovecottest.Options{Users: map[string]string{"helpdesk": "old"}})
	srv.Deliver("helpdesk", []byte("Subject: kept\r\n\r\n"))
	old := srv.Roots()
	logIn := func(password string) error {
		s, err := mailbox.Open(t.Context(), mailbox.Account{
			Server: srv.Host, Port: srv.TLSPort, Security: mailbox.SslOnConnect, Roots: old, UserName: "helpdesk", Password: password,
			StepTimeout: time.Minute,
		})
		if err != nil {
			return err
		}
		defer s.Close()
		return s.Quit(t.Context())
	}
	for _, step := range []struct {
		name     string
		change   func()
		password string
		want     error
	}{
		{"at the start", func() {}, "old", nil},
		{"stopped", srv.Stop, "old", mailbox.ErrUnreachable},
		{"started again", srv.Restart, "old", nil},
		{"with another password", func() {
			srv.SetPasswords(map[string]string{"helpdesk": "new"})
			for range 10 { // Dovecot takes its time to refuse one
				if logIn("new") == nil {
					break
				}
			}
		}, "new", nil},
		{"with the former password", func() {}, "old", mailbox.ErrCredentials},
		{"with another certificate", func() { srv.Certify(pop3test.Certificate{}); srv.Restart() }, "new", mailbox.ErrCertificate},
	} {
		step.change()
		if err := logIn(step.password); !errors.Is(err, step.want) {
			t.Errorf("%s: %v, want %v\n%s", step.name, err, step.want, srv.Log())
		}
	}
}
