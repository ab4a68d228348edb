package page

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mailintegration/daemon"
)

// allTexts returns the texts of the page in each language.
func allTexts(t *testing.T) *languages {
	t.Helper()
	l, err := readLanguages(files)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// sources returns the templates and the Go files of the package.
func sources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, pattern := range []string{"templates/*.html", "*.go"} {
		names, _ := filepath.Glob(pattern)
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			octets, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(octets)
		}
	}
	return all.String()
}

// TestEveryTextIsUsed finds the key of each text between quotes, or its beginning where the rest is composed, or, for the menu, the
// name of its section.
func TestEveryTextIsUsed(t *testing.T) {
	t.Parallel()
	named := map[string]bool{}
	for _, quoted := range regexp.MustCompile(`"([a-z][a-z0-9_.]*)"`).FindAllStringSubmatch(sources(t), -1) {
		named[quoted[1]] = true
	}
	for _, s := range sections() {
		named[s.name+".menu"] = true
	}
	for _, f := range faults {
		named["fault."+f.name+".title"], named["fault."+f.name+".text"] = true, true
	}
	for key := range allTexts(t).all[0].values {
		used := named[key]
		for i, c := range key {
			used = used || c == '.' && strings.Count(key[:i], ".") > 0 && named[key[:i+1]]
		}
		if !used && !strings.HasPrefix(key, "fault.unexpected.") {
			t.Errorf("no template and no code names the text %s", key)
		}
	}
}

func TestEverySectionAndEveryFaultHasItsTexts(t *testing.T) {
	t.Parallel()
	var keys []string
	for _, s := range sections() {
		keys = append(keys, s.name+".menu")
	}
	for _, f := range faults {
		keys = append(keys, "fault."+f.name+".title", "fault."+f.name+".text")
	}
	for _, c := range daemon.Causes() {
		keys = append(keys, "mailboxes.cause."+string(c))
	}
	for _, lang := range allTexts(t).all {
		for _, key := range keys {
			if _, isThere := lang.text(key); !isThere {
				t.Errorf("%s: there is no text %s", lang.code, key)
			}
		}
	}
}

func TestBothLanguagesTakeTheSameArguments(t *testing.T) {
	t.Parallel()
	argument := regexp.MustCompile(`\{\d\}`)
	all := allTexts(t).all
	for key, english := range all[0].values {
		french := all[1].values[key]
		inEnglish, inFrench := map[string]bool{}, map[string]bool{}
		for _, a := range argument.FindAllString(english.other, -1) {
			inEnglish[a] = true
		}
		for _, a := range argument.FindAllString(french.other, -1) {
			inFrench[a] = true
		}
		for _, a := range []string{"{1}", "{2}", "{3}", "{4}"} {
			if inEnglish[a] != inFrench[a] {
				t.Errorf("the text %s has %s in one language only", key, a)
			}
		}
	}
}

// TestTemplatesHaveNoTextOfTheirOwn lets through signs, numbers and the name of the product.
func TestTemplatesHaveNoTextOfTheirOwn(t *testing.T) {
	t.Parallel()
	names, _ := fs.Glob(files, "templates/*.html")
	if len(names) < 3 {
		t.Fatalf("found only %d templates", len(names))
	}
	for _, name := range names {
		octets, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		text := string(octets)
		for _, dropped := range []string{`(?s)\{\{.*?\}\}`, `(?s)<!--.*?-->`, `(?s)<[^>]*>`, `MailIntegration`, `&\w+;`} {
			text = regexp.MustCompile(dropped).ReplaceAllString(text, " ")
		}
		for _, word := range regexp.MustCompile(`\pL+`).FindAllString(text, -1) {
			t.Errorf("%s has the text %q of its own: put it into texts/", name, word)
		}
	}
}

func TestAReaderGetsTheLanguageOfTheBrowser(t *testing.T) {
	t.Parallel()
	p := newWorld(t)
	for accept, want := range map[string]string{
		"":                        "en",
		"fr-CA,fr;q=0.9,en;q=0.8": "fr",
		"en-GB":                   "en",
		"de, fr;q=0.5":            "fr",
		"de":                      "en",
		"fr;q=0":                  "en",
		"*":                       "en",
		";;;q=\x01":               "en",
		strings.Repeat("x,", 999): "en",
	} {
		if got := p.get("/mailboxes", "Accept-Language", accept).Header().Get("Content-Language"); got != want {
			t.Errorf("Accept-Language %q: %s, want %s", accept, got, want)
		}
	}
}

func TestNumbersAndDurationsHaveTheFormOfTheLanguage(t *testing.T) {
	t.Parallel()
	all := allTexts(t).all
	for _, tt := range []struct {
		key    string
		n      int
		en, fr string
	}{
		{"mailboxes.messages", 0, "0 messages", "0 message"},
		{"mailboxes.messages", 1, "1 message", "1 message"},
		{"mailboxes.messages", 2, "2 messages", "2 messages"},
		{"mailboxes.messages", 1234567, "1,234,567 messages", "1\u202f234\u202f567 messages"},
		{"common.days", 1, "1 day", "1 jour"},
	} {
		for i, want := range []string{tt.en, tt.fr} {
			if got, err := all[i].say(tt.key, tt.n); err != nil || got != want {
				t.Errorf("%s of %d: %q, %v, want %q", tt.key, tt.n, got, err, want)
			}
		}
	}
}
