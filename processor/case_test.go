package processor

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the want.json of every case anew")

// desk is a service desk as a directory.json describes it. A case's own file is laid over testdata/directory.json.
type desk struct {
	Rules      Rules
	References References
	Users      []deskUser
	Requests   []deskRequest
	Lists      map[ListName][]Listed
}

type deskUser struct {
	User
	Addresses []string
}

type deskRequest struct {
	Request
	MessageIDs []string
}

func (d desk) Request(number int64) (Request, bool) {
	for _, r := range d.Requests {
		if r.Number == number {
			return r.Request, true
		}
	}
	return Request{}, false
}

func (d desk) RequestOf(messageID string) (Request, bool) {
	for _, r := range d.Requests {
		if slices.Contains(r.MessageIDs, messageID) {
			return r.Request, true
		}
	}
	return Request{}, false
}

func (d desk) UserByAddress(addr string) (User, bool) {
	for _, u := range d.Users {
		if slices.Contains(u.Addresses, addr) {
			return u.User, true
		}
	}
	return User{}, false
}

func (d desk) UsersNamed(name string) []User {
	by := func(is func(deskUser) bool) (found []User) {
		for _, u := range d.Users {
			if is(u) {
				found = append(found, u.User)
			}
		}
		return found
	}
	if found := by(func(u deskUser) bool { return strings.EqualFold(u.Logon, name) }); found != nil {
		return found
	}
	if found := by(func(u deskUser) bool { return slices.Contains(u.Addresses, name) }); found != nil {
		return found
	}
	return by(func(u deskUser) bool { return strings.EqualFold(u.Name, name) })
}

func (d desk) List(name ListName) ([]Listed, bool) { return d.Lists[name], true }

// asked is a directory that answers only what it was told it would be asked.
type asked struct {
	t    *testing.T
	keys Keys
	desk
}

func (a asked) Request(number int64) (Request, bool) {
	if !slices.Contains(a.keys.Numbers, number) {
		a.t.Errorf("Decide asks for request %d, which Keys does not name", number)
	}
	return a.desk.Request(number)
}

func (a asked) RequestOf(messageID string) (Request, bool) {
	if !slices.Contains(a.keys.MessageIDs, messageID) {
		a.t.Errorf("Decide asks for message %q, which Keys does not name", messageID)
	}
	return a.desk.RequestOf(messageID)
}

func (a asked) UserByAddress(addr string) (User, bool) {
	if !slices.Contains(a.keys.Addresses, addr) {
		a.t.Errorf("Decide asks for address %q, which Keys does not name", addr)
	}
	return a.desk.UserByAddress(addr)
}

func (a asked) UsersNamed(name string) []User {
	if !slices.Contains(a.keys.People, name) {
		a.t.Errorf("Decide asks for people named %q, which Keys does not name", name)
	}
	return a.desk.UsersNamed(name)
}

func (a asked) List(name ListName) ([]Listed, bool) {
	if !slices.Contains(a.keys.Lists, name) {
		a.t.Errorf("Decide asks for the list of each %s, which Keys does not name", name)
	}
	return a.desk.List(name)
}

// TestCasesAreReadAndDecidedAsTheySay runs every folder of testdata: mail.eml is what arrives, directory.json what
// the service desk knows, want.json what is understood and decided.
func TestCasesAreReadAndDecidedAsTheySay(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob("testdata/*/mail.eml")
	if err != nil || len(folders) < 80 {
		t.Fatalf("testdata holds %d cases, want at least 80 (%v)", len(folders), err)
	}
	for _, mail := range folders {
		dir := filepath.Dir(mail)
		t.Run(strings.ReplaceAll(filepath.Base(dir), "-", " "), func(t *testing.T) {
			t.Parallel()
			runCase(t, dir)
		})
	}
}

func runCase(t *testing.T, dir string) {
	raw := readFile(t, filepath.Join(dir, "mail.eml"))
	var d desk
	readJSON(t, "testdata/directory.json", &d)
	if err := overlayJSON(filepath.Join(dir, "directory.json"), &d); err != nil {
		t.Fatal(err)
	}
	m := Parse(bytes.NewReader(raw), int64(len(raw)))
	p := Policy{Rules: d.Rules, References: d.References}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	decision := p.Decide(m, asked{t, p.Keys(m), d}, now)
	if again := p.Decide(m, d, now); describeDecision(again) != describeDecision(decision) {
		t.Errorf("decided anew, the decision is another: %s", describeDecision(again))
	}
	got := "{\"message\": " + indented(t, shownMessage(t, m, raw)) + ",\n\"decision\": " + describeDecision(decision) + "}\n"
	file := filepath.Join(dir, "want.json")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(readFile(t, file)), got); diff != "" {
		t.Errorf("want.json is not what comes out (-want +got):\n%s", diff)
	}
}

