package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mailintegration/store"
	"mailintegration/store/storetest"
)

func TestUsersAreAddedAndListed(t *testing.T) {
	t.Parallel()
	s, _ := openStore(t)
	ctx := t.Context()
	must(t, s.AddSite(ctx, "Montréal"))
	must(t, s.AddUser(ctx, store.User{Logon: "zoe", Name: "Zoë  Ångström", Addresses: []string{"Zoe@Example.com", "zoe@example.com", "z@x.org"}, Site: "MONTRÉAL"}))
	must(t, s.AddUser(ctx, store.User{Logon: "Daemon"}))
	users, err := s.Users(ctx)
	must(t, err)
	equal(t, []store.User{
		{Logon: "Daemon", Name: "Daemon", Addresses: []string{}},
		{Logon: "zoe", Name: "Zoë Ångström", Addresses: []string{"z@x.org", "zoe@example.com"}, Site: "Montréal"},
	}, users)

	fails(t, s.AddUser(ctx, store.User{Logon: "ZOE"}), store.ErrExists, `user "ZOE" already exists`)
	fails(t, s.AddUser(ctx, store.User{Logon: "max", Addresses: []string{"Z@X.ORG"}}), nil, `address z@x.org belongs to user "zoe"`)
	fails(t, s.AddUser(ctx, store.User{Logon: "max", Site: "Mars"}), store.ErrUnknown, `site "Mars"`, "site add")
	fails(t, s.AddUser(ctx, store.User{}), nil, "the logon must not be empty")
	for _, address := range []string{"", "x", "@x", "x@", "a b@x", "<a@x>", "a@x,b@x", "a@x\n"} {
		err := s.AddUser(ctx, store.User{Logon: "max", Addresses: []string{address}})
		if trimmed := strings.TrimSpace(address); trimmed == "a@x" {
			must(t, err)
			continue
		}
		fails(t, err, nil, "not a mail address")
	}
}

func TestUsersAreImported(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, file string
		want       []store.User // the users afterwards; ann is added unless she is among them
		result     store.ImportResult
	}{
		{
			"commas, in the order of the documentation",
			"logon,name,addresses,site\nmax,Max,max@x.org m@x.org,Québec\n",
			[]store.User{{Logon: "max", Name: "Max", Addresses: []string{"m@x.org", "max@x.org"}, Site: "Québec"}, zoe},
			store.ImportResult{Added: 1},
		},
		{
			"semicolons, a BOM, CR LF, other order and case, quotes and empty lines, as spreadsheets write them",
			"\uFEFFSite;ADDRESSES;Logon;Name\r\n\r\nQUÉBEC;max@x.org|m@x.org;max;\"Muster, Max\"\"\"\r\n",
			[]store.User{{Logon: "max", Name: `Muster, Max"`, Addresses: []string{"m@x.org", "max@x.org"}, Site: "Québec"}, zoe},
			store.ImportResult{Added: 1},
		},
		{
			"a user is found by logon, and an empty field deletes the value",
			"logon,name,addresses,site\nZOE,Zoë B.,new@x.org,\n",
			[]store.User{{Logon: "ZOE", Name: "Zoë B.", Addresses: []string{"new@x.org"}}},
			store.ImportResult{Changed: 1},
		},
		{
			"a column that is not in the file changes nothing",
			"logon,name\nzoe,Zoë B.\nmax,\n",
			[]store.User{{Logon: "max", Name: "max", Addresses: []string{}},
				{Logon: "zoe", Name: "Zoë B.", Addresses: zoe.Addresses, Site: zoe.Site}},
			store.ImportResult{Added: 1, Changed: 1},
		},
		{
			"a file gives the address of one user to another",
			"logon,addresses\nzoe,ann@x.org\nann,zoe@x.org\n",
			[]store.User{{Logon: "ann", Name: "Ann", Addresses: []string{"zoe@x.org"}}, {Logon: "zoe", Name: "Zoë", Addresses: []string{"ann@x.org"}, Site: "Québec"}},
			store.ImportResult{Changed: 2},
		},
		{
			"a header alone is a file without users",
			"logon;name",
			[]store.User{zoe},
			store.ImportResult{},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := storeWithPeople(t)
			for range 2 { // a second import changes nothing
				result, err := s.ImportUsers(t.Context(), strings.NewReader(tc.file), false)
				must(t, err)
				result.Users = nil
				equal(t, tc.result, result)
				tc.result = store.ImportResult{Unchanged: tc.result.Added + tc.result.Changed}
			}
			users, err := s.Users(t.Context())
			must(t, err)
			if !slices.ContainsFunc(tc.want, func(u store.User) bool { return u.Logon == ann.Logon }) {
				tc.want = append([]store.User{ann}, tc.want...)
			}
			equal(t, tc.want, users)
		})
	}
}

