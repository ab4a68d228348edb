//go:build browser

package browsertest

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// mischief returns a program that has recorded the hostile mails, and the numbers of their requests in the same order.
func mischief(t *testing.T) (p *program, requests []int64) {
	t.Helper()
	p = install(t)
	p.mailbox("servicedesk", "<IncludeRawMessageAsAttachment>True</IncludeRawMessageAsAttachment>", "<MaxNewRequests>0</MaxNewRequests>")
	id := func(n int) string { return fmt.Sprintf("hostile-%d@evil.example", n) }
	all := hostileMails()
	if len(all) < 30 {
		t.Fatalf("only %d mails", len(all))
	}
	for n, h := range all {
		p.mail.Add("servicedesk", h.message(id(n)))
	}
	p.start()
	p.recorded(int64(len(all)))
	for n := range all {
		requests = append(requests, p.count(`SELECT coalesce(max(request_id), 0) FROM receipt WHERE message_id LIKE '%' || $1 || '%'`, id(n)))
		if requests[n] == 0 {
			t.Errorf("%s: the message is nothing", all[n].name)
		}
	}
	return p, requests
}

// TestHostileMailDoesNothing shows each hostile mail in each way in which the page shows mail: no script runs, nothing is loaded, the
// policy has nothing to refuse, and the page around the mail stays as it is.
func TestHostileMailDoesNothing(t *testing.T) {
	t.Parallel()
	p, requests := mischief(t)
	p.restore(requests)
	w := open(p, look{device: desktop})
	w.logIn(p.token("Guard", "ann"))
	w.visit("/requests")
	menu := w.menu()
	for n, h := range hostileMails() {
		t.Run(h.name, func(t *testing.T) {
			w := w.of(t)
			w.visit(fmt.Sprint("/requests/", requests[n]))
			w.isIntact(menu)
			w.showFrames(menu)
			for _, path := range w.follows(`a[href$="/text"], a[href$="/files"], a[href$="/html"]`) {
				w.visit(path)
				w.hidesNothing()
			}
			if h.html != "" {
				w.visit(fmt.Sprintf("/requests/%d/html", requests[n])) // outside of its frame
				w.clicks(40, 40)
				w.hidesNothing()
			}
			name := p.text(`SELECT encode(digest, 'hex') FROM receipt WHERE request_id = $1 LIMIT 1`, requests[n])
			for _, path := range []string{"/messages/" + name, "/messages/" + name + "/explanation"} {
				w.visit(path)
				w.isIntact(menu)
			}
			w.isQuiet()
		})
	}
	t.Run("lists", func(t *testing.T) {
		w := w.of(t)
		for _, path := range []string{"/mailboxes", "/messages", "/messages?sender=mallory@evil.example", "/requests", "/trouble", "/setaside?all=1", "/outbox"} {
			w.visit(path)
			w.isIntact(menu)
		}
		w.visit("/requests")
		if shown := w.text(); !strings.Contains(shown, `{{.}} {{printf "%s" .}} ${7*7} <%= 7*7 %>`) {
			t.Errorf("the subject with template syntax is not shown as it is:\n%s", shown)
		}
		w.isQuiet()
	})
	drawAll(open(p, look{device: desktop}), "hostile", []scene{
		{name: "2-messages", path: "/messages"}, {name: "5-requests", path: "/requests"},
		{name: "5-request-overlays", path: fmt.Sprint("/requests/", requests[numberOf("overlays")]), open: "details:has(iframe)"},
		{name: "5-request-names", path: fmt.Sprint("/requests/", requests[numberOf("file names with line ends and quotes")])},
	})
}

// restore gives the requests the HTML as it was sent, without what the program took away when it recorded the mail: another program may
// write such a row, and the page has to defend itself.
func (p *program) restore(requests []int64) {
	p.t.Helper()
	for n, h := range hostileMails() {
		if h.html == "" {
			continue
		}
		changed, err := p.rows.Exec(p.t.Context(), `UPDATE request SET html = $2 WHERE number = $1`, requests[n], strings.ReplaceAll(h.html, "\x00", ""))
		if err != nil || changed.RowsAffected() != 1 {
			p.t.Errorf("%s: %v", h.name, err)
		}
	}
}

