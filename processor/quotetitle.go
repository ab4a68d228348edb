package processor

import (
	"strings"
	"sync"
	"unicode/utf8"

	"mailintegration/processor/language"
)

// titleTable holds what stands above a mail within a text, in all languages.
type titleTable struct {
	original  map[string]bool // above a mail that is quoted: "original message"
	forwarded map[string]bool // above a mail that is passed on: "forwarded message"
}

var titles = sync.OnceValue(func() titleTable {
	return titleTable{
		original:  language.Set(func(l language.Language) []string { return l.Original }),
		forwarded: language.Set(func(l language.Language) []string { return l.Forwarded }),
	}
})

// isTitleOf reports whether a line between dashes is or begins with one of the words: "-----Original Message-----", "---- Message
// from Ann ----". Without dashes all of it has to be the words, with a colon: "Begin forwarded message:".
func isTitleOf(ln string, words map[string]bool) bool {
	const longest = 150
	if endsInWord(ln) {
		return false
	}
	if ln = trimUnseen(ln); len(ln) > longest || len(ln) < 4 || !strings.ContainsRune("-=—–:：", lastRune(ln)) {
		return false
	}
	isDashed := hasDashes(ln)
	if !isDashed && !strings.HasSuffix(ln, ":") && !strings.HasSuffix(ln, "：") {
		return false
	}
	inner := labelWords(strings.Trim(ln, "-—–=_*:： \t\u00a0"))
	if words[inner] {
		return isDashed || strings.Contains(inner, " ")
	}
	for at, r := range inner { // "message from" of "message from ann@example.com"
		if isDashed && r == ' ' && words[inner[:at]] {
			return true
		}
	}
	return false
}

// endsInWord reports whether a line ends in a letter, a digit or a punctuation mark of ASCII that ends no title.
func endsInWord(ln string) bool {
	if ln == "" {
		return true
	}
	last := ln[len(ln)-1]
	return isAlphanumeric(last) && last < utf8.RuneSelf || last == '.' || last == ','
}

// hasDashes reports whether a line begins with two dashes or more, and ends with some.
func hasDashes(ln string) bool {
	begins, ends := strings.HasPrefix(ln, "--") || strings.HasPrefix(ln, "=="), strings.HasSuffix(ln, "-") || strings.HasSuffix(ln, "=")
	return begins && ends || strings.HasPrefix(ln, "——") || strings.HasPrefix(ln, "––")
}

func lastRune(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}

// isDashedAttribution reports whether line i is between dashes and says who wrote the mail below, and when, as Zoho does: "---- On …
// wrote ----".
func (r *reply) isDashedAttribution(i int) bool {
	const longest = 300
	ln := trimUnseen(r.lines[i])
	return len(ln) <= longest && strings.HasPrefix(ln, "--") && strings.HasSuffix(ln, "--") && r.spend() &&
		dateOrTime.MatchString(ln) && saysWrote(ln)
}

// isSeparator reports whether a line only separates what follows: "-----Original Message-----", "________".
func isSeparator(ln string) bool {
	ln = strings.TrimSpace(ln)
	const longest = 100
	if len(ln) < 5 || len(ln) > longest {
		return false
	}
	if strings.Trim(ln, "_") == "" || strings.Trim(ln, "-—–") == "" {
		return true
	}
	inner := strings.Trim(ln, "-—– ")
	isTitle := strings.HasPrefix(ln, "--") && strings.HasSuffix(ln, "--") && !strings.ContainsAny(inner, ".,;?!")
	return isTitle || isTitleOf(ln, titles().original)
}
