package config

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailintegration/config/key"
)

func TestFiltersAreReadInTheirOrder(t *testing.T) {
	t.Parallel()
	m, warnings, err := LoadMailbox(filepath.Join(private(t, "testdata/filters"), "filters.xml"), key.Source{})
	if err != nil || len(warnings) > 0 {
		t.Fatalf("warnings %v, error %v", warnings, err)
	}
	want := []Filter{
		{
			Line: 12,
			When: When{Name: "newsletters", Headers: []string{"List-Unsubscribe: ", `X-Mailer: (?-i)Mass\d+ <`}, Sender: `@newsletter\.example$`},
			Then: Then{Ignore: true},
		}, {
			Line: 19,
			When: When{Name: "2", Recipient: "^accounts@", LargerThan: 2 << 20, AttachmentType: "^application/", AttachmentName: `\.exe$`},
			Then: Then{SetGroup: "Accounts", SetPriority: "High", SetAssignee: "ann", SetSite: "Montréal", Stop: true},
		},
	}
	if diff := cmp.Diff(want, m.Filters); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	name, pattern := HeaderPattern(m.Filters[0].Headers[1])
	if name != "X-Mailer" || !pattern.Regexp().MatchString("Mass1 <x") || pattern.Regexp().MatchString("mass1 <x") {
		t.Errorf("header %q, pattern %q", name, pattern)
	}
	if !m.Filters[0].Sender.Regexp().MatchString("X@Newsletter.EXAMPLE") {
		t.Error("upper and lower case are not the same")
	}
}

func TestFiltersThatXMLWritesAreReadBackAlike(t *testing.T) {
	t.Parallel()
	want, _, err := LoadMailbox(filepath.Join(private(t, "testdata/filters"), "filters.xml"), key.Source{})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := want.XML(&text); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "filters.xml")
	withPassword := strings.Replace(text.String(), "<!-- Password is left out -->", password, 1)
	if err := os.WriteFile(path, []byte(withPassword), 0o600); err != nil {
		t.Fatal(err)
	}
	got, _, err := LoadMailbox(path, key.Source{})
	if err != nil {
		t.Fatalf("%v\n%s", err, text.String())
	}
	for i := range got.Filters {
		want.Filters[i].Line, got.Filters[i].Line = 0, 0
	}
	if diff := cmp.Diff(want.Filters, got.Filters); diff != "" {
		t.Errorf("(-want +got):\n%s\n%s", diff, text.String())
	}
}
