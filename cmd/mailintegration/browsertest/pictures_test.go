//go:build browser

package browsertest

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// scene is a page that is drawn, and how one gets there.
type scene struct {
	name  string
	path  string
	links []string // selectors of links that lead on from path. Where one is missing, there is no picture
	open  string   // the selector of an element that is opened first
}

// scenes are the pages of somebody who has logged in.
var scenes = []scene{
	{name: "1-mailboxes", path: "/mailboxes"},
	{name: "2-messages", path: "/messages"},
	{name: "2-messages-search", path: "/messages?sender=ann.lee@acme.example&outcome=opened"},
	{name: "2-message", path: "/messages?mailbox=servicedesk", links: []string{`td:nth-child(3) a`}},
	{name: "2-explanation", path: "/messages?mailbox=servicedesk", links: []string{`td:nth-child(3) a`, `a[href*="/explanation"]`}},
	{name: "3-trouble", path: "/trouble", open: `details`},
	{name: "4-outbox", path: "/outbox"},
	{name: "5-requests", path: "/requests"},
	{name: "5-request", path: "/requests", links: []string{`td:nth-child(2) a`}},
	{name: "6-setaside", path: "/setaside"},
	{name: "6-aside", path: "/setaside", links: []string{`td:nth-child(2) a`}},
	{name: "6-discard", path: "/setaside", links: []string{`td:nth-child(2) a`, `a.danger`}},
	{name: "7-fault", path: "/nowhere"},
}

// mostOctets is how many octets the first page may cost: it also has to show on a phone in a cellar.
const mostOctets = 50_000

func TestPictures(t *testing.T) {
	t.Parallel()
	for _, state := range []struct {
		name  string
		make  func(*testing.T) *program
		pages int // of scenes; the others need what the state does not have
	}{{"empty", empty, 8}, {"busy", busy, 11}, {"trouble", troubled, 12}} {
		t.Run(state.name, func(t *testing.T) {
			t.Parallel()
			p := state.make(t)
			pages := drawAll(open(p, look{device: desktop}), state.name, scenes)
			if len(pages) != state.pages {
				t.Errorf("%d pages are drawn, want %d: %v", len(pages), state.pages, pages)
			}
			drawPlain(open(p, look{device: phone, noScript: true}), state.name, pages)
		})
	}
}

// drawn is a page that was drawn: where a scene has led, and its heading.
type drawn struct{ path, heading string }

// drawAll draws the log-in, and the pages of somebody who may act. It returns the page of each scene.
func drawAll(w *window, state string, all []scene) (pages map[string]drawn) {
	w.t.Helper()
	pages = map[string]drawn{}
	w.visit("/")
	w.drawEach(state + "-0-login")
	w.logIn(w.program.token("Picture of "+state, "ann"))
	before := w.wire.octets.Load()
	call(w, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true}) // as for somebody who comes the first time
	w.visit("/mailboxes")
	if octets := w.wire.octets.Load() - before; octets > mostOctets || octets == 0 {
		w.t.Errorf("the first page costs %d octets, want at most %d", octets, mostOctets)
	} else {
		w.t.Logf("the first page costs %d octets", octets)
	}
	for _, s := range all {
		if w.reach(s) {
			pages[s.name] = drawn{w.path(), w.heading()}
			w.drawEach(state + "-" + s.name)
		}
	}
	w.isQuiet()
	return pages
}

// drawPlain draws the same pages for somebody without JavaScript, who sees the same: the links of the scenes may lead to other requests
// by now, such as the event of a trouble that the daemon has told since.
func drawPlain(w *window, state string, pages map[string]drawn) {
	w.t.Helper()
	w.logIn(w.program.token("Picture without JavaScript of "+state, "ann"))
	for _, s := range scenes {
		page, isThere := pages[s.name]
		if !isThere {
			continue
		}
		s.path, s.links = page.path, nil
		if !w.reach(s) || w.heading() != page.heading {
			w.t.Errorf("without JavaScript, %s has the heading %q, want %q", s.name, w.heading(), page.heading)
		}
		w.picture(state + "-" + s.name + "-phone-noscript")
	}
	w.isQuiet()
}

// heading returns the heading of the page.
func (w *window) heading() string {
	w.t.Helper()
	return evaluate[string](w, `document.querySelector("h1").innerText`)
}

// reach goes to a scene, and reports whether there is one.
func (w *window) reach(s scene) bool {
	w.t.Helper()
	w.visit(s.path)
	for _, link := range s.links {
		path := evaluate[string](w, "document.querySelector(`main "+link+"`)?.getAttribute('href') ?? ''")
		if path == "" {
			return false
		}
		w.visit(path)
	}
	if s.open != "" {
		w.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("main ` + s.open + `")?.setAttribute("open", "")`))
	}
	return true
}

// drawEach draws the page that a window shows: on each device, light and dark. It has axe-core look at each, and finds what is wider
// than the screen.
func (w *window) drawEach(name string) {
	w.t.Helper()
	for _, d := range []device{desktop, phone} {
		for _, scheme := range []string{"light", "dark"} {
			w.look.device = d
			w.do(chromedp.EmulateViewport(d.width, d.height))
			call(w, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			title := strings.Join([]string{name, d.name, scheme}, "-")
			w.picture(title)
			w.isAccessible(title)
			if wide := evaluate[int64](w, `document.documentElement.scrollWidth`); wide > d.width {
				w.t.Errorf("%s: the page is %d pixels wide, the screen %d", title, wide, d.width)
			}
		}
	}
}
