package main

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheMakefileRunsTestsThatExist finds a test for each pattern of -run in the Makefile and the scripts, in the package
// that the line names: go test succeeds when it finds none.
func TestTheMakefileRunsTestsThatExist(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{} // by folder
	eachFile(t, func(files *token.FileSet, f *ast.File) {
		folder := filepath.Dir(files.Position(f.Pos()).Filename)
		for _, d := range f.Decls {
			if function, is := d.(*ast.FuncDecl); is && strings.HasPrefix(function.Name.Name, "Test") {
				tests[folder] = append(tests[folder], function.Name.Name)
			}
		}
	})
	run, found := regexp.MustCompile(`-run '?([A-Za-z|]+)'?`), 0
	for _, file := range []string{"Makefile", "scripts/lint", "scripts/fuzz", ".ci/run"} {
		text, err := os.ReadFile(filepath.Join("../..", file))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(text), "\n") {
			patterns, folder := run.FindStringSubmatch(line), regexp.MustCompile(`\./([a-z/]+)`).FindStringSubmatch(line)
			if patterns == nil || folder == nil {
				continue
			}
			names := strings.Join(tests[filepath.Join("../..", folder[1])], "\n")
			for _, pattern := range strings.Split(patterns[1], "|") {
				found++
				if !strings.Contains(names, pattern) {
					t.Errorf("%s: no test in %s has %s in its name", file, folder[1], pattern)
				}
			}
		}
	}
	if found < 8 {
		t.Errorf("found only %d patterns", found)
	}
}
