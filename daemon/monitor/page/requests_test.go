package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailintegration/daemon/monitor/page/mailbody"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// deskRows is a team with people.
const deskRows = `
	INSERT INTO team (name) VALUES ('IT');
	INSERT INTO user_account (logon, name) VALUES ('daemon', 'MailIntegration'), ('anna', 'Anna');
	INSERT INTO mailbox (name) VALUES ('helpdesk');`

// newDesk returns a page whose database has a team with people.
func newDesk(t *testing.T) (*world, *storetest.Database) {
	t.Helper()
	w := newWorld(t)
	db := w.openDatabase()
	db.Exec(t, deskRows)
	return w, db
}

// addRequest adds an incident, with columns of the test's choice.
func addRequest(t *testing.T, db *storetest.Database, subject, body, html string) {
	t.Helper()
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	db.Exec(t, `INSERT INTO request (team_id, kind, subject, body, html, requester_id, user_id, opened_at, opened_by_id, sender_address, mailbox_id)
		VALUES (1, 'incident', `+quote(subject)+`, `+quote(body)+`, `+quote(html)+`, 2, 2, '2026-11-26 10:00+00', 1, 'anna@example.com', 1)`)
}

// addFile adds a file to request 1 and keeps its octets, unless keeps is false. Its number is that of the order of the calls.
func (w *world) addFile(t *testing.T, db *storetest.Database, name, mediaType, contentID string, octets []byte) (path string) {
	t.Helper()
	digest := sha256.Sum256(octets)
	sum := hex.EncodeToString(digest[:])
	db.Exec(t, fmt.Sprintf(`INSERT INTO attachment (request_id, position, name, media_type, octets, sha256, content_id)
		VALUES (1, 1, '%s', '%s', %d, '\x%s', '%s')`, strings.ReplaceAll(name, "'", "''"), mediaType, len(octets), sum, contentID))
	path = filepath.Join(w.desk.(*store.Store).AttachmentDirectory(), sum[:2], sum[2:4], sum)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, octets, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// contains checks that an answer has texts.
func contains(t *testing.T, got *httptest.ResponseRecorder, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !strings.Contains(got.Body.String(), want) {
			t.Errorf("%d, %q is not in %s", got.Code, want, got.Body)
		}
	}
}

func TestRequestsAreListedAndSearched(t *testing.T) {
	t.Parallel()
	w, db := newDesk(t)
	contains(t, w.get("/requests"), "There is no request yet.")
	addRequest(t, db, "Printer", "It smokes.", "")
	addRequest(t, db, "Scanner", "", "")
	db.Exec(t, `UPDATE request SET kind = 'event' WHERE number = 2`)
	contains(t, w.get("/requests"), `href="/requests/1"`, `href="/requests/2"`, "Printer", "anna@example.com", "0 activities", "data-live")
	for query, want := range map[string][2]bool{ // whether each of the two is found
		"kind=event": {false, true}, "state=new": {true, true}, "state=closed": {false, false}, "subject=PRINT": {true, false},
		"mailbox=HelpDesk": {true, true}, "since=2026-11-26": {true, true}, "since=2026-11-27": {false, false}, "kind=nonsense": {false, false},
	} {
		body := w.get("/requests?" + query).Body.String()
		for i, is := range want {
			if strings.Contains(body, fmt.Sprintf(`href="/requests/%d"`, i+1)) != is {
				t.Errorf("%s: request %d: %s", query, i+1, body)
			}
		}
	}
	contains(t, w.get("/requests?since=yesterday"), "Write the day as")
	contains(t, w.get("/requests?mailbox=nowhere"), "There is no mailbox with this name.")
	contains(t, w.get("/requests?after=4711"), "This address is not complete.")
	if got := w.get("/requests", "Accept-Language", "fr"); !strings.Contains(got.Body.String(), "Demandes") {
		t.Errorf("in French: %s", got.Body)
	}
}

