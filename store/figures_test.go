package store_test

import (
	"os"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailintegration/store"
)

func TestFiguresCountWhatIsOpenAndWhatWaits(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	count := func(want store.Figures) {
		t.Helper()
		got, err := d.store.Figures(t.Context())
		must(t, err)
		if got.OldestWait >= want.OldestWait && got.OldestWait < want.OldestWait+time.Hour {
			got.OldestWait = want.OldestWait // the database's clock goes on
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	count(store.Figures{OpenProblems: map[store.ProblemKind]int{}})
	for _, key := range []store.ProblemKey{
		serverDown, {Kind: store.ProblemDisk, Source: "/a"}, {Kind: store.ProblemDisk, Source: "/b"}, {Kind: store.ProblemClock, Source: "c"},
	} {
		must(t, d.see(t, key))
	}
	d.exec(t, `UPDATE problem SET closed_at = now() WHERE kind = 'clock'`)
	d.queue(t, "one@it", "", "")
	d.passes(t, 5*time.Hour)
	d.queue(t, "two@it", "", "")
	d.queue(t, "sent@it", "", "")
	d.exec(t, `UPDATE outbox SET due_at = NULL, sent_at = now() WHERE message_id = 'sent@it'`)
	count(store.Figures{
		OpenProblems: map[store.ProblemKind]int{store.ProblemUnreachable: 1, store.ProblemDisk: 2}, Waiting: 2, OldestWait: 5 * time.Hour,
	})
}

func TestProblemKindsNamesEachKind(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("problem.go")
	must(t, err)
	var want []store.ProblemKind
	for _, m := range regexp.MustCompile(`ProblemKind = "(\w+)"`).FindAllSubmatch(source, -1) {
		want = append(want, store.ProblemKind(m[1]))
	}
	if got := store.ProblemKinds(); !slices.Equal(got, want) || len(want) < 10 {
		t.Errorf("ProblemKinds returns %v, want %v", got, want)
	}
}
