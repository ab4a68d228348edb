package charset

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
)

// IsWide reports whether a charset has units of two or four octets.
func IsWide(label string) bool {
	return strings.HasPrefix(label, "utf-16") || strings.HasPrefix(label, "utf-32")
}

// hasMark reports whether octets begin with the byte order mark of UTF-16 (RFC 2781 §3.2). The mark of little-endian
// UTF-32 begins with the same octets.
func hasMark(octets []byte) bool {
	return bytes.HasPrefix(octets, []byte("\xff\xfe")) || bytes.HasPrefix(octets, []byte("\xfe\xff"))
}

// decodeWide decodes octets that are declared to be UTF-16 or UTF-32. Some programs declare the charset that a text had
// in memory and write it in another. The octets do not show that by themselves: nearly all pairs of octets are valid
// UTF-16, most of them Chinese characters.
func decodeWide(octets []byte, label string, guess Guess) (text string, asDeclared bool) {
	if isNarrow(octets, label) {
		text, _ := decodeDeclared(octets, "", guess)
		return text, false
	}
	if enc := encodingByName(label); enc != nil && strings.HasPrefix(label, "utf-32") {
		return decodeWith(enc, octets)
	}
	isLittle := label == "utf-16le" // RFC 2781 §4.3: big-endian when nothing says so
	if hasMark(octets) {
		return decodeUTF16(octets[2:], octets[0] == 0xff), true
	}
	if isOtherOrder(octets, label) {
		return decodeUTF16(octets, !isLittle), false
	}
	return decodeUTF16(octets, isLittle), true
}

func decodeUTF16(octets []byte, isLittle bool) string {
	order := unicode.BigEndian
	if isLittle {
		order = unicode.LittleEndian
	}
	text, _ := decodeWith(unicode.UTF16(order, unicode.IgnoreBOM), octets)
	return text
}

// isNarrow reports whether octets are text in a charset that contains ASCII, whatever wide charset is declared.
func isNarrow(octets []byte, label string) bool {
	const kana = '0' // the upper octet of each kana: in Japanese text half of the octets
	isMarked := hasMark(octets) || bytes.HasPrefix(octets, []byte("\x00\x00\xfe\xff"))
	if isMarked || bytes.IndexByte(octets, 0) >= 0 || bytes.Count(octets, []byte{kana})*2 >= len(octets) {
		return false
	}
	if strings.HasPrefix(label, "utf-32") || bytes.IndexByte(octets, '<') >= 0 && InHTML(octets) != "" {
		return true // UTF-32 has a zero octet in each character; HTML that declares its charset in ASCII is ASCII
	}
	plain, high := 0, HighOctets(octets)
	for _, c := range octets {
		if plainOctet[c] || c == '\r' {
			plain++
		}
	}
	switch {
	case plain == len(octets):
		const enough = 100 // so many octets of wide text are not all ASCII by chance
		return len(octets) > enough || bytes.ContainsAny(octets, " \n") || plainWord.Match(octets)
	case plain+high == len(octets) && high >= 4 && utf8.Valid(octets):
		return true
	case plain+high == len(octets) && utf8.Valid(octets):
		wide := decodeUTF16(octets, isOtherOrder(octets, label) != (label == "utf-16le"))
		return isLikelier(octets, []byte(wide), allLanguages)
	}
	return plain*8 >= len(octets)*7 // in Chinese text half of the octets are beyond ASCII
}

var plainWord = regexp.MustCompile(`^[-\w.,:;!?/@]+$`)

// isOtherOrder reports whether UTF-16 without a mark is in another octet order than its label implies. A label that
// names an order is believed unless the octets clearly contradict it.
func isOtherOrder(octets []byte, label string) bool {
	big, little := wideText(octets, 0, 1), wideText(octets, 1, 0)
	switch label {
	case "utf-16le":
		return big > 2*little
	case "utf-16be":
		return little > 2*big
	}
	return little > big
}

// wideText returns how many characters are common in texts, when the upper octet of each pair is at index high and the
// lower one at index low. Common are letters up to Arabic, kana, Chinese characters, Hangul and their punctuation.
func wideText(octets []byte, high, low int) int {
	n := 0
	for ; len(octets) >= 2; octets = octets[2:] {
		switch h, l := octets[high], octets[low]; {
		case h == 0:
			if plainOctet[l] || l == '\r' || l >= 0xa0 {
				n++
			}
		case l == 0 && h != 0x4e: // an ASCII letter in the other octet order
		case h <= 6, h == 0x30, h >= 0x4e && h <= 0x9f, h >= 0xac && h <= 0xd7, h == 0xff:
			n++
		}
	}
	return n
}
