package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// TestAnEventHasReferencesWhateverTheConfigurationSays resolves the names of a mailbox and of the service.
func TestAnEventHasReferencesWhateverTheConfigurationSays(t *testing.T) {
	t.Parallel()
	names := func(team, login, group string) processor.Names {
		return processor.Names{Team: team, Login: login, Group: group, Source: "email", Priority: "high"}
	}
	service := processor.Names{Team: "IT", Login: "mailintegration", Group: "Network", GroupTag: "EventGroup"}
	tests := []struct {
		name    string
		sql     string
		names   []processor.Names
		want    string // team, login, group, service desk, source, priority
		missing string // tags
	}{
		{"all names of the mailbox resolve", ``, []processor.Names{names("it", "bob", "service desk"), service}, "IT bob Service Desk/Service Desk Email High", ""},
		{"a mailbox without a group has that of the service", ``, []processor.Names{names("it", "bob", ""), service}, "IT bob Network/Service Desk Email High", ""},
		{"the mailbox's account does not exist", ``, []processor.Names{names("it", "nobody", ""), service},
			"IT mailintegration Network/Service Desk Email High", "Login"},
		{"the mailbox's team does not exist", ``, []processor.Names{names("IT2", "bob", "People"), service},
			"IT bob Network/Service Desk Email High", "Team IncidentGroup"},
		{"the mailbox's team has no such names", ``, []processor.Names{names("HR", "bob", "Network"), {}}, "HR bob / - -",
			"IncidentSource IncidentPriority IncidentGroup"},
		{"nothing is configured for the service", ``, []processor.Names{names("IT2", "bob", "")}, "IT bob /Service Desk Email High", "Team"},
		{"the service's team is not there either", ``, []processor.Names{names("IT2", "bob", ""), {Team: "IT3"}},
			"IT bob /Service Desk Email High", "Team Team"},
		{"there is no account, but there was one", `INSERT INTO request (team_id, kind, subject, requester_id, user_id, opened_at, opened_by_id)
			SELECT 1, 'event', 'x', 3, 3, now(), n FROM generate_series(3, 4) n ORDER BY n`,
			[]processor.Names{names("it", "renamed", ""), {Login: "also renamed"}}, "IT bob /Service Desk Email High", "Login Login"},
		{"the names hold U+0000", ``, []processor.Names{names("it\x00", "\x00", "\xff"), service},
			"IT mailintegration Network/Service Desk Email High", "Team Login IncidentGroup"},
		{"there are no names at all, but an account", `INSERT INTO request (team_id, kind, subject, requester_id, user_id, opened_at, opened_by_id)
			VALUES (2, 'event', 'x', 3, 3, now(), 1)`, nil, "IT mailintegration /Service Desk - -", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.exec(t, test.sql)
			got, err := d.store.EventReferences(t.Context(), "Helpdesk", test.names...)
			if err != nil {
				t.Fatal(err)
			}
			or := func(name string) string { return strings.Replace("-"+name, "-", "", min(len(name), 1)) }
			text := fmt.Sprintf("%s %s %s/%s %s %s", got.Team.Name, got.Login.Logon, got.Group.Name, got.ServiceDesk.Name, or(got.Source.Name), or(got.Priority.Name))
			var missing []string
			for _, n := range got.Missing {
				missing = append(missing, n.Tag)
			}
			if text != test.want || strings.Join(missing, " ") != test.missing || got.MailboxID != d.mailbox.ID {
				t.Errorf("got  %s, missing %v, mailbox %d\nwant %s, missing %s", text, missing, got.MailboxID, test.want, test.missing)
			}
			err = d.store.Write(t.Context(), got.Login, func(j *store.Journal) error {
				_, err := j.Open(t.Context(), got.Event(because("it is broken"), "broken", "mend it"))
				return err
			})
			if err != nil {
				t.Errorf("an event with these: %v", err)
			}
		})
	}
}

func TestAnEventAboutAMailboxThatIsNotInTheDatabaseNamesNone(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, mailbox := range []string{"", "new", "\x00"} {
		if got, err := d.store.EventReferences(t.Context(), mailbox, deskNames); err != nil || got.MailboxID != 0 {
			t.Errorf("mailbox %q: ID %d, %v", mailbox, got.MailboxID, err)
		}
	}
	if n := d.count(t, "mailbox"); n != 1 {
		t.Errorf("there are %d mailboxes now", n)
	}
}

// TestWhereNoEventIsPossibleTheErrorNamesEverythingThatIsMissing also reads the hint.
func TestWhereNoEventIsPossibleTheErrorNamesEverythingThatIsMissing(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	s, err := store.Open(t.Context(), store.Options{URL: db.URL, AttachmentDirectory: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	tests := []struct {
		name, sql, want, hint string
		names                 processor.Names
	}{
		{"nothing is configured", ``, "mailbox helpdesk: Team is missing; Login is missing", "mailintegration team add NAME", processor.Names{}},
		{"nothing exists", ``, `mailbox helpdesk: Team "IT" is not in the database; Login "daemon" is not in the database`,
			"mailintegration user add daemon", deskless},
		{"only the account is missing", `INSERT INTO team (name) VALUES ('IT')`,
			`mailbox helpdesk: Login "daemon" is not in the database`, "mailintegration user add daemon", deskless},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			db.Exec(t, test.sql)
			_, err := s.EventReferences(t.Context(), "helpdesk", test.names)
			var names *store.UnresolvedError
			if !errors.As(err, &names) || err.Error() != test.want || !strings.Contains(store.Hint(err), test.hint) {
				t.Errorf("error %v\nwant  %s\nhint %s", err, test.want, store.Hint(err))
			}
		})
	}
}

var deskless = processor.Names{Team: "IT", Login: "daemon"}
