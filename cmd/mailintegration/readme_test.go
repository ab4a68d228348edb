package main

import (
	"go/ast"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestTheTableOfTroubleQuotesTheProgram keeps the first column of the README's table "When something goes wrong" true: an
// administrator searches it for the words that the program has printed. What stands for changing words is written …
func TestTheTableOfTroubleQuotesTheProgram(t *testing.T) {
	t.Parallel()
	var texts []string
	eachFile(t, func(files *token.FileSet, f *ast.File) {
		if strings.HasSuffix(files.Position(f.Pos()).Filename, "_test.go") {
			return
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, is := n.(*ast.BasicLit); is && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil {
					texts = append(texts, text)
				}
			}
			return true
		})
	})
	program := strings.Join(texts, "\n")
	quotations := 0
	for _, row := range strings.Split(readmeSection(t, "When something goes wrong"), "\n") {
		cells := strings.Split(row, "|")
		if len(cells) < 4 {
			continue
		}
		for _, span := range regexp.MustCompile("`[^`]+`").FindAllString(cells[1], -1) {
			for _, words := range strings.Split(strings.Trim(span, "`"), "…") {
				words = strings.Trim(words, " ,:")
				if words != "" && !strings.Contains(program, words) {
					t.Errorf("the README quotes %q, which the program never prints: %s", words, strings.TrimSpace(cells[1]))
				}
				quotations++
			}
		}
	}
	if quotations < 20 {
		t.Errorf("found only %d quotations", quotations)
	}
}

// readmeSection returns the README's text below a heading, up to the next one.
func readmeSection(t *testing.T, heading string) string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(readme), "\n## "+heading+"\n")
	if !found {
		t.Fatalf("the README has no section %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	return section
}
