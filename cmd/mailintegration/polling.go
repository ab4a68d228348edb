package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mailintegration/store"
)

// polling holds the polls of a mailbox, as the database knows them.
type polling struct {
	holder  string    // the daemon that polls it, for a person; "" for none
	at      time.Time // end of the last poll, the zero time if there was none
	problem string    // of the last poll, "" for none
	since   time.Time // when the problem began
}

// pollings asks the database who polls which mailbox, by their names in lower case.
func pollings(ctx context.Context, s *store.Store) (map[string]*polling, error) {
	states, err := s.MailboxStates(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string]*polling{}
	for _, state := range states {
		all[strings.ToLower(state.Name)] = pollingOf(state, time.Now())
	}
	return all, nil
}

// pollingOf returns what a state says about the polls.
func pollingOf(s store.MailboxState, now time.Time) *polling {
	p := &polling{problem: s.Problem}
	if s.Holder != nil && s.LeaseUntil != nil && s.LeaseUntil.After(now) {
		p.holder = fmt.Sprintf("the daemon on %s (process %d)", s.Holder.Host, s.Holder.Process)
	}
	if s.PolledAt != nil {
		p.at = *s.PolledAt
	}
	if s.ProblemSince != nil {
		p.since = *s.ProblemSince
	}
	return p
}

// pollingNamed returns what a map of pollings says about a mailbox: nil if the map is, since then the database does not say.
func pollingNamed(all map[string]*polling, name string) *polling {
	switch known := all[strings.ToLower(name)]; {
	case all == nil, known != nil:
		return known
	}
	return &polling{} // the database does not know the mailbox: nobody has polled it
}

// finding returns what stands for the log-in while a daemon polls: a second one could disturb the daemon (RFC 1939 §3 gives
// the maildrop to one session), and the daemon's own says as much.
func (p *polling) finding(now time.Time) finding {
	switch {
	case p.problem != "":
		f := bad(fmt.Errorf("%s has not been able to poll it for %s: %s", p.holder, span(now.Sub(p.since)), p.problem), "")
		f.Advice = "mailintegration status names the event that says what to do; nobody else logged in, so as not to disturb the daemon"
		return f
	case p.at.IsZero():
		f := skipped("%s is about to poll it for the first time", p.holder)
		f.Advice = "run this again in a moment; nobody else logs in, so as not to disturb the daemon"
		return f
	}
	return skipped("%s polls it, and its last poll went well %s ago; nobody else logs in, so as not to disturb it", p.holder, span(now.Sub(p.at)))
}
