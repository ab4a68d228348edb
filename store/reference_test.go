package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailintegration/store"
	"mailintegration/store/storetest"
)

// openStore returns a store on a database of its own.
func openStore(t *testing.T) (*store.Store, *storetest.Database) {
	t.Helper()
	db := storetest.New(t)
	s, err := store.Open(t.Context(), store.Options{URL: db.URL, AttachmentDirectory: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, db
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fails requires an error that is want, unless want is nil, and that contains all texts in says.
func fails(t *testing.T, err, want error, says ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if want != nil && !errors.Is(err, want) {
		t.Errorf("%v is not %v", err, want)
	}
	for _, words := range says {
		if !strings.Contains(err.Error(), words) {
			t.Errorf("the error does not say %q: %v", words, err)
		}
	}
}

func equal(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestANewTeamHasAGroupASourceAndPriorities(t *testing.T) {
	t.Parallel()
	s, _ := openStore(t)
	must(t, s.AddTeam(t.Context(), "  IT   Montréal ", store.TeamOptions{Address: " Help@Example.com", SitesMandatory: true}))
	teams, err := s.Teams(t.Context())
	must(t, err)
	equal(t, []store.Team{{Number: 1, Name: "IT Montréal", Address: "help@example.com", SitesMandatory: true, DefaultPriority: "Normal", ServiceDesk: "Service Desk"}}, teams)
	groups, err := s.Groups(t.Context(), "")
	must(t, err)
	equal(t, []store.Group{{Team: "IT Montréal", Name: "Service Desk", ServiceDesk: true}}, groups)
	sources, err := s.Sources(t.Context(), "it MONTRÉAL")
	must(t, err)
	equal(t, []store.Source{{Team: "IT Montréal", Name: "Email"}}, sources)
	priorities, err := s.Priorities(t.Context(), "")
	must(t, err)
	equal(t, []store.Priority{
		{Team: "IT Montréal", Name: "High", Rank: 10},
		{Team: "IT Montréal", Name: "Normal", Rank: 20, Default: true},
		{Team: "IT Montréal", Name: "Low", Rank: 30},
	}, priorities)
}

func TestReferenceDataIsAddedAndListed(t *testing.T) {
	t.Parallel()
	s, _ := openStore(t)
	ctx := t.Context()
	fails(t, s.AddGroup(ctx, "", "Network"), nil, "no team yet", "team add")
	must(t, s.AddTeam(ctx, "IT", store.TeamOptions{}))
	must(t, s.AddGroup(ctx, "", "Network"))
	must(t, s.AddSource(ctx, "it", "Phone"))
	must(t, s.AddPriority(ctx, "", "Whenever", 0))
	must(t, s.AddPriority(ctx, "", "At once", 5))
	must(t, s.AddSite(ctx, "Québec"))

	t.Run("a name that exists is refused without regard to case", func(t *testing.T) {
		fails(t, s.AddTeam(ctx, "it", store.TeamOptions{}), store.ErrExists, `team "it" already exists`)
		fails(t, s.AddGroup(ctx, "", "SERVICE desk"), store.ErrExists, `group "SERVICE desk" of team "IT"`)
		fails(t, s.AddSource(ctx, "", "email"), store.ErrExists)
		fails(t, s.AddPriority(ctx, "", "high", 0), store.ErrExists)
		fails(t, s.AddSite(ctx, "QUÉBEC"), store.ErrExists)
	})
	t.Run("invalid names are refused", func(t *testing.T) {
		fails(t, s.AddTeam(ctx, " ", store.TeamOptions{}), nil, "the team name must not be empty")
		fails(t, s.AddSite(ctx, strings.Repeat("x", 201)), nil, "at most 200")
		fails(t, s.AddGroup(ctx, "", "a\x1bb"), nil, "control characters")
		fails(t, s.AddTeam(ctx, "HR", store.TeamOptions{Address: "not an address"}), nil, "not a mail address")
	})
	t.Run("a name may contain anything else", func(t *testing.T) {
		must(t, s.AddSite(ctx, "a\x00\xff'; DROP TABLE site; --"))
		sites, err := s.Sites(ctx)
		must(t, err)
		equal(t, []store.Site{{Name: "a\uFFFD\uFFFD'; DROP TABLE site; --"}, {Name: "Québec"}}, sites)
	})
	t.Run("priorities are listed by rank, those without a rank last", func(t *testing.T) {
		priorities, err := s.Priorities(ctx, "IT")
		must(t, err)
		var names []string
		for _, p := range priorities {
			names = append(names, p.Name)
		}
		equal(t, []string{"At once", "High", "Normal", "Low", "Whenever"}, names)
	})
	t.Run("an unknown team is an error, not an empty list", func(t *testing.T) {
		_, err := s.Groups(ctx, "nobody")
		fails(t, err, store.ErrUnknown, `team "nobody" does not exist`)
		fails(t, s.AddGroup(ctx, "nobody", "x"), store.ErrUnknown)
	})
	t.Run("with two teams, the team must be named", func(t *testing.T) {
		must(t, s.AddTeam(ctx, "HR", store.TeamOptions{}))
		fails(t, s.AddGroup(ctx, "", "Payroll"), nil, "several teams", "HR, IT")
		must(t, s.AddGroup(ctx, "HR", "Network")) // IT has a group of this name, too
		groups, err := s.Groups(ctx, "")
		must(t, err)
		equal(t, []store.Group{
			{Team: "HR", Name: "Network"}, {Team: "HR", Name: "Service Desk", ServiceDesk: true},
			{Team: "IT", Name: "Network"}, {Team: "IT", Name: "Service Desk", ServiceDesk: true},
		}, groups)
	})
}

func TestOpenRefusesAnotherSchema(t *testing.T) {
	t.Parallel()
	empty := storetest.Empty(t)
	_, err := store.Open(t.Context(), store.Options{URL: empty.URL, AttachmentDirectory: t.TempDir()})
	fails(t, err, store.ErrSchemaOlder, "run mailintegration db migrate")
}
