package processor

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite want.json of every case, and the files of the explain tests")

// desk is a service desk as a directory.json describes it. A case's own file replaces entries of
// testdata/directory.json.
type desk struct {
	Rules      Rules
	References References
	Users      []deskUser
	Requests   []deskRequest
	Mail       []deskMail
	Lists      map[ListName][]Listed
	Opened     map[string][]deskOpening // by the sender's address, newest first
}

// deskOpening is a message that opened a request, or would have without MaxNewRequests.
type deskOpening struct {
	At      time.Time
	Request int64
}

type deskUser struct {
	User
	Addresses []string
}

// deskMail is how many mails of a kind an address has got lately.
type deskMail struct {
	Address string
	Kind    ReplyKind
	Count   int
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

func (d desk) MailCount(addr string, kind ReplyKind) int {
	for _, m := range d.Mail {
		if m.Address == addr && m.Kind == kind {
			return m.Count
		}
	}
	return 0
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

func (d desk) OpenedBy(key SenderKey) (count int, last Request, ok bool) {
	sent := SentAt(key.Date, caseTime)
	for _, o := range d.Opened[key.Address] {
		if !o.At.Before(sent.Add(key.Within)) || !o.At.After(sent.Add(-key.Within)) || count == key.Number {
			continue
		}
		if count++; count == 1 {
			last, ok = d.Request(o.Request)
		}
	}
	return count, last, ok
}

func (d desk) List(name ListName) ([]Listed, bool) { return d.Lists[name], true }

// asked is a directory that fails the test for a look-up that keys does not list.
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

func (a asked) MailCount(addr string, kind ReplyKind) int {
	if !slices.Contains(a.keys.MailTo, addr) {
		a.t.Errorf("Decide asks for the mail to %q, which Keys does not name", addr)
	}
	return a.desk.MailCount(addr, kind)
}

func (a asked) UsersNamed(name string) []User {
	if !slices.Contains(a.keys.People, name) {
		a.t.Errorf("Decide asks for people named %q, which Keys does not name", name)
	}
	return a.desk.UsersNamed(name)
}

func (a asked) OpenedBy(key SenderKey) (int, Request, bool) {
	if !slices.Contains(a.keys.Senders, key) {
		a.t.Errorf("Decide asks for the requests of sender %v, which Keys does not name", key)
	}
	return a.desk.OpenedBy(key)
}

func (a asked) List(name ListName) ([]Listed, bool) {
	if !slices.Contains(a.keys.Lists, name) {
		a.t.Errorf("Decide asks for the list of each %s, which Keys does not name", name)
	}
	return a.desk.List(name)
}

// TestEachCaseIsReadAndDecidedAsItsFilesSay runs every folder of testdata: mail.eml is the message, directory.json the
// service desk's data, and want.json the message and the decision as Explain describes them.
func TestEachCaseIsReadAndDecidedAsItsFilesSay(t *testing.T) {
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

// caseTime is the time at which the cases are decided.
var caseTime = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func runCase(t *testing.T, dir string) {
	raw := readFile(t, filepath.Join(dir, "mail.eml"))
	var d desk
	readJSON(t, "testdata/directory.json", &d)
	if err := overlayJSON(filepath.Join(dir, "directory.json"), &d); err != nil {
		t.Fatal(err)
	}
	m := Parse(bytes.NewReader(raw), int64(len(raw)))
	p := NewPolicy(d.Rules, d.References)
	decision := p.Decide(m, asked{t, p.Keys(m), d}, caseTime)
	if diff := cmp.Diff(explainDecision(decision), explainDecision(p.Decide(m, d, caseTime))); diff != "" {
		t.Errorf("the second decision differs (-first +second):\n%s", diff)
	}
	checkExplanation(t, filepath.Join(dir, "want.json"), m, raw, decision)
}

// checkExplanation compares the JSON of Explain, octet by octet, with a file; with -update it writes the file.
func checkExplanation(t *testing.T, file string, m *Message, raw []byte, d Decision) {
	t.Helper()
	e, err := Explain(m, bytes.NewReader(raw), d)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "\t")
	if err := enc.Encode(e); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	readable := strings.NewReplacer(`\n`, "\n") // only in the report: JSON keeps a string on one line
	want, got := string(readFile(t, file)), b.String()
	if want != got {
		t.Errorf("%s differs (-want +got):\n%s", file, cmp.Diff(readable.Replace(want), readable.Replace(got)))
	}
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

// overlayJSON reads a file over v. A missing file changes nothing.
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
