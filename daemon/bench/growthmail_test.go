//go:build bench && linux

package bench

import (
	"fmt"
	"slices"
	"time"
)

// burst delivers a mail to each mailbox, evenly over one second, and counts from the end of that second.
func (g *growth) burst() {
	n := g.mailboxes
	f := g.start(n, Line{})
	polled := g.awaitRound(f)
	at := f.deliver(Delivery{Name: "burst", Users: f.users, Each: 1, Over: time.Second})
	f.await(3*g.schedule, func(t Totals) bool { return t.Left == 0 })
	empty := time.Since(at)
	failed := f.daemon.failedPolls()
	mails := f.mails()
	latencies, unrecorded := latencies(mails)
	last := slices.MaxFunc(mails, func(a, b Mail) int { return a.Recorded.Compare(b.Recorded) }).Recorded.Sub(at)
	f.daemon.stop()
	if trouble := f.daemon.trouble(); trouble != "" {
		g.Log(trouble)
	}
	g.checkRecords(f.installed, n-unrecorded, n)
	what := fmt.Sprintf("%s mailboxes at %v, one mail each within the same second", thousands(n), g.schedule)
	g.add(unrecorded == 0 && last <= g.schedule && polled == n, what,
		fmt.Sprintf("all recorded within %v", g.schedule), "%s recorded after %.1f s, maildrops empty after %.1f s, %d polls failed",
		thousands(n-unrecorded), last.Seconds(), empty.Seconds(), failed)
	g.tell("the same: latency p50, p99", "%.1f s, %.1f s", percentile(latencies, 0.5).Seconds(), percentile(latencies, 0.99).Seconds())
	g.tell("the same: connections", "%d at once", f.watching.peak())
}

// backlog delivers one mail to each of 99 mailboxes while the daemon reads a large backlog of another one.
func (g *growth) backlog() {
	const others = 99
	f := g.start(1+others, Line{})
	g.awaitRound(f)
	filled := f.deliver(Delivery{Name: "backlog", Users: f.users[:1], Each: g.backlogMails})
	if !f.await(2*g.schedule, func(t Totals) bool { return t.Retrieved > 0 }) {
		g.Fatal("the backlog was not begun")
	}
	f.deliver(Delivery{Name: "single", Users: f.users[1:], Each: 1, Over: time.Second})
	total := g.backlogMails + others
	f.await(3*g.schedule+10*time.Minute, func(t Totals) bool { return t.Left == 0 })
	var big, single []Mail
	for _, m := range f.mails() {
		if m.User == f.users[0] {
			big = append(big, m)
		} else {
			single = append(single, m)
		}
	}
	memory := peakMemory(f.load, f.daemon.cmd.Process.Pid)
	failed := f.daemon.failedPolls()
	f.daemon.stop()
	if trouble := f.daemon.trouble(); trouble != "" {
		g.Log(trouble)
	}
	singles, unrecorded := latencies(single)
	_, left := latencies(big)
	g.checkRecords(f.installed, total-unrecorded-left, total)
	what := fmt.Sprintf("one mailbox with %s mails beside %d with one each", thousands(g.backlogMails), others)
	g.add(unrecorded == 0 && percentile(singles, 1) <= g.schedule+punctuality, what,
		fmt.Sprintf("the %d within schedule + 2 s", others), "%d recorded, latency p50 %.1f s, p99 %.1f s, most %.1f s, %d polls failed",
		others-unrecorded, percentile(singles, 0.5).Seconds(), percentile(singles, 0.99).Seconds(), percentile(singles, 1).Seconds(), failed)
	var sessions []time.Duration // from RETR, just after the log-in, to DELE
	for _, m := range single {
		if !m.Recorded.IsZero() {
			sessions = append(sessions, m.Recorded.Sub(m.Retrieved))
		}
	}
	g.tell("the same: a single mail from RETR to DELE", "p50 %.0f ms, p99 %.0f ms, most %.0f ms", milliseconds(percentile(sessions, 0.5)),
		milliseconds(percentile(sessions, 0.99)), milliseconds(percentile(sessions, 1)))
	var first, last time.Time
	for _, m := range big {
		if !m.Retrieved.IsZero() && (first.IsZero() || m.Retrieved.Before(first)) {
			first = m.Retrieved
		}
		if m.Recorded.After(last) {
			last = m.Recorded
		}
	}
	g.tell("the same: the backlog", "%s of %s recorded %.0f s after their delivery, %.0f mails/s; peak memory %.0f MiB, %d connections",
		thousands(len(big)-left), thousands(len(big)), last.Sub(filled).Seconds(), float64(len(big)-left)/last.Sub(first).Seconds(),
		float64(memory)/(1<<20), f.watching.peak())
}

// latencies returns the times from delivery to DELE, which follows the commit, and the number of mails without one.
func latencies(mails []Mail) (all []time.Duration, unrecorded int) {
	for _, m := range mails {
		if m.Recorded.IsZero() {
			unrecorded++
		} else {
			all = append(all, m.Recorded.Sub(m.Delivered))
		}
	}
	return all, unrecorded
}

// checkRecords fails unless at least that many mails are recorded, at most all, and each of them once: a receipt and a
// request for each.
func (g *growth) checkRecords(in *installed, least, most int) {
	g.Helper()
	var receipts, requests int
	err := in.rows.QueryRow(g.Context(), `SELECT (SELECT count(*) FROM receipt), (SELECT count(*) FROM request)`).Scan(&receipts, &requests)
	if err != nil {
		g.Fatal(err)
	}
	if receipts < least || receipts > most || requests != receipts {
		g.Errorf("%d receipts and %d requests for %d mails, of which %d were deleted", receipts, requests, most, least)
	}
}
