package entity

import (
	"strings"
	"unicode/utf8"

	"mailintegration/processor/charset"
)

// word is one encoded-word (RFC 2047 §2), its octets not yet converted to UTF-8.
type word struct {
	label  string // of its charset
	octets []byte
}

// decodeWords replaces the encoded-words of a field's value by their text, and converts the other octets to UTF-8; hint
// is a charset that those may have. It joins neighbours of one charset before it decodes them: programs split a word
// within a character, or within an escape sequence.
func decodeWords(s, hint string) string {
	if !strings.Contains(s, "=?") {
		return fromUnmarked(s, hint)
	}
	var b strings.Builder
	var pending word
	flush := func() {
		if pending.octets != nil {
			b.WriteString(charset.Decode(pending.octets, pending.label))
			pending = word{}
		}
	}
	for s != "" {
		w, rest, literal, ok := nextWord(s)
		if isSpace := strings.TrimLeft(literal, " \t\r\n") == ""; !isSpace || pending.octets == nil || !ok {
			// White space between two encoded-words is no text (§6.2).
			flush()
			b.WriteString(fromUnmarked(literal, hint))
		}
		if !ok {
			break
		}
		if !strings.EqualFold(w.label, pending.label) {
			flush()
		}
		pending.label = w.label
		pending.octets = append(pending.octets, w.octets...)
		if pending.octets == nil {
			pending.octets = []byte{}
		}
		s = rest
	}
	flush()
	return b.String()
}

// DecodeField returns the value of a header field with its encoded-words (RFC 2047) decoded, cleaned. hint is a charset
// that octets outside of encoded-words may have, "" when none is known.
func DecodeField(s, hint string) string {
	if strings.IndexByte(s, '?') < 0 && charset.IsPlain(s) {
		return s // nearly all values are; an encoded-word has question marks
	}
	return charset.Clean(decodeWords(s, hint))
}

// DecodeUnmarked converts the value of a header field that can have no encoded-words to UTF-8, cleaned.
func DecodeUnmarked(s string) string { return charset.Clean(fromUnmarked(s, "")) }

// nextWord finds the first encoded-word of s. literal is the text before it, or all of s when there is none.
func nextWord(s string) (w word, rest, literal string, ok bool) {
	from := 0
	for {
		i := strings.Index(s[from:], "=?")
		if i < 0 {
			return word{}, "", s, false
		}
		at := from + i
		if w, rest, ok := readWord(s[at+2:]); ok {
			return w, rest, s[:at], true
		}
		from = at + 2
	}
}

// readWord reads "charset?encoding?text?=" at the beginning of s. It tolerates white space in the text, which RFC 2047
// forbids and some programs write.
func readWord(s string) (w word, rest string, ok bool) {
	const longestCharset = 75 // no encoded-word may be longer as a whole
	q := strings.IndexByte(s[:min(len(s), longestCharset)], '?')
	if q <= 0 || q+2 >= len(s) || s[q+2] != '?' || strings.ContainsAny(s[:q], " \t=") {
		return word{}, "", false
	}
	label, _, _ := strings.Cut(s[:q], "*") // RFC 2231 §5: a language may follow
	text, rest, ok := strings.Cut(s[q+3:], "?=")
	if !ok {
		return word{}, "", false
	}
	switch s[q+1] {
	case 'B', 'b':
		return word{label, base64Octets(text)}, rest, true
	case 'Q', 'q':
		return word{label, qOctets(text)}, rest, true
	}
	return word{}, "", false
}

// base64Octets decodes the B encoding, padded or not.
func base64Octets(text string) []byte {
	var d base64Decoder
	return d.finish(d.octets(nil, []byte(text)))
}

// qOctets decodes the Q encoding (RFC 2047 §4.2).
func qOctets(text string) []byte {
	b := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '_':
			b = append(b, ' ')
		case '=':
			if i+2 < len(text) {
				if octet, ok := hexOctet(text[i+1], text[i+2]); ok {
					b = append(b, octet)
					i += 2
					continue
				}
			}
			b = append(b, c)
		default:
			b = append(b, c)
		}
	}
	return b
}

// fromUnmarked converts octets without a declared charset to UTF-8. Valid UTF-8 (RFC 6532) is taken for that.
func fromUnmarked(s, hint string) string {
	if utf8.ValidString(s) && !strings.Contains(s, "\x1b") {
		return s
	}
	if charset.IsWide(charset.Name(hint)) { // a header section cannot be in a wide charset
		hint = ""
	}
	return charset.Decode([]byte(s), hint)
}
