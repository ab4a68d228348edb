package tnef

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"mailintegration/processor/charset"
)

// rtfDictionary is what the window of compressed RTF holds at the beginning (MS-OXRTFCP §2.1.2.1).
const rtfDictionary = `{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0` +
	"\r\n" + `\par \pard\plain\f0\fs20\b\i\u\tab\tx`

// decompressRTF undoes the compression of RTF (MS-OXRTFCP), up to limit octets. What is damaged ends it.
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
				return out[:min(len(out), limit)] // the end
			}
			for i := range n {
				put(window[(from+i)%windowSize])
			}
		}
	}
	return out[:min(len(out), limit)]
}

// rtfReader turns RTF into text, or into the HTML that it was made of (MS-OXRTFEX).
type rtfReader struct {
	s      string
	group  rtfGroup
	outer  []rtfGroup
	high   rune   // the first unit of a character that has two
	octets []byte // in the code page, not yet decoded
	label  string // charset of the code page
	isHTML bool
	out    strings.Builder
}

// rtfGroup is what holds within braces.
type rtfGroup struct {
	skip    bool // what is in it is no text
	html    bool // it is a piece of HTML
	hidden  bool // it is there for programs that do not know HTML
	unicode int  // characters that stand for one in Unicode, after it
}

// readRTF returns the text or the HTML of RTF; the other is "".
func readRTF(rtf []byte) (text, rich string) {
	if !strings.HasPrefix(string(rtf[:min(len(rtf), 6)]), `{\rtf`) {
		return "", ""
	}
	r := rtfReader{s: string(rtf), label: "windows-1252", group: rtfGroup{unicode: 1}}
	r.isHTML = strings.Contains(r.s[:min(len(r.s), 1000)], `\fromhtml1`)
	for r.s != "" && r.step() {
	}
	r.flush()
	if r.isHTML {
		return "", r.out.String()
	}
	return strings.TrimSpace(r.out.String()), ""
}

// step takes in what comes next; false at the end.
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
	case '\r', '\n': // lines mean nothing
	default:
		r.octet(c)
	}
	return true
}

// control takes in what stands after a backslash.
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

// symbol takes in a control that is no word.
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
		r.group.skip = true // a destination that only some programs know
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

// rtfSkipped are the destinations that hold no text.
var rtfSkipped = []string{"fonttbl", "colortbl", "stylesheet", "info", "pict", "header", "headerl", "headerr", "footer", "footerl", "footerr", "footnote", "object", "filetbl", "listtable", "revtbl", "xe", "tc"}

// word takes in a control word.
func (r *rtfReader) word(name string, value int, hasValue bool) {
	switch name {
	case "par", "line", "row", "sect", "page":
		r.text("\n")
	case "tab", "cell":
		r.text("\t")
	case "u":
		r.unicode(rune(uint16(value))) // it is signed, of 16 bits
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

// unicode takes in a unit of UTF-16; a character may have two.
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

// skipCharacters leaves out what stands for a character of Unicode in programs that do not know it.
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

// isShown says whether what comes now is part of the text.
func (r *rtfReader) isShown() bool {
	return !r.group.skip && !r.group.hidden
}

func (r *rtfReader) octet(c byte) {
	if r.isShown() {
		r.octets = append(r.octets, c)
	}
}

// text takes in text that is decoded. Between pieces of HTML, line breaks are those of the HTML.
func (r *rtfReader) text(s string) {
	if r.isShown() {
		r.flush()
		r.out.WriteString(s)
	}
}

// flush decodes the octets that are pending: a character may have several.
func (r *rtfReader) flush() {
	if len(r.octets) > 0 {
		r.out.WriteString(charset.Decode(r.octets, r.label))
		r.octets = r.octets[:0]
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
