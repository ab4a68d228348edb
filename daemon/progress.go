package daemon

import (
	"maps"
	"slices"
	"time"

	"mailintegration/mailbox"
)

// progress is a worker's memory of a maildrop from session to session, so that a message that stays there never holds
// up those behind it. Forgetting it (a restart) costs time, never a message.
type progress struct {
	// By unique-id:
	seen             map[string]bool      // messages that this poll has looked at; its next sessions do not
	broke            map[string]int       // how often retrieving the message ended a session
	understated      map[string]bool      // messages that are larger than LIST says, and than allowed
	reportedOversize map[string]time.Time // when a message that is too large was last known to be recorded as such
	noTop            map[string]int       // how often reading the header ended a session; "" is for all without a unique-id

	stays     map[int]int64 // octets, by message-number, of messages without a unique-id that stay after a dropped session
	listed    int           // number of messages in the poll's first listing, -1 before
	noHeaders bool          // the server sends no headers, which could take the place of unique-ids

	// notedEmpty says that the database knows that the server lists nothing (LeaveOnServer). Only the holder of the lease
	// can know that, since another daemon may record messages.
	notedEmpty bool

	failure error // why a message of this poll stays in the mailbox, nil when none does

	names resolution           // of the mailbox's configuration
	tls   *mailbox.TLSSessions // so that the next session resumes one

	certificateExpires time.Time // when the server's certificate ends, as the last session has seen it; zero without TLS

	warnedOfExpiry bool          // the log says that the server deletes messages by itself
	delayed        bool          // the server wants time between log-ins
	loggedDelay    time.Duration // the delay that was logged
	notBefore      time.Time     // when the server allows the next log-in, if delayed

	// skip is the number of items to pass over at the head of the listing. It counts items that stay there and cannot
	// be recognised: they have no unique-id, or a new one in each session. At the end of the listing it starts again
	// from 0; messages that were recorded before are known by their octets.
	skip         int
	expectListed int // length of the next listing if the last session's deletions take effect, -1 when not known
	stuck        int // how many more items to pass over if they do not
}

func newProgress() *progress {
	return &progress{
		broke: map[string]int{}, understated: map[string]bool{}, reportedOversize: map[string]time.Time{},
		noTop: map[string]int{}, tls: &mailbox.TLSSessions{},
	}
}

// begin prepares for a new poll.
func (g *progress) begin() {
	g.seen = map[string]bool{}
	g.listed, g.expectListed, g.stuck, g.stays = -1, -1, 0, nil
}

// choose returns the items for a session, limit of them at most, and how many are left for the next session.
func (g *progress) choose(listing []mailbox.Item, limit int, known record) (items []mailbox.Item, rest int) {
	first := g.listed < 0
	if first {
		g.listed = len(listing)
		g.forgetGone(listing)
	}
	if g.expectListed >= 0 && len(listing) > g.expectListed {
		g.skip += g.stuck
	}
	unseen := slices.DeleteFunc(slices.Clone(listing), g.isSeen)
	if g.skip >= len(unseen) {
		g.skip = 0
		if !first { // the end of the listing is the end of the poll
			return nil, 0
		}
	}
	unseen = unseen[g.skip:]
	items = g.chooseByFailures(unseen, known)
	items = items[:min(len(items), limit)]
	return items, len(unseen) - len(items)
}

// record tells what the database knows about items.
type record interface {
	tried(it mailbox.Item) int       // returns how many attempts failed
	isOverdue(it mailbox.Item) bool  // reports whether the last attempt was long ago
	isOversize(it mailbox.Item) bool // reports whether the item is too large: it is not retrieved, and stays
}

