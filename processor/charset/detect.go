package charset

import (
	"bytes"
	"math"
	"unicode/utf8"
)

// sample is the number of octets from which a charset is told.
const sample = 512

// candidate is a charset in which unmarked octets may be.
type candidate struct {
	name      string
	languages []func() *language // of the texts that are in this charset
	handicap  float64            // what a charset costs that is seldom used without a declaration
}

// candidates are the charsets that mail without a declaration is in. Of two that read a text alike, the first is taken.
var candidates = []candidate{
	{"windows-1252", westEuropean, 0},
	{"gb18030", only(simplifiedChinese), 5}, {"shift_jis", only(japaneseText), 5}, {"euc-kr", only(koreanText), 5},
	{"big5", only(traditionalChinese), 5}, {"euc-jp", only(japaneseText), 5},
	{"windows-1250", centralEuropean, 3}, {"iso-8859-2", centralEuropean, 3.5}, {"windows-1254", only(turkish), 3},
	{"windows-1257", balticStates, 3.5}, {"windows-1251", only(cyrillic), 5}, {"koi8-u", only(cyrillic), 9},
	{"windows-1253", only(greek), 5}, {"iso-8859-7", only(greek), 5.5}, {"windows-1255", only(hebrew), 6},
	{"windows-1256", only(arabic), 6}, {"iso-8859-6", only(arabic), 7}, {"windows-874", only(thai), 6},
	{"iso-8859-5", only(cyrillic), 7}, {"ibm866", only(cyrillic), 7}, {"x-mac-cyrillic", only(cyrillic), 8},
	{"macintosh", westEuropean, 7}, {"ibm850", westEuropean, 7}, {"ibm852", centralEuropean, 8},
}

// only returns a list of one language.
func only(l func() *language) []func() *language { return []func() *language{l} }

// Detect returns the name of the charset that octets without a declaration most likely are in: the one in which they
// make the most likely text. It returns "" for ASCII and UTF-8.
func Detect(octets []byte) string {
	octets = SampleOf(octets)
	if isASCII(octets) || utf8.Valid(octets) {
		return ""
	}
	best, least := "", math.Inf(1)
	for _, c := range candidates {
		text, err := encodingByName(c.name).NewDecoder().Bytes(octets)
		if err != nil {
			continue
		}
		if cost := c.handicap + leastCost(text, c.languages, least-c.handicap); cost < least {
			best, least = c.name, cost
		}
	}
	return best
}

// DetectOnce returns a guess that detects the charset of the octets it is given first, and takes all others for the same:
// what belongs together is in one charset, and hostile octets in many pieces cost no more than others.
func DetectOnce() Guess {
	name := ""
	return func(octets []byte) string {
		if name == "" {
			name = Detect(octets)
		}
		return name
	}
}

// Always returns a guess that is always the same.
func Always(name string) Guess { return func([]byte) string { return name } }

// Fits reports whether octets can be in a charset, given by its Name.
func Fits(octets []byte, name string) bool {
	enc := encodingByName(name)
	if enc == nil {
		return false
	}
	_, ok := decodeWith(enc, octets)
	return ok
}

// leastCost returns the cost of a text in the language in which it is the most likely one, or most when it costs more.
func leastCost(text []byte, languages []func() *language, most float64) float64 {
	for _, l := range languages {
		most = min(most, l().cost(text, most))
	}
	return most
}

// NotUTF8 returns octets that are not UTF-8, nil otherwise. It ignores a character that is cut off.
func NotUTF8(octets []byte) []byte {
	whole := octets
	for range utf8.UTFMax - 1 {
		if len(whole) > 0 && !utf8.Valid(whole[len(whole)-1:]) {
			whole = whole[:len(whole)-1]
		}
	}
	if utf8.Valid(whole) {
		return nil
	}
	return octets
}

// SampleOf returns a piece of octets that begins a little before the first octet beyond ASCII. It cuts between words
// where it can.
func SampleOf(octets []byte) []byte { return sampleOf(octets, sample) }

// sampleOf returns such a piece of at most this many octets.
func sampleOf(octets []byte, sample int) []byte {
	first := bytes.IndexFunc(octets, func(r rune) bool { return r >= utf8.RuneSelf || r == escape })
	if first < 0 {
		return nil
	}
	octets = octets[max(first-sample/16, 0):]
	if len(octets) <= sample {
		return octets
	}
	octets = octets[:sample]
	if end := bytes.LastIndexAny(octets, " \n"); end > sample/2 {
		octets = octets[:end]
	}
	return octets
}

// isPlainlyUTF8 reports whether octets that declare another charset are UTF-8: they are valid, and there is too much of
// it for chance, or they make a far more likely text than in the charset that they declare.
func isPlainlyUTF8(octets []byte, label string) bool {
	const tooMany = 10 // characters that are valid UTF-8: of ideographs, every fifth is by chance
	if !utf8.Valid(octets) || isSevenBit(octets) || bytes.IndexByte(octets, escape) >= 0 {
		return false
	}
	if beyondASCII(octets) >= tooMany {
		return true
	}
	octets = sampleOf(octets, sample/2)
	declared, ok := decodeWith(encodingByName(label), octets)
	return !ok || isLikelier(octets, []byte(declared), languagesOf(label))
}

// beyondASCII returns the number of characters of UTF-8 that have several octets.
func beyondASCII(octets []byte) int {
	n := 0
	for _, c := range octets {
		if c >= 0xc0 { // begins such a character
			n++
		}
	}
	return n
}

// isLikelier reports whether octets make a far more likely text as UTF-8 than the text that they make as declared, in
// the languages of the declared charset.
func isLikelier(octets, declared []byte, languages []func() *language) bool {
	const doubt = 5 // by which UTF-8 must be more likely
	least := leastCost(declared, languages, math.Inf(1)) - doubt
	return leastCost(octets, allLanguages, least) < least
}

// languagesOf returns the languages of the texts in a charset, all languages when none is known.
func languagesOf(label string) []func() *language {
	for _, c := range candidates {
		if c.name == label {
			return c.languages
		}
	}
	return allLanguages
}