// shown is a Message as want.json has it.
type shown struct {
	MessageID   string            `json:"message_id,omitempty"`
	InReplyTo   []string          `json:"in_reply_to,omitempty"`
	References  []string          `json:"references,omitempty"`
	Date        string            `json:"date,omitempty"`
	From        string            `json:"from,omitempty"`
	Sender      string            `json:"sender,omitempty"`
	ReplyTo     []string          `json:"reply_to,omitempty"`
	To          []string          `json:"to,omitempty"`
	Cc          []string          `json:"cc,omitempty"`
	ReturnPath  *string           `json:"return_path,omitempty"`
	Subject     string            `json:"subject,omitempty"`
	Text        []string          `json:"text,omitempty"`
	HTML        []string          `json:"html,omitempty"`
	Attachments []shownAttachment `json:"attachments,omitempty"`
	Automatic   Automatic         `json:"automatic,omitempty"`
	Report      *Report           `json:"report,omitempty"`
	Defects     []string          `json:"defects,omitempty"`
}

type shownAttachment struct {
	Name      string `json:"name"`
	MediaType string `json:"media_type"`
	Octets    int64  `json:"octets"`
	SHA256    string `json:"sha256"` // its first octets
	ContentID string `json:"content_id,omitempty"`
	Inline    bool   `json:"inline,omitempty"`
}

func shownMessage(t *testing.T, m *Message, raw []byte) shown {
	s := shown{
		MessageID: m.MessageID, InReplyTo: m.InReplyTo, References: m.References,
		From: shownAddress(m.From), Sender: shownAddress(m.Sender), ReplyTo: shownAddresses(m.ReplyTo),
		To: shownAddresses(m.To), Cc: shownAddresses(m.Cc), ReturnPath: m.ReturnPath, Subject: m.Subject,
		Text: shownLines(m.Text), HTML: shownLines(m.HTML), Automatic: m.Automatic, Report: m.Report,
	}
	if !m.Date.IsZero() {
		s.Date = m.Date.Format(time.RFC3339)
	}
	for _, d := range m.Defects {
		s.Defects = append(s.Defects, strings.TrimPrefix(d.Part+": "+d.What, ": "))
	}
	for _, a := range m.Attachments {
		hash := sha256.New()
		n, err := io.Copy(hash, a.Open(bytes.NewReader(raw)))
		if err != nil {
			t.Errorf("attachment %q: %v", a.Name, err)
		}
		s.Attachments = append(s.Attachments, shownAttachment{a.Name, a.MediaType, n, hex.EncodeToString(hash.Sum(nil)[:8]), a.ContentID, a.Inline})
	}
	return s
}

func shownLines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

func shownAddress(a Address) string {
	if a.Name == "" {
		return a.Addr
	}
	return a.Name + " <" + a.Addr + ">"
}

func shownAddresses(all []Address) []string {
	var s []string
	for _, a := range all {
		s = append(s, shownAddress(a))
	}
	return s
}

// describeDecision is a decision as want.json has it.
func describeDecision(d Decision) string {
	kind := strings.TrimPrefix(fmt.Sprintf("%T", d), "processor.")
	var names []string
	fields := map[string]any{"decision": kind, "reason": d.Why().Code, "detail": d.Why().Detail()}
	switch d := d.(type) {
	case OpenRequest:
		for name, value := range map[string]string{
			"kind": string(d.Kind), "subject": d.Subject, "requester": d.Requester.Logon, "user": d.User.Logon, "site": d.Site.Name,
			"source": d.Source.Name, "priority": d.Priority.Name, "group": d.Group.Name, "assignee": d.Assignee.Logon,
			"type": d.Type.Name, "body": d.Body,
		} {
			if value != "" {
				fields[name] = value
			}
		}
		if d.LinkedTo != 0 {
			fields["linked_to"] = d.LinkedTo
		}
		if !d.Due.IsZero() {
			fields["due"] = d.Due
		}
		if d.Filters != nil {
			fields["filters"] = d.Filters
		}
		if d.Fields != nil {
			fields["fields"] = d.Fields
		}
		names = attachmentNames(d.Attachments, d.AttachRaw)
	case AddActivity:
		fields["request"], fields["author"], fields["reopen"], fields["flagged"] = d.Request, d.Author.Logon, d.Reopen, d.Flagged
		names = attachmentNames(d.Attachments, d.AttachRaw)
	}
	if len(names) > 0 {
		fields["attachments"] = names
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "\t")
	if err := enc.Encode(fields); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(b.String())
}

func attachmentNames(all []Attachment, raw bool) []string {
	var names []string
	for _, a := range all {
		names = append(names, a.Name)
	}
	if raw {
		names = append(names, "the raw message")
	}
	return names
}

func indented(t *testing.T, v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "\t")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func readJSON(t *testing.T, name string, v any) {
	t.Helper()
	if err := strictJSON(readFile(t, name), v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// overlayJSON reads a file over v; no file changes nothing.
func overlayJSON(name string, v any) error {
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return strictJSON(b, v)
}

func strictJSON(b []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	return dec.Decode(v)
}
