package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// twins opens two equal requests: a test changes one by the program, and the other one by a function of service_desk.
func (d *desk) twins(t testing.TB, kind processor.RequestKind) (ours, theirs int64) {
	t.Helper()
	d.write(t, func(ctx context.Context, j *store.Journal) (err error) {
		r := store.NewRequest{Kind: kind, Team: d.mailbox.Team, Subject: "twin", Reason: because("of the test")}
		if ours, err = j.Open(ctx, r); err == nil {
			theirs, err = j.Open(ctx, r)
		}
		return err
	})
	return ours, theirs
}

// written returns all that a request has in the database, without numbers and times.
func (d *desk) written(t testing.TB, number int64) string {
	t.Helper()
	return one[string](t, d, `SELECT jsonb_pretty(jsonb_build_object(
		'request',    (SELECT to_jsonb(r) - '{number,opened_at,processed_at}'::text[] FROM request AS r WHERE r.number = $1),
		'processed',  (SELECT r.processed_at IS NOT NULL FROM request AS r WHERE r.number = $1),
		'activities', (SELECT jsonb_agg(to_jsonb(a) - '{id,request_id,recorded_at}'::text[] ORDER BY a.id) FROM activity AS a WHERE a.request_id = $1),
		'history',    (SELECT jsonb_agg(to_jsonb(h) - '{id,request_id,activity_id,at}'::text[] ||
			jsonb_build_object('activity', (SELECT count(*) FROM activity AS a WHERE a.request_id = $1 AND a.id <= h.activity_id)) ORDER BY h.id)
			FROM history AS h WHERE h.request_id = $1),
		'other rows', (SELECT count(*) FROM participant WHERE request_id = $1) + (SELECT count(*) FROM thread WHERE request_id = $1)))`, number)
}

// byAnna runs f with a Journal whose author is anna.
func (d *desk) byAnna(t testing.TB, f func(ctx context.Context, j *store.Journal) error) error {
	t.Helper()
	anna, err := d.store.UserNamed(t.Context(), "anna")
	must(t, err)
	return d.store.Write(t.Context(), anna, func(j *store.Journal) error { return f(t.Context(), j) })
}

// call calls a function of service_desk.
func (d *desk) call(t testing.TB, function string, args ...any) (result any, err error) {
	t.Helper()
	places := make([]string, len(args))
	for i := range args {
		places[i] = fmt.Sprintf("$%d", i+1)
	}
	err = d.pool.QueryRow(t.Context(), `SELECT service_desk.`+function+`(`+strings.Join(places, ", ")+`)`, args...).Scan(&result)
	return result, err
}

// refused fails the test unless the error has an SQLSTATE and says something.
func refused(t testing.TB, err error, code, says string) {
	t.Helper()
	pg := new(pgconn.PgError)
	if !errors.As(err, &pg) || pg.Code != code || !strings.Contains(pg.Message, says) {
		t.Errorf("the error is %v, want %s and %q", err, code, says)
	}
}

func TestTheFunctionChangesEveryStateAsTheProgramDoes(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	states := []processor.RequestState{"new", "open", "pending", "suspended", "in_progress", "resolved", "closed", "cancelled", "processed"}
	changes := 0
	for _, kind := range []processor.RequestKind{processor.Incident, processor.Event} {
		for _, from := range states {
			for _, to := range states {
				ours, theirs := d.twins(t, kind)
				_, err := d.pool.Exec(t.Context(), `UPDATE request SET state = $3, processed_at = CASE $3 WHEN 'processed' THEN now() END
					WHERE number IN ($1, $2)`, ours, theirs, string(from))
				if err != nil {
					continue // requests of the kind have no such state
				}
				var changed bool
				refusal := d.byAnna(t, func(ctx context.Context, j *store.Journal) (err error) {
					changed, err = j.SetState(ctx, store.StateChange{
						Request: ours, State: to, Reason: processor.NewReason(processor.ReasonPerson, "by another program"),
					})
					return err
				})
				result, err := d.call(t, "set_state", theirs, "Anna", string(to))
				if refusal != nil {
					refused(t, err, "22023", fmt.Sprintf("%s %d cannot be %q", kind.Words(), theirs, to))
				} else if err != nil || result != changed {
					t.Errorf("%s from %s to %s: %v, %v; the program says %t", kind, from, to, result, err, changed)
				}
				equal(t, d.written(t, ours), d.written(t, theirs))
				changes++
			}
		}
	}
	if want := 7*9 + 3*9; changes != want {
		t.Errorf("%d changes were tried, want %d", changes, want)
	}
}

