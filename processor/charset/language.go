package charset

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// language tells how likely octets are a text of one language, or of several that share a script. Its costs are negative
// logarithms of frequencies, roughly: what is rare in texts costs much. Of the texts that the same octets make in several
// charsets, the cheapest is the right one nearly always, even in a short subject.
type language struct {
	costs    map[rune]float64 // of frequent characters
	other    func(r rune) float64
	isLatin  bool // words have letters of ASCII, too
	isSpaced bool // white space between words, although the characters are ideographs or syllables

	first [firstRunes]float64 // the costs of the first characters of Unicode, for speed
}

// firstRunes are those of the alphabets up to Arabic.
const firstRunes = 0x700

// done completes a language.
func (l *language) done() *language {
	for r := range l.first {
		l.first[r] = l.costOf(rune(r), kindOf(rune(r)))
	}
	return l
}

// Costs of characters that are not in a language's list.
const (
	asciiCost    = 2.8
	commonSymbol = 6    // a quotation mark, a dash
	rareSymbol   = 10   // a symbol that texts seldom have
	foreign      = 14   // a letter of another script
	impossible   = 16   // a control character, or none
	withinWord   = 6    // a change of script or of case in a word
	besideASCII  = 4    // an ideograph beside a small letter of ASCII
	besideSymbol = 2    // a symbol beside a letter
	alone        = 2    // a letter that is a word
	capital      = 1.5  // what a capital costs more
	allCapitals  = -1.2 // a capital after a capital
	spaced       = 2    // white space after an ideograph
)

// kind tells which characters may stand beside a character.
type kind uint8

const (
	blank      kind = iota // white space, digits and punctuation of ASCII
	asciiSmall             // a letter of ASCII
	asciiCapital
	small // another letter, or one without case
	upper
	ideograph // or a syllable, or kana
	symbol
	mark // punctuation that may stand beside a letter
	kinds
)

// kindOf returns the kind of a character.
func kindOf(r rune) kind {
	if int(r) < len(firstKinds) {
		return firstKinds[r]
	}
	return kindOfAny(r)
}

// firstKinds holds the kinds of the first characters of Unicode, for speed.
var firstKinds = func() (first [0x3100]kind) {
	for r := range first {
		first[r] = kindOfAny(rune(r))
	}
	return first
}()

func kindOfAny(r rune) kind {
	switch {
	case r >= 'a' && r <= 'z':
		return asciiSmall
	case r >= 'A' && r <= 'Z':
		return asciiCapital
	case r < utf8.RuneSelf:
		return blank
	case r >= 0x3040 && r < 0xa000, r >= 0xac00 && r < 0xd7a4, r >= 0xf900 && r < 0xfb00, r >= 0xff66 && r < 0xffa0, r >= 0x20000:
		return ideograph
	case strings.ContainsRune(commonMarks, r):
		return mark
	case unicode.IsUpper(r):
		return upper
	case unicode.IsLetter(r) || unicode.IsMark(r):
		return small
	}
	return symbol
}

// commonMarks are marks beyond ASCII that texts of all languages have.
const commonMarks = "\u00a0¡¿“”‘’„‚–—…«»•·°§№€，。、；：？！（）「」『』【】《》〈〉"

// cost returns the cost of a text, or any cost above most as soon as it is reached.
func (l *language) cost(text []byte, most float64) float64 {
	total := 0.0
	last, before := blank, blank
	beside := &besideNative
	if l.isLatin {
		beside = &besideLatin
	}
	for len(text) > 0 && total < most {
		r, n := rune(text[0]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRune(text)
		}
		text = text[n:]
		k := kindOf(r)
		if r < firstRunes {
			total += l.first[r]
		} else {
			total += l.costOf(r, k)
		}
		total += beside[last][k]
		switch {
		case k != blank:
		case last == ideograph && r == ' ' && !l.isSpaced:
			total += spaced
		case before == blank && (last == small || last == upper):
			total += alone
		}
		before, last = last, k
	}
	if before == blank && (last == small || last == upper) {
		total += alone
	}
	return total
}

// costOf returns the cost of a character, whatever is beside it.
func (l *language) costOf(r rune, k kind) float64 {
	if r < utf8.RuneSelf {
		return asciiCost
	}
	if cost, ok := l.costs[r]; ok {
		return cost
	}
	switch {
	case k == mark:
		return commonSymbol
	case r < 0xa0 || r == utf8.RuneError || unicode.Is(unicode.Co, r):
		return impossible
	case k == symbol:
		return rareSymbol
	case l.other != nil:
		return l.other(r)
	}
	return foreign
}

// besideLatin and besideNative hold what it costs that a character of one kind follows one of another kind, in languages
// that are written with letters of ASCII and in others.
var besideLatin, besideNative = besideCosts(true), besideCosts(false)

func besideCosts(isLatin bool) (costs [kinds][kinds]float64) {
	for last := range kinds {
		for k := range kinds {
			costs[last][k] = besideCost(last, k, isLatin)
		}
	}
	return costs
}

func besideCost(last, k kind, isLatin bool) float64 {
	isASCII := func(k kind) bool { return k == asciiSmall || k == asciiCapital }
	isLetter := func(k kind) bool { return k == small || k == upper }
	switch {
	case last == ideograph && k == asciiSmall || last == asciiSmall && k == ideograph:
		return besideASCII
	case last == ideograph && isLetter(k) || isLetter(last) && k == ideograph:
		return withinWord
	case k == upper && last == upper:
		return allCapitals
	case k == upper && (last == small || last == asciiSmall):
		return withinWord
	case !isLatin && (isASCII(last) && isLetter(k) || isLetter(last) && isASCII(k)):
		return withinWord
	case last == symbol && (isLetter(k) || isASCII(k)) || k == symbol && (isLetter(last) || isASCII(last)):
		return besideSymbol
	}
	return 0
}

// alphabet returns the language whose letters beyond ASCII are these, the most frequent first. A letter costs least, and
// each that follows step more than the one before it.
func alphabet(letters string, least, step float64) *language {
	l := &language{costs: make(map[rune]float64)}
	cost := least
	for _, r := range letters {
		if _, ok := l.costs[r]; ok {
			continue
		}
		l.costs[r] = cost
		if u := unicode.ToUpper(r); u != r && l.costs[u] == 0 {
			l.costs[u] = cost + capital
		}
		cost += step
	}
	return l
}

// latin returns the language whose words have these letters among those of ASCII.
func latin(letters string) *language {
	l := alphabet(letters, 4, 0.15)
	l.isLatin = true
	l.other = func(r rune) float64 {
		if unicode.Is(unicode.Latin, r) {
			return 11
		}
		return foreign
	}
	return l
}

// ranked adds characters, the most frequent first. Their costs grow with the logarithm of their rank.
func (l *language) ranked(characters string, least, growth float64) *language {
	rank := 1.0
	for _, r := range characters {
		if _, ok := l.costs[r]; !ok {
			l.costs[r] = least + growth*math.Log(rank)
			rank++
		}
	}
	return l
}

// ideographs returns the language whose frequent characters are these. usual are all characters that a text may have;
// others are rare.
func ideographs(frequent string, usual func() map[rune]bool) *language {
	l := (&language{costs: make(map[rune]float64)}).ranked(frequent, 3.4, 0.62)
	l.other = func(r rune) float64 {
		if usual()[r] {
			return 9.3
		}
		return 13.5
	}
	return l
}
