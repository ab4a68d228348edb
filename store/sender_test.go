package store_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"mailintegration/processor"
	"mailintegration/store"
)

// limit is the number of requests that a sender may open in the tests of this file, within ten minutes.
const limit = 3

// robots returns the decider of a mailbox in which a sender may open so many requests.
func (d *desk) robots(mb store.Mailbox) store.Decider {
	return withEvents{processor.NewPolicy(processor.Rules{
		Processor: processor.EndUserIncident, CreateNewRequests: true,
		MaxNewRequests: processor.Limit{Number: limit, Within: 10 * time.Minute},
	}, mb.References), mb}
}

// robot returns a message of a robot that was sent so long before today.
func robot(n int, ago time.Duration) store.Delivery {
	return mail(fmt.Sprint(n), fmt.Sprintf("robot-%d", n), from("Robot@example.com"), func(m *processor.Message) { m.Date = today.Add(-ago) })
}

// results returns what became of messages, such as "opened 1, added 1".
func results(outcomes []store.Outcome) string {
	var words []string
	for _, o := range outcomes {
		words = append(words, fmt.Sprint(o.Result, " ", o.Request))
	}
	return strings.Join(words, ", ")
}

func TestMessagesBeyondTheLimitBecomeActivities(t *testing.T) {
	t.Parallel()
	old := 40 * 24 * time.Hour
	tests := []struct {
		name    string
		batches [][]store.Delivery
		want    string // of the last batch
	}{
		{
			"within one batch",
			[][]store.Delivery{{robot(1, 4), robot(2, 3), robot(3, 2), robot(4, 1), robot(5, 0)}},
			"opened 1, opened 2, opened 3, added 3, added 3",
		},
		{
			"over several batches",
			[][]store.Delivery{{robot(1, 4), robot(2, 3)}, {robot(3, 2)}, {robot(4, 1)}, {robot(5, 0)}},
			"added 3",
		},
		{
			"half in the database and half in the batch",
			[][]store.Delivery{{robot(1, 4), robot(2, 3)}, {robot(3, 2), robot(4, 1)}},
			"opened 3, added 3",
		},
		{
			"as long as the messages keep coming, although the requests are older than the window",
			[][]store.Delivery{
				{robot(1, 40*time.Minute), robot(2, 39*time.Minute), robot(3, 38*time.Minute)},
				{robot(4, 37*time.Minute), robot(5, 36*time.Minute), robot(6, 35*time.Minute)},
				{robot(7, 29*time.Minute), robot(8, 28*time.Minute), robot(9, 27*time.Minute)},
				{robot(10, 20*time.Minute)},
			},
			"added 3",
		},
		{
			"until they pause",
			[][]store.Delivery{{robot(1, 40*time.Minute), robot(2, 39*time.Minute), robot(3, 38*time.Minute), robot(4, 37*time.Minute)}, {robot(5, 10*time.Minute)}},
			"opened 5", // 4 is the event of the loop
		},
		{
			"but not in an old backlog that was sent slowly",
			[][]store.Delivery{{robot(1, old), robot(2, old-time.Hour), robot(3, old-2*time.Hour), robot(4, old-3*time.Hour), robot(5, old-4*time.Hour)}},
			"opened 1, opened 2, opened 3, opened 4, opened 5",
		},
		{
			"also when the newest message comes first",
			[][]store.Delivery{{robot(1, 1), robot(2, 2)}, {robot(3, 3), robot(4, 4)}},
			"opened 3, added 3",
		},
		{
			"and in an old backlog that was sent fast",
			[][]store.Delivery{{robot(1, old), robot(2, old), robot(3, old), robot(4, old)}},
			"opened 1, opened 2, opened 3, added 3",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			var last string
			for _, batch := range test.batches {
				last = results(d.accept(t, d.robots(d.mailbox), batch...))
			}
			equal(t, test.want, last)
		})
	}
}

func TestEachSenderAndEachTeamHasALimitOfItsOwn(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	hr := d.resolve(t, "people", processor.Names{Team: "HR", Login: "MailIntegration"})
	other := d.resolve(t, "second", deskNames)
	d.accept(t, d.robots(d.mailbox), robot(1, 0), robot(2, 0), robot(3, 0))
	equal(t, "opened 4", results(d.accept(t, d.robots(d.mailbox), mail("u", "of Anna"))))
	o, err := d.store.Accept(t.Context(), hr, []store.Delivery{robot(5, 0)}, d.robots(hr))
	must(t, err)
	equal(t, "opened 5", results(o))
	o, err = d.store.Accept(t.Context(), other, []store.Delivery{robot(6, 0)}, d.robots(other)) // another mailbox, the same team
	must(t, err)
	equal(t, "added 3", results(o))
}

func TestMailboxesWithoutALimitDoNotCount(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.clerk(), robot(1, 0), robot(2, 0), robot(3, 0))
	equal(t, "opened 4", results(d.accept(t, d.robots(d.mailbox), robot(4, 0))))
	equal(t, 1, d.count(t, "receipt WHERE sender_address = 'robot@example.com' AND sender_team_id = 1"))
}

func TestFollowUpsDoNotCount(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	answer := func(n int) store.Delivery {
		one := robot(n, 0)
		one.Message.InReplyTo = []string{"robot-1@example.com"}
		return one
	}
	equal(t, "opened 1, added 1, added 1, added 1, opened 2",
		results(d.accept(t, d.robots(d.mailbox), robot(1, 0), answer(2), answer(3), answer(4), robot(5, 0))))
}

func TestAMessageThatIsOnlyLookedUpIsLimitedAsItWouldBe(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.robots(d.mailbox), robot(1, 0), robot(2, 0), robot(3, 0))
	m := robot(4, 0).Message
	policy := d.robots(d.mailbox)
	dir, err := d.store.LookUp(t.Context(), d.mailbox.Team, policy.Keys(m))
	must(t, err)
	equal(t, processor.ReasonLoop, policy.Decide(m, dir, today).Why().Code)
}

// TestALoopThatMadeManyReceiptsCostsNoMoreThanTheLimit counts the rows that OpenersQuery reads.
func TestALoopThatMadeManyReceiptsCostsNoMoreThanTheLimit(t *testing.T) {
	t.Parallel()
	const many = 20_000
	for _, test := range []struct{ name, finish string }{
		{"with statistics", `VACUUM ANALYZE`},
		{"without", ``},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.accept(t, d.clerk(), mail("1", "a"))
			d.exec(t, fmt.Sprintf(`
				INSERT INTO receipt (mailbox_id, digest, octets, outcome, reason, request_id, accepted_at, last_seen_at,
						sender_team_id, sender_address, sent_at)
					SELECT mailbox_id, sha256(i::text::bytea), 1, outcome, reason, request_id, accepted_at, last_seen_at,
						1, 'robot@example.com', now() - i * interval '1 millisecond' FROM receipt, generate_series(1, %d) AS i`, many))
			if test.finish != "" {
				d.exec(t, test.finish)
			}
			now := time.Now()
			text := one[string](t, d, `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) `+store.OpenersQuery, 1,
				[]string{"robot@example.com", "none@example.com"}, []time.Time{now.Add(-time.Hour), now.Add(-time.Hour)}, []time.Time{now, now}, []int{30, 30})
			var plans []struct{ Plan plan }
			must(t, json.Unmarshal([]byte(text), &plans))
			if n := plans[0].Plan.read("receipt"); n < 1 || n > 30 {
				t.Errorf("%v rows were read:\n%s", n, text)
			}
		})
	}
}