func TestANoteOfTheFunctionIsWrittenAsOneOfTheProgram(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, note := range []string{"Called him.", "  \n\tCalled him. \v\f\r\u00a0", " \t ", "\u2003\u3000", "\u2003Called.\u3000", "", strings.Repeat("…", 6000), "x" + strings.Repeat("é", 9000)} {
		ours, theirs := d.twins(t, processor.Incident)
		_, err := d.handle(t, ours, store.Resolve, note)
		must(t, err)
		if _, err := d.call(t, "set_state", theirs, "anna", "resolved", note); err != nil {
			t.Fatal(err)
		}
		want := strings.ReplaceAll(d.written(t, ours), "from the command line", "by another program")
		equal(t, want, d.written(t, theirs))
	}
}

func TestTheFunctionAddsAnActivityAsTheProgramDoes(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ours, theirs := d.twins(t, processor.Event)
	must(t, d.byAnna(t, func(ctx context.Context, j *store.Journal) error {
		_, err := j.Add(ctx, store.NewActivity{
			Request: ours, Subject: "Paper", Body: "It is out of paper.\n", Reason: processor.NewReason(processor.ReasonPerson, "by another program"),
		})
		return err
	}))
	id, err := d.call(t, "add_activity", theirs, "ANNA", "It is out of paper.\n", "Paper")
	must(t, err)
	equal(t, d.written(t, ours), d.written(t, theirs))
	equal(t, one[int64](t, d, `SELECT id FROM service_desk.activity WHERE request = $1`, theirs), id.(int64))
}

func TestTheFunctionAssignsAsTheProgramDoes(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ours, theirs := d.twins(t, processor.ServiceRequest)
	for _, to := range []struct{ person, group string }{
		{"BOB", ""}, {"bob", ""}, {"", "network"}, {"", "Network"}, {"anna", "Service Desk"}, {"", "People"}, {"nobody", ""}, {"", ""},
	} {
		err := d.byAnna(t, func(ctx context.Context, j *store.Journal) error {
			_, _, err := j.Assign(ctx, store.Assignment{Request: ours, Logon: to.person, Group: to.group})
			return err
		})
		result, fault := d.call(t, "assign", theirs, "anna", to.person, to.group)
		switch {
		case err == nil && (fault != nil || result != true), errors.Is(err, store.ErrAssigned) && (fault != nil || result != false):
			t.Errorf("to %v: %v, %v; the program says %v", to, result, fault, err)
		case errors.Is(err, store.ErrUnknown):
			refused(t, fault, "P0002", "does not exist")
		case err != nil && !errors.Is(err, store.ErrAssigned):
			refused(t, fault, "22023", "neither a person nor a group is given")
		}
		equal(t, d.written(t, ours), d.written(t, theirs))
	}
}

func TestARequestIsLinkedToOneThatItMayContinue(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	first, second := d.twins(t, processor.Incident)
	third, other := d.twins(t, processor.Event)
	d.exec(t, fmt.Sprintf(`UPDATE request SET team_id = 2 WHERE number = %d`, other))
	for _, step := range []struct {
		request int64
		to      any
		want    any
	}{{second, first, true}, {second, first, false}, {third, second, true}, {second, nil, true}, {second, nil, false}, {second, first, true}} {
		if got, err := d.call(t, "link", step.request, "anna", step.to); err != nil || got != step.want {
			t.Errorf("%d to %v: %v, %v", step.request, step.to, got, err)
		}
	}
	for _, bad := range []struct {
		request, to int64
		code, says  string
	}{
		{first, third, "22023", fmt.Sprintf("request %d is request %d, or continues it already", third, first)},
		{first, first, "22023", "or continues it already"},
		{first, other, "22023", "belongs to another team"},
		{first, 999, "P0002", "request 999 does not exist"},
		{999, first, "P0002", "request 999 does not exist"},
	} {
		_, err := d.call(t, "link", bad.request, "anna", bad.to)
		refused(t, err, bad.code, bad.says)
	}
	equal(t, []string{"opened", "linked to request " + fmt.Sprint(first), "linked to none", "linked to request " + fmt.Sprint(first)},
		all[string](t, d, `SELECT what || CASE what WHEN 'linked' THEN ' ' || detail ELSE '' END FROM service_desk.history
			WHERE request = $1 AND author_logon IN ('anna', 'mailintegration') ORDER BY id`, second))
}