var (
	ann = store.User{Logon: "ann", Name: "Ann", Addresses: []string{"ann@x.org"}}
	zoe = store.User{Logon: "zoe", Name: "Zoë", Addresses: []string{"zoe@x.org"}, Site: "Québec"}
)

func storeWithPeople(t *testing.T) *store.Store {
	t.Helper()
	s, _ := openStore(t)
	must(t, s.AddSite(t.Context(), "Québec"))
	must(t, s.AddUser(t.Context(), ann))
	must(t, s.AddUser(t.Context(), zoe))
	return s
}

func TestImportUsersNamesEveryMistakeAndChangesNothing(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, file string
		want       []store.Mistake
	}{
		{"mistakes of all kinds are listed together, with their lines",
			"logon,name,addresses,site\nok,Ok,ok@x.org,\n,Nobody,,\na,A,nonsense also,\nOK,Again,,\nb,B,ok@x.org,\nc,C\nd,\"D\nD\",d@x.org,Mars\n",
			[]store.Mistake{
				{3, "the logon must not be empty"},
				{4, `"nonsense" is not a mail address (name@example.com)`},
				{4, `"also" is not a mail address (name@example.com)`},
				{5, "logon OK is also on line 2"},
				{6, "address ok@x.org is also on line 2"},
				{7, "2 fields, but the header has 4"},
			}},
		{"mistakes that only the database shows are listed together, too",
			"logon,addresses,site\na,zoe@x.org,Mars\nb,ann@x.org,\n",
			[]store.Mistake{
				{2, `site "Mars" does not exist: run mailintegration site add "Mars"`},
				{2, `address zoe@x.org belongs to user "zoe"`},
				{3, `address ann@x.org belongs to user "ann"`},
			}},
		{"an empty file", "", []store.Mistake{{1, "no header: name the columns in the first line: logon, name, addresses, site, language, title, department, phone"}}},
		{"unknown columns", "login,name,name\nx,y,z\n", []store.Mistake{
			{1, `unknown column "login": the columns are logon, name, addresses, site, language, title, department, phone`},
			{1, "column name appears twice"},
			{1, "the column logon is missing"},
		}},
		{"a file that is not UTF-8", "logon,name\nmax,Caf\xe9\n", []store.Mistake{{2, "not UTF-8: save the file as UTF-8 (in Excel: CSV UTF-8)"}}},
		{"a file in UTF-16", "\xff\xfel\x00o\x00", []store.Mistake{{1, "not UTF-8: save the file as UTF-8 (in Excel: CSV UTF-8)"}}},
		{"a quote that is not closed", "logon,name\nmax,\"Max\nb,B\nc,C\n", []store.Mistake{
			{2, `a field begins with " and does not end with one, so that the lines up to 4 were not examined`},
		}},
		{"a quote within a field", "logon,name\nmax,Max \"M\"\nb,\"B\"b\n,x\n", []store.Mistake{
			{2, `a field has " within it: put the field in " and write "" for each`},
			{3, `a field begins with " and does not end with one; within it, write "" for "`},
			{4, "the logon must not be empty"},
		}},
		{"line ends of old Macs", "logon,name\rmax,Max\r", []store.Mistake{
			{1, "the lines end with CR alone: save the file with the line ends of Windows or Unix"},
		}},
		{"a separator that Excel names, and that nobody uses", "sep=|\nlogon|name\n", []store.Mistake{
			{1, "separate the columns by commas, semicolons or tabs"},
		}},
		{"an address with the name of its owner", "sep=;\r\nlogon;addresses\r\ncarl;Carl Ortiz <carl@x.example>\r\n", []store.Mistake{
			{3, `"Carl Ortiz <carl@x.example>": write the address alone, without a name and < >`},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := storeWithPeople(t)
			_, err := s.ImportUsers(t.Context(), strings.NewReader(tc.file), false)
			var wrong *store.ImportError
			if !errors.As(err, &wrong) {
				t.Fatalf("error is %v", err)
			}
			equal(t, tc.want, wrong.Mistakes)
			users, err := s.Users(t.Context())
			must(t, err)
			equal(t, []store.User{ann, zoe}, users)
		})
	}
}

