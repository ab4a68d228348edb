package store_test

import (
	"strings"
	"testing"

	"mailintegration/store"
)

func TestAPasswordIsCheckedAgainstItsHash(t *testing.T) {
	t.Parallel()
	s, d := openStore(t)
	ctx := t.Context()
	must(t, s.AddUser(ctx, store.User{Logon: "Octopus"}))
	fails(t, s.CheckPassword(ctx, "octopus", "hunter2"), store.ErrNoPassword, `user "octopus" has no password`)
	must(t, s.SetPassword(ctx, "OCTOPUS", "hunter2"))
	must(t, s.CheckPassword(ctx, "octopus", "hunter2"))
	for _, wrong := range []string{"", "Hunter2", "hunter2 ", "hunter", strings.Repeat("x", 1<<20)} {
		fails(t, s.CheckPassword(ctx, "octopus", wrong), store.ErrWrongPassword, `user "octopus" has another password`)
	}

	must(t, s.SetPassword(ctx, "octopus", "correct horse"))
	fails(t, s.CheckPassword(ctx, "octopus", "hunter2"), store.ErrWrongPassword, "another password")
	must(t, s.CheckPassword(ctx, "octopus", "correct horse"))
	kept := one[string](t, &desk{pool: d.Pool(t)}, `SELECT hash FROM user_password`)
	if strings.Contains(kept, "horse") || !strings.HasPrefix(kept, "$argon2id$v=19$m=65536,t=3,p=4$") {
		t.Errorf("the database keeps %q", kept)
	}
}

func TestTheSamePasswordHasAnotherHashEachTime(t *testing.T) {
	t.Parallel()
	s, d := openStore(t)
	for _, logon := range []string{"ann", "bob"} {
		must(t, s.AddUser(t.Context(), store.User{Logon: logon}))
		must(t, s.SetPassword(t.Context(), logon, "hunter2"))
	}
	kept := &desk{pool: d.Pool(t)}
	if n := one[int](t, kept, `SELECT count(DISTINCT hash) FROM user_password`); n != 2 {
		t.Errorf("%d hashes, want 2", n)
	}
}

func TestAPasswordIsRemoved(t *testing.T) {
	t.Parallel()
	s, _ := openStore(t)
	ctx := t.Context()
	must(t, s.AddUser(ctx, store.User{Logon: "ann"}))
	for _, want := range []bool{true, false} {
		if want {
			must(t, s.SetPassword(ctx, "ann", "hunter2"))
		}
		removed, err := s.RemovePassword(ctx, "Ann")
		must(t, err)
		if removed != want {
			t.Errorf("removed %t, want %t", removed, want)
		}
	}
	fails(t, s.CheckPassword(ctx, "ann", "hunter2"), store.ErrNoPassword, `"ann"`)
}

func TestTheListOfUsersTellsWhoHasAPassword(t *testing.T) {
	t.Parallel()
	s, _ := openStore(t)
	ctx := t.Context()
	must(t, s.AddUser(ctx, store.User{Logon: "ann"}))
	must(t, s.AddUser(ctx, store.User{Logon: "bob"}))
	must(t, s.SetPassword(ctx, "bob", "hunter2"))
	users, err := s.Users(ctx)
	must(t, err)
	equal(t, []store.User{
		{Logon: "ann", Name: "ann", Addresses: []string{}}, {Logon: "bob", Name: "bob", Addresses: []string{}, HasPassword: true},
	}, users)
}

func TestPasswordsOfNobodyAndBadPasswordsAreRefused(t *testing.T) {
	t.Parallel()
	s, _ := openStore(t)
	ctx := t.Context()
	must(t, s.AddUser(ctx, store.User{Logon: "ann"}))
	fails(t, s.SetPassword(ctx, "nobody", "hunter2"), store.ErrUnknown, `user "nobody"`)
	fails(t, s.CheckPassword(ctx, "nobody", "hunter2"), store.ErrUnknown, `user "nobody"`)
	_, err := s.RemovePassword(ctx, "nobody")
	fails(t, err, store.ErrUnknown, `user "nobody"`)
	fails(t, s.SetPassword(ctx, "ann", ""), nil, "must not be empty")
	fails(t, s.SetPassword(ctx, "ann", strings.Repeat("x", 1025)), nil, "longer than 1024 octets")
}

// A person may type é on one system, where it is one character, and the task of another system may hold e and an accent.
func TestComposedAndDecomposedLettersAreTheSamePassword(t *testing.T) {
	t.Parallel()
	s, _ := openStore(t)
	must(t, s.AddUser(t.Context(), store.User{Logon: "ann"}))
	must(t, s.SetPassword(t.Context(), "ann", "\u00e9t\u00e9"))
	must(t, s.CheckPassword(t.Context(), "ann", "e\u0301te\u0301"))
}

func TestAHashOfAnotherProgramIsNoPasswordAndNoCrash(t *testing.T) {
	t.Parallel()
	s, d := openStore(t)
	must(t, s.AddUser(t.Context(), store.User{Logon: "ann"}))
	must(t, s.SetPassword(t.Context(), "ann", "x"))
	for _, hash := range []string{
		"$argon2id$v=18$m=65536,t=3,p=4$c2FsdHNhbHQ$a2V5", "$argon2id$v=19$m=4294967295,t=3,p=4$c2FsdHNhbHQ$a2V5",
		"$argon2id$v=19$m=65536,t=0,p=4$c2FsdHNhbHQ$a2V5", "$argon2id$v=19$m=65536,t=3,p=0$c2FsdHNhbHQ$a2V5",
		"$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$", "$argon2id$v=19$m=65536,t=3,p=4$!$a2V5", "$argon2id$v=x$m=1,t=1,p=1$YQ$YQ",
		"$argon2id$v=19$m=65536,t=3,p=4$c2Fs$dHNhb$HQ",
	} {
		d.Exec(t, `UPDATE user_password SET hash = '`+hash+`'`)
		fails(t, s.CheckPassword(t.Context(), "ann", "x"), nil, "cannot read (set the password again)")
	}
}

func TestATeamIsFoundByItsNumber(t *testing.T) {
	t.Parallel()
	s, _ := openStore(t)
	ctx := t.Context()
	for _, name := range []string{"IT", "Facilities", "1"} {
		must(t, s.AddTeam(ctx, name, store.TeamOptions{}))
	}
	teams, err := s.Teams(ctx)
	must(t, err)
	numbers := map[string]int64{}
	for _, team := range teams {
		numbers[team.Name] = team.Number
	}
	equal(t, map[string]int64{"IT": 1, "Facilities": 2, "1": 3}, numbers)
	for given, want := range map[string]string{"2": "Facilities", " facilities ": "Facilities", "3": "1", "it": "IT", "1": "1"} {
		name, err := s.TeamNamed(ctx, given)
		must(t, err)
		equal(t, want, name)
	}
	for _, given := range []string{"4", "02", "", "HR", "1 OR true"} {
		_, err := s.TeamNamed(ctx, given)
		fails(t, err, store.ErrUnknown, "team")
	}
}