// TestTwoProgramsCannotCloseACircleOfLinks lets each of two transactions write one half of it.
func TestTwoProgramsCannotCloseACircleOfLinks(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	first, second := d.twins(t, processor.Incident)
	tx, err := d.pool.Begin(t.Context())
	must(t, err)
	defer tx.Rollback(context.WithoutCancel(t.Context()))
	_, err = tx.Exec(t.Context(), `SELECT service_desk.link($1, 'anna', $2)`, first, second)
	must(t, err)
	fault := make(chan error)
	go func() {
		_, err := d.call(t, "link", second, "bob", first)
		fault <- err
	}()
	storetest.Until(t, "the second program waits for the first", func() bool {
		return d.count(t, `pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (
			SELECT oid FROM pg_database WHERE datname = current_database())`) == 1
	})
	must(t, tx.Commit(t.Context()))
	refused(t, <-fault, "22023", "continues it already")
}

// TestNoSnapshotIsOldEnoughToCloseACircleOfLinks lets another transaction link a request after the snapshot was taken.
func TestNoSnapshotIsOldEnoughToCloseACircleOfLinks(t *testing.T) {
	t.Parallel()
	for _, level := range []pgx.TxIsoLevel{pgx.RepeatableRead, pgx.Serializable} {
		d := newDesk(t)
		first, second := d.twins(t, processor.Incident)
		third, fourth := d.twins(t, processor.Incident)
		_, err := d.call(t, "link", second, "anna", third)
		must(t, err)
		old := d.oldSnapshot(t, level)
		_, err = d.call(t, "link", third, "bob", fourth)
		must(t, err)
		_, err = d.call(t, "link", fourth, "bob", first)
		must(t, err)
		_, err = old.Exec(t.Context(), `SELECT service_desk.link($1, 'anna', $2)`, first, second)
		refused(t, err, "40001", "could not serialize access due to concurrent update")
		must(t, old.Rollback(t.Context()))
		_, err = d.call(t, "link", first, "anna", second)
		refused(t, err, "22023", "continues it already")
	}
}

// TestACircleOfAnEarlierVersionEndsNoCall links a request to one in a circle.
func TestACircleOfAnEarlierVersionEndsNoCall(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	first, second := d.twins(t, processor.Incident)
	third, _ := d.twins(t, processor.Incident)
	d.exec(t, fmt.Sprintf(`UPDATE request SET linked_to_id = CASE number WHEN %[1]d THEN %[2]d ELSE %[1]d END WHERE number IN (%[1]d, %[2]d)`, first, second))
	if got, err := d.call(t, "link", third, "anna", first); err != nil || got != true {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := d.call(t, "link", first, "anna", nil); err != nil || got != true {
		t.Errorf("the circle cannot be opened: %v, %v", got, err)
	}
}

// oldSnapshot begins a transaction that sees the database as it is now.
func (d *desk) oldSnapshot(t testing.TB, level pgx.TxIsoLevel) pgx.Tx {
	t.Helper()
	tx, err := d.pool.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: level})
	must(t, err)
	t.Cleanup(func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) })
	_, err = tx.Exec(t.Context(), `SELECT count(*) FROM service_desk.mailbox`)
	must(t, err)
	return tx
}

// TestNoFunctionActsOnAnOldSnapshot changes what each function checks after the transaction's snapshot was taken.
func TestNoFunctionActsOnAnOldSnapshot(t *testing.T) {
	t.Parallel()
	for _, level := range []pgx.TxIsoLevel{pgx.RepeatableRead, pgx.Serializable} {
		for _, tt := range []struct{ name, meanwhile, call string }{
			{"the request was closed before its activity", `UPDATE request SET state = 'closed' WHERE number = $1`, `add_activity($1, 'anna', 'x')`},
			{"the request has the state already", `UPDATE request SET state = 'closed' WHERE number = $1`, `set_state($1, 'anna', 'closed')`},
			{"the request is assigned already", `UPDATE request SET assignee_id = opened_by_id WHERE number = $1`, `assign($1, 'anna', 'anna')`},
			{"the author was removed", `DELETE FROM user_account WHERE logon = 'gone' AND $1 > 0`, `add_activity($1, 'gone', 'x')`},
			{"the person was removed", `DELETE FROM user_account WHERE logon = 'gone' AND $1 > 0`, `assign($1, 'anna', 'gone')`},
			{"the group was removed", `DELETE FROM support_group WHERE name = 'Gone' AND $1 > 0`, `assign($1, 'anna', NULL, 'Gone')`},
		} {
			d := newDesk(t)
			number, _ := d.twins(t, processor.Incident)
			d.exec(t, `INSERT INTO user_account (logon, name) VALUES ('gone', 'Gone')`)
			d.exec(t, fmt.Sprintf(`INSERT INTO support_group (team_id, name) SELECT team_id, 'Gone' FROM request WHERE number = %d`, number))
			old := d.oldSnapshot(t, level)
			d.exec(t, strings.ReplaceAll(tt.meanwhile, "$1", fmt.Sprint(number)))
			_, err := old.Exec(t.Context(), `SELECT service_desk.`+strings.ReplaceAll(tt.call, "$1", fmt.Sprint(number)))
			if pg := new(pgconn.PgError); !errors.As(err, &pg) || pg.Code != "40001" {
				t.Errorf("%s, %s: %v", level, tt.name, err)
			}
		}
	}
}

