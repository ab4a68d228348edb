package store_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"mailintegration/processor"
	"mailintegration/store"
)

// manyRequests makes requests, some at each moment: of 1,000, one is an event, in a mailbox of its own.
func (d *desk) manyRequests(t testing.TB, many int) {
	t.Helper()
	d.exec(t, fmt.Sprintf(`
		INSERT INTO mailbox (name) VALUES ('rare');
		INSERT INTO request (team_id, kind, subject, requester_id, user_id, opened_at, opened_by_id, sender_address, mailbox_id)
			SELECT 1, CASE i %% 1000 WHEN 0 THEN 'event' ELSE 'incident' END, 'number ' || i, 3, 3,
				'2026-01-01'::timestamptz + i / 7 * interval '1 minute', 1, 'anna@example.com',
				(SELECT id FROM mailbox WHERE name = CASE i %% 1000 WHEN 0 THEN 'rare' ELSE 'helpdesk' END)
			FROM generate_series(1, %d) AS i;
		ANALYZE`, many))
}

// pages reads all parts of a list and returns the numbers, and how many parts there were.
func (d *desk) pages(t testing.TB, f store.RequestFilter) (numbers []int64, parts int) {
	t.Helper()
	for ; parts == 0 || f.Before != nil; parts++ {
		page, err := d.store.RequestPage(t.Context(), f)
		must(t, err)
		for _, r := range page.Requests {
			numbers = append(numbers, r.Number)
		}
		f.Before = page.Next
	}
	return numbers, parts
}

func TestPagesHaveEachRequestOnceAlsoAtEqualTimes(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.manyRequests(t, 100)
	numbers, parts := d.pages(t, store.RequestFilter{Limit: 9})
	if len(numbers) != 100 || parts != 12 {
		t.Fatalf("%d requests on %d pages", len(numbers), parts)
	}
	for i, n := range numbers {
		if n != int64(100-i) {
			t.Fatalf("%d comes at place %d", n, i)
		}
	}
}

func TestASearchOfRequestsGoesOnWhereALongOneStopped(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.manyRequests(t, 6000)
	want := d.count(t, `request WHERE subject LIKE 'number 17%'`)
	numbers, parts := d.pages(t, store.RequestFilter{Subject: "Number 17"})
	if len(numbers) != want || parts < 3 {
		t.Errorf("%d of %d were found on %d pages", len(numbers), want, parts)
	}
	all, err := d.store.Requests(t.Context(), store.RequestFilter{Subject: "Number 17"})
	if err != nil || len(all) != want {
		t.Errorf("Requests finds %d, %v", len(all), err)
	}
	all, err = d.store.Requests(t.Context(), store.RequestFilter{Subject: "Number 17", Limit: 3})
	if err != nil || len(all) != 3 || all[0].Number != 1799 {
		t.Errorf("Requests finds %d, %v", len(all), err)
	}
}

func TestAPlaceInTheListOfRequestsTravelsInALink(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.manyRequests(t, 20)
	page, err := d.store.RequestPage(t.Context(), store.RequestFilter{Limit: 9})
	must(t, err)
	text, err := page.Next.MarshalText()
	must(t, err)
	var read store.RequestCursor
	must(t, read.UnmarshalText(text))
	numbers, _ := d.pages(t, store.RequestFilter{Before: &read})
	equal(t, 11, len(numbers))
	for _, wrong := range []string{"", "1", "1-", "1-2-3", "1-2 3", "x-2", "99999999999999999999-1"} {
		if err := read.UnmarshalText([]byte(wrong)); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}

func TestCountingEndsWhereTheFilterSays(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.manyRequests(t, 1)
	d.exec(t, `INSERT INTO activity (request_id, sender_address, recorded_at, recorded_by_id) SELECT 1, '', now(), 1 FROM generate_series(1, 30)`)
	for to, want := range map[int]int{0: 30, 10: 10} {
		all, err := d.store.Requests(t.Context(), store.RequestFilter{CountTo: to})
		must(t, err)
		equal(t, want, all[0].ActivityCount)
	}
}

// TestNoListOfRequestsReadsAllOfThem counts the rows that each kind of query reads.
func TestNoListOfRequestsReadsAllOfThem(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.manyRequests(t, 30_000)
	first, err := d.store.RequestPage(t.Context(), store.RequestFilter{Limit: 500})
	must(t, err)
	for _, test := range []struct {
		name   string
		filter store.RequestFilter
		most   float64
	}{
		{"the first page", store.RequestFilter{}, 100},
		{"a later page", store.RequestFilter{Before: first.Next}, 100},
		{"events", store.RequestFilter{Kinds: []processor.RequestKind{processor.Event}}, 100},
		{"new events", store.RequestFilter{Kinds: []processor.RequestKind{processor.Event}, State: processor.StateNew}, 100},
		{"closed requests", store.RequestFilter{State: processor.StateClosed}, 100},
		{"a mailbox", store.RequestFilter{Mailbox: "rare"}, 100},
		{"the last hour", store.RequestFilter{Since: time.Date(2026, 1, 3, 22, 0, 0, 0, time.UTC)}, 100},
		{"a subject that no request has", store.RequestFilter{Subject: "nothing"}, 3_000},
		{"a subject among incidents", store.RequestFilter{Subject: "nothing", Kinds: []processor.RequestKind{processor.Incident}}, 3_000},
	} {
		var mailbox int64
		if test.filter.Mailbox != "" {
			mailbox = one[int64](t, d, `SELECT id FROM mailbox WHERE name = 'rare'`)
		}
		sql, args := store.RequestQuery(test.filter, mailbox)
		var plans []struct{ Plan plan }
		text := one[string](t, d, `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) `+sql, args...)
		must(t, json.Unmarshal([]byte(text), &plans))
		if n := plans[0].Plan.read("request"); n > test.most {
			t.Errorf("%s: %v rows were read:\n%s", test.name, n, text)
		}
	}
}
