package daemon

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"mailintegration/mailbox"
)

// Settings are the part of Options that Apply replaces. Zero values mean the same as in Options.
type Settings struct {
	Mailboxes            []Mailbox
	Sending              *SendingAccount
	MaxPolls             int
	MaxSessionsPerServer int
	MaxBatches           int
	MessagesPerSession   int
	BatchMessages        int
	Retention            time.Duration
}

// Changes names the mailboxes that Apply has added, changed and removed, each list in order.
type Changes struct{ Added, Changed, Removed []string }

// IsEmpty reports whether nothing has changed.
func (c Changes) IsEmpty() bool { return len(c.Added)+len(c.Changed)+len(c.Removed) == 0 }

// Apply replaces mailboxes and limits, also while Run or Once is under way, and logs what has changed. A poll under way
// ends as it began; the next poll of the mailbox has the new settings. What was learnt about a maildrop is kept where
// the account is the same: server, port and user name. A mailbox that failed and has changed is polled at once. Two
// mailboxes with the same name are an error, and change nothing.
func (d *Daemon) Apply(s Settings) (Changes, error) {
	if err := checkNames(s.Mailboxes); err != nil {
		return Changes{}, err
	}
	d.mu.Lock()
	changes := d.replaceMailboxes(s.Mailboxes)
	d.setOptions(func(o *Options) {
		o.Mailboxes, o.Sending = s.Mailboxes, s.Sending
		o.MaxPolls, o.MaxSessionsPerServer, o.MaxBatches = s.MaxPolls, s.MaxSessionsPerServer, s.MaxBatches
		o.MessagesPerSession, o.BatchMessages, o.Retention = s.MessagesPerSession, s.BatchMessages, s.Retention
		o.setDefaults()
	})
	d.beatSoon() // takes the leases of new mailboxes
	d.mu.Unlock()
	d.sender.forgive()
	o := d.options()
	d.sessionSlots.setLimits(o.MaxPolls, o.MaxSessionsPerServer)
	d.batchSlots.setLimits(o.MaxBatches, 0)
	d.log().settingsApplied(changes)
	return changes, nil
}

// replaceMailboxes gives the workers their new mailboxes, adds workers and retires others. The caller holds d.mu.
func (d *Daemon) replaceMailboxes(mailboxes []Mailbox) (c Changes) {
	var kept []*worker
	for _, m := range mailboxes {
		i := slices.IndexFunc(d.workers, func(w *worker) bool { return strings.EqualFold(w.name(), m.Name) })
		if i < 0 {
			w := newWorker(d, m)
			kept = append(kept, w)
			c.Added = append(c.Added, m.Name)
			d.start(w)
			continue
		}
		switch kept = append(kept, d.workers[i]); d.workers[i].replace(m) {
		case added:
			c.Added = append(c.Added, m.Name)
		case changed:
			c.Changed = append(c.Changed, m.Name)
		}
	}
	for _, w := range d.workers {
		if !slices.Contains(kept, w) {
			if w.retire() {
				c.Removed = append(c.Removed, w.name())
			}
			kept = append(kept, w) // until its poll has ended
		}
	}
	d.workers = kept
	if d.launch == nil {
		for _, w := range slices.Clone(d.workers) {
			d.dropRetired(w)
		}
	}
	return c
}

// checkNames returns an error when two mailboxes have the same name, in upper or lower case.
func checkNames(mailboxes []Mailbox) error {
	names := map[string]bool{}
	for _, m := range mailboxes {
		key := strings.ToLower(m.Name)
		if names[key] {
			return fmt.Errorf("daemon: two mailboxes are named %s", m.Name)
		}
		names[key] = true
	}
	return nil
}

// change says what Apply did with a mailbox.
type change int

const (
	unchanged change = iota
	changed
	added
)

// replace gives the worker a new configuration of its mailbox for the next poll.
func (w *worker) replace(m Mailbox) change {
	now := w.daemon.options().Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.notify()
	old := w.mailbox
	switch {
	case w.retired:
		w.retired, w.mailbox = false, &m
		w.planAnew(old, now)
		return added
	case isSame(old, &m):
		return unchanged
	}
	w.mailbox = &m
	w.planAnew(old, now)
	return changed
}

// planAnew plans the next poll after a change: at its time, as long as the schedule is the same, and at once if the
// mailbox failed. A poll that is due already stays due, however often the settings change. The caller holds w.mu.
func (w *worker) planAnew(old *Mailbox, now time.Time) {
	if !isSameAccount(old.Account, w.mailbox.Account) {
		w.forgets, w.notBefore, w.loginDelay, w.certificateExpires = true, time.Time{}, 0, time.Time{}
	}
	switch {
	case !w.next.After(now):
	case w.failures > 0:
		w.next = now
	case !reflect.DeepEqual(old.Schedule, w.mailbox.Schedule):
		w.next = w.times().next(now)
	}
	w.next = w.noSooner(w.next)
	w.failures, w.permanent = 0, false
}

// retire notes that the mailbox was removed. It returns false if it was before.
func (w *worker) retire() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.notify()
	was := w.retired
	w.retired = true
	return !was
}

// isSameAccount reports whether two accounts lead to the same maildrop.
func isSameAccount(a, b mailbox.Account) bool {
	return strings.EqualFold(a.Server, b.Server) && a.Port == b.Port && a.UserName == b.UserName
}

// isSame reports whether two configurations of a mailbox are the same. Without revisions, functions cannot be compared:
// accounts with tokens count as changed.
func isSame(a, b *Mailbox) bool {
	if a.Revision != "" && b.Revision != "" {
		return a.Revision == b.Revision
	}
	if a.Account.Token != nil || b.Account.Token != nil || !a.Account.Roots.Equal(b.Account.Roots) {
		return false
	}
	x, y := *a, *b
	x.Account.Roots, y.Account.Roots = nil, nil
	x.Account.Dial, y.Account.Dial = nil, nil // only tests have it
	x.Account.TokenRefused, y.Account.TokenRefused = nil, nil
	return reflect.DeepEqual(x, y)
}
