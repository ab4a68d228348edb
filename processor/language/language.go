package language

import (
	"embed"
	"path"
	"slices"
	"strings"
	"sync"
)

// Language holds the words of one language. All are in NFC and in lower case, their words joined by one space; prefixes and
// labels are without their colon.
type Language struct {
	Code    string   // tag of RFC 5646: "fr", "zh-Hant"
	Name    string   // in English
	Sources []Source // who writes these words

	Words     []string // words that a text in the language has, and a text in most other languages has not
	Greetings []string // words that tell the language of a very short text alone

	Replies          []string // prefixes of the subjects of replies: "re"
	Forwards         []string // prefixes of the subjects of forwards: "fw"
	Absences         []string // prefixes of the subjects of automatic answers: "automatic reply"
	Returned         []string // prefixes of the subjects of returned mail: "undeliverable"
	Receipts         []string // prefixes of the subjects of receipts, and of a message that is recalled: "not read"
	Invitations      []string // prefixes that calendars write: "accepted", "updated invitation"
	Gateways         []string // words of the marks that gateways put before a subject: "external", "spam"
	AbsenceSentences []string // sentences by which Notes says that somebody is away: "out of the office"

	// The labels of the header of a quoted mail:
	From, Sent, Date, To, Cc, Subject, Other []string

	Openers  []string // the first word of the line before a quote: "on", "le"
	Wrote    []string // its verb: "wrote", "a écrit"
	Original []string // what stands between dashes above a quoted mail: "original message"
	// Forwarded holds the words above a mail that its author passes on: "forwarded message", "begin forwarded message".
	Forwarded []string

	Salutations []string // a line that says nothing alone: "hello", "dear"
	NoHTML      []string // phrases of a plain text that says nothing: "your mail program cannot show html"
	Elsewhere   []string // where such a phrase says that the message can be read: "browser", "web version"

	Communications []string // communication types in the tags of subjects: "incident", "service request"
}

// Source names a program that writes words of a language.
type Source struct {
	Program string `xml:"program,attr"` // "Outlook 2019", "Notes 9"
	Where   string `xml:"where,attr"`   // an address or a document that shows them
}

//go:embed data/*.xml
var data embed.FS

// All returns the languages, sorted by their code. The caller does not change them.
func All() []Language { return all() }

// all reads the files once. They are part of the program, so that a file that cannot be read is a mistake in the program.
var all = sync.OnceValue(func() []Language {
	files, err := data.ReadDir("data")
	if err != nil {
		panic(err)
	}
	var languages []Language
	for _, file := range files {
		octets, err := data.ReadFile(path.Join("data", file.Name()))
		if err != nil {
			panic(err)
		}
		l, err := read(octets)
		if err != nil {
			panic("processor/language/data/" + file.Name() + ": " + err.Error())
		}
		languages = append(languages, l)
	}
	slices.SortFunc(languages, func(a, b Language) int { return strings.Compare(a.Code, b.Code) })
	return languages
})

// Set returns the words that the chosen lists of all languages have.
func Set(choose func(Language) []string) map[string]bool {
	set := make(map[string]bool)
	for _, l := range All() {
		for _, word := range choose(l) {
			set[word] = true
		}
	}
	return set
}
