package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEveryPackageMapsItsFiles keeps the section "# Files" of each package comment true: it names every file of the
// package once, doc.go and tests apart, and no file that does not exist. An entry such as lock_*.go stands for one file
// per operating system.
func TestEveryPackageMapsItsFiles(t *testing.T) {
	t.Parallel()
	fileName := regexp.MustCompile(`[\w*]+\.go\b`)
	for dir, files := range packages(t) {
		documented, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, "doc.go"), nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Errorf("%s has no doc.go that can be read: %v", dir, err)
			continue
		}
		_, section, _ := strings.Cut(documented.Doc.Text(), "# Files\n")
		section, _, _ = strings.Cut(section, "\n# ")
		named := make(map[string]int)
		for _, pattern := range fileName.FindAllString(section, -1) {
			matches, _ := filepath.Glob(filepath.Join(dir, pattern))
			if len(matches) == 0 {
				t.Errorf("%s/doc.go names %s, which does not exist", dir, pattern)
			}
			for _, path := range matches {
				named[filepath.Base(path)]++
			}
		}
		for _, name := range files {
			if named[name] != 1 {
				t.Errorf("%s/doc.go names %s %d times in its section \"# Files\"; name it once", dir, name, named[name])
			}
		}
	}
}

// packages returns the names of the Go files of each package that has several, by its directory. A package of one file
// is its own map.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	all := make(map[string][]string)
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		name := d.Name()
		if err == nil && d.IsDir() && (name == "testdata" || strings.HasPrefix(name, ".") && path != "../..") {
			return fs.SkipDir
		}
		if strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") && name != "doc.go" {
			all[filepath.Dir(path)] = append(all[filepath.Dir(path)], name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir, files := range all {
		_, err := os.Stat(filepath.Join(dir, "doc.go"))
		if len(files) == 1 && err != nil {
			delete(all, dir)
		}
	}
	if len(all) < 10 {
		t.Fatalf("found only %d packages", len(all))
	}
	return all
}
