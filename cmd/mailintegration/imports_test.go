package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestImportsGoOneWay keeps the layout: octets enter at mailbox and leave as rows at store, and only daemon and this command
// import both. Tests may import more.
func TestImportsGoOneWay(t *testing.T) {
	t.Parallel()
	allowed := map[string][]string{
		"config":    {},
		"mailbox":   {},
		"processor": {},
		"store":     {"processor"},
		"daemon":    {"mailbox", "processor", "store"},
	}
	for pkg, may := range allowed {
		out, err := exec.Command("go", "list", "-deps", "mailintegration/"+pkg).Output()
		if err != nil {
			t.Fatalf("go list -deps %s: %v", pkg, err)
		}
		for _, dep := range strings.Fields(string(out)) {
			ours, is := strings.CutPrefix(dep, "mailintegration/")
			top, _, _ := strings.Cut(ours, "/")
			if is && top != pkg && !slices.Contains(may, top) {
				t.Errorf("%s imports %s", pkg, ours)
			}
		}
	}
}
