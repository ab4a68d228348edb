package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// wantedCase is the want.json of a case: what explain --no-database must say of the message beside it.
type wantedCase struct {
	Kind   string
	Checks []wantedValue
}

// wantedValue is one check: Path leads into the JSON of explain, as in "message.attachments[*].name".
type wantedValue struct {
	Path, Op string
	Value    any
}

// TestExplainSaysWhatTheCasesWant reads the folder of cases that CASES_DIR names. If CI is set, the folder must be there.
func TestExplainSaysWhatTheCasesWant(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("CASES_DIR")
	if dir == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("CASES_DIR is not set: it must name the folder of messages and what must be said of each")
		}
		t.Skip("CASES_DIR is not set")
	}
	mails, err := filepath.Glob(filepath.Join(dir, "*", "mail.eml"))
	if err != nil || len(mails) < 100 {
		t.Fatalf("CASES_DIR does not name the folder of cases: it has %d mails (%v)", len(mails), err)
	}
	for _, mail := range mails {
		folder := filepath.Dir(mail)
		t.Run(filepath.Base(folder), func(t *testing.T) {
			t.Parallel()
			checkCase(t, folder)
		})
	}
}

// checkCase explains the message of a case, and fails the test for each check that does not hold.
func checkCase(t *testing.T, folder string) {
	t.Helper()
	var want wantedCase
	content, err := os.ReadFile(filepath.Join(folder, "want.json"))
	if err == nil {
		err = json.Unmarshal(content, &want)
	}
	if err != nil || len(want.Checks) == 0 {
		t.Fatalf("want.json has %d checks (%v)", len(want.Checks), err)
	}
	said := explained(t, filepath.Join(folder, "mail.eml"))
	for _, c := range want.Checks {
		if got := valueAt(said, c.Path); !c.holds(t, got) {
			t.Errorf("%s %s %q, got %q", c.Path, c.Op, c.Value, got)
		}
	}
}

// explained returns the JSON that explain --no-database prints about a message where there is no configuration.
func explained(t *testing.T, mail string) any {
	t.Helper()
	var out bytes.Buffer
	x := offline("", defaultRules(), 0)
	defer x.close()
	for _, m := range openMessages([]string{mail}) {
		if err := x.explain(&env{ctx: t.Context(), stdout: &out}, m, true); err != nil {
			t.Fatal(err)
		}
	}
	var said any
	if err := json.Unmarshal(out.Bytes(), &said); err != nil {
		t.Fatal(err)
	}
	return said
}

// pythonCharacter is an escaped character of a regular expression of Python, the language of the cases' own runner.
var pythonCharacter = regexp.MustCompile(`\\u([0-9a-f]{4})`)

var pathStep = regexp.MustCompile(`[^.\[\]]+|\[\*\]|\[0\]`)

// valueAt returns what stands at a path, "" where nothing does.
func valueAt(value any, path string) any {
	steps := pathStep.FindAllString(path, -1)
	for i, step := range steps {
		switch list, _ := value.([]any); {
		case step == "[*]":
			found := []any{}
			for _, element := range list {
				found = append(found, valueAt(element, strings.Join(steps[i+1:], ".")))
			}
			return found
		case step == "[0]" && len(list) > 0:
			value = list[0]
		default:
			object, _ := value.(map[string]any)
			value = object[step]
		}
	}
	if value == nil {
		return ""
	}
	return value
}

// holds reports whether a check holds for the value at its path. In a list, contains and lacks are about its members, and
// matches is about any of them.
func (c wantedValue) holds(t *testing.T, got any) bool {
	t.Helper()
	switch c.Op {
	case "equals":
		return reflect.DeepEqual(got, c.Value)
	case "contains":
		return isIn(c.Value, got)
	case "lacks":
		return !isIn(c.Value, got)
	case "in":
		return isIn(got, c.Value)
	case "notin":
		return !isIn(got, c.Value)
	case "matches":
		list, ok := got.([]any)
		if !ok {
			list = []any{got}
		}
		pattern := regexp.MustCompile("(?s)" + pythonCharacter.ReplaceAllString(c.Value.(string), `\x{$1}`))
		return slices.ContainsFunc(list, func(member any) bool { s, ok := member.(string); return ok && pattern.MatchString(s) })
	}
	t.Fatalf("there is no check %q", c.Op)
	return false
}

// isIn reports whether value is a member of a list, or a part of a string.
func isIn(value, whole any) bool {
	if list, ok := whole.([]any); ok {
		return slices.ContainsFunc(list, func(member any) bool { return reflect.DeepEqual(member, value) })
	}
	s, _ := whole.(string)
	part, ok := value.(string)
	return ok && strings.Contains(s, part)
}
