package vocabulary

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
)

// program is an events.go.
const program = `package p

const wait = "wait, " + "or act"

type events struct{ log *zap.Logger }

// started logs that the thing runs.
func (e events) started(n int) { e.log.Info("thing started", zap.Int("n", n)) }

func shared(m mail) []zap.Field { return []zap.Field{zap.String("id", m.ID), zap.Error(m.err)} }

// ended logs how a thing ended.
func (e events) ended(m mail, err error, account string) {
	fields := append(shared(m), zap.String("hint", Hint(err)))
	switch {
	case err == nil:
		// All went well.
		e.log.Debug("thing ended", zap.Bool("well", true))
	case waiting(err):
		e.log.Warn("thing ended", fields...)
	default:
		e.log.Error("thing failed", append(fields[:1], zap.String("last", "x"), zap.String("hint", wait+": "+account))...)
	}
}

func thingStartedFields() []zap.Field { return []zap.Field{zap.String("where", "here")} }
`

func TestEventsAreReadFromTheSource(t *testing.T) {
	t.Parallel()
	module := t.TempDir()
	if err := os.MkdirAll(filepath.Join(module, "a", "b"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(module, "a", "b", "events.go"), []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Read(module)
	if err != nil {
		t.Fatal(err)
	}
	follow := "follow the field hint, which depends on the error"
	want := []Event{
		{"a/b", "thing started", "info", "The thing runs.", []string{"n", "where"}, ""},
		{"a/b", "thing ended", "debug", "All went well.", []string{"well"}, ""},
		{"a/b", "thing ended", "warn", "How a thing ended.", []string{"id"}, follow},
		{"a/b", "thing failed", "error", "How a thing ended.", []string{"last", "id"}, "wait, or act: ACCOUNT"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEveryEventOfTheProgramIsExplained(t *testing.T) {
	t.Parallel()
	all, err := Read("../..")
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string]int{}
	for _, e := range all {
		packages[e.Package]++
		if e.Name == "" || e.Meaning == "" || strings.HasSuffix(e.Name, " ") {
			t.Errorf("%s: %s %q means %q: write the name as a string, and a comment above the call or the method", e.Package, e.Level, e.Name, e.Meaning)
		}
		if e.Level == "error" && e.Hint == "" && e.Package != "store/postgres" {
			t.Errorf("%s: the error %q has no hint", e.Package, e.Name)
		}
	}
	for _, p := range parts {
		if packages[p.folder] == 0 {
			t.Errorf("%s has no events", p.folder)
		}
		delete(packages, p.folder)
	}
	if len(packages) > 0 {
		t.Errorf("the documentation lacks %v", packages)
	}
	if diff := cmp.Diff(Fields(all), slices.Sorted(maps.Keys(meanings))); diff != "" {
		t.Errorf("fields of events, and those with a meaning in field.go:\n%s", diff)
	}
}

func TestARecorderTellsWhatWasNotLoggedAndWhatNobodyKnows(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "logged")
	for range 2 { // two processes
		log := zap.New(NewRecorder(path).Core(zap.NewNop().Core())).With(zap.Int("n", 1))
		log.Debug("seen")
		log.Debug("seen")
		log.Info("of another package")
	}
	all := []Event{{Package: "a", Level: "debug", Name: "seen"}, {Package: "b", Level: "info", Name: "of another package"}}
	check := func(more ...Event) error {
		return NewRecorder(path).Check(append(slices.Clone(all), more...), func(e Event) bool { return e.Package == "a" })
	}
	if err := check(Event{Package: "b", Level: "warn", Name: "of another package"}); err != nil {
		t.Error(err)
	}
	if err := check(Event{Package: "a", Level: "info", Name: "seen"}); err == nil || !strings.Contains(err.Error(), `no test has seen: ["info seen"]`) {
		t.Errorf("an event that was not logged: %v", err)
	}
	all = all[:1]
	if err := check(); err == nil || !strings.Contains(err.Error(), `no events.go has: ["info of another package"]`) {
		t.Errorf("an event that nobody knows: %v", err)
	}
}
