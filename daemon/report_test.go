package daemon

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mailintegration/store"
)

func TestMailboxesWithTheSameErrorAreListedTogether(t *testing.T) {
	t.Parallel()
	var all []store.ProblemMailbox
	for i := range 1000 {
		all = append(all, store.ProblemMailbox{Mailbox: fmt.Sprintf("m%03d", i), Detail: "connection refused"})
	}
	mixed := []store.ProblemMailbox{all[0], {Mailbox: "sales", Detail: "timed out"}, all[1], all[2]}
	if got, want := list(mixed), "3 mailboxes: m000, m001, m002: connection refused\nsales: timed out"; got != want {
		t.Errorf("the list is\n%s\nwant\n%s", got, want)
	}
	resets := []store.ProblemMailbox{
		{Mailbox: "a", Detail: "read tcp 10.0.0.1:50001->10.0.0.2:995: connection reset by peer"},
		{Mailbox: "b", Detail: "read tcp 10.0.0.1:50002->10.0.0.2:995: connection reset by peer"},
	}
	if got, want := list(resets), "2 mailboxes: a, b: read tcp 10.0.0.2:995: connection reset by peer"; got != want {
		t.Errorf("the list is %q, want %q", got, want)
	}
	got := list(all)
	if !strings.HasPrefix(got, "1000 mailboxes: m000, m001, ") ||
		!strings.HasSuffix(got, ", m049 and 950 more (mailintegration mailbox list shows all): connection refused") {
		t.Errorf("the list of 1,000 mailboxes is\n%s", got)
	}
	for i := range all {
		all[i].Detail += " by 10.0.0." + all[i].Mailbox
	}
	got = list(all)
	if lines := strings.Split(got, "\n"); len(lines) != 21 || lines[19] != "m019: connection refused by 10.0.0.m019" ||
		!strings.HasPrefix(lines[20], "and 980 more with other errors: m020, m021, ") || !strings.Contains(lines[20], ", m069 and 930 more (") {
		t.Errorf("the list of 1,000 mailboxes with an error each is\n%s", got)
	}
}

func TestTheLimitInTheErrorOfAnOutageDoesNotContradictItsDuration(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 11, 26, 7, 0, 0, 0, time.UTC)
	silent := downtime{DatabaseStatus: DatabaseStatus{Cause: CauseDatabase, Err: &silentError{time.Minute}, Since: from}, to: from.Add(21 * time.Second)}
	refused := silent
	refused.Err = fmt.Errorf("%w: connection refused", store.ErrUnavailable)
	const earlier = "it may have begun up to 1 minute before."
	text := report{view: view{at: silent.to}}.outage(silent, 1)
	for _, part := range []string{
		"From 2026-11-26 07:00:00 UTC\nto   2026-11-26 07:00:21 UTC: 21 seconds.",
		"the database gave no answer within 1 minute, the time limit of a request",
		"The daemon noticed the outage at the first of these times, after it had waited for an answer: " + earlier,
	} {
		if !strings.Contains(text, part) {
			t.Errorf("the event does not say %q:\n%s", part, text)
		}
	}
	if text := (report{view: view{at: refused.to}}).outage(refused, 1); strings.Contains(text, "may have begun") {
		t.Errorf("the event about a refused connection doubts its beginning:\n%s", text)
	}
}
