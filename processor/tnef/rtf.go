package tnef

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"mailintegration/processor/charset"
)

// rtfDictionary is the initial content of the window of compressed RTF (MS-OXRTFCP §2.1.2.1).
const rtfDictionary = `{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0` +
	"\r\n" + `\par \pard\plain\f0\fs20\b\i\u\tab\tx`

// decompressRTF undoes the compression of RTF (MS-OXRTFCP), up to limit octets. It stops at damage.
func decompressRTF(octets []byte, limit int) []byte {
	const headerSize, plain, compressed = 16, 0x414c454d, 0x75465a4c
	if len(octets) < headerSize {
		return nil
	}
	data := octets[headerSize:]
	switch binary.LittleEndian.Uint32(octets[8:]) {
	case plain:
		return data[:min(len(data), limit)]
	case compressed:
		return decompressLZFu(data, limit)
	}
	return nil
}

func decompressLZFu(data []byte, limit int) []byte {
	const windowSize = 4096
	var window [windowSize]byte
	at := copy(window[:], rtfDictionary)
	var out []byte
	put := func(c byte) {
		window[at] = c
		at = (at + 1) % windowSize
		out = append(out, c)
	}
	for len(data) > 0 {
		flags := data[0]
		data = data[1:]
		for bit := 0; bit < 8; bit++ {
			isReference := flags>>bit&1 != 0
			if len(data) == 0 || isReference && len(data) < 2 || len(out) >= limit {
				return out[:min(len(out), limit)]
			}
			if !isReference {
				put(data[0])
				data = data[1:]
				continue
			}
			reference := int(data[0])<<8 | int(data[1])
			data = data[2:]
			from, n := reference>>4, reference&15+2
			if from == at {
				return out[:min(len(out), limit)] // the end marker
			}
			for i := range n {
				put(window[(from+i)%windowSize])
			}
		}
	}
	return out[:min(len(out), limit)]
}

// rtfReader turns RTF into text, or into the HTML that it was made from (MS-OXRTFEX).
type rtfReader struct {
	s      string
	group  rtfGroup
	outer  []rtfGroup
	high   rune   // the first UTF-16 unit of a character that has two
	octets []byte // text in the code page, not yet decoded
	label  string // charset of the code page
	guess  charset.Guess
	isHTML bool
	out    strings.Builder
}

// rtfGroup holds the state that applies within one pair of braces.
type rtfGroup struct {
	skip    bool // the group holds no text
	html    bool // the group is a piece of HTML
	hidden  bool // the text is for programs that do not know HTML
	unicode int  // characters after one in Unicode that are its substitute
}

// readRTF returns the text of RTF, or the HTML that it was made from. The other is "".
func readRTF(rtf []byte) (text, rich string) {
	if !strings.HasPrefix(string(rtf[:min(len(rtf), 6)]), `{\rtf`) {
		return "", ""
	}
	r := rtfReader{s: string(rtf), label: "windows-1252", guess: charset.DetectOnce(), group: rtfGroup{unicode: 1}}
	r.isHTML = strings.Contains(r.s[:min(len(r.s), 1000)], `\fromhtml1`)
	for r.s != "" && r.step() {
	}
	r.flush()
	if r.isHTML {
		return "", r.out.String()
	}
	return strings.TrimSpace(r.out.String()), ""
}

// step reads the next character, control or brace, and reports whether more may follow: not after the last group, nor
// within too many groups.
func (r *rtfReader) step() bool {
	c := r.s[0]
	r.s = r.s[1:]
	switch c {
	case '{':
		const deepest = 500
		if len(r.outer) == deepest {
			return false
		}
		r.outer = append(r.outer, r.group)
	case '}':
		if len(r.outer) == 0 {
			return false
		}
		r.group, r.outer = r.outer[len(r.outer)-1], r.outer[:len(r.outer)-1]
	case '\\':
		r.control()
	case '\r', '\n': // line breaks mean nothing
	default:
		r.octet(c)
	}
	return true
}