func TestTheSubjectOfAnActivityIsOneLine(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	number, _ := d.twins(t, processor.Incident)
	for given, want := range map[string]string{
		"Paper\r\n is  out": "Paper is out", "\tPaper\u2028\u00a0": "Paper", " \u3000": "", "C:\\u0041 ^-]": "C:\\u0041 ^-]",
	} {
		id, err := d.call(t, "add_activity", number, "anna", "x", given)
		must(t, err)
		equal(t, want, one[string](t, d, `SELECT subject FROM service_desk.activity WHERE id = $1`, id))
	}
}

// TestTheFunctionsKnowTheWhiteSpaceOfTheProgram compares every character.
func TestTheFunctionsKnowTheWhiteSpaceOfTheProgram(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var want []string
	for r := rune(1); r <= unicode.MaxRune; r++ {
		if unicode.IsSpace(r) {
			want = append(want, fmt.Sprintf("U+%04X", r))
		}
	}
	var got []string
	for _, r := range one[string](t, d, `SELECT interface_space()`) {
		got = append(got, fmt.Sprintf("U+%04X", r))
	}
	slices.Sort(got)
	equal(t, want, got)
}

func TestTheFunctionsRefuseWhatDoesNotFitAndWriteNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	number, _ := d.twins(t, processor.Incident)
	before := d.journalRows(t)
	for _, bad := range []struct {
		call, code, says string
	}{
		{`add_activity($1, 'nobody', 'x')`, "P0002", `user "nobody" does not exist`},
		{`add_activity($1, NULL, 'x')`, "P0002", `does not exist`},
		{`add_activity($1 + 100, 'anna', 'x')`, "P0002", "does not exist"},
		{`add_activity(NULL, 'anna', 'x')`, "P0002", "does not exist"},
		{`add_activity($1, 'anna', '')`, "22023", "the activity has no text"},
		{`add_activity($1, 'anna', '   ')`, "22023", "the activity has no text"},
		{`add_activity($1, 'anna', E' \t\r\n\u00a0\u2003')`, "22023", "the activity has no text"},
		{`add_activity($1, 'anna', NULL)`, "22023", "the activity has no text"},
		{`add_activity($1, 'anna', repeat('x', 4 << 20) || 'x')`, "22001", "the text is too long"},
		{`add_activity($1, 'anna', 'x', repeat('x', 10001))`, "22001", "the text is too long"},
		{`set_state($1, 'anna', 'asleep', 'with a note')`, "22023", fmt.Sprintf(`incident %d cannot be "asleep"`, number)},
		{`set_state($1, 'anna', NULL)`, "22023", "cannot be"},
		{`set_state($1, 'nobody', 'open')`, "P0002", "does not exist"},
		{`set_state($1 + 100, 'anna', 'open')`, "P0002", "does not exist"},
		{`assign($1, 'nobody', 'anna')`, "P0002", "does not exist"},
		{`assign($1 + 100, 'anna', 'anna')`, "P0002", "does not exist"},
		{`link($1, 'nobody', $1)`, "P0002", "does not exist"},
	} {
		_, err := d.pool.Exec(t.Context(), `SELECT service_desk.`+strings.ReplaceAll(bad.call, "$1", fmt.Sprint(number)))
		refused(t, err, bad.code, bad.says)
	}
	equal(t, before, d.journalRows(t))
}
