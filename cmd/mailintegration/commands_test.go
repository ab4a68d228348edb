package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// commandForm finds commands of the program in a text.
var commandForm = regexp.MustCompile(`\bmailintegration ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?`)

// TestEveryCommandThatATextNamesExists looks at the strings of the program: hints and the texts of events tell people what to run.
func TestEveryCommandThatATextNamesExists(t *testing.T) {
	t.Parallel()
	var c cli
	k, err := newParser(&c)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	err = filepath.WalkDir("../..", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		for place, text := range stringsOf(t, path) {
			for _, named := range commandForm.FindAllStringSubmatch(text, -1) {
				found++
				if !isCommand(k.Model.Node, named[1], named[2]) {
					t.Errorf("%s names a command that does not exist: %s", place, named[0])
				}
			}
		}
		return nil
	})
	if err != nil || found < 20 {
		t.Errorf("%d commands were found, %v", found, err)
	}
}

// stringsOf returns the string literals of a Go file by their places, parts of a concatenation joined.
func stringsOf(t *testing.T, path string) map[string]string {
	t.Helper()
	files, all := token.NewFileSet(), map[string]string{}
	file, err := parser.ParseFile(files, path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		text, ok := literal(n)
		if ok {
			all[files.Position(n.Pos()).String()] = text
		}
		return !ok
	})
	return all
}

// literal returns the text of a string literal, or of several with + between them.
func literal(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.BasicLit:
		if n.Kind != token.STRING {
			return "", false
		}
		text, err := strconv.Unquote(n.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		left, ok := literal(n.X)
		right, also := literal(n.Y)
		return left + right, ok && also && n.Op == token.ADD
	}
	return "", false
}

// isCommand reports whether the program has a verb and, if the verb has several of its own, the one that follows.
func isCommand(program *kong.Node, verb, next string) bool {
	for _, child := range program.Children {
		if child.Name != verb {
			continue
		}
		if len(child.Children) == 0 {
			return true
		}
		for _, grandchild := range child.Children {
			if grandchild.Name == next {
				return true
			}
		}
	}
	return false
}
