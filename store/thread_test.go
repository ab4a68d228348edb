package store_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"mailintegration/processor"
	"mailintegration/store"
)

// plan is a node of a plan that EXPLAIN (ANALYZE, FORMAT JSON) prints; it has only the fields that the tests need.
type plan struct {
	Node    string  `json:"Node Type"`
	Table   string  `json:"Relation Name"`
	Rows    float64 `json:"Actual Rows"`
	Loops   float64 `json:"Actual Loops"`
	Removed float64 `json:"Rows Removed by Filter"`
	Plans   []plan
}

// read returns the number of rows that were read from a table.
func (p plan) read(table string) (n float64) {
	if p.Table == table {
		n = (p.Rows + p.Removed) * p.Loops
	}
	for _, sub := range p.Plans {
		n += sub.read(table)
	}
	return n
}

// TestAMessageIDThatManyRequestsShareCostsOneRow counts the rows that ThreadQuery reads for a Message-ID.
func TestAMessageIDThatManyRequestsShareCostsOneRow(t *testing.T) {
	t.Parallel()
	const many = 20_000
	for _, test := range []struct{ name, fill, finish string }{
		{"all of the team", `1`, `ANALYZE`},
		{"half of another team", `1 + i % 2`, `ANALYZE`},
		{"without statistics", `1 + i % 2`, ``},
		{"among many that are not shared", `1`, `INSERT INTO thread (team_id, message_id, request_id, via)
			SELECT 1, 'cold ' || i, 1000000 + i, 'seen' FROM generate_series(1, ` + fmt.Sprint(many) + `) AS i; ANALYZE`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.exec(t, fmt.Sprintf(`
				INSERT INTO request (number, team_id, kind, subject, requester_id, user_id, opened_at, opened_by_id)
					SELECT 1000000 + i, %s, 'event', 'x', 1, 1, now(), 1 FROM generate_series(1, %d) AS i;
				INSERT INTO thread (team_id, message_id, request_id, via)
					SELECT team_id, 'hot@example.com', number, CASE WHEN number %% 7 = 0 THEN 'seen' ELSE 'referenced' END FROM request;
				%s`, test.fill, many, test.finish))
			text := one[string](t, d, `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) `+store.ThreadQuery, []string{"hot@example.com", "none"}, 1)
			var plans []struct{ Plan plan }
			if err := json.Unmarshal([]byte(text), &plans); err != nil {
				t.Fatal(err)
			}
			if n := plans[0].Plan.read("thread") + plans[0].Plan.read("request"); n > 2 {
				t.Errorf("%v rows were read:\n%s", n, text)
			}
			want := one[int64](t, d, `SELECT request_id FROM thread JOIN request ON number = request_id WHERE message_id = 'hot@example.com'
				AND request.team_id = 1 ORDER BY via = 'referenced', request_id DESC LIMIT 1`)
			dir, err := d.store.LookUp(t.Context(), d.mailbox.Team, processor.Keys{MessageIDs: []string{"hot@example.com"}})
			if err != nil {
				t.Fatal(err)
			}
			if r, ok := dir.RequestOf("hot@example.com"); !ok || r.Number != want {
				t.Errorf("it leads to request %d, want %d", r.Number, want)
			}
		})
	}
}

func TestAThreadFollowsItsRequestToAnotherTeam(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.clerk(), mail("1", "a"))
	d.exec(t, `UPDATE request SET team_id = 2, source_id = NULL, priority_id = NULL, group_id = NULL`)
	if got := d.accept(t, d.clerk(), mail("2", "b", answerTo("a"))); got[0].Result != store.Opened {
		t.Errorf("an answer in the former team: %+v", got[0])
	}
	if team := one[int](t, d, `SELECT team_id FROM thread WHERE message_id = 'a@example.com' AND request_id = 1`); team != 2 {
		t.Errorf("the thread belongs to team %d", team)
	}
}