func TestImportErrorListsItsMistakes(t *testing.T) {
	t.Parallel()
	err := &store.ImportError{Mistakes: []store.Mistake{{2, "bad"}, {7, "worse"}}}
	equal(t, "line 2: bad\nline 7: worse", err.Error())
}

func TestImportErrorListsEachMistakeOnceAndNotTooMany(t *testing.T) {
	t.Parallel()
	err := &store.ImportError{File: "people.csv", Mistakes: []store.Mistake{{2, "no site"}, {2, "no site"}, {3, "bad"}, {3, "no site"}, {4, "bad"}, {5, "bad"}}}
	equal(t, "people.csv:2: no site (and 1 more line)\npeople.csv:3: bad (and 2 more lines)", err.Error())
	for i := range 60 {
		err.Mistakes = append(err.Mistakes, store.Mistake{Line: 6 + i, What: fmt.Sprintf("mistake %d", i)})
	}
	lines := strings.Split(err.Error(), "\n")
	equal(t, 51, len(lines))
	equal(t, "… and 12 more mistakes", lines[50])
}

func TestAFileMayNameItsSeparatorOrHaveTabs(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"sep=;\r\nlogon;name\r\nmax;Max, M.\r\n", "logon\tname\nmax\tMax, M.\n"} {
		s := storeWithPeople(t)
		_, err := s.ImportUsers(t.Context(), strings.NewReader(file), false)
		must(t, err)
		users, err := s.Users(t.Context())
		must(t, err)
		equal(t, "Max, M.", users[1].Name)
	}
}

func TestAnImportOfDetailsSaysWhatChanges(t *testing.T) {
	t.Parallel()
	s := storeWithPeople(t)
	const file = "logon,name,site,title,department,phone\nzoe,Zoë,QUÉBEC,Auditor,,+1 514\nmax,Max,,,Finance,\nAnn,Ann,,,,\n"
	want := store.ImportResult{Added: 1, Changed: 2, Users: []store.ImportedUser{
		{Line: 2, Logon: "zoe", Columns: []string{"title", "phone"}},
		{Line: 3, Logon: "max", Added: true, Columns: []string{}},
		{Line: 4, Logon: "Ann", Columns: []string{"logon"}},
	}}
	for _, dryRun := range []bool{true, true, false} {
		result, err := s.ImportUsers(t.Context(), strings.NewReader(file), dryRun)
		must(t, err)
		equal(t, want, result)
	}
	result, err := s.ImportUsers(t.Context(), strings.NewReader(file), false)
	must(t, err)
	equal(t, store.ImportResult{Unchanged: 3, Users: []store.ImportedUser{}}, result)
	users, err := s.Users(t.Context())
	must(t, err)
	equal(t, []store.User{
		{Logon: "Ann", Name: "Ann", Addresses: []string{"ann@x.org"}},
		{Logon: "max", Name: "Max", Addresses: []string{}, Department: "Finance"},
		{Logon: "zoe", Name: "Zoë", Addresses: []string{"zoe@x.org"}, Site: "Québec", Title: "Auditor", Phone: "+1 514"},
	}, users)
}

// TestTwoImportsAtOnceTakeTurns imports two files that add the same users with other names.
func TestTwoImportsAtOnceTakeTurns(t *testing.T) {
	t.Parallel()
	s, _ := openStore(t)
	results, failures := make(chan store.ImportResult, 2), make(chan error, 2)
	for _, name := range []string{"One", "Two"} {
		var file strings.Builder
		file.WriteString("logon,name,addresses\n")
		for i := range 500 {
			fmt.Fprintf(&file, "user%d,%s,user%d@x.org\n", i, name, i)
		}
		go func() {
			r, err := s.ImportUsers(context.WithoutCancel(t.Context()), strings.NewReader(file.String()), false)
			results <- r
			failures <- err
		}()
	}
	added, changed := 0, 0
	for range 2 {
		must(t, <-failures)
		r := <-results
		added, changed = added+r.Added, changed+r.Changed
	}
	if added != 500 || changed != 500 {
		t.Errorf("%d users added, %d changed", added, changed)
	}
}

