package processor

import (
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
//	subject = *( prefix / gateway ) tag [ name ] [ "#" ] number [ end … ]
//	prefix  = ( word / automatic ) [ counter ] ":"              RE:  AW:  RE[2]:  Réf. :  Automatic reply:
//	gateway = "[" mark "]" / 1*"*" mark 1*"*"                    [EXTERNAL]  *EXT*  ***SPAM***
//	counter = "[" 1*DIGIT "]" / "(" 1*DIGIT ")" / "^" 1*DIGIT / 1*DIGIT
//	tag     = "[" type [ product ] "]"                           [Incident]  [Demande de service Octopus]
//	name    = the name of the database or of the team
//	number  = 1*18DIGIT                                          not 0
//	end     = anything that does not continue the number as a word or another number: not a letter, digit or "_",
//	          nor a "." "," "-" "/" or ":" before a digit
//
// White space may stand between any two of these, and case does not matter.

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

// parse reads a subject; ok is false if it names no request.
func (g subjectGrammar) parse(subject string) (tag subjectTag, ok bool) {
	s := norm.NFC.String(subject)
	for {
		s = trimSpace(s)
		if tag, ok := g.tag(s); ok {
			return tag, true
		}
		after, ok := skipPrefix(s)
		if !ok {
			after, ok = skipGatewayTag(s)
		}
		if !ok {
			return subjectTag{}, false
		}
		s = after
	}
}

// tag reads a tag, name and number.
func (g subjectGrammar) tag(s string) (tag subjectTag, ok bool) {
	inner, s, ok := cutBrackets(s)
	if !ok {
		return tag, false
	}
	tag.Type = g.typeOf(inner)
	s = trimSpace(s)
	if after, ok := g.skipName(s); ok {
		s = trimSpace(after)
	}
	s = trimSpace(strings.TrimPrefix(s, "#"))
	tag.Number, s, ok = cutNumber(s)
	if !ok || tag.Type == "" {
		return tag, false
	}
	tag.Rest = strings.TrimLeftFunc(s, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("-–—:.,;|/", r) })
	return tag, true
}

// typeOf returns the type in the brackets, "" if it is not known.
func (g subjectGrammar) typeOf(inner string) string {
	words := strings.FieldsFunc(inner, unicode.IsSpace)
	if n := len(words); n > 1 && !g.types[normalised(inner)] {
		for _, product := range products {
			if strings.EqualFold(words[n-1], product) {
				words = words[:n-1]
				break
			}
		}
	}
	if name := strings.Join(words, " "); g.types[normalised(name)] {
		return name
	}
	return ""
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

// cutNumber cuts a request's number off the beginning of s.
func cutNumber(s string) (number int64, after string, ok bool) {
	const mostDigits = 18 // what fits into 63 bits
	i := 0
	for i < len(s) && isDigit(s[i]) {
		if i == mostDigits {
			return 0, s, false
		}
		number = number*10 + int64(s[i]-'0')
		i++
	}
	return number, s[i:], number > 0 && endsNumber(s[i:])
}

// endsNumber reports whether a number may end before s.
func endsNumber(s string) bool {
	if s == "" {
		return true
	}
	if startsWord(s) {
		return false
	}
	return !(len(s) > 1 && strings.IndexByte(".,-/:", s[0]) >= 0 && isDigit(s[1]))
}

// startsWord reports whether s begins with a letter, a digit or an underscore.
func startsWord(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) || r == '_'
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
