package main

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"mailintegration/config"
)

// testPackages are the folders whose code is not in the program.
var testPackages = []string{"bench", "browsertest", "dovecottest", "interop", "pop3test", "storetest"}

// text is one string of the program's source: a literal, or literals joined by +, with hole for every other operand.
type text struct {
	position token.Position
	value    string
}

// hole stands for a value that is not a literal. It is no part of a word.
const hole = "\x00"

// programTexts returns every string in the program's source.
func programTexts(t *testing.T) []text {
	t.Helper()
	var all []text
	eachFile(t, func(files *token.FileSet, f *ast.File) {
		path := files.Position(f.Pos()).Filename
		if strings.HasSuffix(path, "_test.go") || slices.Contains(testPackages, filepath.Base(filepath.Dir(path))) {
			return
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ImportSpec:
				return false
			case *ast.BinaryExpr:
				if value := joined(n); n.Op == token.ADD && strings.Trim(value, hole) != "" {
					all = append(all, text{files.Position(n.Pos()), value})
					return false
				}
			case *ast.BasicLit:
				if n.Kind == token.STRING {
					all = append(all, text{files.Position(n.Pos()), joined(n)})
				}
			}
			return true
		})
	})
	return all
}

// joined returns the string that an expression stands for, as far as the source says it.
func joined(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return joined(e.X) + joined(e.Y)
	case *ast.BasicLit:
		if value, err := strconv.Unquote(e.Value); err == nil {
			return value
		}
	}
	return hole
}

// TestTextsNameVerbsThatExist finds "mailintegration VERB [VERB]" in every string of the program.
func TestTextsNameVerbsThatExist(t *testing.T) {
	t.Parallel()
	parser, err := newParser(&cli{})
	if err != nil {
		t.Fatal(err)
	}
	verbs := map[string][]string{} // with the verbs below them
	for _, verb := range parser.Model.Children {
		verbs[verb.Name] = nil
		for _, below := range verb.Children {
			if below.Type == kong.CommandNode {
				verbs[verb.Name] = append(verbs[verb.Name], below.Name)
			}
		}
	}
	command := regexp.MustCompile("(?:^|[\\s\"(`])mailintegration ([a-z][a-z-]*)(=?)(?: ([a-z][a-z-]*))?")
	found := 0
	for _, s := range programTexts(t) {
		for _, m := range command.FindAllStringSubmatch(s.value, -1) {
			if m[2] == "=" { // dbname=x user=mailintegration sslmode=…
				continue
			}
			found++
			below, exists := verbs[m[1]]
			if !exists || len(below) > 0 && !slices.Contains(below, m[3]) {
				t.Errorf("%s: there is no verb %q", s.position, strings.TrimSpace(m[0]))
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d verbs were found: does the test still read the right files?", found)
	}
}

// notTags are the words of mixed case in the program's sentences that name no tag.
var notTags = strings.Fields(`
	AcceptAndFlag AccessRights AddActivity AutoReply ConfigFilePath CreateSR EndUserIncidentMailMessageProcessor
	EventMailMessageProcessor FullAccess GiB KiB LogFilePath MailIntegration MailIntegrationService MailKitMailboxGateway MiB NewRequest
	OctopusDB OctopusTest PostgreSQL PurgeLogs RawMessage RequiresMountsFor RomanCourier SendAs SerifSymbolArialTimes SslOnConnect StartTLS
`)

// TestTextsNameTagsThatExist finds words such as DataDirectory in every sentence of the program: they are tags, unless
// notTags lists them. Tags of one word, such as Port, look like other words and are not found.
func TestTextsNameTagsThatExist(t *testing.T) {
	t.Parallel()
	known := slices.Clone(notTags)
	for _, tag := range slices.Concat(config.MailboxTags(), config.ServiceTags(), config.FilterTags(), config.SmtpTags()) {
		known = append(known, tag.Name)
	}
	word := regexp.MustCompile(`(?:^|[^\w.-])([A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*)+)\b`)
	used := map[string]bool{}
	for _, s := range programTexts(t) {
		if !strings.Contains(s.value, " ") {
			continue // an identifier, not a sentence
		}
		for _, m := range word.FindAllStringSubmatch(s.value, -1) {
			used[m[1]] = true
			if !slices.Contains(known, m[1]) {
				t.Errorf("%s: there is no tag %s", s.position, m[1])
			}
		}
	}
	if !used["AttachmentDirectory"] || !used["ServerName"] {
		t.Error("no tags were found: does the test still read the right files?")
	}
}

// TestTheReadmeQuotesMessagesThatExist finds every message of the table "When something goes wrong" in the program.
func TestTheReadmeQuotesMessagesThatExist(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(readme), "## When something goes wrong\n")
	if !found {
		t.Fatal("README.md has no such section")
	}
	table, _, _ = strings.Cut(table, "\n## ")
	verb := regexp.MustCompile(`%\w`)
	var said strings.Builder
	for _, s := range programTexts(t) {
		said.WriteString(verb.ReplaceAllString(s.value, hole) + "\n")
	}
	quote := regexp.MustCompile("`([^`]+)`|\\*([^*]+)\\*")
	missing := regexp.MustCompile(`…| N |^N | N$`)             // a part that differs from case to case
	elsewhere := []string{"check", "permission denied", "Why"} // a verb, the system's text, a line of an event
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, "| ") {
			continue // the text above the table names verbs
		}
		cells := strings.Split(line, " | ")
		for _, m := range quote.FindAllStringSubmatch(cells[0], -1) {
			for _, part := range missing.Split(m[1]+m[2], -1) {
				part = strings.TrimSuffix(strings.TrimSpace(part), ":")
				if part != "" && !slices.Contains(elsewhere, part) && !strings.Contains(said.String(), part) {
					t.Errorf("no text of the program has %q, which README.md quotes", part)
				}
			}
		}
	}
}
