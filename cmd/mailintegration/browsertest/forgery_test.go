//go:build browser

package browsertest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"mailintegration/store/storetest"
)

// evilName is the name of a web server that is not ours.
const evilName = "evil.example:80"

// evilPage is the page of that server: it has forms for the program at %[1]s, and tries to load its pages.
const evilPage = `<!doctype html><title>evil</title>
<form id="replay" method="post" action="%[1]s/setaside/1/replay"><input name="csrf" value="guessed"><button>replay</button></form>
<form id="discard" method="post" action="%[1]s/setaside/1/discard"><input name="reason" value="evil"><button>discard</button></form>
<form id="logout" method="post" action="%[1]s/logout"><button>log out</button></form>
<form id="login" method="post" action="%[1]s/login"><input name="token" value="%[2]s"><button>log in</button></form>
<form id="text" method="post" enctype="text/plain" action="%[1]s/setaside/1/replay"><input name="x" value="y"><button>text</button></form>
<script>
const read = async () => {
  const got = [];
  for (const path of ["/mailboxes", "/requests/1", "/setaside/1/raw", "/live"]) {
    for (const mode of ["cors", "no-cors"]) {
      try { const a = await fetch("%[1]s" + path, {mode, credentials: "include", signal: AbortSignal.timeout(5000)}); got.push(path + " " + a.type + " " + a.status + (await a.text())); } catch { }
    }
  }
  try { await fetch("%[1]s/setaside/1/replay", {method: "POST", mode: "no-cors", credentials: "include"}); } catch { }
  try { await fetch("%[1]s/setaside/1/replay", {method: "PUT", credentials: "include", headers: {"Live": "1"}}); } catch { }
  return got.join("\n");
};
const load = (name, attributes) => new Promise(done => {
  const e = Object.assign(document.createElement(name), attributes);
  e.onload = () => done(name + " loaded"); e.onerror = () => done("");
  document.body.append(e);
});
</script>
<body></body>`

// evil starts a server of somebody else, at a port of this machine. It knows a token of its own.
func evil(t *testing.T, p *program, token string) (address string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(answer, evilPage, "http://"+p.listen, token)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// TestAPageOfSomebodyElseCanDoAndReadNothing opens a hostile page in the browser of somebody who has logged in: on another port of the
// machine, where the browser sends the cookie along, and under another name; and in that of somebody who has not.
func TestAPageOfSomebodyElseCanDoAndReadNothing(t *testing.T) {
	t.Parallel()
	p, _ := office(t)
	p.verb("request-type", "add", "Laptop") // a replay would succeed
	token := p.token("Mallory", "")
	address := evil(t, p, token)
	for _, tc := range []struct {
		name, at string
		isIn     bool
		shows    string // after a form that acts
	}{
		{"another port, with the cookie", address, true, "The form"},
		{"another name, so that the cookie stays away", evilName, true, "Log in"},
		{"another port, without a cookie", address, false, "Log in"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			wire := newWire(t, p.listen)
			wire.lead(address, address)
			wire.lead(evilName, address)
			own := &program{t: t, dir: p.dir, listen: p.listen, rows: p.rows}
			w := openOn(own, wire, look{device: desktop})
			if tc.isIn {
				w.logIn(own.token("Ann "+tc.name, "ann"))
			}
			there := "http://" + strings.TrimSuffix(tc.at, ":80") + "/"
			for _, form := range []string{"replay", "discard", "logout", "login", "text"} {
				w.do(chromedp.Navigate(there))
				w.press("#" + form + " button")
				if shown := w.text(); strings.Contains(shown, "is recorded") || strings.Contains(shown, "is discarded") || w.path() == "/mailboxes" ||
					form == "replay" && !strings.Contains(shown, tc.shows) {
					t.Errorf("the form %s leads to %s:\n%s", form, w.path(), shown)
				}
			}
			w.do(chromedp.Navigate(there))
			if got := run(w, chromedp.Evaluate[string](`read()`, chromedp.EvalAwaitPromise)); got != "" {
				t.Errorf("the page has read:\n%s", got)
			}
			for _, load := range []string{
				`"script", {src: "%s/static/page.js"}`, `"img", {src: "%s/static/icon.svg"}`, `"link", {rel: "stylesheet", href: "%s/static/page.css"}`,
			} {
				if got := run(w, chromedp.Evaluate[string]("load("+fmt.Sprintf(load, "http://"+p.listen)+")", chromedp.EvalAwaitPromise)); got != "" {
					t.Errorf("the page has %s", got)
				}
			}
			w.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`load("iframe", {src: "http://%s/mailboxes"})`, p.listen)))
			w.framesNothing()
			w.staysAsItWas(tc.isIn)
		})
	}
	if log := p.log.String(); strings.Contains(log, `"page log-in","token":"Mallory"`) || strings.Contains(log, `"msg":"page action"`) {
		t.Errorf("the log has:\n%s", log)
	}
	if n := p.count(`SELECT count(*) FROM set_aside WHERE state = 'waiting'`); n != 1 {
		t.Errorf("%d messages wait, want 1", n)
	}
}