func TestManyRequestsTakeSeveralPagesOfLessThan50KB(t *testing.T) {
	t.Parallel()
	w, db := newDesk(t)
	db.Exec(t, `INSERT INTO request (team_id, kind, subject, requester_id, user_id, opened_at, opened_by_id)
		SELECT 1, 'incident', repeat('<b>&', 2500), 2, 2, now(), 1 FROM generate_series(1, 70)`)
	seen := ""
	for path, pages := "/requests", 0; path != ""; pages++ {
		body := w.get(path).Body.String()
		if len(body) > 50_000 || pages > 3 {
			t.Fatalf("page %d has %d octets", pages, len(body))
		}
		seen += body
		_, path, _ = strings.Cut(body, `<nav class="pager"`)
		_, path, _ = strings.Cut(path, `<a href="`)
		path, _, _ = strings.Cut(path, `"`)
		path = strings.ReplaceAll(path, "&amp;", "&")
	}
	for n := range 70 {
		if strings.Count(seen, fmt.Sprintf(`<td><a href="/requests/%d">%[1]d</a>`, n+1)) != 1 {
			t.Errorf("request %d is not shown once", n+1)
		}
	}
}

func TestARequestIsShownWithAllThatBelongsToIt(t *testing.T) {
	t.Parallel()
	w, db := newDesk(t)
	addRequest(t, db, "Printer <script>alert(1)</script>\u202e", "It smokes.\n<img src=x onerror=alert(1)>", "<p>It smokes.</p>")
	db.Exec(t, `UPDATE request SET kind = 'event', defects = '{odd}', linked_to_id = NULL WHERE number = 1;
		INSERT INTO activity (request_id, body, sender_name, sender_address, flagged, recorded_at, recorded_by_id, html)
			VALUES (1, 'Now it burns.', '<b>Bob', 'bob@else.org', true, now(), 1, '<b>burns</b>');
		INSERT INTO history (request_id, at, author_id, what, reason, detail) VALUES (1, now(), 1, 'opened', 'new_mail', 'new <mail>');
		INSERT INTO problem (kind, source, event_id, first_seen_at, last_seen_at) VALUES ('login', 'mail.example.com', 1, now(), now());`)
	w.addFile(t, db, "fire.png", "image/png", "", []byte("x"))
	got := w.get("/requests/1")
	contains(t, got, "Printer &lt;script&gt;", "It smokes.", "&lt;img src=x", "Now it burns.", "&lt;b&gt;Bob", "Check this activity",
		"a trouble that lasts", "mail.example.com", `href="/trouble"`, "odd", "new &lt;mail&gt;", `<iframe class="mailframe" sandbox="" loading="lazy" src="/requests/1/html"`,
		`src="/requests/1/activities/1/html"`, `<a href="/attachments/1" download>`, "fire.png")
	if body := got.Body.String(); strings.Contains(body, "\u202e") || strings.Contains(body, "<script>alert") || len(body) > 50_000 {
		t.Errorf("%d octets: %s", len(body), body)
	}
	contains(t, w.get("/requests/1/files"), "fire.png")
	text := w.get("/requests/1/text")
	if text.Body.String() != "It smokes.\n<img src=x onerror=alert(1)>" || text.Header().Get("Content-Type") != "text/plain; charset=utf-8" ||
		text.Header().Get("Content-Security-Policy") != filePolicy {
		t.Errorf("%v %s", text.Header(), text.Body)
	}
}

func TestARequestWith50000ActivitiesAnd5000FilesIsOnePage(t *testing.T) {
	t.Parallel()
	w, db := newDesk(t)
	addRequest(t, db, strings.Repeat("subject ", 1000), strings.Repeat("text ", 800_000), "")
	db.Exec(t, `
		INSERT INTO activity (request_id, body, sender_address, recorded_at, recorded_by_id)
			SELECT 1, repeat('word ', 1000), 'x@x.org', now(), 1 FROM generate_series(1, 50000);
		INSERT INTO history (request_id, activity_id, at, author_id, what, reason, detail)
			SELECT 1, id, now(), 1, 'activity_added', 'subject', repeat('h', 100) FROM activity;
		INSERT INTO attachment (request_id, position, name, media_type, octets, sha256)
			SELECT 1, i, repeat('name ', 200), 'text/plain', i, sha256(i::text::bytea) FROM generate_series(1, 5000) AS i;
		ANALYZE`)
	got := w.get("/requests/1")
	contains(t, got, `href="/requests/1/files"`, "Older activities", "Earlier history", `href="/requests/1/text"`)
	if got.Code != http.StatusOK || got.Body.Len() > 250_000 {
		t.Errorf("%d, %d octets", got.Code, got.Body.Len())
	}
	_, older, _ := strings.Cut(got.Body.String(), `href="/requests/1?activities=`)
	older, _, _ = strings.Cut(older, "#")
	contains(t, w.get("/requests/1?activities="+older), "Older activities")
	if files := w.get("/requests/1/files"); strings.Count(files.Body.String(), "/attachments/") != 100 || !strings.Contains(files.Body.String(), "Next page") {
		t.Errorf("%d: %d files", files.Code, strings.Count(files.Body.String(), "/attachments/"))
	}
	if text := w.get("/requests/1/text"); text.Body.Len() != 4_000_000 {
		t.Errorf("the whole text has %d octets", text.Body.Len())
	}
}

