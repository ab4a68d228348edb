package processor

import (
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"mailintegration/processor/charset"
	"mailintegration/processor/language"
)

// The subject of a message that belongs to a request follows this grammar; any text may follow the number:
//
//	subject = *( prefix / mark ) tag [ name ] [ "#" ] number [ end … ]
//	prefix  = ( word / known ) [ counter ] ":"                   RE:  AW:  RE[2]:  Réf. :  Automatic reply:
//	mark    = what a gateway or a list puts there                [EXTERNAL]  (list)  *EXT*  ***SPAM***  ⚠
//	counter = "[" 1*DIGIT "]" / "(" 1*DIGIT ")" / "^" 1*DIGIT / 1*DIGIT
//	tag     = "[" type [ [ "-" ] name ] "]"                      [Incident]  [Demande de service Octopus]  [Incident - IT]
//	name    = the name of the database, of the team or of a program
//	number  = 1*18DIGIT                                          not 0
//	end     = anything that does not continue the number as a word, a quantity or another number: not a letter, digit, "_" or
//	          "%", nor a "." "," "-" "/" or ":" before a digit
//
// White space and characters that cannot be seen may stand between any two of these, and case does not matter.

// subjectTag is the tag and number that a subject begins with.
type subjectTag struct {
	Type   string // as written, without the product
	Number int64
	Rest   string // the text after the number, without the punctuation between
}

// subjectGrammar holds the types and names of one mailbox.
type subjectGrammar struct {
	types map[string]bool
	names []string // in lower case, as words joined by one space
}

// communicationTypes holds the types that every mailbox knows.
var communicationTypes = sync.OnceValue(func() []string {
	var types []string
	for _, l := range language.All() {
		types = append(types, l.Communications...)
	}
	return types
})

// products holds the names of programs that may follow a type within the brackets.
var products = []string{"octopus", "mailintegration"}

// newSubjectGrammar returns a grammar with additional types, and names of the database or the team.
func newSubjectGrammar(types, names []string) subjectGrammar {
	g := subjectGrammar{types: make(map[string]bool)}
	for _, known := range [][]string{communicationTypes(), types} {
		for _, t := range known {
			g.types[normalised(t)] = true
		}
	}
	for _, name := range names {
		name = normalised(name)
		if name != "" {
			g.names = append(g.names, name)
		}
	}
	return g
}

// named returns the tag of a subject that names a request. In new mail, a number that counts or dates what follows it
// names none: "[Incident] 3 printers down". A program that answers our mail has put its words before our subject, so that
// they need not be known.
func (g subjectGrammar) named(m *Message, subject string) (tag subjectTag, ok bool) {
	found, ok := g.read(subject)
	isOurs := m.Automatic == AutoReply || m.Automatic == Bounce || m.Automatic == Receipt
	if !ok && isOurs {
		found, ok = g.readBehindColon(subject)
	}
	if found.mayCount && !found.isAnswer && !isOurs && !refersToAMessage(m.Header) {
		return subjectTag{}, false
	}
	return found.subjectTag, ok
}

// parse reads a subject; ok is false if it has no tag with a number.
func (g subjectGrammar) parse(subject string) (tag subjectTag, ok bool) {
	found, ok := g.read(subject)
	return found.subjectTag, ok
}

// mostPrefixes is how many prefixes and marks are skipped: every program on the way of an answer may add one.
const mostPrefixes = 60

// foundTag is a tag, and how it stands in its subject.
type foundTag struct {
	subjectTag
	mayCount bool // the number may count what follows it
	isAnswer bool // a prefix says that the subject is that of an answer
}

// read skips prefixes and marks up to a tag.
func (g subjectGrammar) read(subject string) (found foundTag, ok bool) {
	s := norm.NFC.String(subject)
	for range mostPrefixes {
		s = skipDecoration(s)
		if found.subjectTag, found.mayCount, ok = g.tag(s); ok {
			return found, true
		}
		kind, after, ok := cutPrefix(s)
		if !ok {
			_, after, ok = cutMark(s)
		}
		if !ok {
			return foundTag{}, false
		}
		found.isAnswer = found.isAnswer || kind&answerPrefixes != 0
		s = after
	}
	return foundTag{}, false
}

