package processor

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// words are the words of a text, as texts are compared.
type words struct {
	all        []word
	octets     int  // of the text beside addresses of the web
	hasLink    bool // there is an address of the web
	isQuestion bool
}

// word is a word, or two characters of a script that puts no spaces between words.
type word struct {
	stem     string // in lower case, and without the end of a long one, which languages change
	isLower  bool   // it begins with a lower-case letter
	isNumber bool
}

// mostWords bounds how many words of a text are compared.
const mostWords = 5000

// wordsOf returns the words of a text.
func wordsOf(text string) words {
	var w words
	for field := range strings.FieldsSeq(norm.NFC.String(text)) {
		if len(w.all) >= mostWords {
			break
		}
		if strings.Contains(field, "://") || strings.HasPrefix(strings.ToLower(field), "www.") {
			w.hasLink = true
			continue
		}
		w.octets += len(field) + 1
		w.isQuestion = w.isQuestion || strings.ContainsAny(field, "?？؟")
		for field != "" && len(w.all) < mostWords {
			field = w.take(field)
		}
	}
	return w
}

// take takes the first run of characters of one kind off a field without white space.
func (w *words) take(field string) (rest string) {
	first, _ := utf8.DecodeRuneInString(field)
	kind := charKindOf(first)
	end := strings.IndexFunc(field, func(r rune) bool { return charKindOf(r) != kind })
	if end < 0 {
		end = len(field)
	}
	switch run := []rune(field[:end]); kind {
	case letter, digit:
		w.all = append(w.all, word{stem: stem(run), isLower: unicode.IsLower(run[0]), isNumber: kind == digit})
	case ideograph:
		for _, r := range run {
			w.all = append(w.all, word{stem: string(r)})
		}
	case syllable:
		for i := range max(len(run)-1, 1) {
			w.all = append(w.all, word{stem: string(run[i:min(i+2, len(run))])})
		}
	}
	return field[end:]
}

// stem returns the beginning of a word in lower case.
func stem(run []rune) string {
	const longest = 5
	return strings.ToLower(string(run[:min(len(run), longest)]))
}

// charKind is a kind of characters.
type charKind int

const (
	otherChar charKind = iota
	letter
	digit
	ideograph
	syllable // of scripts without spaces between words
)

// charKindOf returns the kind of a character.
func charKindOf(r rune) charKind {
	switch {
	case r < 0x80:
		return asciiKindOf(r)
	case unicode.Is(unicode.Han, r):
		return ideograph
	case r == 'ー' || unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar):
		return syllable
	case unicode.IsNumber(r):
		return digit
	case unicode.IsLetter(r) || unicode.IsMark(r):
		return letter
	}
	return otherChar
}

func asciiKindOf(r rune) charKind {
	switch {
	case 'a' <= r|0x20 && r|0x20 <= 'z':
		return letter
	case '0' <= r && r <= '9':
		return digit
	}
	return otherChar
}

// joined returns the words with a space before and after each.
func (w words) joined() string {
	var b strings.Builder
	b.WriteByte(' ')
	for _, one := range w.all {
		b.WriteString(one.stem)
		b.WriteByte(' ')
	}
	return b.String()
}

// contains reports whether the words have others among them, in the same order and without words in between.
func (w words) contains(others words) bool { return strings.Contains(w.joined(), others.joined()) }

// begins reports whether the words begin with others and go on.
func (w words) begins(others words) bool {
	const goesOn = 3 // words
	return len(w.all) >= len(others.all)+goesOn && strings.HasPrefix(w.joined(), others.joined())
}

// hasMore reports whether there is a word that others have not.
func (w words) hasMore(others words) bool {
	known := make(map[string]bool, len(others.all))
	for _, one := range others.all {
		known[one.stem] = true
	}
	for _, one := range w.all {
		if !known[one.stem] {
			return true
		}
	}
	return false
}