func TestTheHTMLOfAMailCanDoNothing(t *testing.T) {
	t.Parallel()
	w, db := newDesk(t)
	addRequest(t, db, "x", "x", `<p>Hello <img src="cid:logo@mail"><img src="cid:none@mail"><img src="https://evil.example/x.png"></p>`+
		`<script>alert(1)</script><a href="https://evil.example/">bank</a>`)
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	w.addFile(t, db, "logo.png", "text/html", "logo@mail", picture.Bytes())
	got := w.get("/requests/1/html")
	contains(t, got, "<p>Hello ", `<img src="data:image/png;base64,`, "<u>bank</u> <small>[https://evil.example/]</small>")
	for _, bad := range []string{"<script", "href=", `src="http`, `src="cid`} {
		if strings.Contains(got.Body.String(), bad) {
			t.Errorf("%q is in %s", bad, got.Body)
		}
	}
	if policy := got.Header().Get("Content-Security-Policy"); policy != mailbody.Policy || got.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%v", got.Header())
	}
	if got := w.get("/requests/1/activities/1/html"); got.Code != http.StatusNotFound {
		t.Errorf("an activity that does not exist: %d", got.Code)
	}
}

func TestAnAttachmentIsADownloadWhateverItIs(t *testing.T) {
	t.Parallel()
	w, db := newDesk(t)
	addRequest(t, db, "x", "x", "")
	octets := bytes.Repeat([]byte("<script>alert(1)</script>"), 20_000)
	for i, name := range []string{
		"../../etc/passwd", "a\r\nSet-Cookie: session=1", `quote".html`, "Übersicht \u202egnp.exe", "...", "%2e%2e/x", strings.Repeat("n", 1000),
	} {
		w.addFile(t, db, name, "text/html", "", octets)
		got := w.get(fmt.Sprintf("/attachments/%d", i+1))
		h := got.Header()
		if !bytes.Equal(got.Body.Bytes(), octets) || h.Get("Content-Type") != "application/octet-stream" ||
			h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Security-Policy") != filePolicy || len(h["Set-Cookie"]) > 0 {
			t.Errorf("%q: %d, %d octets, %v", name, got.Code, got.Body.Len(), h)
		}
		disposition := h.Get("Content-Disposition")
		if !strings.HasPrefix(disposition, `attachment; filename="`) || strings.ContainsAny(disposition, "/\\\r\n\u202e") ||
			strings.Count(disposition, `"`) != 2 || len(disposition) > 600 {
			t.Errorf("%q is sent as %s", name, disposition)
		}
	}
}

func TestTheNameOfADownloadIsOneInAnyBrowser(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"report.pdf":          `attachment; filename="report.pdf"; filename*=UTF-8''report.pdf`,
		"é t%.txt":            `attachment; filename="_ t_.txt"; filename*=UTF-8''%C3%A9%20t%25.txt`,
		"..":                  `attachment; filename="attachment"; filename*=UTF-8''attachment`,
		"../a'b(1)*.txt":      `attachment; filename="_a_b(1)_.txt"; filename*=UTF-8''_a%27b%281%29_.txt`,
		"invoice\u202efdp.sh": `attachment; filename="invoicefdp.sh"; filename*=UTF-8''invoicefdp.sh`,
	} {
		if got := attachedAs(name); got != want {
			t.Errorf("%q\ngot  %s\nwant %s", name, got, want)
		}
	}
}

