package main

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailintegration/daemon/vocabulary"
)

// logDocument is the documentation of the log.
const logDocument = "../../deploy/log.md"

// TestTheLogIsDocumented compares deploy/log.md with the events of the program.
func TestTheLogIsDocumented(t *testing.T) {
	t.Parallel()
	all, err := vocabulary.Read("../..")
	if err != nil {
		t.Fatal(err)
	}
	want := vocabulary.Markdown(all, func(event string) (string, uint32) { return messageID(event), eventIDs[event] })
	if *updateDocuments {
		if err := os.WriteFile(logDocument, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(logDocument)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("deploy/log.md is not what events.go says; run make generate\n%s", diff)
	}
}

// TestEachErrorHasANumberInTheEventLogOfWindows keeps the table of numbers whole: every error has one, no two have the same, and
// none is of an event that is not there.
func TestEachErrorHasANumberInTheEventLogOfWindows(t *testing.T) {
	t.Parallel()
	all, err := vocabulary.Read("../..")
	if err != nil {
		t.Fatal(err)
	}
	known, by := map[string]bool{}, map[uint32]string{otherEvent: "others"}
	for _, e := range all {
		known[e.Name] = true
		if e.Level == "error" && eventID(e.Name) == otherEvent {
			t.Errorf("eventids.go has no number for the error %q", e.Name)
		}
	}
	for name, id := range eventIDs {
		if !known[name] {
			t.Errorf("eventids.go has %q, which no events.go has", name)
		}
		if by[id] != "" || id > 1000 {
			t.Errorf("%q has the number %d, which is that of %q or too large", name, id, by[id])
		}
		by[id] = name
	}
}