// chooseByFailures returns the items that have never failed or ended a session. Without such items it returns, alone,
// the one that failed the least often, so that no other message's deletion is lost with its session; items that are too
// large have no deletion to lose and may go with it. An overdue item goes first: where a poll has one session
// (LOGIN-DELAY) and mail keeps coming in, it would never be tried otherwise.
func (g *progress) chooseByFailures(items []mailbox.Item, known record) []mailbox.Item {
	tries := func(it mailbox.Item) int { return g.broke[it.UIDL] + known.tried(it) }
	untried := slices.DeleteFunc(slices.Clone(items), func(it mailbox.Item) bool { return tries(it) > 0 })
	overdue := slices.DeleteFunc(slices.Clone(items), func(it mailbox.Item) bool { return !known.isOverdue(it) })
	large := slices.DeleteFunc(slices.Clone(untried), func(it mailbox.Item) bool { return !known.isOversize(it) })
	if len(overdue) == 0 && (len(untried) > len(large) || len(untried) == len(items)) {
		return untried
	}
	if len(overdue) == 0 {
		overdue = slices.DeleteFunc(slices.Clone(items), func(it mailbox.Item) bool { return tries(it) == 0 })
	}
	return append(large, slices.MinFunc(overdue, func(a, b mailbox.Item) int { return tries(a) - tries(b) }))
}

// forgetGone forgets messages that have left the mailbox.
func (g *progress) forgetGone(listing []mailbox.Item) {
	listed := make(map[string]bool, len(listing))
	for _, it := range listing {
		listed[it.UIDL] = true
	}
	isGone := func(uidl string) bool { return !listed[uidl] }
	maps.DeleteFunc(g.broke, func(uidl string, _ int) bool { return isGone(uidl) })
	maps.DeleteFunc(g.reportedOversize, func(uidl string, _ time.Time) bool { return isGone(uidl) })
	maps.DeleteFunc(g.understated, func(uidl string, _ bool) bool { return isGone(uidl) })
	maps.DeleteFunc(g.noTop, func(uidl string, _ int) bool { return isGone(uidl) })
}

// endedBy notes that retrieving an item, or its header, ended the session.
func (g *progress) endedBy(it mailbox.Item, err error) {
	switch {
	case isAboutTop(err):
		g.noTop[it.UIDL]++
	case it.UIDL == "":
	case isUnderstatedSize(err):
		g.understated[it.UIDL] = true
	default:
		g.broke[it.UIDL]++
	}
}

// isUnderstated reports whether an item turned out to be larger than LIST says, and than allowed.
func (g *progress) isUnderstated(it mailbox.Item) bool {
	return it.UIDL != "" && g.understated[it.UIDL]
}

// retrieved forgets that an item ended sessions, now that it was retrieved.
func (g *progress) retrieved(it mailbox.Item) { delete(g.broke, it.UIDL) }

// repeatItems notes that the next session looks at the same items: it deletes those that this one could not delete, and
// treats one of them in another way.
func (g *progress) repeatItems() { g.expectListed, g.stuck = -1, 0 }

// dropped notes that a session ended without QUIT because some of its items have to stay. The next session looks at the
// others once more, to delete them.
func (g *progress) dropped(staying []mailbox.Item) {
	g.repeatItems()
	if g.stays == nil {
		g.stays = map[int]int64{}
	}
	for _, it := range staying {
		if it.UIDL != "" {
			g.seen[it.UIDL] = true
		} else {
			g.stays[it.Number] = it.Octets
		}
	}
}

// isSeen reports whether this poll has finished with an item.
func (g *progress) isSeen(it mailbox.Item) bool {
	if it.UIDL != "" {
		return g.seen[it.UIDL]
	}
	octets, stays := g.stays[it.Number]
	return stays && octets == it.Octets
}

// sessionEnded notes how a session over a listing of that many messages went. quit is true when it ended with QUIT.
func (g *progress) sessionEnded(r *sessionRun, listing int, quit bool) {
	g.stays = nil // message-numbers have changed
	looked := r.items[:r.looked]
	nameless := 0
	for _, it := range looked {
		if it.UIDL == "" {
			nameless++
		} else {
			g.seen[it.UIDL] = true
		}
	}
	g.expectListed, g.stuck = -1, 0
	switch {
	case nameless > 0 && !quit:
		g.skip += nameless
	case nameless > 0:
		// Known messages were deleted before and came back, so they may come back again.
		g.skip += min(nameless, r.looked-r.deleted+r.known)
	case quit && r.looked > 0 && r.known == r.looked:
		g.expectListed, g.stuck = listing-r.deleted, r.looked
	}
}
