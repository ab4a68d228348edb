package daemon

import (
	"os"
	"strings"
	"testing"

	"mailintegration/store/storetest"
)

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTheCrashTableInDocIsTrue stops a poll of one message as each row of the table in doc.go says.
func TestTheCrashTableInDocIsTrue(t *testing.T) {
	t.Parallel()
	doc := readFile(t, "doc.go")
	for _, tt := range []struct {
		row            string
		stop           func(*world, *storetest.Proxy)
		mail, receipts int
		next           Report
	}{
		{"before the commit", func(w *world, p *storetest.Proxy) { w.maildrops.At("RETR").Times(1).Call(p.Refuse) },
			1, 0, Report{Listed: 1, Opened: 1, Octets: int64(len(shortMail(1)))}},
		{"during the commit, answer", func(_ *world, p *storetest.Proxy) { p.CutBeforeComplete(statementsUntilCommit(t)) },
			1, 1, Report{Listed: 1, Known: 1}},
		{"after the commit, before", func(w *world, _ *storetest.Proxy) { w.maildrops.At("DELE").Times(1).Drop() },
			1, 1, Report{Listed: 1, Known: 1}},
		{"at QUIT, answer lost", func(w *world, _ *storetest.Proxy) { w.maildrops.At("QUIT").Times(1).DropReply() },
			0, 1, Report{}},
		{"after QUIT answered +OK", func(*world, *storetest.Proxy) {}, 0, 1, Report{}},
	} {
		t.Run(tt.row, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(doc, "\n//\t"+tt.row) {
				t.Error("doc.go has no such row")
			}
			w, proxy := newProxiedWorld(t)
			w.mail()
			tt.stop(w, proxy)
			w.poll()
			proxy.Pass()
			w.idle()
			if n := w.maildrops.Count(helpdesk); n != tt.mail {
				t.Errorf("%d messages are on the server, want %d", n, tt.mail)
			}
			if n := w.count(`SELECT count(*) FROM receipt`); n != tt.receipts {
				t.Errorf("%d receipts, want %d", n, tt.receipts)
			}
			w.maildrops.Heal()
			tt.next.Mailbox = helpdesk
			if r := w.poll(); r != tt.next {
				t.Errorf("the next poll is %+v, want %+v", r, tt.next)
			}
			w.wantEachOnce(1)
		})
	}
}

// newProxiedWorld returns a world whose daemon reaches the database through a proxy.
func newProxiedWorld(t *testing.T) (*world, *storetest.Proxy) {
	t.Helper()
	var proxy *storetest.Proxy
	w := newWorldVia(t, func(url string) string {
		proxy = storetest.NewProxy(t, url)
		return proxy.URL
	})
	return w, proxy
}

// statementsUntilCommit returns how many statements the database completes in a poll of one message up to the commit of
// its receipt.
func statementsUntilCommit(t *testing.T) (completes int) {
	t.Helper()
	w, proxy := newProxiedWorld(t)
	w.mail()
	proxy.Pass()
	w.maildrops.At("DELE").Times(1).Call(func() { _, completes = proxy.Counts() })
	w.poll()
	return completes
}
