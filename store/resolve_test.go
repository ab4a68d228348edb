package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailintegration/processor"
	"mailintegration/store"
)

func TestResolveFindsNamesWithoutRegardToCase(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	names := processor.Names{
		Team: "IT", Login: "mailintegration", FallbackUser: "ANNA", FallbackSite: "montreal",
		Source: "EMAIL", Priority: "high", Group: "network", Assignee: "Bob",
	}
	got := d.resolve(t, "HelpDesk", names)
	montreal := processor.Ref{ID: 1, Name: "Montreal"}
	want := store.Mailbox{ID: d.mailbox.ID, Name: "HelpDesk", References: processor.References{
		Team: processor.Ref{ID: 1, Name: "IT"}, Login: processor.User{ID: 1, Logon: "mailintegration", Name: "Mail"},
		FallbackUser: processor.User{ID: 3, Logon: "anna", Name: "Anna", Site: montreal}, FallbackSite: montreal,
		Source: processor.Ref{ID: 1, Name: "Email"}, Priority: processor.Ref{ID: 2, Name: "High"},
		Group: processor.Ref{ID: 2, Name: "Network"}, Assignee: processor.User{ID: 4, Logon: "bob", Name: "Bob"},
		DefaultPriority: processor.Ref{ID: 1, Name: "Normal"}, ServiceDesk: processor.Ref{ID: 1, Name: "Service Desk"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := d.count(t, "mailbox"); n != 1 {
		t.Errorf("%d mailboxes", n)
	}
}

func TestResolveListsEveryNameThatIsMissing(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		names processor.Names
		want  []store.UnresolvedName
	}{
		{"every name", processor.Names{Team: "no team", Login: "a", FallbackUser: "b", FallbackSite: "c", Source: "d", Priority: "e", Group: "f", Assignee: "g"},
			[]store.UnresolvedName{
				{"Team", "no team", `correct the name, or add it with: mailintegration team add "no team"`},
				{"Login", "a", "correct the name, or add it with: mailintegration user add a --name NAME"},
				{"IncidentFallbackUserLogon", "b", "correct the name, or add it with: mailintegration user add b --name NAME"},
				{"IncidentFallbackSiteName", "c", "correct the name, or add it with: mailintegration site add c"},
				{"Assignee", "g", "correct the name, or add it with: mailintegration user add g --name NAME"},
			}},
		{"names of another team", processor.Names{Team: "IT", Login: "guest", Source: "phone", Priority: "e\xff", Group: "People"},
			[]store.UnresolvedName{
				{"IncidentSource", "phone", "correct the name, or add it with: mailintegration source add phone --team IT"},
				{"IncidentPriority", "e\xff", "correct the name, or add it with: mailintegration priority add e\xff --team IT"},
				{"IncidentGroup", "People", "correct the name, or add it with: mailintegration group add People --team IT"},
			}},
		{"the names of filters", processor.Names{Team: "IT", Login: "guest", Filters: []processor.FilterNames{
			{Filter: "good", Group: "network", Priority: "HIGH", Assignee: "anna", Site: "montreal"},
			{Filter: "the board", Group: "People", Priority: "p", Assignee: "a", Site: "s"}}},
			[]store.UnresolvedName{
				{`SetSite of filter "the board"`, "s", "correct the name, or add it with: mailintegration site add s"},
				{`SetPriority of filter "the board"`, "p", "correct the name, or add it with: mailintegration priority add p --team IT"},
				{`SetGroup of filter "the board"`, "People", "correct the name, or add it with: mailintegration group add People --team IT"},
				{`SetAssignee of filter "the board"`, "a", "correct the name, or add it with: mailintegration user add a --name NAME"},
			}},
		{"mandatory names are missing", processor.Names{}, []store.UnresolvedName{{"Team", "", "name the team in Team"}, {"Login", "", "name a user in Login"}}},
		{"a mandatory site is missing", processor.Names{Team: "HR", Login: "guest", FallbackUser: "guest"}, []store.UnresolvedName{
			{"IncidentFallbackSiteName", "", "team HR requires a site on every incident: name one in IncidentFallbackSiteName"}}},
		{"events need no site", processor.Names{Team: "HR", Login: "guest"}, nil},
		{"a mandatory site is named", processor.Names{Team: "HR", Login: "guest", FallbackUser: "guest", FallbackSite: "Montreal"}, nil},
	}
	d := newDesk(t)
	d.exec(t, `UPDATE team SET sites_mandatory = true WHERE name = 'HR'`)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := d.store.Resolve(t.Context(), "new one", test.names)
			var missing *store.UnresolvedError
			if errors.As(err, &missing) != (test.want != nil) || missing == nil && err != nil {
				t.Fatalf("error is %v", err)
			}
			if missing == nil {
				return
			}
			if diff := cmp.Diff(test.want, missing.Names); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if missing.Mailbox != "new one" || strings.Count(missing.Hint(), "; ") != len(test.want)-1 {
				t.Errorf("mailbox %q, hint %q, text %q", missing.Mailbox, missing.Hint(), err)
			}
		})
	}
	if n := d.count(t, "mailbox WHERE name = 'new one'"); n != 1 {
		t.Errorf("%d mailboxes, want only the resolved one", n)
	}
}

func TestReferencesReturnsTheSettingsOfEachFilter(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	names := deskNames
	names.Filters = []processor.FilterNames{{Filter: "nothing"},
		{Filter: "all", Group: "network", Priority: "HIGH", Assignee: "anna", Site: "montreal"}}
	refs, err := d.store.References(t.Context(), names)
	must(t, err)
	montreal := processor.Ref{ID: 1, Name: "Montreal"}
	equal(t, []processor.FilterReferences{{}, {
		Group: processor.Ref{ID: 2, Name: "Network"}, Priority: processor.Ref{ID: 2, Name: "High"}, Site: montreal,
		Assignee: processor.User{ID: 3, Logon: "anna", Name: "Anna", Site: montreal},
	}}, refs.FilterSettings)
}

func TestReferencesChangesNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	refs, err := d.store.References(t.Context(), deskNames)
	if err != nil || refs.Team.ID != 1 || d.count(t, "mailbox") != 1 {
		t.Errorf("%+v, %v, %d mailboxes", refs, err, d.count(t, "mailbox"))
	}
}
