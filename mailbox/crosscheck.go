package mailbox

import (
	"cmp"
	"slices"
	"strings"
)

// overLimit replaces the unique-id of an item beyond maxUIDLs; no valid unique-id is equal to it.
const overLimit = "\x00"

// listings collects the drop listing, the scan listing and the unique-id listing of one List. It reads them line by
// line and keeps only the Items.
type listings struct {
	session *Session
	count   int    // messages, as STAT says; -1 before its answer
	scanned int    // lines of LIST
	items   []Item // the first maxItems lines of LIST, sorted by number once ordered
	ordered bool
	found   int    // lines of UIDL
	named   []bool // by index in items: UIDL has named it
	octets  int    // of unique-ids
}

// addScan records a line of LIST.
func (l *listings) addScan(line []byte) error {
	if l.count < 0 {
		return nil // List failed before: its answers are read and ignored
	}
	it, ok := parseScan(string(line))
	if !ok {
		return protocolError("%s is not a line of a scan listing", l.session.quote(string(line)))
	}
	l.scanned++
	if l.scanned > l.count {
		return protocolError("STAT says %d messages, LIST has more", l.count)
	}
	if len(l.items) < maxItems {
		l.items = append(l.items, it)
	}
	return nil
}

// checkScan checks LIST against STAT and sorts the items by their numbers.
func (l *listings) checkScan() error {
	if l.scanned != l.count {
		return l.session.protocolFailure("LIST", "STAT says %d messages, LIST has %d", l.count, l.scanned)
	}
	slices.SortFunc(l.items, func(a, b Item) int { return cmp.Compare(a.Number, b.Number) })
	for i := range l.items {
		if i > 0 && l.items[i].Number == l.items[i-1].Number {
			twice := l.items[i].Number
			return l.session.protocolFailure("LIST", "it lists message-number %d twice", twice)
		}
	}
	l.ordered, l.named = true, make([]bool, len(l.items))
	return nil
}

// addUIDL records a line of UIDL. Items beyond maxUIDLs are left for another session, like those beyond maxItems.
func (l *listings) addUIDL(line []byte) error {
	if !l.ordered {
		return nil // List failed before: its answers are read and ignored
	}
	l.found++
	word, id, _ := strings.Cut(string(line), " ")
	n, ok := number(word)
	i, listed := l.indexOf(n)
	switch {
	case ok && !listed && l.scanned > len(l.items) && l.found <= l.count:
		return nil
	case !ok || !listed || l.named[i]:
		return protocolError("the line %s of UIDL names an unknown message, or one named before", l.session.quote(string(line)))
	}
	l.named[i] = true
	l.items[i].UIDL = trustedUIDL(id)
	l.octets += len(l.items[i].UIDL)
	if l.octets > maxUIDLs {
		l.items[i].UIDL = overLimit
	}
	return nil
}

// indexOf returns the index of the item with number n.
func (l *listings) indexOf(n int) (int, bool) {
	if n > 0 && n <= len(l.items) && l.items[n-1].Number == n {
		return n - 1, true // most maildrops are numbered without gaps
	}
	return slices.BinarySearchFunc(l.items, n, func(it Item, n int) int { return cmp.Compare(it.Number, n) })
}

// checkUIDLs checks UIDL against LIST. It drops a unique-id that two messages share, as it identifies neither (RFC 1939
// §7: unique within the maildrop).
func (l *listings) checkUIDLs() error {
	if l.found != l.count {
		return l.session.protocolFailure("UIDL", "LIST has %d messages, UIDL %d", l.count, l.found)
	}
	l.items = slices.DeleteFunc(l.items, func(it Item) bool { return it.UIDL == overLimit })
	l.clearSharedUIDLs()
	return nil
}

// clearSharedUIDLs clears the unique-ids that more than one item has.
func (l *listings) clearSharedUIDLs() {
	order := make([]int32, len(l.items))
	for i := range order {
		order[i] = int32(i) // at most maxItems
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(l.items[a].UIDL, l.items[b].UIDL) })
	for len(order) > 0 {
		id := l.items[order[0]].UIDL
		n := 1
		for n < len(order) && l.items[order[n]].UIDL == id {
			n++
		}
		for _, twin := range order[:n] {
			if n > 1 {
				l.items[twin].UIDL = ""
			}
		}
		order = order[n:]
	}
}
