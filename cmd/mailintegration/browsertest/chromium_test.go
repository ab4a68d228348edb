//go:build browser

package browsertest

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// chromium is the one browser of all tests. Each window has its own cookies.
var chromium context.Context

// patience is how long the browser may take for one step. It only ends what hangs.
const patience = 5 * time.Minute

// TestMain starts the browser.
func TestMain(m *testing.M) { os.Exit(runAll(m)) }

// runAll runs the tests with a browser, which ends with them.
func runAll(m *testing.M) int {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath("chromium"),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-features", "Translate,MediaRouter,OptimizationHints,AutofillServerCommunication"), // it would ask Google
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("font-render-hinting", "none"))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	var cancel context.CancelFunc
	chromium, cancel = chromedp.NewContext(allocator)
	defer cancel()
	if err := chromedp.Do(chromium); err != nil {
		fmt.Fprintf(os.Stderr, "Chromium does not start (scripts/setup browser installs it): %v\n", err)
		return 1
	}
	return m.Run()
}

// device stands for a screen on which somebody looks at the page.
type device struct {
	name          string
	width, height int64
	isPhone       bool
}

// The devices.
var (
	desktop = device{"desktop", 1280, 800, false}
	phone   = device{"phone", 390, 844, true}
)

// look says how somebody looks at the page.
type look struct {
	device   device
	isDark   bool
	noScript bool
	language string // for Accept-Language; "" for English
}

// window is a window of the browser in a test.
type window struct {
	t       *testing.T
	ctx     context.Context
	program *program
	wire    *wire
	look    look
	files   string // the folder of what it has downloaded

	mu       sync.Mutex
	messages []string // of the console, and errors of scripts
	refusals []string // of the Content-Security-Policy
	opened   []string // other windows
}

// open opens a window with cookies of its own.
func open(p *program, l look) *window { return openOn(p, newWire(p.t, p.listen), l) }

// openOn opens a window on a proxy.
func openOn(p *program, w *wire, l look) *window {
	p.t.Helper()
	ctx, _ := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext(func(c *target.CreateBrowserContextParams) {
		c.ProxyServer, c.ProxyBypassList = w.url, "<-loopback>" // loopback goes through the proxy, too
	}))
	win := &window{t: p.t, ctx: ctx, program: p, wire: w, look: l, files: p.t.TempDir()}
	p.t.Cleanup(func() { _ = chromedp.Cancel(ctx) })
	win.prepare()
	return win
}

// another opens another window of the same person.
func (w *window) another() *window {
	w.t.Helper()
	ctx, _ := chromedp.NewContext(w.ctx)
	win := &window{t: w.t, ctx: ctx, program: w.program, wire: w.wire, look: w.look, files: w.files}
	w.t.Cleanup(func() { _ = chromedp.Cancel(ctx) })
	win.prepare()
	return win
}

