package charset

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
)

// IsWide says whether a charset has two or four octets for each character.
func IsWide(label string) bool {
	return strings.HasPrefix(label, "utf-16") || strings.HasPrefix(label, "utf-32")
}

// hasMark says whether octets begin with the byte order mark of UTF-16 (RFC 2781 §3.2). One of UTF-32 may do, too.
func hasMark(octets []byte) bool {
	return bytes.HasPrefix(octets, []byte("\xff\xfe")) || bytes.HasPrefix(octets, []byte("\xfe\xff"))
}

// decodeWide decodes octets that are declared to be UTF-16 or UTF-32. Programs declare so what they held in memory and
// then wrote in another charset; and nearly any octets are characters of UTF-16, most of them Chinese.
func decodeWide(octets []byte, label string) (text string, asDeclared bool) {
	if isNarrow(octets, label) {
		text, _ := decodeDeclared(octets, "")
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

// isNarrow says whether octets are text in a charset of which ASCII is a part.
func isNarrow(octets []byte, label string) bool {
	const kana = '0' // the upper octet of each, so that every second one is that
	isMarked := hasMark(octets) || bytes.HasPrefix(octets, []byte("\x00\x00\xfe\xff"))
	if isMarked || bytes.IndexByte(octets, 0) >= 0 || bytes.Count(octets, []byte{kana})*2 >= len(octets) {
		return false
	}
	if strings.HasPrefix(label, "utf-32") || bytes.IndexByte(octets, '<') >= 0 && InHTML(octets) != "" {
		return true // there are no such characters; and what declares so in ASCII is ASCII
	}
	plain, high := 0, highOctets(octets)
	for _, c := range octets {
		if plainOctet[c] || c == '\r' {
			plain++
		}
	}
	switch {
	case plain == len(octets):
		const enough = 100 // for octets that are ASCII by no chance
		return len(octets) > enough || bytes.ContainsAny(octets, " \n") || plainWord.Match(octets)
	case plain+high == len(octets) && high >= 4 && utf8.Valid(octets):
		return true
	}
	return plain*8 >= len(octets)*7 // of Chinese characters every second octet is beyond ASCII
}

var plainWord = regexp.MustCompile(`^[-\w.,:;!?/@]+$`)

// isOtherOrder says whether UTF-16 without a mark is in another order than its charset says. A name that says an order
// is believed unless the octets clearly say otherwise.
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

// wideText counts the characters that texts are mostly made of, when the upper octet of each is at high and the lower
// one at low: letters up to the Arabic ones, kana, Chinese characters, Hangul and their punctuation.
func wideText(octets []byte, high, low int) int {
	n := 0
	for ; len(octets) >= 2; octets = octets[2:] {
		switch h, l := octets[high], octets[low]; {
		case h == 0:
			if plainOctet[l] || l == '\r' || l >= 0xa0 {
				n++
			}
		case l == 0 && h != 0x4e: // a letter of ASCII, the octets the other way round
		case h <= 6, h == 0x30, h >= 0x4e && h <= 0x9f, h >= 0xac && h <= 0xd7, h == 0xff:
			n++
		}
	}
	return n
}
