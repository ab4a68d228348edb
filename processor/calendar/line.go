package calendar

import (
	"bytes"
	"io"
	"mime/quotedprintable"
	"strings"
)

// unfold joins the lines that are folded (RFC 5545 §3.1). It does so with octets: some programs fold within a character.
func unfold(octets []byte) []byte {
	octets = bytes.ReplaceAll(octets, []byte("\r\n"), []byte("\n"))
	octets = bytes.ReplaceAll(octets, []byte("\r"), []byte("\n"))
	octets = bytes.ReplaceAll(octets, []byte("\n "), nil)
	return bytes.ReplaceAll(octets, []byte("\n\t"), nil)
}

// property is a content line: NAME;PARAMETER=VALUE;…:VALUE.
type property struct {
	name   string            // in upper case
	params map[string]string // by name in upper case; of several values the first
	value  string            // as it is written
}

// nextProperty cuts the first content line off a calendar that is unfolded. It returns ok false for any other line.
func nextProperty(lines string) (p property, rest string, ok bool) {
	ln, rest, _ := strings.Cut(lines, "\n")
	i := strings.IndexAny(ln, ";:")
	if i <= 0 {
		return property{}, rest, false
	}
	p.name = strings.ToUpper(strings.TrimSpace(ln[:i]))
	ln = ln[i:]
	for ln != "" && ln[0] == ';' {
		ln = p.param(ln[1:])
	}
	p.value, ok = strings.CutPrefix(ln, ":")
	if strings.EqualFold(p.params["ENCODING"], "QUOTED-PRINTABLE") { // vCalendar 1.0
		p.value, rest = unquote(p.value, rest)
	}
	return p, rest, ok
}

// param reads a parameter and returns the rest of the line. vCalendar 1.0 has values without names.
func (p *property) param(s string) (rest string) {
	i := strings.IndexAny(s, "=;:")
	if i < 0 {
		return ""
	}
	if p.params == nil {
		p.params = map[string]string{}
	}
	name, value := strings.ToUpper(s[:i]), ""
	if s[i] != '=' {
		p.params["ENCODING"] = name
		return s[i:]
	}
	for first := true; i < len(s) && (first || s[i] == ','); first = false {
		v, n := paramValue(s[i+1:])
		if first {
			value = v
		}
		i += 1 + n
	}
	if _, isKnown := p.params[name]; !isKnown {
		p.params[name] = value
	}
	return s[i:]
}

// paramValue reads the value of a parameter, in quotes or not, and returns how many octets it takes.
func paramValue(s string) (value string, octets int) {
	if strings.HasPrefix(s, `"`) {
		if end := strings.IndexByte(s[1:], '"'); end >= 0 {
			return caret.Replace(s[1 : 1+end]), end + 2
		}
	}
	if end := strings.IndexAny(s, ",;:"); end >= 0 {
		return caret.Replace(s[:end]), end
	}
	return caret.Replace(s), len(s)
}

// caret undoes the escapes within the values of parameters (RFC 6868 §3).
var caret = strings.NewReplacer("^n", "\n", "^N", "\n", "^^", "^", "^'", `"`)

// unquote decodes quoted-printable, whose soft line breaks may stand in the lines below.
func unquote(value, lines string) (decoded, rest string) {
	var b strings.Builder
	for strings.HasSuffix(value, "=") && lines != "" {
		b.WriteString(value[:len(value)-1])
		value, lines, _ = strings.Cut(lines, "\n")
	}
	b.WriteString(value)
	octets, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(b.String())))
	if err != nil {
		return b.String(), lines
	}
	return string(octets), lines
}

// text returns a value of the type TEXT (RFC 5545 §3.3.11) without its escapes.
func text(value string) string { return escapes.Replace(value) }

var escapes = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\N`, "\n", `\,`, ",", `\;`, ";", `\:`, ":", `\"`, `"`)
