package mailbox

import (
	"cmp"
	"slices"
	"strings"
)

// overLimit marks an item whose unique-id would be too much; no unique-id is like it.
const overLimit = "\x00"

// listings are the drop listing, the scan listing and the unique-id listing of one List, as they come in. Their lines are
// read one by one, and of each only its Item is kept.
type listings struct {
	session *Session
	count   int    // messages, as STAT says; -1 while nobody waits for the lines
	scanned int    // lines of LIST
	items   []Item // the first of them, in the order of their numbers once ordered
	ordered bool
	found   int    // lines of UIDL
	named   []bool // by place in items: UIDL has named it
	octets  int    // of unique-ids
}

// addScan takes a line of LIST.
func (l *listings) addScan(line []byte) error {
	if l.count < 0 {
		return nil // List was given up
	}
	it, ok := parseScan(string(line))
	if !ok {
		return protocolError("%s is no scan listing", l.session.quote(string(line)))
	}
	l.scanned++
	if l.scanned > l.count {
		return protocolError("STAT says %d messages, LIST more", l.count)
	}
	if len(l.items) < maxItems {
		l.items = append(l.items, it)
	}
	return nil
}

// checkScan holds LIST against STAT and puts its lines in the order of their numbers.
func (l *listings) checkScan() error {
	if l.scanned != l.count {
		return l.session.protocolFailure("LIST", "STAT says %d messages, LIST %d", l.count, l.scanned)
	}
	slices.SortFunc(l.items, func(a, b Item) int { return cmp.Compare(a.Number, b.Number) })
	for i := range l.items {
		if i > 0 && l.items[i].Number == l.items[i-1].Number {
			twice := l.items[i].Number
			return l.session.protocolFailure("LIST", "message-number %d comes twice", twice)
		}
	}
	l.ordered, l.named = true, make([]bool, len(l.items))
	return nil
}

// addUIDL takes a line of UIDL. Items whose unique-ids are too much in all are left for another session, as are those
// that scan left out.
func (l *listings) addUIDL(line []byte) error {
	if !l.ordered {
		return nil // List was given up
	}
	l.found++
	word, id, _ := strings.Cut(string(line), " ")
	n, ok := number(word)
	i, listed := l.indexOf(n)
	switch {
	case ok && !listed && l.scanned > len(l.items) && l.found <= l.count:
		return nil
	case !ok || !listed || l.named[i]:
		return protocolError("%s names no message of the scan listing, or one twice", l.session.quote(string(line)))
	}
	l.named[i] = true
	l.items[i].UIDL = trustedUIDL(id)
	l.octets += len(l.items[i].UIDL)
	if l.octets > maxUIDLs {
		l.items[i].UIDL = overLimit
	}
	return nil
}

// indexOf finds the item with a number.
func (l *listings) indexOf(n int) (int, bool) {
	if n > 0 && n <= len(l.items) && l.items[n-1].Number == n {
		return n - 1, true // the numbers of most maildrops leave none out
	}
	return slices.BinarySearchFunc(l.items, n, func(it Item, n int) int { return cmp.Compare(it.Number, n) })
}

// checkUIDLs holds UIDL against LIST. A unique-id of two messages stands for none of them (RFC 1939 §7: it is unique within
// the maildrop).
func (l *listings) checkUIDLs() error {
	if l.found != l.count {
		return l.session.protocolFailure("UIDL", "LIST has %d messages, UIDL %d", l.count, l.found)
	}
	l.items = slices.DeleteFunc(l.items, func(it Item) bool { return it.UIDL == overLimit })
	l.clearSharedUIDLs()
	return nil
}

// clearSharedUIDLs takes away the unique-ids that more than one item has.
func (l *listings) clearSharedUIDLs() {
	order := make([]int32, len(l.items))
	for i := range order {
		order[i] = int32(i) //nolint:gosec // at most maxItems
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