func TestAFileThatIsNotToBeHadSaysSoInWords(t *testing.T) {
	t.Parallel()
	w, db := newDesk(t)
	addRequest(t, db, "x", "x", "")
	path := w.addFile(t, db, "a.txt", "text/plain", "", []byte("content"))
	if err := os.WriteFile(path, []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := w.get("/attachments/1")
	contains(t, got, "The file is damaged")
	if got.Code != http.StatusInternalServerError || got.Header().Get("Content-Disposition") != "" {
		t.Errorf("%d %v", got.Code, got.Header())
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got := w.get("/attachments/1"); got.Code != http.StatusGone {
		t.Errorf("%d", got.Code)
	}
	contains(t, w.get("/attachments/1"), "The file is missing")
	if len(w.faults) > 0 {
		t.Errorf("the log has %v", w.faults)
	}
}

func TestAnAddressThatNamesNothingIsNoPage(t *testing.T) {
	t.Parallel()
	w, db := newDesk(t)
	addRequest(t, db, "x", "x", "")
	for _, path := range []string{
		"/requests/0", "/requests/01", "/requests/-1", "/requests/abc", "/requests/99", "/requests/99999999999999999999", "/requests/1%2f..",
		"/requests/1/html", "/requests/99/html", "/requests/99/files", "/requests/1?activities=x", "/requests/1?history=-4", "/requests/1/activities/9/text",
		"/attachments/1", "/attachments/abc", "/attachments/..%2f..%2fetc%2fpasswd", "/setaside/1", "/setaside/x", "/setaside/1/raw", "/setaside?after=x",
	} {
		if got := w.get(path); got.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.Code)
		}
	}
}

// asideRow sets a message aside.
const asideRow = `
	INSERT INTO receipt (mailbox_id, digest, message_id, octets, outcome, reason, request_id, raw_kept, accepted_at, last_seen_at)
		VALUES (1, sha256('odd mail'), 'odd@x', 8, 'set_aside', 'unreadable', 1, true, now(), now());
	INSERT INTO set_aside (mailbox_id, digest, event_id, reason, detail, at, subject, sender_address)
		VALUES (1, sha256('odd mail'), 1, 'unreadable', 'it is <odd>', now(), 'Odd <i>one', 'odd@example.com');`

func TestAMessageThatWasSetAsideIsListedShownAndDownloaded(t *testing.T) {
	t.Parallel()
	w, db := newDesk(t)
	contains(t, w.get("/setaside"), "No message is set aside.")
	addRequest(t, db, "x", "x", "")
	w.addFile(t, db, "message.eml", "message/rfc822", "", []byte("odd mail"))
	db.Exec(t, asideRow)
	contains(t, w.get("/setaside"), `href="/setaside/1"`, "Odd &lt;i&gt;one", "it is &lt;odd&gt;", `href="/requests/1"`)
	contains(t, w.get("/requests/1"), `href="/setaside/1"`)
	contains(t, w.get("/setaside/1"), "waits for a decision", "odd@example.com", `href="/setaside/1/raw"`)
	if got := w.get("/setaside/1/raw"); got.Body.String() != "odd mail" || !strings.Contains(got.Header().Get("Content-Disposition"), "message.eml") {
		t.Errorf("%d %v %s", got.Code, got.Header(), got.Body)
	}
	db.Exec(t, `UPDATE set_aside SET state = 'discarded', settled_at = now(), settled_by_id = 2, remark = 'it is spam'`)
	contains(t, w.get("/setaside"), "No message is set aside.")
	contains(t, w.get("/setaside?all=1"), `href="/setaside/1"`, "discarded")
	contains(t, w.get("/setaside/1"), "it is spam", "Anna")
}

func TestManyMessagesThatWereSetAsideTakeSeveralPages(t *testing.T) {
	t.Parallel()
	w, db := newDesk(t)
	addRequest(t, db, "x", "x", "")
	db.Exec(t, `INSERT INTO receipt (mailbox_id, digest, octets, outcome, reason, request_id, raw_kept, accepted_at, last_seen_at)
			SELECT 1, sha256(i::text::bytea), 8, 'set_aside', 'unreadable', 1, true, now(), now() FROM generate_series(1, 70) AS i;
		INSERT INTO set_aside (mailbox_id, digest, event_id, reason, detail, at) SELECT 1, digest, 1, reason, repeat('why ', 3000), now() FROM receipt`)
	first := w.get("/setaside")
	contains(t, first, `href="/setaside/30"`, `href="/setaside?after=30"`)
	if first.Body.Len() > 50_000 {
		t.Errorf("%d octets", first.Body.Len())
	}
	contains(t, w.get("/setaside?after=60"), `href="/setaside/70"`)
}
