package daemon

import (
	"maps"
	"slices"
	"time"

	"mailintegration/mailbox"
)

// progress is what a worker remembers of a maildrop from session to session, so that a message that cannot be got
// rid of never holds up those behind it. Forgetting it (a restart) costs time, never a message.
type progress struct {
	seen             map[string]bool      // unique-ids looked at in this poll: not again in its next session
	broke            map[string]int       // unique-ids whose retrieval ended a session, and how often
	understated      map[string]bool      // unique-ids of messages that are larger than LIST says, and than allowed
	reportedOversize map[string]time.Time // unique-ids of messages that are too large and recorded as such, and when that was known
	noTop            map[string]int       // unique-ids of messages whose header ended a session, and how often; "" stands for all that have none
	stays            map[int]int64        // octets, by message-number, of messages without a unique-id that stay as the last session was dropped
	listed           int                  // messages in the poll's first listing, -1 before
	noHeaders        bool                 // the server gives no headers that could stand for unique-ids

	warnedOfExpiry bool          // that the server deletes messages by itself
	delayed        bool          // the server wants time between log-ins
	loggedDelay    time.Duration // how much, as was logged
	notBefore      time.Time     // when it may be logged in to again, if so

	// past is how many items at the head of the listing to pass over. It counts those that stay there and cannot
	// be told from others: without a unique-id, or with a new one in each session. At the end of the listing it
	// begins anew; what was recorded before is known by its octets.
	skip         int
	expectListed int // length of the next listing when the last session's deletions take effect, -1 when not known
	stuck        int // items to pass over as well when they did not
}

func newProgress() *progress {
	return &progress{broke: map[string]int{}, understated: map[string]bool{}, reportedOversize: map[string]time.Time{}, noTop: map[string]int{}}
}

// begin begins a poll.
func (g *progress) begin() {
	g.seen = map[string]bool{}
	g.listed, g.expectListed, g.stuck, g.stays = -1, -1, 0, nil
}

// choose returns the items that a session is to look at, at most so many, and how many are left for the next.
func (g *progress) choose(listing []mailbox.Item, most int, known record) (items []mailbox.Item, rest int) {
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
	items = items[:min(len(items), most)]
	return items, len(unseen) - len(items)
}

// record is what the database knows of an item.
type record interface {
	tried(it mailbox.Item) int       // how often recording it was tried in vain
	isOverdue(it mailbox.Item) bool  // it was not tried for long, though it should be
	isOversize(it mailbox.Item) bool // it is not retrieved, and stays
}

// untried returns the items that have neither ended a session nor failed before, or else, alone, the one that was tried the
// least often: no other message's deletion shall be lost with its session; what is too large has none to lose. One that
// is overdue goes first: where only one session in a poll is allowed (LOGIN-DELAY), and mail keeps coming in, it would
// never be tried.
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

// endedBy notes that retrieving an item ended its session. One that is too large is not retrieved again.
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

// isUnderstated reports whether an item has shown that it is larger than LIST says, and than allowed.
func (g *progress) isUnderstated(it mailbox.Item) bool {
	return it.UIDL != "" && g.understated[it.UIDL]
}

// retrieved notes that an item was retrieved after all.
func (g *progress) retrieved(it mailbox.Item) { delete(g.broke, it.UIDL) }

// again notes that the next session is to look at the same items: it deletes what this one could not, and treats one of
// them in another way.
func (g *progress) repeatItems() { g.expectListed, g.stuck = -1, 0 }

// dropped notes that a session ended without QUIT because some of its items are to stay. The next one looks at the
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

// isSeen reports whether an item is not to be looked at again in this poll.
func (g *progress) isSeen(it mailbox.Item) bool {
	if it.UIDL != "" {
		return g.seen[it.UIDL]
	}
	octets, stays := g.stays[it.Number]
	return stays && octets == it.Octets
}

// visited notes how a session over a listing went; quit says whether its deletions were asked for.
func (g *progress) sessionEnded(r *sessionRun, listing int, quit bool) {
	g.stays = nil // message-numbers are others now
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
		// Known ones were deleted before and came back, so that they may do so again.
		g.skip += min(nameless, r.looked-r.deleted+r.known)
	case quit && r.looked > 0 && r.known == r.looked:
		g.expectListed, g.stuck = listing-r.deleted, r.looked
	}
}
