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
	guess, tail := guessOf(hint), len(s)-strings.LastIndex(s, "?=")
	flush := func() {
		if pending.octets != nil {
			b.WriteString(charset.DecodeGuessing(pending.octets, pending.label, guess))
			pending = word{}
		}
	}
	for s != "" {
		w, rest, literal, ok := nextWord(s, tail)
		if isSpace := strings.TrimLeft(literal, " \t\r\n") == ""; !isSpace || pending.octets == nil || !ok {
			// White space between two encoded-words is no text (§6.2).
			flush()
			b.WriteString(fromUnmarked(literal, hint))
		}
		if !ok {
			break
		}
		if !strings.EqualFold(w.label, pending.label) && !charset.IsKnown(w.label) {
			w.label = "" // unknown charsets are one, so that a guess is about all neighbours
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
	if IsPlainField(s) {
		return s // nearly all values are
	}
	return charset.Clean(decodeWords(s, hint))
}

// IsPlainField reports whether a field's value is ASCII and has no encoded-word, which has question marks.
func IsPlainField(s string) bool { return strings.IndexByte(s, '?') < 0 && charset.IsPlain(s) }

// DecodeUnmarked converts the value of a header field that can have no encoded-words to UTF-8, cleaned.
func DecodeUnmarked(s string) string { return charset.Clean(fromUnmarked(s, "")) }

// nextWord finds the first encoded-word of s. literal is the text before it, or all of s when there is none. tail is the
// number of octets at the end of s in which no encoded-word ends.
func nextWord(s string, tail int) (w word, rest, literal string, ok bool) {
	from := 0
	for {
		i := strings.Index(s[from:], "=?")
		at := from + i
		if i < 0 || at > len(s)-tail {
			return word{}, "", s, false
		}
		if w, rest, ok := readWord(s[at+2:]); ok {
			return w, rest, s[:at], true
		}
		from = at + 2
	}
}

// readWord reads "charset?encoding?text?=" at the beginning of s.
func readWord(s string) (w word, rest string, ok bool) {
	e, ok := cutWord(s)
	if !ok {
		return word{}, "", false
	}
	return word{e.label, e.decode()}, e.rest, true
}

// encodedWord is an encoded-word (RFC 2047 §2) that is not decoded yet, and what follows it.
type encodedWord struct {
	label, text, rest string
	isBase64          bool // the B encoding, not the Q encoding
}

// cutWord cuts "charset?encoding?text?=" off the beginning of s. It tolerates white space in the text, which RFC 2047
// forbids and some programs write.
func cutWord(s string) (w encodedWord, ok bool) {
	const longestCharset = 75 // no encoded-word may be longer as a whole
	q := strings.IndexByte(s[:min(len(s), longestCharset)], '?')
	if q <= 0 || q+2 >= len(s) || s[q+2] != '?' || strings.ContainsAny(s[:q], " \t=") {
		return w, false
	}
	encoding := s[q+1] | 0x20 // in lower case
	if encoding != 'b' && encoding != 'q' {
		return w, false
	}
	w.isBase64 = encoding == 'b'
	w.label, _, _ = strings.Cut(s[:q], "*") // RFC 2231 §5: a language may follow
	w.text, w.rest, ok = strings.Cut(s[q+3:], "?=")
	return w, ok
}

func (w encodedWord) decode() []byte {
	if w.isBase64 {
		return base64Octets(w.text)
	}
	return qOctets(w.text)
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
	return charset.DecodeGuessing([]byte(s), hint, guessOf(hint))
}

// guessOf returns the guess of the charset of octets that no declaration is right about.
func guessOf(hint string) charset.Guess {
	if name := charset.Name(hint); charset.HasDecoder(name) {
		return charset.Always(name)
	}
	return charset.DetectOnce()
}

// Unmarked returns the octets of a field's value whose charset is unknown: those outside of encoded-words, and those of
// encoded-words in a charset that nobody knows. It returns nil when they are UTF-8.
func Unmarked(value string) []byte {
	if IsPlainField(value) {
		return nil
	}
	var octets []byte
	tail := len(value) - strings.LastIndex(value, "?=")
	for {
		at := strings.Index(value, "=?")
		if at < 0 || at > len(value)-tail {
			break
		}
		octets = append(octets, value[:at]...)
		w, ok := cutWord(value[at+2:])
		if !ok {
			octets, value = append(octets, "=?"...), value[at+2:]
			continue
		}
		if !charset.IsKnown(w.label) {
			octets = append(octets, w.decode()...)
		}
		value = w.rest
	}
	octets = append(octets, value...)
	if utf8.Valid(octets) {
		return nil
	}
	return octets
}

// MarkedCharset returns the first charset other than ASCII and UTF-8 that an encoded-word of a field's value declares, ""
// when there is none.
func MarkedCharset(value string) string {
	tail := len(value) - strings.LastIndex(value, "?=")
	for {
		_, rest, ok := strings.Cut(value, "=?")
		if !ok || len(rest) < tail {
			return ""
		}
		if w, ok := cutWord(rest); ok {
			if name := charset.Name(w.label); charset.HasDecoder(name) {
				return name
			}
			rest = w.rest
		}
		value = rest
	}
}