// BenchmarkImportOfFiftyThousandUsers measures the first import, and that of the next night.
func BenchmarkImportOfFiftyThousandUsers(b *testing.B) {
	var file strings.Builder
	file.WriteString("logon,name,addresses,title,department,phone\n")
	for i := range 50_000 {
		fmt.Fprintf(&file, "user%d,User %d,user%d@x.org|u%d@x.org,Clerk,Sales,%d\n", i, i, i, i, i)
	}
	for _, night := range []string{"first", "next"} {
		b.Run(night, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				s, err := store.Open(b.Context(), store.Options{URL: storetest.New(b).URL})
				must(b, err)
				b.Cleanup(s.Close)
				if night == "next" {
					_, err := s.ImportUsers(b.Context(), strings.NewReader(file.String()), false)
					must(b, err)
				}
				b.StartTimer()
				_, err = s.ImportUsers(b.Context(), strings.NewReader(file.String()), false)
				must(b, err)
			}
		})
	}
}

func TestAUserIsEdited(t *testing.T) {
	t.Parallel()
	s := storeWithPeople(t)
	ctx := t.Context()
	text := func(s string) *string { return &s }
	changed, err := s.EditUser(ctx, "ZOE", store.UserChange{
		Logon: text("zoey"), Site: text(""), Addresses: &[]string{"Zoe@x.org", "z@x.org"}, Phone: text(" +1  514 "), Name: text("Zoë"),
	})
	must(t, err)
	equal(t, []string{"logon", "addresses", "site", "phone"}, changed)
	users, err := s.Users(ctx)
	must(t, err)
	equal(t, store.User{Logon: "zoey", Name: "Zoë", Addresses: []string{"z@x.org", "zoe@x.org"}, Phone: "+1 514"}, users[1])
	for _, wrong := range []struct {
		logon  string
		change store.UserChange
		is     error
		want   string
	}{
		{"zoe", store.UserChange{Name: text("x")}, store.ErrUnknown, `user "zoe" does not exist`},
		{"zoey", store.UserChange{Logon: text("ANN")}, store.ErrExists, `user "ANN" already exists`},
		{"zoey", store.UserChange{Addresses: &[]string{"ann@x.org"}}, nil, `address ann@x.org belongs to user "ann"`},
		{"zoey", store.UserChange{Site: text("Mars")}, store.ErrUnknown, `site "Mars"`},
		{"zoey", store.UserChange{Language: text("english"), Logon: text("")}, nil, "the logon must not be empty"},
	} {
		_, err := s.EditUser(ctx, wrong.logon, wrong.change)
		fails(t, err, wrong.is, wrong.want)
	}
	after, err := s.Users(ctx)
	must(t, err)
	equal(t, users, after)
}

func TestUsersAndTeamsAreRemovedUnlessRecordedRowsNameThem(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ctx := t.Context()
	d.accept(t, d.clerk(), mail("1", "printer"))
	fails(t, d.store.RemoveTeam(ctx, d.mailbox.Team.Name), nil, "is not removed: 1 requests")
	daemon := one[string](t, d, `SELECT u.logon FROM request JOIN user_account AS u ON u.id = opened_by_id`)
	err := d.store.RemoveUser(ctx, strings.ToUpper(daemon))
	fails(t, err, nil, "is not removed: 1 requests, ")
	if !strings.Contains(store.Hint(err), "mailintegration user edit "+daemon+" --address ''") {
		t.Errorf("hint %q", store.Hint(err))
	}
	must(t, d.store.AddTeam(ctx, "Legal", store.TeamOptions{}))
	must(t, d.store.AddUser(ctx, store.User{Logon: "eve", Name: "Eve", Addresses: []string{"eve@x.org"}}))
	must(t, d.store.Subscribe(ctx, "eve", "Legal", "Service Desk"))
	must(t, d.store.AddRequestType(ctx, store.RequestType{Team: "Legal", Name: "Laptop"}))
	must(t, d.store.RemoveTeam(ctx, "legal"))
	must(t, d.store.RemoveUser(ctx, "EVE"))
	fails(t, d.store.RemoveTeam(ctx, "legal"), store.ErrUnknown, `team "legal"`)
	fails(t, d.store.RemoveUser(ctx, "eve"), store.ErrUnknown, `user "eve"`)
	if n := one[int](t, d, `SELECT (SELECT count(*) FROM subscription) + (SELECT count(*) FROM user_address WHERE address = 'eve@x.org')`); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}
