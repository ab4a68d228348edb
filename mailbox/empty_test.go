package mailbox_test

import (
	"slices"
	"testing"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
)

func TestAnEmptyMaildropHearsOnlySTATAndQUITAfterLogIn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		options pop3test.Options
		want    []string
	}{
		{"a server with PIPELINING", pop3test.Options{}, []string{"STAT", "QUIT"}},
		{"a server without PIPELINING", pop3test.Options{Without: []string{"PIPELINING"}}, []string{"STAT", "QUIT"}},
		{"a server without CAPA", pop3test.Options{NoCAPA: true}, []string{"STAT", "QUIT"}},
		{"a server that may delete by itself", pop3test.Options{DeletesRetrieved: true}, []string{"STAT", "QUIT"}},
		{"a server with LOGIN-DELAY is asked what holds for the user", pop3test.Options{Extra: []string{"LOGIN-DELAY 60 USER"}},
			[]string{"STAT", "CAPA", "QUIT"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := empty(t, tt.options)
			pollOnce(t, account(srv, "helpdesk", mailbox.None))
			log := srv.Log()
			if after := log[slices.Index(log, "PASS ***")+1:]; !slices.Equal(after, tt.want) {
				t.Errorf("it hears %q, want %q", after, tt.want)
			}
		})
	}
}

func TestAListingOfAMaildropWithMessagesKnowsTheCapabilitiesOfTheUser(t *testing.T) {
	t.Parallel()
	for _, o := range []pop3test.Options{{}, {Without: []string{"PIPELINING"}}} {
		srv := pop3test.Run(t, o)
		srv.Add("helpdesk", mail(1))
		s := open(t, account(srv, "helpdesk", mailbox.None))
		if _, err := s.List(t.Context()); err != nil {
			t.Fatal(err)
		}
		log := srv.Log()
		if after := log[slices.Index(log, "PASS ***")+1:]; !slices.Equal(after, []string{"STAT", "CAPA", "LIST", "UIDL"}) {
			t.Errorf("it hears %q", after)
		}
	}
}
