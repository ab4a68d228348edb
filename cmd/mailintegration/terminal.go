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
)

// terminal is where a verb prints: what a terminal would obey, and what nobody would see, goes out as \uXXXX. Messages say such
// characters to hide text, to rewrite the screen, or worse. Within JSON that is the same string in another spelling, so
// that programs lose nothing.
type terminal struct {
	to io.Writer

	mu   sync.Mutex // the log and a verb may print at the same time
	tail []byte     // the beginning of a character whose other octets have not come yet
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

// flush writes what has no end and never will have one.
func (t *terminal) flush() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.tail) > 0 {
		t.to.Write([]byte(visible(string(t.tail))))
		t.tail = nil
	}
}

// incomplete returns how many octets at the end of text begin a character and do not end it.
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

// isTerminal reports whether people read what is written to w as it comes.
func isTerminal(w io.Writer) bool {
	if t, is := w.(*terminal); is {
		w = t.to
	}
	f, is := w.(*os.File)
	return is && term.IsTerminal(int(f.Fd()))
}

// visible returns text with its lines and columns, and nothing else in it that is not seen.
func visible(text string) string {
	return escape(text, func(r rune) bool { return r != '\n' && r != '\t' && isHidden(r) })
}

// inOneLine returns text for a cell or a line that no text from outside may end.
func inOneLine(text string) string {
	return escape(text, func(r rune) bool { return isHidden(r) })
}

// printLine prints one line, whatever line breaks its arguments hold.
func printLine(w io.Writer, format string, args ...any) {
	fmt.Fprintln(w, inOneLine(fmt.Sprintf(format, args...)))
}

// escape writes the characters that are to be escaped as JSON does, and octets that are no UTF-8 as U+FFFD.
func escape(text string, is func(rune) bool) string {
	text = strings.ToValidUTF8(text, string(unicode.ReplacementChar))
	if !strings.ContainsFunc(text, is) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case !is(r):
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

// isHidden reports whether a terminal obeys r, or shows nothing for it: controls (C0, DEL, C1), the format characters that turn
// the direction of text or have no width, separators of lines, and letters that are blank.
func isHidden(r rune) bool {
	switch r {
	case '\u200c', '\u200d': // Persian and Indic words, and pictures of several persons, are spelt with them
		return false
	case '\u2028', '\u2029', '\u115f', '\u1160', '\u3164', '\uffa0':
		return true
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}
