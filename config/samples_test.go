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

const samples = "../deploy/samples"

func TestTheSamplesAreReadWithoutAWarning(t *testing.T) {
	t.Parallel()
	s, warnings, err := LoadService(filepath.Join(private(t, samples), "mailintegration.xml"), key.Source{})
	if err != nil || len(warnings) > 0 {
		t.Fatalf("warnings %v, error %v", warnings, err)
	}
	var got []Processor
	for _, m := range s.Mailboxes {
		got = append(got, m.Processor)
		if m.Login != "mailintegration" || m.Team != "IT Montreal" {
			t.Errorf("%s: Login %q, Team %q, want those of the service file", m.Name, m.Login, m.Team)
		}
	}
	if diff := cmp.Diff([]Processor{Monitoring, EndUserIncident, EndUserIncident, EndUserServiceRequest}, got); diff != "" {
		t.Errorf("processors (-want +got):\n%s", diff)
	}
}

// TestTheOriginalsSamplesAreRead loads testdata/original/*.xml, and compares the warnings and the configuration in
// effect with NAME.want.txt.
func TestTheOriginalsSamplesAreRead(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"incident", "event", "service-request"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := private(t, "testdata/original")
			m, warnings, err := LoadMailbox(filepath.Join(folder, name+".xml"), key.Source{})
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			for _, w := range warnings {
				got.WriteString(relative(t, w.String(), folder) + "\n")
			}
			if err := m.XML(&got); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(got.String(), secretInTests) {
				t.Errorf("a secret is printed:\n%s", got.String())
			}
			if m.Password.Reveal() != secretInTests {
				t.Errorf("the password was not read")
			}
			compareFile(t, filepath.Join("testdata/original", name+".want.txt"), got.String())
		})
	}
}

func TestTheCommittedReferenceIsCurrent(t *testing.T) {
	t.Parallel()
	var got bytes.Buffer
	if err := Reference(&got); err != nil {
		t.Fatal(err)
	}
	compareFile(t, "../deploy/reference.md", got.String())
}

func TestMailboxesThatXMLWritesAreReadBackAlike(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"incident", "event", "service-request"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, _, err := LoadMailbox(filepath.Join("testdata/original", name+".xml"), key.Source{})
			if err != nil {
				t.Fatal(err)
			}
			var text bytes.Buffer
			if err := want.XML(&text); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), name+".xml")
			withPassword := strings.Replace(text.String(), "<!-- Password is left out -->", "<Password>hunter2</Password>", 1)
			if err := os.WriteFile(path, []byte(withPassword), 0o600); err != nil {
				t.Fatal(err)
			}
			got, _, err := LoadMailbox(path, key.Source{})
			if err != nil {
				t.Fatalf("%v\n%s", err, text.String())
			}
			want.File, got.File = "", ""
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
