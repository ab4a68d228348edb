package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/term"

	"mailintegration/cmd/mailintegration/octopus"
)

// terminal is the output of a verb. It writes characters that a terminal would obey, and invisible ones, as \uXXXX: a
// message may use them to hide text, to rewrite the screen, or worse. In JSON that is the same string in another spelling,
// so that programs lose nothing.
type terminal struct {
	to io.Writer

	mu   sync.Mutex // the log and a verb may print at the same time
	tail []byte     // the first octets of a character whose other octets have not been written yet
}

// Write implements io.Writer.
func (t *terminal) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := append(t.tail, p...)
	whole := len(text) - incomplete(text)
	t.tail = append([]byte(nil), text[whole:]...)
	if _, err := t.to.Write([]byte(visible(string(text[:whole])))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// flush writes the first octets of a character that was never completed.
func (t *terminal) flush() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.tail) > 0 {
		t.to.Write([]byte(visible(string(t.tail))))
		t.tail = nil
	}
}

// incomplete returns the number of octets at the end of text that begin a character without completing it.
func incomplete(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if last := text[len(text)-n:]; utf8.RuneStart(last[0]) {
			if utf8.FullRune(last) {
				return 0
			}
			return n
		}
	}
	return 0
}

// isTerminal reports whether w is a terminal.
func isTerminal(w io.Writer) bool {
	f, is := underlying(w).(*os.File)
	return is && term.IsTerminal(int(f.Fd()))
}

// underlying returns where a terminal writes, and any other writer as it is.
func underlying(w io.Writer) io.Writer {
	if t, is := w.(*terminal); is {
		return t.to
	}
	return w
}

// windowWidth returns the number of columns of the terminal w, 0 for anything else, or if the terminal does not know it.
func windowWidth(w io.Writer) int {
	f, is := underlying(w).(*os.File)
	if !is {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// wrapped breaks the lines of a text at blanks, so that none is longer than width; 0 leaves them as they are. A longer word stays
// whole: it may be a path to copy.
func wrapped(text string, width int) string {
	if width <= 0 {
		return text
	}
	var b strings.Builder
	length := 0
	for i, word := range strings.Split(text, " ") {
		first, _, _ := strings.Cut(word, "\n") // the part of a word before the end of its line
		switch {
		case i == 0:
		case length+1+utf8.RuneCountInString(first) > width && word != "":
			b.WriteByte('\n')
			length = 0
		default:
			b.WriteByte(' ')
			length++
		}
		b.WriteString(word)
		length += utf8.RuneCountInString(word)
		if at := strings.LastIndexByte(word, '\n'); at >= 0 {
			length = utf8.RuneCountInString(word[at+1:])
		}
	}
	return b.String()
}

// visible returns text with every hidden character escaped, except line breaks and tabs.
func visible(text string) string {
	return escape(text, func(r rune) bool { return r != '\n' && r != '\t' && isHidden(r) })
}

// inOneLine returns text with every hidden character escaped, line breaks too: text from outside must not end a cell or a
// line.
func inOneLine(text string) string {
	return escape(text, func(r rune) bool { return isHidden(r) })
}

// printLine prints one line, even if its arguments hold line breaks.
func printLine(w io.Writer, format string, args ...any) {
	fmt.Fprintln(w, inOneLine(fmt.Sprintf(format, args...)))
}

// asTyped returns a call of this program as a person types it in a shell: names of the configuration may have blanks.
func asTyped(words ...string) string { return "mailintegration " + octopus.Quoted(words) }

// escape returns text with the characters that hidden selects escaped as in JSON, and with U+FFFD for octets that are not
// UTF-8.
func escape(text string, hidden func(rune) bool) string {
	text = strings.ToValidUTF8(text, string(unicode.ReplacementChar))
	if !strings.ContainsFunc(text, hidden) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case !hidden(r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		default:
			for _, unit := range utf16.AppendRune(nil, r) {
				fmt.Fprintf(&b, `\u%04x`, unit)
			}
		}
	}
	return b.String()
}

// isHidden reports whether a terminal obeys r, or shows nothing for it: control characters (C0, DEL, C1), format characters
// that reverse the direction of text or have no width, line separators, and blank letters.
func isHidden(r rune) bool {
	switch r {
	case '\u200c', '\u200d': // Persian and Indic words, and emoji of several persons, need them
		return false
	case '\u2028', '\u2029', '\u115f', '\u1160', '\u3164', '\uffa0':
		return true
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}
