package store_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/postgres"
)

// BenchmarkAccept accepts batches of 50 mails of 5 KB, three in ten of them answers, into a PostgreSQL whose commits
// reach the disk.
func BenchmarkAccept(b *testing.B) {
	const size = 50
	d := newDurableDesk(b)
	text := strings.Repeat("the printer on the third floor is out of paper again\n", 5000/53)
	batches := 0
	for b.Loop() {
		batch := make([]store.Delivery, size)
		for i := range batch {
			batch[i] = mail(fmt.Sprint(i), fmt.Sprintf("%d-%d", batches, i), func(m *processor.Message) {
				m.Text = text
				if i%10 >= 7 {
					m.InReplyTo = []string{fmt.Sprintf("%d-%d@example.com", batches-i%2, i-7)}
				}
			})
		}
		outcomes := d.accept(b, d.clerk(), batch...)
		if outcomes[0].Known || outcomes[size-1].Result != store.Added && batches > 0 {
			b.Fatalf("outcomes are %+v", outcomes)
		}
		batches++
	}
	b.ReportMetric(float64(size*batches)/b.Elapsed().Seconds(), "mails/s")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkAcceptFromManySenders accepts batches of 50 new mails of 5 KB from a thousand senders, with a limit on what a
// sender may open and without one. The difference is the cost of the limit.
func BenchmarkAcceptFromManySenders(b *testing.B) {
	for name, limit := range map[string]processor.Limit{"unlimited": {}, "limited": {Number: 30, Within: 10 * time.Minute}} {
		b.Run(name, func(b *testing.B) {
			const size = 50
			d := newDurableDesk(b)
			policy := processor.NewPolicy(processor.Rules{
				Processor: processor.EndUserIncident, CreateNewRequests: true, MaxNewRequests: limit,
			}, d.mailbox.References)
			text := strings.Repeat("the printer on the third floor is out of paper again\n", 5000/53)
			mails := 0
			for b.Loop() {
				batch := make([]store.Delivery, size)
				for i := range batch {
					batch[i] = mail(fmt.Sprint(i), fmt.Sprint(mails), func(m *processor.Message) {
						m.Text, m.From.Addr = text, fmt.Sprintf("user%d@example.com", mails*7919%1000)
						m.Date = today.Add(time.Duration(mails) * time.Second)
					})
					mails++
				}
				if o := d.accept(b, withEvents{policy, d.mailbox}, batch...); o[size-1].Result != store.Opened {
					b.Fatalf("outcomes are %+v", o)
				}
			}
			b.ReportMetric(float64(mails)/b.Elapsed().Seconds(), "mails/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// newDurableDesk returns a desk on a PostgreSQL with its default durability.
func newDurableDesk(b *testing.B) *desk {
	b.Helper()
	url := durableServer(b)
	if _, err := store.Migrate(b.Context(), url); err != nil {
		b.Fatal(err)
	}
	return deskOn(b, url)
}

// durableServer returns the URL of an empty database on a PostgreSQL with its default durability.
func durableServer(b *testing.B) string {
	b.Helper()
	dir, err := os.MkdirTemp("", "mailintegration-bench-")
	if err != nil {
		b.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil { // the server may run as another user
		b.Fatal(err)
	}
	server, err := postgres.Start(b.Context(), postgres.Options{DataDirectory: filepath.Join(dir, "postgres")})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := server.Stop(context.WithoutCancel(b.Context())); err != nil {
			b.Log(err)
		}
		os.RemoveAll(dir)
	})
	return server.URL()
}

// BenchmarkAcceptAndNotify accepts batches of 10 new mails, for one mailbox and for eight at once, in turn with and without
// notifications for other programs. PostgreSQL commits transactions that notify one after the other, so the difference of the medians
// shows what they cost.
func BenchmarkAcceptAndNotify(b *testing.B) {
	for _, mailboxes := range []int{1, 8} {
		b.Run(fmt.Sprintf("mailboxes=%d", mailboxes), func(b *testing.B) {
			d := newDurableDesk(b)
			all := make([]store.Mailbox, mailboxes)
			for i := range all {
				all[i] = d.resolve(b, fmt.Sprint("mailbox ", i), deskNames)
			}
			took := map[string][]float64{}
			turn := 0
			for b.Loop() {
				for _, trigger := range []string{"DISABLE", "ENABLE"} {
					d.exec(b, `ALTER TABLE history `+trigger+` TRIGGER history_notify`)
					started := time.Now()
					d.acceptAtOnce(b, all, turn)
					took[trigger] = append(took[trigger], float64(time.Since(started).Microseconds())/1000)
					turn++
				}
			}
			for trigger, unit := range map[string]string{"DISABLE": "ms-silent", "ENABLE": "ms-notifying"} {
				slices.Sort(took[trigger])
				b.ReportMetric(took[trigger][len(took[trigger])/2], unit)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// acceptAtOnce accepts a batch of 10 new mails for each mailbox, all at once.
func (d *desk) acceptAtOnce(b *testing.B, mailboxes []store.Mailbox, turn int) {
	var group errgroup.Group
	for i, mb := range mailboxes {
		batch := make([]store.Delivery, 10)
		for k := range batch {
			batch[k] = mail(fmt.Sprint(k), fmt.Sprintf("%d-%d-%d", turn, i, k))
		}
		group.Go(func() error {
			_, err := d.store.Accept(b.Context(), mb, batch, clerk{Mailbox: mb})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
}
