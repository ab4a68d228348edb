package entity

import (
	"slices"
	"strconv"
	"strings"

	"mailintegration/processor/charset"
)

// param is one parameter of a Content-Type or Content-Disposition field, or a section of one (RFC 2231 §3).
type param struct {
	name     string // in lower case, without the asterisks
	value    string
	section  int  // number of the section, -1 for a parameter that is whole
	extended bool // the value has percent-encoded octets, after a charset in the first section (RFC 2231 §4)
}

type params []param

// MediaType returns the media type of a Content-Type field in lower case, "" when it cannot be read.
func MediaType(field string) string {
	mediaType, _ := parseMediaType(field)
	return mediaType
}

// parseMediaType reads a Content-Type field (RFC 2045 §5.1). mediaType is "" when it cannot be read; the parameters are
// read nevertheless.
func parseMediaType(field string) (mediaType string, ps params) {
	word, rest := firstWord(field)
	if strings.Contains(word, "=") {
		word, rest = "", field
	}
	ps = parseParams(rest)
	mediaType = strings.ToLower(charset.Clean(word))
	kind, sub, ok := strings.Cut(mediaType, "/")
	switch {
	case ok && isToken(kind) && isToken(sub):
		return mediaType, ps
	case mediaType == "html" || kind == "text" && sub == "html":
		return "text/html", ps
	case kind == "multipart" && ps.has("boundary"):
		return "multipart/mixed", ps
	}
	return "", ps
}

// parseDisposition reads a Content-Disposition field (RFC 2183).
func parseDisposition(field string) (disposition string, ps params) {
	word, rest := firstWord(field)
	if strings.Contains(word, "=") {
		word, rest = "", field
	}
	return strings.ToLower(charset.Clean(strings.Trim(word, `"`))), parseParams(rest)
}

// firstWord cuts a field after its first word, which a semicolon should end and white space ends, too.
func firstWord(field string) (word, rest string) {
	field = strings.TrimLeft(field, " \t;")
	end := strings.IndexAny(field, "; \t")
	if end < 0 {
		return field, ""
	}
	return field[:end], field[end:]
}

// isToken reports whether s is a token (RFC 2045 §5.1) of a length that media types have.
func isToken(s string) bool {
	if s == "" || len(s) > 127 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?=`, c) >= 0 {
			return false
		}
	}
	return true
}

// parseParams reads "; name=value; …". It tolerates what mail programs write: missing and doubled semicolons, unquoted
// values with white space, and unclosed quotes.
func parseParams(s string) params {
	var ps params
	for {
		s = strings.TrimLeft(s, "; \t")
		if s == "" {
			return ps
		}
		end := strings.IndexAny(s, "=;")
		if end < 0 {
			return ps
		}
		name := strings.TrimSpace(s[:end])
		if s[end] == ';' {
			s = s[end:]
			continue
		}
		var value string
		value, s = paramValue(name, trimLeft(s[end+1:]))
		ps = append(ps, newParam(name, value))
	}
}

// paramValue cuts the value of the named parameter off the beginning of s.
func paramValue(name, s string) (value, rest string) {
	if strings.HasPrefix(s, `"`) {
		return quotedValue(s[1:])
	}
	end := strings.IndexByte(s, ';')
	if end < 0 {
		end = len(s)
	}
	value, rest = strings.TrimSpace(s[:end]), s[end:]
	if strings.Contains(strings.ToLower(name), "name") {
		return value, rest // a file name may have white space without quotes
	}
	if space := strings.IndexAny(value, " \t("); space > 0 {
		// "charset=us-ascii (Plain text)", or a parameter after a missing semicolon.
		return value[:space], s[space:]
	}
	return value, rest
}

// quotedValue reads a quoted-string after its first quote. A backslash escapes only a quote or a backslash: other
// backslashes belong to file names (C:\temp).
func quotedValue(s string) (value, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), s[i+1:]
		case c == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	// The quote is not closed: the value ends at the next semicolon, as a value without quotes does.
	if end := strings.IndexByte(s, ';'); end >= 0 {
		return strings.TrimSpace(s[:end]), s[end:]
	}
	return strings.TrimSpace(s), ""
}

// newParam makes a parameter. It takes the asterisks of RFC 2231 off the name.
func newParam(name, value string) param {
	p := param{name: strings.ToLower(name), value: value, section: -1}
	if base, ok := strings.CutSuffix(p.name, "*"); ok {
		p.name, p.extended = base, true
	}
	if base, number, ok := strings.Cut(p.name, "*"); ok {
		if n, err := strconv.Atoi(number); err == nil && n >= 0 {
			p.name, p.section = base, n
		}
	}
	return p
}

// has reports whether there is a parameter with that name, in whatever form.
func (ps params) has(name string) bool {
	return slices.ContainsFunc(ps, func(p param) bool { return p.name == name })
}

// get returns a parameter's value without converting its charset, for values that are ASCII.
func (ps params) get(name string) string {
	for _, p := range ps {
		if p.name == name && p.section < 0 && !p.extended {
			return p.value
		}
	}
	octets, _, _ := ps.join(name)
	return octets
}

// text returns a parameter's value, decoded from the form of RFC 2231 or else from encoded-words, which RFC 2047 §5
// forbids here and most programs write. hint is the charset of octets without a declared one.
func (ps params) text(name, hint string) string {
	if octets, label, ok := ps.join(name); ok {
		if label == "" {
			return charset.OneLine(decodeWords(octets, hint))
		}
		return charset.OneLine(charset.DecodeGuessing([]byte(octets), label, guessOf(hint)))
	}
	return charset.OneLine(decodeWords(ps.get(name), hint))
}

// join returns the octets of all sections of a parameter together: a character may be split between two sections. label
// is their charset. ok is false when the parameter is neither extended nor in sections.
func (ps params) join(name string) (octets, label string, ok bool) {
	var sections params
	for _, p := range ps {
		if p.name == name && (p.section >= 0 || p.extended) {
			sections = append(sections, p)
		}
	}
	slices.SortStableFunc(sections, func(a, b param) int { return a.section - b.section })
	var b strings.Builder
	for i, p := range sections {
		if i > 0 && (p.section == sections[i-1].section || sections[0].section < 0) {
			continue // a duplicate, or a section beside the whole value
		}
		value := p.value
		if p.extended && i == 0 {
			label, value = cutCharset(value)
		}
		if p.extended {
			value = PercentDecode(value)
		}
		b.WriteString(value)
	}
	return b.String(), label, len(sections) > 0
}

// cutCharset cuts "charset'language'" off an extended value.
func cutCharset(value string) (label, rest string) {
	parts := strings.SplitN(value, "'", 3)
	if len(parts) < 3 {
		return "", value
	}
	return parts[0], parts[2]
}

// PercentDecode returns s with each %XX replaced by its octet. It leaves other percent signs as they are.
func PercentDecode(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, ok := hexOctet(s[i+1], s[i+2]); ok {
				b = append(b, c)
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

// hexOctet returns the octet that two hexadecimal digits stand for. It returns false for other characters.
func hexOctet(high, low byte) (byte, bool) {
	h, l := hexDigit(high), hexDigit(low)
	return h<<4 | l, h < 16 && l < 16
}

// hexDigit returns the value of a hexadecimal digit, 255 for another character.
func hexDigit(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 255
}
