package page

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mailintegration/daemon"
	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// people are those of the databases below.
const people = `
	INSERT INTO user_account (logon, name) VALUES ('daemon', 'MailIntegration'), ('unknown', 'Unknown sender'), ('ann', 'Ann Lee');
	INSERT INTO user_address (address, user_id) VALUES ('ann@acme.example', 3);
	INSERT INTO team (name) VALUES ('IT');
	INSERT INTO support_group (team_id, name) VALUES (1, 'Service Desk');
	INSERT INTO priority (team_id, name) VALUES (1, 'Normal');
	INSERT INTO source (team_id, name) VALUES (1, 'Email');
	UPDATE team SET default_priority_id = 1, service_desk_group_id = 1;`

// office is a world in which a mailbox gets mail.
type office struct {
	*world
	store   *store.Store
	db      *storetest.Database
	mailbox daemon.Mailbox
}

// newOffice returns a world with a mailbox for end users, which the daemon knows.
func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{world: newWorld(t)}
	o.db = o.openDatabase()
	o.db.Exec(t, people)
	o.store = o.desk.(*store.Store)
	o.mailbox = daemon.Mailbox{Name: "helpdesk", Rules: processor.Rules{
		Processor: processor.EndUserIncident, CreateNewRequests: true,
		UnknownFollowUp: processor.AcceptAndFlag, ClosedFollowUp: processor.AddActivityOnly,
		Names: processor.Names{Team: "IT", Login: "daemon", FallbackUser: "unknown", Source: "Email"},
	}}
	d, err := daemon.New(daemon.Options{Store: o.store, Mailboxes: []daemon.Mailbox{o.mailbox}})
	if err != nil {
		t.Fatal(err)
	}
	o.preview, o.reconsider = d.Preview, d.Reconsider
	return o
}

// gets records a message, and returns its SHA-256.
func (o *office) gets(lines ...string) string {
	o.t.Helper()
	raw := store.OctetsOf([]byte(strings.Join(lines, "\r\n") + "\r\n"))
	if _, _, err := daemon.Replay(o.t.Context(), o.store, o.mailbox, raw); err != nil {
		o.t.Fatal(err)
	}
	return fmt.Sprintf("%x", raw.Digest())
}

// wants fails the test if a page lacks one of these texts.
func (o *office) wants(path string, texts ...string) string {
	o.t.Helper()
	got := o.get(path)
	for _, text := range texts {
		if body := got.Body.String(); got.Code != http.StatusOK || !strings.Contains(body, text) {
			o.t.Errorf("%s: %d, %q is not in %s", path, got.Code, text, body)
		}
	}
	return got.Body.String()
}

// getsMail records a question, an answer to it and an absence note, and returns the SHA-256 of the note.
func (o *office) getsMail() string {
	o.gets("From: Ann Lee <ann@acme.example>", "Message-ID: <one@acme.example>", "Subject: Printer", "", "It smokes.")
	o.gets("From: Ann Lee <ann@acme.example>", "Message-ID: <two@acme.example>", "In-Reply-To: <one@acme.example>", "Subject: Re: Printer", "", "It burns.")
	return o.gets("From: Shop <shop@news.example>", "Message-ID: <three@news.example>", "Auto-Submitted: auto-replied", "Subject: 50% <b>off</b>", "", "Away.")
}

func TestTheListSaysWhatBecameOfEachMessage(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.wants("/messages", "No message was recorded yet")
	o.getsMail()
	o.wants("/messages", "opened 1", "added to 1", "ignored", "It is automatic mail",
		"<bdi>Ann Lee</bdi>", "<bdi>shop@news.example</bdi>", "<bdi>50% &lt;b&gt;off&lt;/b&gt;</bdi>", "helpdesk", `id="messages" data-live`)
	if body := o.get("/messages", "Accept-Language", "fr").Body.String(); !strings.Contains(body, "ajouté à 1") || !strings.Contains(body, "courrier automatique") {
		t.Errorf("in French: %s", body)
	}
}