// numberOf returns the number of a hostile mail.
func numberOf(name string) int {
	for n, h := range hostileMails() {
		if h.name == name {
			return n
		}
	}
	panic("there is no mail " + name)
}

// text returns the text that a query has as its result.
func (p *program) text(query string, args ...any) (text string) {
	p.t.Helper()
	if err := p.rows.QueryRow(p.t.Context(), query, args...).Scan(&text); err != nil {
		p.t.Fatalf("%v in %s", err, query)
	}
	return text
}

// of returns the same window, for a part of the test. What was told before is forgotten.
func (w *window) of(t *testing.T) *window {
	w.mu.Lock()
	w.t, w.messages, w.refusals, w.opened = t, nil, nil, nil
	w.mu.Unlock()
	w.wire.mu.Lock()
	defer w.wire.mu.Unlock()
	w.wire.outside = nil
	return w
}

// menu returns the menu of the page with all that it consists of.
func (w *window) menu() string {
	w.t.Helper()
	return evaluate[string](w, `document.querySelector("header nav").innerHTML.replaceAll(' aria-current="page"', "")`)
}

// isIntact fails the test if mail has changed the page around it, covers its menu, or hides something in it.
func (w *window) isIntact(menu string) {
	w.t.Helper()
	if now := w.menu(); now != menu {
		w.t.Errorf("the menu of %s is %s, want %s", w.path(), now, menu)
	}
	outline := evaluate[string](w, `[...document.body.children].map(e => e.localName).join(" ") + " / " + document.querySelectorAll("script").length + " " +
		document.querySelectorAll("style, link[rel=stylesheet]").length + " " + document.querySelectorAll("base, object, embed, meta[http-equiv]").length`)
	if outline != "a header main footer / 1 1 0" {
		w.t.Errorf("%s consists of %q", w.path(), outline)
	}
	if covered := w.covered(); covered != "" {
		w.t.Errorf("on %s something covers: %s", w.path(), covered)
	}
	if title := evaluate[string](w, `document.title`); !strings.HasSuffix(title, " · MailIntegration") {
		w.t.Errorf("the title of %s is %q", w.path(), title)
	}
	w.hidesNothing()
}

// covered returns the parts of the menu that something covers.
func (w *window) covered() string {
	w.t.Helper()
	return evaluate[string](w, `[...document.querySelectorAll("header nav a, header button")].filter(e => {
		const b = e.getBoundingClientRect(), top = document.elementFromPoint(b.x + b.width / 2, b.y + b.height / 2);
		return scrollY === 0 && top !== e;
	}).map(e => e.innerText).join(", ")`)
}

// invisible are characters that turn text around, and NUL.
const invisible = `[\u0000\u200e\u200f\u202a-\u202e\u2066-\u2069]`

// hidesNothing fails the test if the document has characters that turn the text around them or end it. The frame of a mail has its
// own direction, and may have them.
func (w *window) hidesNothing() {
	w.t.Helper()
	if strings.HasSuffix(w.path(), "/html") {
		return
	}
	if n := evaluate[int](w, `(document.documentElement.outerHTML.match(/`+invisible+`/g) ?? []).length`); n > 0 {
		w.t.Errorf("%s has %d invisible characters", w.path(), n)
	}
}

