//go:build browser

package browsertest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// morning has the words that an operator reads in one language.
type morning struct {
	search, opened, why, kind, wrong, waits, record, recorded, settled, fine, processed string
}

// The mornings, in the words of the page.
var (
	english = morning{
		search: "Search", opened: "opened", why: "It names no request.", kind: "Incident", wrong: "Messages are set aside",
		waits: "waits for a decision", record: "Record the message", recorded: "The message is recorded.", settled: "None waits any more",
		fine: "Nothing is wrong.", processed: "processed",
	}
	french = morning{
		search: "Chercher", opened: "a ouvert", why: "Il ne désigne aucune demande.", kind: "Incident", wrong: "Des messages sont mis de côté",
		waits: "attend une décision", record: "Enregistrer le message", recorded: "Le message est enregistré.", settled: "Aucun n’attend plus",
		fine: "Aucun problème.", processed: "traité",
	}
)

// TestAnOperatorsMorning plays what an operator does: finds a message by its sender, reads why it became what it became, opens its
// request, takes its attachment, and records a message that was set aside. Another window shows that the trouble is over.
func TestAnOperatorsMorning(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		look  look
		words morning
	}{
		{"on a desktop, in English", look{device: desktop}, english},
		{"on a phone without JavaScript, in French", look{device: phone, noScript: true, language: "fr-CH, fr;q=0.9, en;q=0.5"}, french},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, file := office(t)
			w := open(p, tc.look)
			w.logIn(p.token("Ann's screen", "ann"))
			w.readsAMessage(tc.words, file)
			w.recordsOneAfterAll(tc.words)
			w.isQuiet()
		})
	}
}

// office returns a program with some messages, one of them with a file, and one that was set aside.
func office(t *testing.T) (p *program, file []byte) {
	t.Helper()
	p = install(t)
	p.mailbox("servicedesk", "<IncludeRawMessageAsAttachment>True</IncludeRawMessageAsAttachment>")
	p.mailbox("orders", orders)
	for n := range 4 {
		p.mail.Add("servicedesk", fmt.Appendf(nil, "From: ann.lee@acme.example\r\nSubject: %s\r\n\r\nPlease help.\r\n", subjects[n]))
	}
	for n := range 70_000 {
		file = append(file, byte(n*n>>3))
	}
	p.mail.Add("servicedesk", withFile("benoit.tremblay@acme.example", "Écran bleu", "journal d'écran.bin", file))
	p.mail.Add("orders", order(0, "Laptop"))
	p.start()
	p.recorded(6)
	return p, file
}

// withFile returns a message with a file.
func withFile(from, subject, name string, file []byte) []byte {
	encoded := base64.StdEncoding.EncodeToString(file)
	var lines strings.Builder
	for len(encoded) > 76 {
		lines.WriteString(encoded[:76] + "\r\n")
		encoded = encoded[76:]
	}
	word := func(text string) string { return "=?utf-8?b?" + base64.StdEncoding.EncodeToString([]byte(text)) + "?=" }
	return []byte("From: " + from + "\r\nSubject: " + word(subject) + "\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n" +
		"Content-Disposition: attachment; filename=\"" + word(name) + "\"\r\n\r\n" + lines.String() + encoded + "\r\n--b--\r\n")
}

// readsAMessage finds the message of a sender, and takes the file of its request.
func (w *window) readsAMessage(words morning, file []byte) {
	w.t.Helper()
	w.press(`nav a[href="/messages"]`)
	w.fill("sender", "benoit.tremblay@acme.example")
	w.press("main form button.primary")
	if rows := evaluate[int](w, `document.querySelectorAll("tbody tr").length`); rows != 1 {
		w.t.Fatalf("the search finds %d messages, want 1: %s", rows, w.describe())
	}
	w.press("tbody td:nth-child(3) a")
	number := w.program.count(`SELECT number FROM request WHERE subject = 'Écran bleu'`)
	w.wants(w.path(), fmt.Sprint(words.opened, " ", number), words.why, "Écran bleu")
	w.press("section .state a")
	w.wants(fmt.Sprint("/requests/", number), fmt.Sprint(words.kind, " ", number, ": Écran bleu"), "See the file.", "Benoît Tremblay")
	name, octets := w.download(`ul.files a`)
	if name != "journal d'écran.bin" || !bytes.Equal(octets, file) {
		w.t.Errorf("the file is %q with %d octets, want \"journal d'écran.bin\" with the %d that were sent", name, len(octets), len(file))
	}
}

// recordsOneAfterAll records the message that was set aside, while another window shows the trouble.
func (w *window) recordsOneAfterAll(words morning) {
	w.t.Helper()
	other := w.another()
	other.visit("/trouble")
	other.wants("/trouble", words.wrong, "orders")
	other.do(chromedp.Evaluate[chromedp.Void](`window.isTheSame = true`))

	w.press(`nav a[href="/setaside"]`)
	w.press("tbody td:nth-child(2) a")
	w.wants("/setaside/1", words.waits, words.record, `Type "Laptop" does not exist`)
	w.press("button.primary")
	w.wants("/setaside/1/replay", `Type "Laptop" does not exist`, words.waits) // its cause lasts
	w.program.verb("request-type", "add", "Laptop")
	w.press("button.primary")
	w.wants("/setaside/1", words.recorded, words.settled)
	w.picture("morning-" + w.look.device.name)
	event := w.program.count(`SELECT event_id FROM set_aside`)
	w.visit(fmt.Sprint("/requests/", event))
	w.wants(fmt.Sprint("/requests/", event), words.processed)
	if n := w.program.count(`SELECT count(*) FROM request WHERE kind = 'service_request'`); n != 1 {
		w.t.Errorf("the message has opened %d requests, want 1", n)
	}

	if w.look.noScript {
		other.press("footer a")
		other.wants("/trouble", words.fine)
		return
	}
	run(other, chromedp.Poll[bool](fmt.Sprintf(`document.getElementById("trouble").innerText.includes(%q)`, words.fine),
		chromedp.WithPollingMutation(), chromedp.WithPollingTimeout(patience)))
	if !evaluate[bool](other, `window.isTheSame === true`) {
		w.t.Error("the other window has loaded the page again")
	}
	other.isQuiet()
}

// download clicks on a link that leads to a file, and returns the file with the name that the browser gives it.
func (w *window) download(selector string) (name string, octets []byte) {
	w.t.Helper()
	ctx, cancel := w.within()
	defer cancel()
	begins, goesOn := chromedp.BrowserEvents(ctx, browser.DownloadWillBegin), chromedp.BrowserEvents(ctx, browser.DownloadProgress)
	w.do(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
	id := ""
	for e, err := range begins {
		if err != nil {
			w.t.Fatalf("no download begins: %v", err)
		}
		if strings.HasPrefix(e.URL, w.program.url("/")) { // other tests have downloads, too
			id, name = e.GUID, e.SuggestedFilename
			break
		}
	}
	for e, err := range goesOn {
		if err != nil || e.GUID == id && e.State == browser.DownloadProgressStateCanceled {
			w.t.Fatalf("the download of %s has failed: %v", name, err)
		}
		if e.GUID == id && e.State == browser.DownloadProgressStateCompleted {
			break
		}
	}
	octets, err := os.ReadFile(filepath.Join(w.files, id))
	if err != nil {
		w.t.Fatal(err)
	}
	return name, octets
}
