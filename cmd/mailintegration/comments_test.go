package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// TestFunctionsAreDocumentedInOneForm keeps the comments of functions alike over the whole tree: the name and a verb in
// the third person ("Quit ends the session"), and "reports whether" where the only result is a bool.
func TestFunctionsAreDocumentedInOneForm(t *testing.T) {
	t.Parallel()
	eachFile(t, func(files *token.FileSet, f *ast.File) {
		for _, d := range f.Decls {
			function, is := d.(*ast.FuncDecl)
			if !is || function.Doc == nil || isTest.MatchString(function.Name.Name) {
				continue
			}
			words := strings.Fields(function.Doc.Text())
			for i := range words {
				words[i] = strings.TrimRight(words[i], ",;:")
			}
			at := files.Position(function.Pos())
			switch {
			case len(words) < 2 || words[0] != function.Name.Name:
				t.Errorf("%s: the comment does not begin with the name %s", at, function.Name.Name)
			case words[1] == "is" || !strings.HasSuffix(words[1], "s"):
				t.Errorf("%s: the comment does not begin with a verb: %s %s …", at, words[0], words[1])
			case isPredicate(function) && words[1] != "implements" && (words[1] != "reports" || len(words) < 3 || words[2] != "whether"):
				t.Errorf("%s: the comment of a predicate begins with \"%s reports whether\"", at, words[0])
			}
		}
	})
}

// isTest finds the functions whose name is a sentence already: their comment gives the reason.
var isTest = regexp.MustCompile(`^(Test|Example|Benchmark|Fuzz)`)

// isPredicate reports whether a function only tells true or false: a name that begins with another verb than is and has,
// such as wait, says that it does something.
func isPredicate(f *ast.FuncDecl) bool {
	if f.Type.Results == nil || len(f.Type.Results.List) != 1 || len(f.Type.Results.List[0].Names) > 1 {
		return false
	}
	result, is := f.Type.Results.List[0].Type.(*ast.Ident)
	return is && result.Name == "bool" && regexp.MustCompile(`^([iI]s|[hH]as)[A-Z]`).MatchString(f.Name.Name)
}

// TestCommentsNameTheirSubject refuses the forms that make a comment a riddle for those who read English as a second
// language.
func TestCommentsNameTheirSubject(t *testing.T) {
	t.Parallel()
	riddle := regexp.MustCompile(`\b(is what|are what|(there )?is none|it is waited|is to be said|could be had|can be had|to be had)\b`)
	eachFile(t, func(files *token.FileSet, f *ast.File) {
		for _, group := range f.Comments {
			for _, c := range group.List {
				for _, found := range riddle.FindAllString(c.Text, -1) {
					if found != "there is none" {
						t.Errorf("%s: %q: name the subject, and who acts", files.Position(c.Pos()), found)
					}
				}
			}
		}
	})
}

// sourceFiles parses every Go file of the module, once for all tests.
var sourceFiles = sync.OnceValues(func() (parsed []*ast.File, err error) {
	err = filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		f, err := parser.ParseFile(sourcePositions, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		parsed = append(parsed, f)
		return err
	})
	return parsed, err
})

// sourcePositions has the positions in sourceFiles.
var sourcePositions = token.NewFileSet()

// eachFile calls visit with every Go file of the module. The tests only read them.
func eachFile(t *testing.T, visit func(*token.FileSet, *ast.File)) {
	t.Helper()
	parsed, err := sourceFiles()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range parsed {
		visit(sourcePositions, f)
	}
}
