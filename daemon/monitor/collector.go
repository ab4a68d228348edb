package monitor

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mailintegration/daemon"
	"mailintegration/store"
)

var _ prometheus.Collector = (*collector)(nil)

// collector computes the sampled metrics at each scrape, from one look at the daemon: so the numbers of a poll belong together.
type collector struct {
	monitor *Monitor
	descs   map[*metric]*prometheus.Desc
}

// newCollector returns a collector for a monitor.
func newCollector(m *Monitor) *collector {
	c := &collector{monitor: m, descs: map[*metric]*prometheus.Desc{}}
	for _, s := range sampled {
		c.descs[s] = s.describe()
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, s := range sampled {
		out <- c.descs[s]
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	s := scrape{c, out}
	seen := c.monitor.inspector.look()
	s.flag(&liveness, seen.stuck == nil)
	s.flag(&readiness, isWell(readyState(seen)))
	s.set(&buildInfo, 1, c.monitor.build...)
	s.configuration(c.monitor.configurationRead())
	if seen.silent {
		return // the daemon has said nothing more
	}
	s.daemon(seen.status)
	for _, m := range seen.status.Mailboxes {
		s.mailbox(m)
	}
	s.figures(c.monitor.figures.get())
}

// scrape sends the samples of one scrape.
type scrape struct {
	*collector
	out chan<- prometheus.Metric
}

// set sends a sample.
func (s scrape) set(m *metric, value float64, labels ...string) {
	s.out <- prometheus.MustNewConstMetric(s.descs[m], m.valueType(), value, labels...)
}

// flag sends 1 or 0.
func (s scrape) flag(m *metric, is bool, labels ...string) {
	value := 0.0
	if is {
		value = 1
	}
	s.set(m, value, labels...)
}

// moment sends a time, unless it is not known.
func (s scrape) moment(m *metric, at time.Time, labels ...string) {
	if !at.IsZero() {
		s.set(m, float64(at.UnixMilli())/1000, labels...)
	}
}

// daemon sends what concerns the daemon as a whole.
func (s scrape) daemon(d daemon.Status) {
	s.flag(&databaseUsable, d.Database.Err == nil && !d.Database.Since.IsZero())
	s.set(&clockAhead, d.ClockAhead.Seconds())
	s.moment(&listenCertificate, d.Listen.Expires)
	s.set(&mistakenFiles, float64(len(d.Configuration)))
	count := map[daemon.State]int{}
	for _, m := range d.Mailboxes {
		count[m.State]++
	}
	for _, state := range states {
		s.set(&mailboxes, float64(count[state]), string(state))
	}
	failing := 0
	for _, a := range d.Sending {
		if a.Err != nil {
			failing++
		}
	}
	s.set(&sendingAccounts, float64(len(d.Sending)-failing), accounts[0])
	s.set(&sendingAccounts, float64(failing), accounts[1])
}

// states are those of a mailbox.
var states = []daemon.State{daemon.Standby, daemon.Waiting, daemon.Paused, daemon.Queued, daemon.Polling, daemon.Stopping}

// mailbox sends what concerns one mailbox. What may be out of date because another daemon polls it is left out.
func (s scrape) mailbox(m daemon.MailboxStatus) {
	t := m.Totals
	for i, n := range []int{t.Opened, t.Added, t.Refused, t.Ignored, t.SetAside, t.Known, t.Oversize, t.Failed, t.Deferred} {
		s.set(&messages, float64(n), m.Name, outcomes[i])
	}
	for i, n := range []int{t.Polls - t.FailedPolls - t.Interrupted, t.FailedPolls, t.Interrupted} {
		s.set(&polls, float64(n), m.Name, results[i])
	}
	s.set(&listed, float64(t.Listed), m.Name)
	s.set(&unaccounted, float64(t.Unaccounted), m.Name)
	s.set(&octets, float64(t.Octets), m.Name)
	s.moment(&lastPoll, m.PolledAt, m.Name)
	s.moment(&lastGoodPoll, m.SucceededAt, m.Name)
	s.flag(&leaseHeld, m.Held, m.Name)
	if !m.Held {
		return
	}
	s.moment(&certificate, m.CertificateExpires, m.Name)
	s.set(&backlog, float64(m.Backlog), m.Name)
	if m.Cause != daemon.CauseNone {
		s.set(&mailboxProblem, 1, m.Name, string(m.Cause))
	}
}

// configuration sends how the last reading of the configuration went.
func (s scrape) configuration(c configurationRead) {
	s.flag(&reloadSuccessful, c.isGood)
	s.moment(&reloadTime, c.goodAt)
	s.set(&configurationInfo, 1, c.hash)
}

// figures sends what the database has counted, nothing of it if it could not be asked.
func (s scrape) figures(f store.Figures, err error) {
	s.flag(&databaseFigures, err == nil)
	if err != nil {
		return
	}
	for _, kind := range store.ProblemKinds() {
		s.set(&openProblems, float64(f.OpenProblems[kind]), string(kind))
	}
	s.set(&outboxMessages, float64(f.Waiting))
	s.set(&outboxAge, f.OldestWait.Seconds())
}
