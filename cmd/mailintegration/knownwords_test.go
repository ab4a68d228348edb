package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailintegration/processor/language"
)

// TestEveryKnownCommunicationTypeIsDocumented keeps the lists of the README and of the reference complete. A word that
// differs from another one only in its accents goes without saying.
func TestEveryKnownCommunicationTypeIsDocumented(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"README.md", filepath.Join("deploy", "reference.md")} {
		octets, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		text := language.Fold(strings.NewReplacer("*", " ", "\n", " ").Replace(string(octets)))
		for _, l := range language.All() {
			for _, word := range l.Communications {
				if !hasWord(language.WithoutAccents(text), language.WithoutAccents(language.Fold(word))) {
					t.Errorf("%s does not name %q, a communication type in %s", name, word, l.Name)
				}
			}
		}
	}
}

// hasWord reports whether a list in a text has a word: between spaces, commas and the like.
func hasWord(text, word string) bool {
	for _, end := range []string{",", ";", ".", " and", " "} {
		if strings.Contains(text, " "+word+end) {
			return true
		}
	}
	return false
}
