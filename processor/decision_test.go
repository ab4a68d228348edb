package processor

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestExtendingAReasonLeavesItUnchanged(t *testing.T) {
	t.Parallel()
	clauses := make([]string, 1, 4)
	clauses[0] = "subject names incident 4711"
	why := NewReason(ReasonSubject, clauses...)
	longer := why.with("a receipt; read").as(ReasonClosed).extended(", today")
	other := why.extended(", which is closed")
	if diff := cmp.Diff(NewReason(ReasonClosed, "subject names incident 4711", "a receipt; read, today"), longer); diff != "" {
		t.Errorf("with more clauses (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(NewReason(ReasonSubject, "subject names incident 4711, which is closed"), other); diff != "" {
		t.Errorf("with more words (-want +got):\n%s", diff)
	}
	if want, got := "subject names incident 4711; a receipt; read, today", longer.Detail(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := why.Detail(); got != "subject names incident 4711" {
		t.Errorf("the original reason changed to %q", got)
	}
}

func TestAReasonSaysWhetherARequestWasLookedUp(t *testing.T) {
	t.Parallel()
	rules := Rules{Processor: EndUserIncident, CreateNewRequests: true}
	m := parseString("From: ann@a.example\nSubject: [Incident] #4711\n\nx")
	for _, tt := range []struct {
		name       string
		references References
		want       string
	}{
		{"in a database", References{}, "subject names 4711, which is no request of this team"},
		{"without a database", rules.Names.Unresolved(), "subject names 4711, which was not looked up"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			why := NewPolicy(rules, tt.references).Decide(m, NoDirectory{}, time.Time{}).Why()
			if why.Clauses[0] != tt.want {
				t.Errorf("got %q, want %q", why.Clauses[0], tt.want)
			}
		})
	}
}
