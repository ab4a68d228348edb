//go:build browser

package browsertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"mailintegration/store/storetest"
)

// attacksOfMail are the hostile mails that a browser of today obeys by itself, if nothing defends it. The others aim at old browsers, at
// people who click, at names of files, or at the program.
var attacksOfMail = []string{
	"script elements", "event handlers", "svg", "mathml", "meta refresh", "base", "css imports", "css urls", "srcset and other sources", "remote fonts",
	"frames and objects", "targets and openers", "data addresses", "mutations of noscript", "mutations of style and title",
	"mutations of comments and templates", "overlays", "a polyglot",
}

// TestAPageWithoutDefencesIsCaught shows the same mails on a page that shows them as they are: the browser tells of each attack. Without
// that, the other tests would prove nothing.
func TestAPageWithoutDefencesIsCaught(t *testing.T) {
	t.Parallel()
	all := hostileMails()
	server := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		n := 0
		if _, err := fmt.Sscanf(r.URL.Path, "/%d", &n); err != nil {
			http.NotFound(answer, r)
			return
		}
		answer.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(answer, `<!doctype html><title>x · MailIntegration</title><header><nav><ul><li><a href="/">Mailboxes</a></ul></nav></header><main>%s</main>`, all[n].html)
	}))
	t.Cleanup(server.Close)
	t.Run("a mail that attacks nothing", func(t *testing.T) {
		w := open(&program{t: t, listen: strings.TrimPrefix(server.URL, "http://")}, look{device: desktop})
		w.visit(fmt.Sprint("/", numberOf("file names with paths")))
		w.isQuiet()
	})
	for _, name := range attacksOfMail {
		t.Run(name, func(t *testing.T) {
			w := open(&program{t: t, listen: strings.TrimPrefix(server.URL, "http://")}, look{device: desktop})
			_ = chromedp.Do(w.ctx, chromedp.Navigate(w.program.url(fmt.Sprint("/", numberOf(name)))), // the mail may lead elsewhere
				chromedp.MouseClickXY(40, 60))
			storetest.Until(t, "the attack is noticed", func() bool {
				messages, refusals := w.heard()
				return len(messages)+len(refusals)+len(w.wire.elsewhere()) > 0 || name == "overlays" && w.covered() != ""
			})
		})
	}
}
