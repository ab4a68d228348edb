//go:build bench && linux

package bench

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"mailintegration/mailbox/dovecottest"
)

// The goals for a page.
const (
	maxPageTime   = 100 * time.Millisecond // of the first visit, for which PostgreSQL reads its files from the disk, and of half of the others
	maxPageOctets = 50_000                 // of the largest answer: the first one may lack what is still being counted
	pageVisits    = 30
)

// pagesToVisit are the pages that the row measures, with values of the seed. $recent and $old are numbers of requests, $hot that of
// the one with a hundredth of all activities.
var pagesToVisit = []struct {
	path       string
	isFree     bool // it has no goal: a search that finds nothing, or no page
	needsMails bool // an empty database has none
}{
	{path: "/mailboxes"},
	{path: "/messages"},
	{path: "/messages?outcome=opened"},
	{path: "/messages?outcome=ignored"},
	{path: "/messages?outcome=set_aside"},
	{path: "/messages?mailbox=seed-7"},
	{path: "/messages?sender=user4711@customer.test"},
	{path: "/messages?request=$hot"},
	{path: "/messages?subject=Printer"},
	{path: "/messages?subject=nothing", isFree: true},
	{path: "/messages?until=$day"},
	{path: "/trouble"},
	{path: "/outbox"},
	{path: "/requests"},
	{path: "/requests?kind=event&state=new"},
	{path: "/requests?state=pending"},
	{path: "/requests?mailbox=seed-7"},
	{path: "/requests?subject=nothing"},
	{path: "/requests/$recent", needsMails: true},
	{path: "/requests/$old", needsMails: true},
	{path: "/requests/$hot", needsMails: true},
	{path: "/setaside"},
	{path: "/setaside?all=1"},
	{path: "/setaside/1", needsMails: true},
	{path: "/metrics", isFree: true},
}

// visits holds how long the visits of a page took.
type visits struct {
	first  time.Duration
	later  []time.Duration
	octets int
}

// page compares the page with many records with that of an empty database.
func (g *growth) page() {
	l := startLoad(g.T)
	at := l.listen(Line{})
	empty, full := install(g.T), install(g.T)
	g.seed(full)
	measured := map[*installed]map[string]visits{}
	for _, in := range []*installed{empty, full} {
		in.restart(g)
		g.eachFile(in, func(f *os.File) error { return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED) })
		measured[in] = g.visit(l, in, at)
	}
	for _, p := range pagesToVisit {
		v, fast := measured[full][p.path], "–"
		what := fmt.Sprintf("page %s: first, median and 95 %% of %d later visits, size", p.path, pageVisits)
		if e := measured[empty][p.path]; len(e.later) > 0 {
			fast = fmt.Sprintf("%.0f, %.1f, %.1f ms", milliseconds(e.first), milliseconds(percentile(e.later, 0.5)), milliseconds(percentile(e.later, 0.95)))
		}
		median := percentile(v.later, 0.5)
		text := fmt.Sprintf("%.0f, %.1f, %.1f ms, %.0f KB (empty: %s)", milliseconds(v.first), milliseconds(median),
			milliseconds(percentile(v.later, 0.95)), float64(v.octets)/1000, fast)
		if p.isFree {
			g.tell(what, "%s", text)
			continue
		}
		g.add(max(v.first, median) <= maxPageTime && v.octets <= maxPageOctets, what, "≤ 100 ms, ≤ 50 KB", "%s", text)
	}
}

// visit runs a daemon, logs in to its page and visits each page.
func (g *growth) visit(l *load, in *installed, at Address) map[string]visits {
	g.Helper()
	address := fmt.Sprint("127.0.0.1:", dovecottest.FreePort(g))
	dir, boxes := filepath.Join(in.dir, "page"), []string{}
	for i := range 30 {
		boxes = append(boxes, fmt.Sprint("seed-", i))
	}
	file := in.configureDaemon(l, "page", at, Line{}, time.Hour, boxes)
	text, err := os.ReadFile(file)
	if err != nil {
		g.Fatal(err)
	}
	in.configure(g.T, strings.Replace(string(text), "<Login>", "<Listen>"+address+"</Listen> <Login>", 1), "page", "mailintegration.xml")
	r := in.run(l, file)
	defer r.stop()
	command := exec.Command(in.binary, "page", "token", "--name", "Reader")
	command.Env = append(os.Environ(), "MAILINTEGRATION_CONFIG="+file)
	token, err := command.Output()
	if err != nil {
		g.Fatalf("create a token below %s: %v\n%s", dir, err, r.trouble())
	}
	jar, _ := cookiejar.New(nil) // never fails without options
	client := &http.Client{Jar: jar, Timeout: time.Minute}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		answer, err := client.PostForm("http://"+address+"/login", url.Values{"token": {strings.TrimSpace(string(token))}, "next": {"/outbox"}})
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK && answer.Request.URL.Path == "/outbox" {
				break
			}
		}
		select {
		case <-tick.C: // it is starting
		case <-r.done:
			g.Fatalf("the daemon has ended: %s", r.trouble())
		}
	}
	isEmpty := in.receipts(g.T) == 0
	all := map[string]visits{}
	for _, p := range pagesToVisit {
		if isEmpty && p.needsMails {
			continue
		}
		v := visits{}
		for i := range 1 + pageVisits {
			took, octets := g.get(client, "http://"+address+g.placed(p.path))
			v.octets = max(v.octets, octets)
			if i == 0 {
				v.first = took
			} else {
				v.later = append(v.later, took)
			}
		}
		all[p.path] = v
	}
	return all
}

// placed returns a path with the numbers of the seed.
func (g *growth) placed(path string) string {
	return strings.NewReplacer("$recent", fmt.Sprint(g.requests-10), "$old", fmt.Sprint(g.requests/100), "$hot", fmt.Sprint(g.requests/2),
		"$day", time.Now().AddDate(0, 0, -90).Format(time.DateOnly)).Replace(path)
}

// get gets a page, and returns how long that took, to the last octet.
func (g *growth) get(client *http.Client, address string) (took time.Duration, octets int) {
	g.Helper()
	started := time.Now()
	answer, err := client.Get(address)
	if err != nil {
		g.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	took = time.Since(started)
	if err != nil || answer.StatusCode != http.StatusOK || bytes.Contains(body, []byte(`name="token"`)) {
		g.Fatalf("%s: %s, %v:\n%.500s", address, answer.Status, err, body)
	}
	return took, len(body)
}
