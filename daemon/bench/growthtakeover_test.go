//go:build bench && linux

package bench

import (
	"fmt"
	"time"
)

// maxTakeOver is the goal for the time from the death of a daemon to the first poll by another one.
const maxTakeOver = time.Minute

// takeOver kills one of two daemons that share mailboxes, while it records mail. Each daemon has a listener of its own,
// so the port of a log-in tells the daemon.
func (g *growth) takeOver() {
	const mailboxes, each = 100, 20
	schedule := g.schedule / 6 // so that the time until the next poll does not hide the time of the take-over
	l, in, names := startLoad(g.T), install(g.T), users(mailboxes)
	victim := l.listen(Line{})
	other := l.listen(Line{})
	killed := in.run(l, in.configureDaemon(l, "victim", victim, Line{}, schedule, names))
	if !l.await(3*g.schedule, func(t Totals) bool { return t.Users == mailboxes }) {
		g.Fatal("the first daemon did not poll all mailboxes")
	}
	survivor := in.run(l, in.configureDaemon(l, "survivor", other, Line{}, schedule, names))
	<-time.After(2 * g.schedule / 3) // until the mailboxes are shared out
	from := time.Now()
	<-time.After(2 * schedule)
	steady := shared(l.logins(), victim.Port, from, time.Now())

	l.deliver(Delivery{Name: "killed", Users: names, Each: each})
	begun := func() (n int) {
		for _, m := range l.mails() {
			if !m.Recorded.IsZero() {
				n++
			}
		}
		return n
	}
	limit := time.After(g.schedule)
	for tick := time.Tick(20 * time.Millisecond); begun() < mailboxes*each/10; {
		select {
		case <-tick:
		case <-limit:
			g.Fatal("no mail was recorded")
		}
	}
	death := time.Now()
	killed.kill()
	killed.stop()
	l.await(3*g.schedule, func(t Totals) bool { return t.Left == 0 })
	<-time.After(schedule) // for mailboxes whose mail was all recorded before
	first, orphans := takenOver(l.logins(), names, victim.Port, death)
	_, unrecorded := latencies(l.mails())
	left := l.totals().Left
	failed := survivor.failedPolls()
	survivor.stop()
	if trouble := survivor.trouble(); trouble != "" {
		g.Log(trouble)
	}
	g.checkRecords(in, mailboxes*each-unrecorded, mailboxes*each)
	var doubled int
	err := in.rows.QueryRow(g.Context(), `SELECT count(*) - count(DISTINCT message_id) FROM receipt`).Scan(&doubled)
	if err != nil {
		g.Fatal(err)
	}
	longest := percentile(first, 1)
	g.add(left == 0 && doubled == 0 && len(first) == orphans && longest <= maxTakeOver,
		fmt.Sprintf("take-over after SIGKILL of one of two daemons, %d mailboxes", mailboxes),
		fmt.Sprintf("≤ %.0f s, nothing doubled", maxTakeOver.Seconds()),
		"%d of %d mailboxes taken over after %.1f s (p50 %.1f s), %d of %s mails doubled, %d left",
		len(first), orphans, longest.Seconds(), percentile(first, 0.5).Seconds(), doubled, thousands(mailboxes*each), left)
	g.tell("the same: before the kill",
		"%.2f polls for each schedule of a mailbox, %.0f %% of them by the killed daemon; schedule %v, %d polls failed",
		float64(steady.polls)/mailboxes/2, 100*float64(steady.first)/float64(max(1, steady.polls)), schedule, failed)
}

// shares counts polls, and those of them by one daemon.
type shares struct{ polls, first int }

// shared counts the polls between two times.
func shared(logins map[string][]Login, port int, from, to time.Time) (s shares) {
	for _, all := range logins {
		for _, l := range all {
			if l.At.After(from) && l.At.Before(to) {
				s.polls++
				if l.Port == port {
					s.first++
				}
			}
		}
	}
	return s
}

// takenOver returns, for each mailbox that the killed daemon polled last, the time from its death to the first poll by
// the other daemon, and the number of these mailboxes.
func takenOver(logins map[string][]Login, names []string, killed int, death time.Time) (after []time.Duration, orphans int) {
	for _, name := range names {
		last := 0
		for _, l := range logins[name] {
			if l.At.Before(death) {
				last = l.Port
				continue
			}
			if last == killed && l.Port != killed {
				after = append(after, l.At.Sub(death))
				last = 0
				orphans++
				break
			}
		}
		if last == killed {
			orphans++
		}
	}
	return after, orphans
}
