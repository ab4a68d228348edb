package store_test

import (
	"strings"
	"testing"
	"time"
)

func TestKnownReturnsTheUniqueIDsOfTheMailbox(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	long := strings.Repeat("u", 1500)
	d.accept(t, d.clerk(), mail("a", "first"), mail(long, "second message"), mail("", "without"))
	other := d.resolve(t, "other", deskNames)
	known, err := d.store.Known(t.Context(), d.mailbox, []string{"a", "b", long, ""})
	if err != nil {
		t.Fatal(err)
	}
	if len(known) != 2 || known["a"].Octets != int64(len("first")) || known[long].Octets != int64(len("second message")) {
		t.Errorf("known are %v", known)
	}
	if at := known["a"].AcceptedAt; !at.Equal(clock().Truncate(time.Microsecond)) {
		t.Errorf("accepted at %v", at)
	}
	if known, err := d.store.Known(t.Context(), other, []string{"a"}); err != nil || len(known) != 0 {
		t.Errorf("another mailbox knows %v, %v", known, err)
	}
	d.accept(t, d.clerk(), mail("a", "another message under it"))
	known, err = d.store.Known(t.Context(), d.mailbox, []string{"a"})
	if err != nil || len(known) != 1 {
		t.Errorf("%v, %v", known, err)
	}
}

func TestReceiptsOfMessagesThatLeftTheServerLongAgoArePurged(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.clerk(), mail("gone", "first"), mail("left", "second"))
	d.exec(t, `UPDATE receipt SET last_seen_at = last_seen_at - interval '500 days'`)
	// A message that stays on the server is in each listing, which Known gets.
	if known, err := d.store.Known(t.Context(), d.mailbox, []string{"left"}); err != nil || len(known) != 1 {
		t.Fatalf("%v, %v", known, err)
	}
	if n, err := d.store.PurgeReceipts(t.Context(), 400*24*time.Hour); n != 1 || err != nil {
		t.Errorf("%d receipts purged: %v", n, err)
	}
	if known, err := d.store.Known(t.Context(), d.mailbox, []string{"gone", "left"}); err != nil || len(known) != 1 || known["left"].Octets == 0 {
		t.Errorf("known are %v, %v", known, err)
	}
	if n, err := d.store.PurgeReceipts(t.Context(), 400*24*time.Hour); n != 0 || err != nil {
		t.Errorf("%d more receipts purged: %v", n, err)
	}
}