func TestMessagesAreSearchedByWhatPeopleKnow(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.getsMail()
	o.status.Mailboxes = []daemon.MailboxStatus{{Name: "helpdesk"}}
	for query, want := range map[string]string{
		"sender=ANN@acme.example":                "added to 1,opened 1",
		"sender=shop":                            "ignored",
		"sender=ann%40ac":                        "added to 1,opened 1",
		"subject=printer&sender=lee":             "added to 1,opened 1",
		"subject=%3Cb%3E":                        "ignored",
		"message-id=%3Ctwo@acme.example%3E":      "added to 1",
		"request=%231&outcome=opened":            "opened 1",
		"mailbox=HelpDesk&outcome=ignored":       "ignored",
		"since=2026-11-27&until=2026-11-27":      "added to 1,ignored,opened 1",
		"since=2026-11-28":                       "",
		"until=2026-11-26":                       "",
		"subject=nothing+of+the+kind&request=++": "",
	} {
		body := o.wants("/messages?"+query, `href="/messages">Show all messages`)
		var got []string
		for _, m := range regexp.MustCompile(`<td>(?:<a href="[^"]*">)?(opened 1|added to 1|ignored)(?:</a>)?\s*<br>`).FindAllStringSubmatch(body, -1) {
			got = append(got, m[1])
		}
		slices.Sort(got) // the times are equal
		if strings.Join(got, ",") != want || want == "" && !strings.Contains(body, "No such message was found") {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	o.wants("/messages?sender=%22%3E%3Cscript%3E&request=1", `value="&#34;&gt;&lt;script&gt;"`, "<details open>", `<option value="helpdesk">`)
}

func TestASearchThatCannotBeMeantSaysWhatToWrite(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for query, want := range map[string]string{
		"request=abc":      "digits only",
		"request=-1":       "digits only",
		"mailbox=nowhere":  "no mailbox of this name",
		"outcome=lost":     "no such outcome",
		"since=yesterday":  "like 2026-11-27",
		"until=2026-02-30": "like 2026-11-27",
	} {
		o.wants("/messages?"+query, want, `role="alert"`)
	}
	if got := o.get("/messages?after=1-2-3"); got.Code != http.StatusNotFound {
		t.Errorf("a place that is none: %d", got.Code)
	}
}

// receipts makes many ignored messages with long subjects and names, several at each moment.
const receipts = `
	INSERT INTO mailbox (name) VALUES ('helpdesk');
	INSERT INTO receipt (mailbox_id, digest, message_id, octets, outcome, reason, raw_kept, accepted_at, last_seen_at, sender_key,
			from_name, from_address, subject)
		SELECT 1, sha256(i::text::bytea), '', 1, 'ignored', 'automatic', true,
			'2026-01-01'::timestamptz + i / 7 * interval '1 second', now(), i, repeat('𝕏', 200), repeat('𝕏', 300), i || repeat('𝕏', 900)
		FROM generate_series(1, %d) AS i`

func TestThePagesOfTheListHaveEachMessageOnceInLessThan50KB(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.db.Exec(t, fmt.Sprintf(receipts, 100))
	seen := map[string]int{}
	pages := 0
	for path := "/messages"; path != ""; pages++ {
		body := o.wants(path)
		if len(body) > 50_000 || pages > 4 {
			t.Fatalf("page %d has %d octets", pages, len(body))
		}
		for _, m := range regexp.MustCompile(`<td><a href="/messages/([0-9a-f]{12})">`).FindAllStringSubmatch(body, -1) {
			seen[m[1]]++
		}
		path = ""
		if m := regexp.MustCompile(`<nav class="pager"[^>]*><a href="([^"]*)">`).FindStringSubmatch(body); m != nil {
			path = m[1]
		}
	}
	for id, times := range seen {
		if times != 1 {
			t.Errorf("%s is listed %d times", id, times)
		}
	}
	if len(seen) != 100 || pages != 4 {
		t.Errorf("%d messages on %d pages", len(seen), pages)
	}
}

func TestASearchThatTakesLongSaysHowFarItHasLooked(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.db.Exec(t, fmt.Sprintf(receipts, 3_000))
	o.searchTime = 1
	body := o.wants("/messages?subject=12𝕏", "all that was recorded after", "Search further back")
	_, further, _ := strings.Cut(body, `href="/messages?after=`)
	further, _, _ = strings.Cut(further, `"`)
	o.wants("/messages?after="+strings.ReplaceAll(further, "&amp;", "&"), "<bdi>12𝕏")
}

func TestAMessageSaysWhatItBecameAndWhy(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	note := o.getsMail()
	o.wants("/messages/"+note[:12], "<bdi>50% &lt;b&gt;off&lt;/b&gt;</bdi>", "It is automatic mail", "an automatic reply", "three@news.example", note,
		"What would be decided about it today", "/messages/"+note+"/explanation?mailbox=helpdesk", "1 time")
	_, found, _ := strings.Cut(o.wants("/messages?message-id=two@acme.example"), `<td><a href="`)
	path, _, _ := strings.Cut(found, `"`)
	o.wants(path, "added to 1", ": <bdi>Printer</bdi>", "(new)", "It answers a message of the request", "is not kept")
	for _, path := range []string{"/messages/000000", "/messages/nothing", "/messages/12", "/messages/" + note + "?mailbox=nowhere", "/messages/000000/explanation"} {
		if got := o.get(path); got.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.Code)
		}
	}
}

func TestAMessageIsDownloadedAsItCame(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	note := o.getsMail()
	got := o.get("/messages/" + note + "/raw?mailbox=helpdesk")
	if sum := fmt.Sprintf("%x", sha256.Sum256(got.Body.Bytes())); sum != note || !strings.HasPrefix(got.Header().Get("Content-Disposition"), "attachment;") {
		t.Errorf("%d %v, SHA-256 %s, want %s", got.Code, got.Header(), sum, note)
	}
	for _, path := range []string{"/messages/000000/raw", "/messages/nothing/raw", "/messages/" + note + "/raw?mailbox=nowhere"} {
		if got := o.get(path); got.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.Code)
		}
	}
}

