package language

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

func TestEveryFileIsALanguage(t *testing.T) {
	t.Parallel()
	files, err := data.ReadDir("data")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		octets, err := data.ReadFile(path.Join("data", file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		l, err := read(octets)
		if err != nil {
			t.Errorf("%s: %v", file.Name(), err)
			continue
		}
		if file.Name() != l.Code+".xml" {
			t.Errorf("%s holds the language %q; a file has the name of its language", file.Name(), l.Code)
		}
		if tag, err := language.Parse(l.Code); err != nil || tag.String() != l.Code {
			t.Errorf("%s: the code %q is no tag of RFC 5646 in its shortest form (%v, %v)", file.Name(), l.Code, tag, err)
		}
	}
	if len(All()) != len(files) {
		t.Errorf("All returns %d languages of %d files", len(All()), len(files))
	}
}

func TestAFileWithAMistakeIsRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, file string }{
		{"a misspelt list", `<Language code="x" name="X"><Forwardes>fw</Forwardes></Language>`},
		{"a misspelt attribute", `<Language code="x" name="X" nmae="X"></Language>`},
		{"words outside of a list", `<Language code="x" name="X">fw</Language>`},
		{"no code", `<Language name="X"></Language>`},
		{"another root", `<Languages code="x" name="X"></Languages>`},
		{"no end", `<Language code="x" name="X">`},
	} {
		if _, err := read([]byte(test.file)); err == nil {
			t.Errorf("%s is accepted", test.name)
		}
	}
}

func TestEveryWordIsAsItIsCompared(t *testing.T) {
	t.Parallel()
	for where, words := range lists() {
		seen := map[string]bool{}
		for _, word := range words {
			normal := strings.ToLower(strings.Join(strings.Fields(norm.NFC.String(word)), " "))
			if word != normal {
				t.Errorf("%s: %q must be written %q", where, word, normal)
			}
			if strings.ContainsAny(word[len(word)-1:], ":") || strings.HasSuffix(word, "：") {
				t.Errorf("%s: %q has a colon at its end", where, word)
			}
			if seen[word] {
				t.Errorf("%s: %q stands there twice", where, word)
			}
			seen[word] = true
		}
	}
}

func TestEveryLanguageWithWordsHasItsSources(t *testing.T) {
	t.Parallel()
	for _, l := range All() {
		hasWords := false
		for _, words := range l.lists() {
			hasWords = hasWords || len(words) > 0
		}
		if hasWords && len(l.Sources) == 0 {
			t.Errorf("%s: no source says which program writes the words", l.Code)
		}
		for _, source := range l.Sources {
			if source.Program == "" || source.Where == "" {
				t.Errorf("%s: a source needs a program and where it is shown: %+v", l.Code, source)
			}
		}
	}
}

// knownOverlaps holds the words that have two meanings which contradict each other, and why both stay.
var knownOverlaps = map[string]string{
	"Forwards/Replies vs": "Finnish and Estonian programs answer with it, Danish and Norwegian ones forward: the mail below it tells",
}

func TestNoWordHasMeaningsThatContradictEachOther(t *testing.T) {
	t.Parallel()
	overlaps := map[string]bool{}
	for _, group := range contradictions {
		meaning := map[string]map[string][]string{} // of each word: lists and their languages
		for _, l := range All() {
			for name, words := range l.lists() {
				if !slices.Contains(group, name) {
					continue
				}
				for _, word := range words {
					if meaning[word] == nil {
						meaning[word] = map[string][]string{}
					}
					meaning[word][name] = append(meaning[word][name], l.Code)
				}
			}
		}
		for word, lists := range meaning {
			if len(lists) < 2 {
				continue
			}
			key := strings.Join(slices.Sorted(maps.Keys(lists)), "/") + " " + word
			overlaps[key] = true
			if knownOverlaps[key] == "" {
				t.Errorf("%q contradicts itself (%s); take one away, or say under %q why both stay", word, fmt.Sprint(lists), key)
			}
		}
	}
	for key := range knownOverlaps {
		if !overlaps[key] {
			t.Errorf("%q is no overlap any more: take it off the list", key)
		}
	}
}

// contradictions holds the lists of which a word may be in one only.
var contradictions = [][]string{
	{"Replies", "Forwards", "Absences", "Returned", "Receipts", "Invitations"},
	{"From", "Sent", "To", "Subject", "Other"},
	{"From", "Date", "To", "Subject", "Other"},
	{"From", "Sent", "Cc", "Subject", "Other"},
}

// lists returns every list of every language, by the language and the name of the list.
func lists() map[string][]string {
	all := map[string][]string{}
	for _, l := range All() {
		for name, words := range l.lists() {
			all[l.Code+" "+name] = words
		}
	}
	return all
}

// lists returns the lists of a language by their names.
func (l Language) lists() map[string][]string {
	return map[string][]string{
		"Words": l.Words, "Greetings": l.Greetings, "Replies": l.Replies, "Forwards": l.Forwards, "Absences": l.Absences,
		"Returned": l.Returned, "Receipts": l.Receipts, "Invitations": l.Invitations, "Gateways": l.Gateways, "AbsenceSentences": l.AbsenceSentences,
		"From": l.From, "Sent": l.Sent, "Date": l.Date, "To": l.To, "Cc": l.Cc, "Subject": l.Subject, "Other": l.Other,
		"Openers": l.Openers, "Wrote": l.Wrote, "Original": l.Original, "Forwarded": l.Forwarded,
		"Salutations": l.Salutations, "NoHTML": l.NoHTML, "Elsewhere": l.Elsewhere,
		"Communications": l.Communications,
	}
}
