package processor

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// FuzzParse checks the promises of Parse for arbitrary octets: no panic, bounded and clean text, readable attachments,
// and a decision that is the same each time.
func FuzzParse(f *testing.F) {
	cases, err := filepath.Glob("testdata/*/mail.eml")
	if err != nil || len(cases) == 0 {
		f.Fatalf("no cases in testdata: %v", err)
	}
	for _, name := range cases {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	limits := DefaultLimits()
	limits.Depth, limits.Parts, limits.Header, limits.Text, limits.HTML, limits.Recipients, limits.References = 3, 10, 2000, 500, 500, 5, 3
	f.Fuzz(func(t *testing.T, octets []byte) {
		checkPromises(t, octets, limits)
		checkPromises(t, octets, DefaultLimits())
	})
}

func checkPromises(t *testing.T, octets []byte, limits Limits) {
	raw := bytes.NewReader(octets)
	m := limits.Parse(raw, int64(len(octets)))
	checkBounds(t, m, limits)
	if m.ReadError != nil {
		t.Errorf("read error: %v", m.ReadError)
	}
	for _, a := range m.Attachments {
		if n, err := io.Copy(io.Discard, a.Open(raw)); err != nil || n > int64(len(octets)) {
			t.Errorf("attachment %q: read %d octets of a message of %d (%v)", a.Name, n, len(octets), err)
		}
	}
	var d desk
	reparsed := limits.Parse(raw, int64(len(octets)))
	for _, processor := range []Processor{EndUserIncident, EndUserServiceRequest, Monitoring} {
		p := Policy{Rules: Rules{Processor: processor, CreateNewRequests: true}, References: References{Login: User{ID: 1, Name: "x"}}}
		first := p.Decide(m, asked{t, p.Keys(m), d}, time.Unix(0, 0))
		second := p.Decide(reparsed, d, time.Unix(0, 0))
		if diff := cmp.Diff(explainDecision(first), explainDecision(second)); diff != "" {
			t.Errorf("the second decision differs (-first +second):\n%s", diff)
		}
		if open, ok := first.(OpenRequest); ok && (open.Subject == "" || open.Requester.ID == 0) {
			t.Errorf("opened without subject or requester: %+v", open)
		}
	}
}