func TestTheSameOctetsInTwoMailboxesAreChosenFrom(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.getsMail()
	o.mailbox.Name = "sales & more"
	note := o.getsMail()
	o.wants("/messages/"+note[:12], "Several messages have this name", "/messages/"+note+"?mailbox=helpdesk", "/messages/"+note+"?mailbox=sales&#43;%26&#43;more")
	o.wants("/messages/"+note+"?mailbox=sales+%26+more", "sales &amp; more", "It is automatic mail")
}

func TestAMessageIsExplainedAsAPollWouldDecideNow(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	note := o.getsMail()
	path := "/messages/" + note + "/explanation?mailbox=helpdesk"
	o.wants(path, "Ignore it", "an automatic reply", "Away.", "<bdi>shop@news.example</bdi>", "records it no second time")
	m, err := o.store.Message(t.Context(), store.MessageName{Digits: note})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(m.File); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(m.File, []byte("From: shop"), 0o600); err != nil {
		t.Fatal(err)
	}
	o.wants(path, "is damaged")
	if err := os.Remove(m.File); err != nil {
		t.Fatal(err)
	}
	o.wants(path, "is missing in the attachment directory")
	o.db.Exec(t, `UPDATE receipt SET octets = 1 << 30`)
	o.wants(path, "too large to be explained here")
}

func TestWhatKeepsAMessageFromBeingExplainedIsSaid(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	path := "/messages/" + o.getsMail() + "/explanation"
	for _, tt := range []struct {
		err  error
		want string
	}{
		{daemon.ErrNotConfigured, "not in the configuration of this daemon any more"},
		{&store.UnresolvedError{Mailbox: "helpdesk", Names: []store.UnresolvedName{{Tag: "IncidentGroup", Name: "<b>Gone</b>"}}}, "&lt;b&gt;Gone&lt;/b&gt;"},
	} {
		o.preview = func(context.Context, string, store.Raw) (daemon.Previewed, error) { return daemon.Previewed{}, tt.err }
		o.wants(path, tt.want)
	}
	o.preview = func(context.Context, string, store.Raw) (daemon.Previewed, error) { panic("oh") }
	if got := o.get(path); got.Code != http.StatusInternalServerError || len(o.faults) != 1 || !strings.Contains(o.faults[0].Error(), "panic: oh") {
		t.Errorf("a panic: %d, the log was told %v", got.Code, o.faults)
	}
	o.preview = nil
	if got := o.get(path); got.Code != http.StatusNotFound {
		t.Errorf("nobody previews: %d", got.Code)
	}
}

func TestAMessageThatTakesTooLongToReadHoldsUpOnePlaceOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, end := context.WithCancel(t.Context())
	release := make(chan bool)
	w.preview = func(context.Context, string, store.Raw) (daemon.Previewed, error) {
		end()
		<-release
		return daemon.Previewed{}, errors.New("late")
	}
	var view explanationView
	if err := (&visit{ctx: ctx, page: w.Page}).explain(&view, nil); err != nil || view.Fault != "slow" {
		t.Errorf("%+v, %v", view, err)
	}
	if err := (&visit{ctx: ctx, page: w.Page}).explain(&view, nil); !errors.Is(err, errBusy) {
		t.Errorf("another one meanwhile: %v", err)
	}
	close(release)
	w.preview = func(context.Context, string, store.Raw) (daemon.Previewed, error) {
		return daemon.Previewed{}, daemon.ErrNotConfigured
	}
	if err := (&visit{ctx: t.Context(), page: w.Page}).explain(&view, nil); err != nil || view.Fault != "mailbox" {
		t.Errorf("after it has ended: %+v, %v", view, err)
	}
}

func TestEachReasonAndEachStateHasItsWords(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../../../processor/decision.go")
	if err != nil {
		t.Fatal(err)
	}
	states, err := os.ReadFile("../../../processor/directory.go")
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{"decision.open_request", "decision.add_activity", "decision.refuse", "decision.ignore", "decision.set_aside"}
	for _, m := range regexp.MustCompile(`ReasonCode = "([a-z_]+)"`).FindAllSubmatch(source, -1) {
		if !strings.HasPrefix(string(m[1]), "trouble") { // only events of the daemon have these
			keys = append(keys, "reason."+string(m[1]))
		}
	}
	for _, m := range regexp.MustCompile(`RequestState = "([a-z_]+)"`).FindAllSubmatch(states, -1) {
		keys = append(keys, "state."+string(m[1]))
	}
	if len(keys) < 30 {
		t.Fatalf("only %v were found", keys)
	}
	for _, lang := range allTexts(t).all {
		for _, key := range keys {
			if _, isThere := lang.text("messages." + key); !isThere {
				t.Errorf("%s: there is no text %s", lang.code, key)
			}
		}
	}
}