// prepare makes the window look as its person does, and listens to it.
func (w *window) prepare() {
	w.t.Helper()
	if err := chromedp.Listen(w.ctx, w.hear); err != nil {
		w.t.Fatal(err)
	}
	scheme := "light"
	if w.look.isDark {
		scheme = "dark"
	}
	viewport := []chromedp.EmulateViewportOption{}
	if w.look.device.isPhone {
		viewport = append(viewport, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	w.do(chromedp.EmulateViewport(w.look.device.width, w.look.device.height, viewport...))
	call(w, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	call(w, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: w.look.noScript})
	call(w, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Europe/Zurich"})
	call(w, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
		Headers: network.Headers{"Accept-Language": cmp.Or(w.look.language, "en")},
	})
	call(w, audits.Enable, cdp.Empty{})
	_, err := chromedp.CallBrowser(w.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllowAndName, BrowserContextID: chromedp.FromContext(w.ctx).BrowserContextID,
		DownloadPath: w.files, EventsEnabled: new(true),
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// hear notes what the browser tells.
func (w *window) hear(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		for _, a := range e.Args {
			w.messages = append(w.messages, string(e.Type)+" "+string(a.Value))
		}
	case *runtime.EventExceptionThrown:
		w.messages = append(w.messages, "exception "+e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelVerbose || e.Entry.Source == log.EntrySourceNetwork {
			return // advice, and answers that say no
		}
		w.messages = append(w.messages, string(e.Entry.Level)+" "+e.Entry.Text)
	case *audits.EventIssueAdded:
		if d := e.Issue.Details.ContentSecurityPolicyIssueDetails; d != nil {
			w.refusals = append(w.refusals, d.ViolatedDirective+" "+d.BlockedURL)
		}
	case *page.EventWindowOpen:
		w.opened = append(w.opened, e.URL)
	}
}

// within returns a context that ends when the browser has taken too long for a step.
func (w *window) within() (context.Context, context.CancelFunc) {
	return context.WithTimeout(w.ctx, patience)
}

// do runs steps, which must succeed.
func (w *window) do(steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := w.within()
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		w.t.Fatalf("%v, at\n%s", err, w.describe())
	}
}

// call sends a command of the protocol, which must succeed.
func call[P, R any](w *window, command cdp.Command[P, R], params P) R {
	w.t.Helper()
	ctx, cancel := w.within()
	defer cancel()
	result, err := chromedp.Call(ctx, command, params)
	if err != nil {
		w.t.Fatal(err)
	}
	return result
}

// run returns the value of an action, which must succeed.
func run[T any](w *window, a chromedp.Action[T]) T {
	w.t.Helper()
	ctx, cancel := w.within()
	defer cancel()
	value, err := chromedp.Run(ctx, a)
	if err != nil {
		w.t.Fatalf("%v, at\n%s", err, w.describe())
	}
	return value
}

// evaluate returns the value of an expression. The tests may do that even where the page's own scripts are off.
func evaluate[T any](w *window, expression string) T {
	w.t.Helper()
	return run(w, chromedp.Evaluate[T](expression))
}

// describe returns where the window is and what it shows, for a test that fails.
func (w *window) describe() string {
	ctx, cancel := context.WithTimeout(w.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body?.innerText`))
	if err != nil {
		return err.Error()
	}
	return text[:min(len(text), 3000)]
}

// visit goes to a page of the program.
func (w *window) visit(path string) {
	w.t.Helper()
	w.do(chromedp.Navigate(w.program.url(path)))
}

// press clicks on something that leads to another page, and waits for that.
func (w *window) press(selector string) {
	w.t.Helper()
	run(w, chromedp.WaitEvent(page.LoadEventFired, nil, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible)))
}

// fill types a text into a field.
func (w *window) fill(id, text string) {
	w.t.Helper()
	w.do(chromedp.SendKeys(chromedp.ID(id), text, chromedp.NodeVisible))
}

// logIn logs in with a token, as a person does.
func (w *window) logIn(token string) {
	w.t.Helper()
	w.visit("/")
	w.fill("token", token)
	w.press("main form button")
	w.wants("/mailboxes")
}

// path returns the path and the query of the page.
func (w *window) path() string {
	w.t.Helper()
	return evaluate[string](w, `location.pathname + location.search`)
}

// text returns what a person reads on the page.
func (w *window) text() string {
	w.t.Helper()
	return strings.ReplaceAll(evaluate[string](w, `document.body.innerText`), "\u00a0", " ")
}

// wants fails the test unless the window is at a path and shows texts.
func (w *window) wants(path string, texts ...string) {
	w.t.Helper()
	if at := w.path(); at != path {
		w.t.Fatalf("the browser is at %s, want %s:\n%s", at, path, w.describe())
	}
	shown := w.text()
	for _, text := range texts {
		if !strings.Contains(shown, text) {
			w.t.Errorf("%s does not show %q:\n%s", path, text, shown)
		}
	}
}

// picture writes a picture of the whole page to the folder of the pictures, if there is one.
func (w *window) picture(name string) {
	w.t.Helper()
	folder := os.Getenv("BROWSER_PICTURES")
	octets := run(w, chromedp.FullScreenshot(100))
	if folder == "" {
		return
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), octets, 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// heard returns what the browser has told so far, apart from what it says of the page's state in general.
func (w *window) heard() (messages, refusals []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append(append(messages, w.messages...), w.opened...), append(refusals, w.refusals...)
}

// isQuiet fails the test if a script ran or complained, a window opened, the policy refused something, or the browser asked for
// something elsewhere.
func (w *window) isQuiet() {
	w.t.Helper()
	messages, refusals := w.heard()
	if elsewhere := w.wire.elsewhere(); len(messages)+len(refusals)+len(elsewhere) > 0 {
		w.t.Errorf("the browser says %q, the policy refused %q, asked for elsewhere: %q", messages, refusals, elsewhere)
	}
}
