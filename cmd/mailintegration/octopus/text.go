package octopus

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// Text returns the octets of a batch file, a task or a crontab as UTF-8, with \n for the end of a line.
//
// A byte order mark says the encoding, and so do the zero octets of UTF-16 without one. Otherwise the octets are UTF-8 if they may
// be. If not, they are the code page of the command chcp in the text; without that, the one of 850 (cmd.exe) and 1252 (Notepad) in
// which the octets above 127 are rather letters.
func Text(octets []byte) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x1a", "").Replace(decode(octets))
}

func decode(octets []byte) string {
	switch {
	case bytes.HasPrefix(octets, []byte("\xEF\xBB\xBF")):
		return strings.ToValidUTF8(string(octets[3:]), "\uFFFD")
	case bytes.HasPrefix(octets, []byte("\xFF\xFE")), hasZeros(octets, 1):
		return decoded(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), octets)
	case bytes.HasPrefix(octets, []byte("\xFE\xFF")), hasZeros(octets, 0):
		return decoded(unicode.UTF16(unicode.BigEndian, unicode.UseBOM), octets)
	case utf8.Valid(octets):
		return string(octets)
	}
	return decoded(codePage(octets), octets)
}

// decoded returns octets in an encoding as UTF-8.
func decoded(from encoding.Encoding, octets []byte) string {
	text, err := from.NewDecoder().Bytes(octets)
	if err != nil { // these decoders replace what they cannot read
		return strings.ToValidUTF8(string(octets), "\uFFFD")
	}
	return string(text)
}

// hasZeros reports whether each of the first characters has a zero at one of its two octets, as ASCII has in UTF-16.
func hasZeros(octets []byte, at int) bool {
	const sample = 8
	if len(octets) < 4 || len(octets)%2 != 0 {
		return false
	}
	for i := at; i < min(len(octets), sample); i += 2 {
		if octets[i] != 0 {
			return false
		}
	}
	return true
}

// chcp matches the command that says in which code page cmd.exe reads the lines that follow.
var chcp = regexp.MustCompile(`(?im)^[\s@]*chcp\s+(\d+)`)

// codePages are the code pages that chcp may name. UTF-8 is not among them: it was tried.
var codePages = map[string]encoding.Encoding{
	"437": charmap.CodePage437, "850": charmap.CodePage850, "858": charmap.CodePage858, "863": charmap.CodePage863,
	"1250": charmap.Windows1250, "1252": charmap.Windows1252, "28591": charmap.Windows1252,
}

// codePage returns the code page of octets that are not UTF-8.
func codePage(octets []byte) encoding.Encoding {
	if m := chcp.FindSubmatch(octets); m != nil && codePages[string(m[1])] != nil {
		return codePages[string(m[1])]
	}
	letters850, letters1252 := 0, 0
	for _, o := range octets {
		switch {
		case 0x80 <= o && o <= 0x9B || 0xA0 <= o && o <= 0xA5: // Ç to ø and á to Ñ; in 1252 quotation marks, dashes, signs
			letters850++
		case 0xC0 <= o: // À to ÿ; in 850 frames of tables, and capital letters with rare accents
			letters1252++
		}
	}
	if letters850 > letters1252 {
		return charmap.CodePage850
	}
	return charmap.Windows1252
}