// control reads a control after its backslash.
func (r *rtfReader) control() {
	n := 0
	for n < len(r.s) && (r.s[n] >= 'a' && r.s[n] <= 'z' || r.s[n] >= 'A' && r.s[n] <= 'Z') {
		n++
	}
	if n == 0 {
		r.symbol()
		return
	}
	name := r.s[:n]
	r.s = r.s[n:]
	n = 0
	for n < len(r.s) && n < 10 && (isDigit(r.s[n]) || n == 0 && r.s[n] == '-') {
		n++
	}
	value, err := strconv.Atoi(r.s[:n])
	r.s = strings.TrimPrefix(r.s[n:], " ")
	r.word(name, value, err == nil)
}

// symbol reads a control symbol, which is one character and no word.
func (r *rtfReader) symbol() {
	if r.s == "" {
		return
	}
	c := r.s[0]
	r.s = r.s[1:]
	switch c {
	case '\'':
		if len(r.s) >= 2 {
			if octet, err := strconv.ParseUint(r.s[:2], 16, 8); err == nil {
				r.octet(byte(octet))
			}
			r.s = r.s[2:]
		}
	case '*':
		if rest, ok := strings.CutPrefix(r.s, `\htmltag`); ok && r.isHTML {
			r.s = strings.TrimPrefix(strings.TrimLeft(rest, "0123456789"), " ")
			r.group.html = true
			return
		}
		r.group.skip = true // an optional destination
	case '~':
		r.text("\u00a0")
	case '_':
		r.text("-")
	case '\\', '{', '}':
		r.octet(c)
	case '\r', '\n':
		r.text("\n")
	}
}

// rtfSkipped holds the destinations without text.
var rtfSkipped = []string{
	"fonttbl", "colortbl", "stylesheet", "info", "pict", "header", "headerl", "headerr", "footer",
	"footerl", "footerr", "footnote", "object", "filetbl", "listtable", "revtbl", "xe", "tc",
}

// word handles a control word.
func (r *rtfReader) word(name string, value int, hasValue bool) {
	switch name {
	case "par", "line", "row", "sect", "page":
		r.text("\n")
	case "tab", "cell":
		r.text("\t")
	case "u":
		r.unicode(rune(uint16(value))) // the value is signed and has 16 bits
		r.skipCharacters()
	case "uc":
		r.group.unicode = max(value, 0)
	case "ansicpg":
		r.flush()
		r.label = codepageName(uint32(max(value, 0)))
	case "htmlrtf":
		r.group.hidden = !hasValue || value != 0
	case "bullet":
		r.text("•")
	case "lquote", "rquote":
		r.text("'")
	case "ldblquote", "rdblquote":
		r.text(`"`)
	case "emdash", "endash":
		r.text("–")
	case "bin":
		r.s = r.s[min(max(value, 0), len(r.s)):]
	default:
		if slices.Contains(rtfSkipped, name) {
			r.group.skip = true
		}
	}
}

// unicode handles a UTF-16 unit. A character may have two.
func (r *rtfReader) unicode(unit rune) {
	const firstLow = 0xdc00
	if utf16.IsSurrogate(unit) && unit < firstLow {
		r.high = unit
		return
	}
	if utf16.IsSurrogate(unit) {
		unit = utf16.DecodeRune(r.high, unit)
	}
	r.high = 0
	r.text(string(unit))
}

// skipCharacters skips the substitute of a Unicode character, which is for programs that do not know Unicode.
func (r *rtfReader) skipCharacters() {
	for range min(r.group.unicode, 10) {
		switch {
		case strings.HasPrefix(r.s, `\'`) && len(r.s) >= 4:
			r.s = r.s[4:]
		case r.s != "" && !strings.ContainsAny(r.s[:1], `\{}`):
			r.s = r.s[1:]
		}
	}
}

// isShown reports whether the next characters are part of the text.
func (r *rtfReader) isShown() bool {
	return !r.group.skip && !r.group.hidden
}

func (r *rtfReader) octet(c byte) {
	if r.isShown() {
		r.octets = append(r.octets, c)
	}
}

// text writes decoded text. Where there is HTML, its line breaks become line breaks of the HTML.
func (r *rtfReader) text(s string) {
	if r.isShown() {
		r.flush()
		r.out.WriteString(s)
	}
}

// flush decodes the pending octets together: a character may have several.
func (r *rtfReader) flush() {
	if len(r.octets) > 0 {
		r.out.WriteString(charset.DecodeGuessing(r.octets, r.label, r.guess))
		r.octets = r.octets[:0]
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
