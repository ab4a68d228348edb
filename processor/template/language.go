package template

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"mailintegration/processor"
)

// words are the words of a language that the program itself puts into fields.
type words struct {
	kinds     map[processor.RequestKind]string // words that processor recognises in the brackets of a subject
	noSubject string
}

var wordsOf = map[string]words{
	"en": {
		kinds:     map[processor.RequestKind]string{processor.Incident: "incident", processor.ServiceRequest: "service request", processor.Event: "event"},
		noSubject: "(no subject)",
	},
	"fr": {
		kinds:     map[processor.RequestKind]string{processor.Incident: "incident", processor.ServiceRequest: "demande de service", processor.Event: "événement"},
		noSubject: "(sans objet)",
	},
}

// wordsFor returns the words of a language, the English ones if the program has none.
func wordsFor(language string) words {
	if w, ok := wordsOf[language]; ok {
		return w
	}
	return wordsOf["en"]
}

// capital returns s with its first letter in upper case.
func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

// CleanLanguage returns a language that a person typed as the database keeps it: the primary subtag of BCP 47 in lower
// case, such as fr for fr-CA. It returns "" for "".
func CleanLanguage(language string) (string, error) {
	primary, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(strings.TrimSpace(language)), "_", "-"), "-")
	isLetter := func(r rune) bool { return r >= 'a' && r <= 'z' }
	if primary == "" && strings.TrimSpace(language) == "" {
		return "", nil
	}
	if n := len(primary); n < 2 || n > 3 || strings.TrimFunc(primary, isLetter) != "" {
		return "", fmt.Errorf("%q is not a language: write two letters, such as en or fr", language)
	}
	return primary, nil
}
