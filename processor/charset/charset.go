package charset

import (
	"bytes"
	"cmp"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// Guess returns the charset of octets whose declaration is missing, unknown or wrong, "" when it cannot be told. Detect
// is one; others know more than the octets.
type Guess func(octets []byte) string

// Decode converts octets to UTF-8. label is the declared charset, "" when none is declared. Decode believes the
// declaration unless the octets contradict it.
func Decode(octets []byte, label string) string { return DecodeGuessing(octets, label, Detect) }

// DecodeGuessing does what Decode does, with a guess of the caller's.
func DecodeGuessing(octets []byte, label string, guess Guess) string {
	text, _ := decodeDeclared(octets, label, guess)
	return text
}

// Text converts octets to UTF-8 as Decode does, and cleans the result as Clean does. asDeclared is false when the
// octets are not in the charset that they declare, or it had to be guessed.
func Text(octets []byte, label string) (text string, asDeclared bool) {
	return TextGuessing(octets, label, Detect)
}

// TextGuessing does what Text does, with a guess of the caller's.
func TextGuessing(octets []byte, label string, guess Guess) (text string, asDeclared bool) {
	label = Name(label)
	text, isASCII, ok := cleanUTF8(octets)
	switch {
	case ok && isASCII && isASCIICompatible(label):
		return text, true
	case ok && !isASCII && isOftenUTF8(label):
		return text, encodingByName(label) == nil
	}
	text, asDeclared = decodeDeclared(octets, label, guess)
	return Clean(text), asDeclared
}

// decodeDeclared does what Decode does. asDeclared is as in Text.
func decodeDeclared(octets []byte, label string, guess Guess) (text string, asDeclared bool) {
	label = Name(label)
	switch {
	case IsWide(label):
		return decodeWide(octets, label, guess)
	case hasMark(octets): // no other charset begins with it
		text, _ := decodeWide(octets, "utf-16", guess)
		return text, false
	case isASCII(octets) && isASCIICompatible(label):
		return string(octets), true
	case label == "utf-7":
		return decodeUTF7(octets), true
	case isShiftedLabel(label) && isSevenBit(octets):
		return decodeShifts(octets, shiftedCharset(octets, label))
	case isUTF8(octets, label):
		return string(octets), encodingByName(label) == nil
	}
	if enc := encodingByName(label); enc != nil {
		if text, ok := decodeWith(enc, octets); ok {
			return text, true
		}
	}
	if label == "utf-8" && isMostlyUTF8(octets) {
		return strings.ToValidUTF8(string(octets), "\ufffd"), false
	}
	return decodeGuessed(octets, label, guess), false
}

// isUTF8 reports whether octets are read as UTF-8. Octets that are declared to be in a Latin charset are read so when
// they are valid UTF-8: no text in a European language is valid UTF-8 by chance.
func isUTF8(octets []byte, label string) bool {
	if isOftenUTF8(label) {
		return utf8.Valid(octets) && !bytes.Contains(octets, []byte("\x1b$"))
	}
	if encodingByName(label) == nil {
		return utf8.Valid(octets)
	}
	return isPlainlyUTF8(octets, label)
}

// isOftenUTF8 reports whether valid UTF-8 with this label is UTF-8: programs declare these charsets wrongly.
func isOftenUTF8(label string) bool {
	switch label {
	case "", "utf-8", "us-ascii", "windows-1252", "iso-8859-15", "iso-8859-1":
		return true
	}
	return false
}

// decodeWith decodes octets. ok is false when the result has more than one invalid character for ten octets beyond
// ASCII.
func decodeWith(enc encoding.Encoding, octets []byte) (text string, ok bool) {
	decoded, err := enc.NewDecoder().Bytes(octets)
	if err != nil {
		return "", false
	}
	wrong := bytes.Count(decoded, []byte("\ufffd"))
	if wrong == 0 {
		return string(decoded), true
	}
	return string(decoded), wrong*10 <= HighOctets(octets)
}

// decodeGuessed decodes octets whose declared charset is missing, unknown or wrong.
func decodeGuessed(octets []byte, label string, guess Guess) string {
	if bytes.Contains(octets, []byte("\x1b$")) {
		if enc := shiftedCharset(octets, label); enc != nil {
			text, _ := decodeShifts(octets, enc)
			return text
		}
		if text, ok := decodeWith(japanese.ISO2022JP, octets); ok {
			return text
		}
	}
	if utf8.Valid(octets) {
		return string(octets)
	}
	enc := encodingByName(cmp.Or(guess(octets), "windows-1252"))
	if text, ok := decodeWith(enc, octets); ok {
		return text
	}
	if declared := encodingByName(label); declared != nil {
		text, _ := decodeWith(declared, octets)
		return text
	}
	text, _ := decodeWith(charmap.Windows1252, octets)
	return text
}

// isMostlyUTF8 reports whether more characters beyond ASCII are valid UTF-8 than invalid, as in a text that was cut
// off.
func isMostlyUTF8(octets []byte) bool {
	right, wrong := 0, 0
	for i := 0; i < len(octets); {
		if octets[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(octets[i:])
		if r == utf8.RuneError && n == 1 {
			wrong++
		} else {
			right++
		}
		i += n
	}
	return right > wrong
}

func isASCII(octets []byte) bool { return HighOctets(octets) == 0 }

// escape begins an escape sequence of ISO-2022 (RFC 1468): octets that contain it are not plain ASCII.
const escape = 0x1b

// HighOctets returns the number of octets that are beyond ASCII, or are an escape.
func HighOctets(octets []byte) int {
	n := 0
	for _, c := range octets {
		if c >= utf8.RuneSelf || c == escape {
			n++
		}
	}
	return n
}

// isASCIICompatible reports whether ASCII octets stand for themselves in a charset.
func isASCIICompatible(label string) bool {
	return label != "utf-7" && label != "hz-gb-2312" && !isShiftedLabel(label) && !IsWide(label)
}

// InHTML returns the charset that HTML declares in a meta element, "" when it declares none.
func InHTML(octets []byte) string {
	if m := metaElement.FindSubmatch(octets[:min(len(octets), 2048)]); m != nil {
		return string(m[1])
	}
	return ""
}

var metaElement = regexp.MustCompile(`(?i)<meta[^>]+charset\s*=\s*["']?\s*([-\w:.]+)`)

// IsKnown reports whether a label names a charset that can be decoded.
func IsKnown(label string) bool {
	name := Name(label)
	return name == "utf-8" || name == "us-ascii" || name == "utf-7" || isShiftedLabel(name) || HasDecoder(name)
}

// HasDecoder reports whether a charset, given by its Name, is known and needs decoding. UTF-8 and ASCII need none.
func HasDecoder(name string) bool { return encodingByName(name) != nil }

// encodingByName returns the encoding of a charset, nil for an unknown charset, UTF-8 and ASCII.
func encodingByName(name string) encoding.Encoding {
	switch name {
	case "", "utf-8", "us-ascii":
		return nil
	case "hz-gb-2312":
		return simplifiedchinese.HZGB2312
	case "iso-2022-jp":
		return japanese.ISO2022JP
	case "utf-16":
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	case "utf-32le":
		return utf32.UTF32(utf32.LittleEndian, utf32.UseBOM)
	case "utf-32", "utf-32be":
		return utf32.UTF32(utf32.BigEndian, utf32.UseBOM)
	}
	if enc, ok := codePageEncodings[name]; ok {
		return enc
	}
	if enc, ok := upperHalves[name]; ok {
		return enc
	}
	enc, err := htmlindex.Get(name)
	if err != nil || enc == encoding.Replacement {
		return nil
	}
	return enc
}

// codePageEncodings are code pages that the WHATWG's index lacks.
var codePageEncodings = map[string]encoding.Encoding{
	"ibm437": charmap.CodePage437, "ibm850": charmap.CodePage850, "ibm852": charmap.CodePage852, "ibm855": charmap.CodePage855,
	"ibm858": charmap.CodePage858, "ibm860": charmap.CodePage860, "ibm862": charmap.CodePage862, "ibm863": charmap.CodePage863,
	"ibm865": charmap.CodePage865,
}
