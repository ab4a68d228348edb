package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
	"mailintegration/store"
)

// listener returns a function that returns the notifications sent until now, one a line.
func (d *desk) listener(t testing.TB) func() string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), d.url)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	_, err = conn.Exec(t.Context(), `LISTEN service_desk; LISTEN test`)
	must(t, err)
	return func() string {
		t.Helper()
		d.exec(t, `NOTIFY test`) // PostgreSQL keeps the order of commits
		var got strings.Builder
		for {
			n, err := conn.WaitForNotification(t.Context())
			must(t, err)
			if n.Channel == "test" {
				return got.String()
			}
			fmt.Fprintln(&got, n.Payload)
		}
	}
}

func TestListenersLearnOfWhatIsCommittedAndOfNothingElse(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	sent := d.listener(t)
	o := d.accept(t, d.clerk(), mail("1", "printer"), mail("2", "answer", func(m *processor.Message) { m.InReplyTo = []string{"printer@example.com"} }))
	number := o[0].Request
	equal(t, fmt.Sprintf("{\"kind\":\"incident\",\"number\":%[1]d,\"what\":\"opened\"}\n{\"kind\":\"incident\",\"number\":%[1]d,\"what\":\"activity_added\"}\n", number), sent())

	event := d.openRequest(t, d.event("disk"))
	equal(t, fmt.Sprintf("{\"kind\":\"event\",\"number\":%d,\"what\":\"opened\"}\n", event), sent())

	if _, err := d.handle(t, number, store.Suspend, ""); err != nil {
		t.Fatal(err)
	}
	equal(t, fmt.Sprintf("{\"kind\":\"incident\",\"number\":%d,\"what\":\"suspended\"}\n", number), sent())

	if _, err := d.call(t, "set_state", number, "anna", "open"); err != nil {
		t.Fatal(err)
	}
	equal(t, fmt.Sprintf("{\"kind\":\"incident\",\"number\":%d,\"what\":\"resumed\"}\n", number), sent())

	undone := errors.New("undone")
	err := d.tryWrite(t, func(ctx context.Context, j *store.Journal) error {
		_, err := j.Open(ctx, d.event("never"))
		must(t, err)
		return undone
	})
	if !errors.Is(err, undone) {
		t.Fatal(err)
	}
	d.accept(t, d.clerk(), mail("1", "printer")) // known
	equal(t, "", sent())
}

// TestNoTextOfAMessageIsInANotification uses the one channel that every account may listen to.
func TestNoTextOfAMessageIsInANotification(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	sent := d.listener(t)
	d.accept(t, d.clerk(), mail("1", "secret"))
	if got := sent(); strings.Contains(got, "secret") || !strings.Contains(got, "opened") {
		t.Errorf("sent %s", got)
	}
}
