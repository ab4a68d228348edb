package store_test

import (
	"strings"
	"testing"
	"time"
)

func TestKnownTellsTheUniqueIDsOfTheMailbox(t *testing.T) {
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