// framesNothing waits until the browser has refused to show the page in a frame.
func (w *window) framesNothing() {
	w.t.Helper()
	refused := func() bool {
		messages, refusals := w.heard()
		return strings.Contains(strings.Join(append(refusals, messages...), "\n"), "frame-ancestors")
	}
	storetest.Until(w.t, "the browser refuses the frame", refused)
}

// staysAsItWas fails the test if the person is not logged in as before.
func (w *window) staysAsItWas(isIn bool) {
	w.t.Helper()
	w.visit("/mailboxes")
	if !isIn {
		w.wants("/login?next=%2Fmailboxes", "Log in")
		return
	}
	w.wants("/mailboxes", "Ann ", "Log out")
}

// TestACookieFromBeforeTheLogInIsNotKept gives the browser a cookie before somebody logs in (session fixation).
func TestACookieFromBeforeTheLogInIsNotKept(t *testing.T) {
	t.Parallel()
	p := install(t)
	p.mailbox("servicedesk")
	p.start()
	_, port, _ := net.SplitHostPort(p.listen)
	name, planted := "mailintegration-"+port, strings.Repeat("A", 52)
	w := open(p, look{device: desktop})
	call(w, network.SetCookie, network.SetCookieParams{Name: name, Value: planted, URL: p.url("/")})
	w.logIn(p.token("Ann", ""))
	value := ""
	for _, c := range call(w, network.GetCookies, network.GetCookiesParams{URLs: []string{p.url("/")}}).Cookies {
		if c.Name == name {
			value = c.Value
			if !c.HTTPOnly || c.SameSite != network.CookieSameSiteStrict {
				t.Errorf("the cookie is %+v", c)
			}
		}
	}
	if value == "" || value == planted {
		t.Errorf("the cookie is %q", value)
	}
	with := func(cookie string) int {
		return newClient(p).send(http.MethodGet, "/mailboxes", nil, "Cookie", name+"="+cookie).StatusCode
	}
	if code := with(value); code != http.StatusOK {
		t.Errorf("the cookie of the log-in is answered with %d", code)
	}
	if code := with(planted); code != http.StatusSeeOther {
		t.Errorf("the cookie from before the log-in is answered with %d", code)
	}
	w.press(".visitor button")
	w.wants("/login", "Log in")
	if code := with(value); code != http.StatusSeeOther {
		t.Errorf("after the log-out, the cookie is answered with %d", code)
	}
}

