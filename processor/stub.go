package processor

import (
	"slices"
	"strings"
	"sync"

	"mailintegration/processor/language"
)

// Bounds of a plain text that may say nothing, in octets. A longer one says something.
const (
	longestStub   = 600 // beside addresses of the web
	longestLinked = 4 << 10
)

// mostAlone is the number of words that say something although one of them names what shows messages: "Online".
const mostAlone = 2

// stub is a plain text that may say nothing beside the same message as HTML.
type stub struct {
	text         words
	isSalutation bool
	known        int // how many of its words are words of placeholders
	isAboutHTML  bool
	names        bool // it names HTML or what shows the message instead
}

// stubOf looks at a plain text. ok is false if it says something, whatever the HTML beside it says.
func stubOf(plain string) (s stub, ok bool) {
	if len(plain) > longestStub && (len(plain) > longestLinked || !strings.Contains(plain, "://")) {
		return stub{}, false
	}
	s.text = wordsOf(plain)
	if s.text.octets > longestStub || len(s.text.all) == 0 {
		return stub{}, false
	}
	s.isSalutation = isSalutation(s.text)
	s.isAboutHTML = slices.ContainsFunc(s.text.all, word.isHTML)
	known, names := placeholders().knownOf(s.text)
	s.known, s.names = known, s.isAboutHTML || names && (s.text.hasLink || len(s.text.all) > mostAlone)
	return s, s.isSalutation || s.isPlaceholder(false)
}

// saysNothing reports whether the HTML, whose text is rich, says what the plain text does not: the plain text only says that
// the message is HTML, that a program cannot show it or where to read it, or it is a salutation with which the HTML begins.
func (s stub) saysNothing(rich string) bool {
	other := wordsOf(rich)
	return s.isSalutation && other.begins(s.text) || other.hasMore(s.text) && s.isPlaceholder(other.contains(s.text))
}

// isPlaceholder reports whether the text is a placeholder. Programs write placeholders in their own words: most of the words
// must be words of placeholders in one language, and one must name what shows the message instead. Where the HTML repeats
// the text, a person may have written both: then all words must be words of placeholders, about HTML or with an address.
func (s stub) isPlaceholder(isRepeated bool) bool {
	switch n := len(s.text.all); {
	case isRepeated:
		return s.known == n && (s.isAboutHTML || s.names && s.text.hasLink)
	case s.names:
		return 10*s.known >= 6*n
	default:
		return s.text.hasLink && 10*s.known >= 8*n
	}
}

// placeholderWords are the words of placeholders in all languages.
type placeholderWords struct {
	languages map[string][]int // of each word, by number
	elsewhere [][]string       // by the number of the language: what shows the message instead
}

// placeholders returns the words of placeholders.
var placeholders = sync.OnceValue(func() placeholderWords {
	p := placeholderWords{languages: map[string][]int{}}
	for i, l := range language.All() {
		p.elsewhere = append(p.elsewhere, nil)
		for _, phrase := range l.Elsewhere {
			p.elsewhere[i] = append(p.elsewhere[i], wordsOf(phrase).joined())
		}
		for _, list := range [][]string{l.NoHTML, l.Elsewhere, l.Salutations} {
			for _, w := range wordsOf(strings.Join(list, "\n")).all {
				if of := p.languages[w.stem]; len(of) == 0 || of[len(of)-1] != i {
					p.languages[w.stem] = append(of, i)
				}
			}
		}
	}
	return p
})

// knownOf returns how many words of a text are words of placeholders, in the language in which most are. names says that
// the text names what shows the message instead.
func (p placeholderWords) knownOf(text words) (known int, names bool) {
	counts := make([]int, len(p.elsewhere))
	best := 0
	for _, w := range text.all {
		for _, i := range p.languages[w.stem] {
			counts[i]++
			if counts[i] > counts[best] {
				best = i
			}
		}
	}
	for _, phrase := range p.elsewhere[best] {
		names = names || strings.Contains(text.joined(), phrase)
	}
	return counts[best], names
}

// isSalutation reports whether a text is a salutation and perhaps a name.
func isSalutation(text words) bool {
	const longest = 24 // words
	if n := len(text.all); n == 0 || n > longest || text.hasLink || text.isQuestion {
		return false
	}
	for end := range text.all {
		begin := words{all: text.all[:len(text.all)-end]}
		if salutations()[begin.joined()] && isName(text.all[len(begin.all):]) {
			return true
		}
	}
	for begin := range text.all { // "Tanaka-sama, hello", as some languages have it
		if begin > 0 && salutations()[words{all: text.all[begin:]}.joined()] {
			return isName(text.all[:begin])
		}
	}
	return false
}

// isHTML reports whether a word is HTML, perhaps with an ending, or MIME.
func (w word) isHTML() bool { return strings.HasPrefix(w.stem, "html") || w.stem == "mime" }

// salutations returns the salutations of all languages.
var salutations = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	for _, l := range language.All() {
		for _, phrase := range l.Salutations {
			all[wordsOf(phrase).joined()] = true
		}
	}
	return all
})

// isName reports whether words look like the name of a person or nothing: a few, which begin with a capital letter where the
// script has them, except short ones in between ("van der").
func isName(name []word) bool {
	const longest, longestParticle = 6, 3
	if len(name) > longest {
		return false
	}
	for i, w := range name {
		isParticle := i < len(name)-1 && len([]rune(w.stem)) <= longestParticle
		if w.isNumber || w.isLower && !isParticle {
			return false
		}
	}
	return true
}