// showFrames opens the frames in which the page shows HTML, waits until each has loaded, and clicks into it.
func (w *window) showFrames(menu string) {
	w.t.Helper()
	frames := evaluate[int](w, `(() => {
		for (const f of document.querySelectorAll("iframe")) f.addEventListener("load", () => f.dataset.loaded = Number(f.dataset.loaded ?? 0) + 1);
		for (const d of document.querySelectorAll("details")) d.open = true;
		return document.querySelectorAll("iframe").length;
	})()`)
	for n := range frames {
		at := run(w, chromedp.PollFunction[[]float64](fmt.Sprintf(`() => {
			const f = document.querySelectorAll("iframe")[%d];
			f.scrollIntoView({block: "center", behavior: "instant"});
			const b = f.getBoundingClientRect();
			return f.dataset.loaded ? [b.x, b.y] : null;
		}`, n), chromedp.WithPollingTimeout(patience)))
		w.clicks(at[0]+40, at[1]+40)
	}
	if loads := evaluate[string](w, `[...document.querySelectorAll("iframe")].map(f => f.dataset.loaded).filter(n => n !== "1").join(" ")`); loads != "" {
		w.t.Errorf("a frame of %s has loaded %s times: mail has led it elsewhere", w.path(), loads)
	}
	w.do(chromedp.Evaluate[chromedp.Void](`scrollTo(0, 0)`))
	w.isIntact(menu)
}

// clicks moves to some points and clicks there, as a person who falls for something.
func (w *window) clicks(x, y float64) {
	w.t.Helper()
	before := w.path()
	for _, n := range []float64{0, 1, 2, 3} {
		w.do(chromedp.MouseClickXY(x+n*60, y+n*20))
	}
	if at := w.path(); at != before {
		w.t.Errorf("a click in the mail of %s leads to %s", before, at)
	}
}

// follows returns the addresses of links in the content of the page.
func (w *window) follows(selector string) []string {
	w.t.Helper()
	return evaluate[[]string](w, `[...new Set([...document.querySelector("main").querySelectorAll(`+"`"+selector+"`"+`)].map(a => a.getAttribute("href")))].slice(0, 5)`)
}

// TestEachFileOfHostileMailIsADownloadWithAHarmlessName downloads files of hostile mail, and looks at the header fields.
func TestEachFileOfHostileMailIsADownloadWithAHarmlessName(t *testing.T) {
	t.Parallel()
	p, requests := mischief(t)
	c := newClient(p)
	c.logIn(p.token("Files", ""))
	rows, err := p.rows.Query(t.Context(), `SELECT id FROM attachment WHERE name NOT SIMILAR TO '[0-9]+.txt' OR name = '17.txt' ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, fmt.Sprint("/attachments/", id))
	}
	if len(paths) < 20 {
		t.Fatalf("only %d files: %v", len(paths), rows.Err())
	}
	paths = append(paths, "/messages/"+p.text(`SELECT encode(digest, 'hex') FROM receipt WHERE request_id = $1 LIMIT 1`, requests[0])+"/raw")
	harmless := regexp.MustCompile(`^attachment; filename="[^"\\/:\x00-\x1f\x7f-\xff]+"; filename\*=UTF-8''([A-Za-z0-9._~%-]+)$`)
	for _, path := range paths {
		answer := c.get(path)
		h := answer.Header
		found := harmless.FindStringSubmatch(h.Get("Content-Disposition"))
		if answer.StatusCode != http.StatusOK || found == nil {
			t.Errorf("%s: %s with the name %q", path, answer.Status, h.Get("Content-Disposition"))
			continue
		}
		name, err := url.QueryUnescape(found[1])
		if err != nil || strings.ContainsAny(name, "/\\\"\r\n\x00\u202e") || strings.Trim(name, ". ") != name {
			t.Errorf("%s: the name is %q: %v", path, name, err)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Type") != "application/octet-stream" || len(h.Values("Set-Cookie")) > 0 ||
			!strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'; sandbox") || h.Get("Cross-Origin-Resource-Policy") != "same-origin" {
			t.Errorf("%s has the header fields %v", path, h)
		}
	}
	w := open(p, look{device: desktop})
	w.logIn(p.token("Browser", ""))
	for name, want := range map[string]string{"files of HTML": "page.html", "files of SVG": "picture.svg", "file names with paths": "evil"} {
		at := fmt.Sprint("/requests/", requests[numberOf(name)])
		w.visit(at)
		if got, _ := w.download(`ul.files a`); got != want || w.path() != at {
			t.Errorf("%s: the browser has downloaded %q at %s, want %q", name, got, w.path(), want)
		}
	}
	w.isQuiet()
}