// TestANameThatIsNotOursShowsNothing gives another name the address of the program (DNS rebinding).
func TestANameThatIsNotOursShowsNothing(t *testing.T) {
	t.Parallel()
	p := install(t)
	p.mailbox("servicedesk")
	p.start()
	_, port, _ := net.SplitHostPort(p.listen)
	rebound := "rebound.example:" + port
	wire := newWire(t, p.listen)
	wire.lead(rebound, p.listen)
	w := openOn(p, wire, look{device: desktop})
	for _, path := range []string{"/", "/login", "/mailboxes", "/live", "/static/page.js", "/metrics", "/readyz"} {
		answer := run(w, chromedp.NavigateResponse("http://"+rebound+path))
		if answer.Status != http.StatusMisdirectedRequest || strings.Contains(w.text(), "Log in") {
			t.Errorf("%s under another name: %d\n%s", path, answer.Status, w.text())
		}
	}
	for _, host := range []string{"", "127.0.0.1.evil.example", "evil.example", "[::1].evil.example", "localhost.evil.example:" + port, "169.254.0.1"} {
		if code, _ := raw(t, p, "GET /login HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n"); code < 400 {
			t.Errorf("the host %q is answered with %d", host, code)
		}
	}
}

// TestTricksWithPathsLeadNowhere asks for paths that leave their folder, or lead to another host, as no browser writes them.
func TestTricksWithPathsLeadNowhere(t *testing.T) {
	t.Parallel()
	p, _ := office(t)
	c := newClient(p)
	c.logIn(p.token("Ann", "ann"))
	u, _ := url.Parse(p.url("/"))
	cookie := c.Jar.Cookies(u)[0].String()
	for _, path := range []string{
		"/../../../../etc/passwd", "/static/../templates/layout.html", "/static/%2e%2e/templates/layout.html", "/static/..%2ftemplates%2flayout.html",
		"/static/%2e%2e%2f%2e%2e%2fpage.go", "/static/..%5c..%5cpage.go", "/static/%00page.js", "/static/page.js%00", "/static/", "/static",
		"//evil.example/", "///evil.example/mailboxes", "/%2f/evil.example/", "/\\evil.example/", "/%5cevil.example/", "http://evil.example/mailboxes",
		"/requests/1/../../setaside/1/replay", "/requests/%2e%2e/mailboxes", "/requests/1%00", "/requests/-1", "/requests/0x1", "/requests/1e3",
		"/requests/99999999999999999999", "/attachments/../requests/1", "/attachments/1/../../../../etc/passwd", "/attachments/%2e%2e%2f1",
		"/messages/..%2f..%2fetc%2fpasswd/raw", "/messages/%00", "/messages/*", "/setaside/1/raw/../../../x", "/mailboxes/", "/mailboxes?after=%00",
		"/messages?sender=%00", "/messages?subject=%ff%fe", "/requests?subject=%25%5f%5c", "/login?next=//evil.example/", "/login?next=/%5cevil.example",
		"/login?next=https:evil.example", "/login?next=%0d%0aSet-Cookie:x=y", "/login?next=/%0d%0aLocation:http://evil.example/", "*",
	} {
		code, header := raw(t, p, "GET "+path+" HTTP/1.1\r\nHost: "+p.listen+"\r\nCookie: "+cookie+"\r\nConnection: close\r\n\r\n")
		to := header.Get("Location")
		isLocal := to == "" || strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") && !strings.HasPrefix(to, "/\\")
		if code == http.StatusOK && !strings.Contains(path, "?") || code >= 500 || code == 0 || !isLocal || len(header.Values("Set-Cookie")) > 0 {
			t.Errorf("%s is answered with %d and %v", path, code, header)
		}
	}
	if strings.Contains(p.log.String(), `"msg":"page failed"`) {
		t.Error("a path has made a page fail")
	}
}

// raw sends octets to the program, and returns the code and the header fields of its answer.
func raw(t *testing.T, p *program, octets string) (code int, header http.Header) {
	t.Helper()
	conn, err := net.Dial("tcp", p.listen)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, octets); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%q: %v", octets, err)
	}
	defer answer.Body.Close()
	return answer.StatusCode, answer.Header
}
