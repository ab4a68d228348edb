package daemon

import (
	"testing"

	"golang.org/x/sync/errgroup"

	"mailintegration/mailbox/pop3test"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// TestTwoDaemonsBehindAPoolerRecordEachMessageOnce polls one mailbox from two daemons at once, each with its own
// connections to a pgbouncer in transaction mode.
func TestTwoDaemonsBehindAPoolerRecordEachMessageOnce(t *testing.T) {
	t.Parallel()
	var pooled string
	w := newWorldVia(t, func(url string) string {
		pooled = storetest.Pooled(t, &storetest.Database{URL: url})
		return pooled
	})
	second := w.options
	second.holder = store.NewHolder("test")
	s, err := store.Open(t.Context(), store.Options{URL: pooled, AttachmentDirectory: w.attachments})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	second.Store = s
	const rounds, mails = 6, 5
	for range rounds {
		for range mails {
			w.mail()
		}
		first := w.daemon()
		second.Mailboxes = []Mailbox{w.mailbox}
		other, err := New(second)
		if err != nil {
			t.Fatal(err)
		}
		var both errgroup.Group
		for _, d := range []*Daemon{first, other} {
			both.Go(func() error {
				_, err := d.Once(t.Context())
				return err
			})
		}
		if err := both.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	w.pollUntilGood()
	w.wantEachOnce(rounds * mails)
}

func TestAPollOfAnEmptyMailboxOpensOneConnection(t *testing.T) {
	t.Parallel()
	storetest.NeedsSession(t)
	w, proxy := newProxiedWorld(t)
	w.maildrops.SetPassword(helpdesk, pop3test.DefaultPassword)
	if r := w.poll(); r.Err != nil || r.Skipped {
		t.Fatalf("%+v", r)
	}
	if n := proxy.Opened(); n != 1 {
		t.Errorf("%d connections", n)
	}
}