// readBehindColon reads what stands behind one of the first colons, whatever stands before it.
func (g subjectGrammar) readBehindColon(subject string) (found foundTag, ok bool) {
	const mostColons = 4
	for range mostColons {
		if _, subject, ok = cutColon(subject); !ok {
			return foundTag{}, false
		}
		if found, ok = g.read(subject); ok {
			return found, true
		}
	}
	return foundTag{}, false
}

// tag reads a tag, name and number.
func (g subjectGrammar) tag(s string) (tag subjectTag, counts, ok bool) {
	inner, s, ok := cutBrackets(s)
	if !ok {
		return tag, false, false
	}
	tag.Type = g.typeOf(inner)
	s = skipBlank(s)
	if after, ok := g.skipName(s); ok {
		s = skipBlank(after)
	}
	bare, isSetOff := strings.CutPrefix(s, "#")
	tag.Number, s, ok = cutNumber(skipBlank(bare))
	if !ok || tag.Type == "" {
		return tag, false, false
	}
	tag.Rest = strings.TrimLeftFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || language.IsInvisible(r) || strings.ContainsRune("-–—:.,;|/", r)
	})
	return tag, !isSetOff && mayCount(tag.Number, s), true
}

// typeOf returns the type in the brackets, "" if it is not known. The name of a program, of the team or of the database may
// follow it: "Incident Octopus", "Incident - IT Montreal".
func (g subjectGrammar) typeOf(inner string) string {
	words := strings.FieldsFunc(strings.Map(visible, inner), unicode.IsSpace)
	for len(words) > 0 {
		name := normalised(strings.Join(words, " "))
		if g.types[name] {
			return strings.Join(words, " ")
		}
		after := g.withoutName(words)
		if len(after) == len(words) {
			return ""
		}
		words = after
	}
	return ""
}

// withoutName cuts the longest known name off the end of the words in brackets, and the dash before it.
func (g subjectGrammar) withoutName(words []string) []string {
	left := len(words)
	for _, name := range slices.Concat(products, g.names) {
		n := len(words) - 1 - strings.Count(name, " ")
		if n > 0 && n < left && normalised(strings.Join(words[n:], " ")) == name {
			left = n
		}
	}
	if left == len(words) {
		return words
	}
	words = slices.Clone(words[:left])
	words[left-1] = strings.TrimRight(words[left-1], "-–—:/,|")
	if words[left-1] == "" {
		words = words[:left-1]
	}
	return words
}

// visible drops a character that cannot be seen.
func visible(r rune) rune {
	if language.IsInvisible(r) {
		return -1
	}
	return r
}

// skipName skips the longest name that s begins with, if the word ends there.
func (g subjectGrammar) skipName(s string) (after string, ok bool) {
	for _, name := range g.names {
		rest, found := cutNormalised(s, name)
		if found && !startsWord(rest) && (!ok || len(rest) < len(after)) {
			after, ok = rest, true
		}
	}
	return after, ok
}

// cutBrackets cuts "[…]" off the beginning of s, unless it is longer than any type.
func cutBrackets(s string) (inner, after string, ok bool) {
	const longest = 200
	if !strings.HasPrefix(s, "[") {
		return "", s, false
	}
	end := strings.IndexAny(s[1:min(len(s), longest)], "[]")
	if end < 0 || s[1+end] != ']' {
		return "", s, false
	}
	return s[1 : 1+end], s[end+2:], true
}

// normalised returns s as names are compared: in NFC, in lower case, its words joined by one space.
func normalised(s string) string {
	return strings.ToLower(charset.CollapseSpace(norm.NFC.String(s)))
}

// cutNormalised cuts a prefix, given in lower case, off s. Case and the amount of white space between words do not
// matter.
func cutNormalised(s, prefix string) (after string, ok bool) {
	for _, want := range prefix {
		if want == ' ' {
			trimmed := trimSpace(s)
			if len(trimmed) == len(s) {
				return "", false
			}
			s = trimmed
			continue
		}
		r, n := utf8.DecodeRuneInString(s)
		if r == '’' && want == '\'' {
			r = want // as typographers write it
		}
		if n == 0 || unicode.ToLower(r) != want {
			return "", false
		}
		s = s[n:]
	}
	return s, true
}

func trimSpace(s string) string { return strings.TrimLeftFunc(s, unicode.IsSpace) }
