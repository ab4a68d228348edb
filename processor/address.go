package processor

import (
	"strings"

	"mailintegration/processor/charset"
	"mailintegration/processor/entity"
)

// addressReader reads an address list (RFC 5322 §3.4) in the forms that occur: with quotes, comments and angle brackets
// that are not closed, semicolons for commas, groups, names that are not quoted, and encoded-words anywhere.
type addressReader struct {
	s        string
	hint     string // charset of octets that do not declare one
	limit    int    // the most addresses to read
	isInner  bool   // s is the content of an encoded-word
	groups   bool   // a colon begins a group, because the list has a semicolon
	noParens bool   // a parenthesis is not closed: read parentheses as plain characters
	noQuotes bool   // a quote is not closed: read quotes as plain characters

	text    strings.Builder // of the address that is being read, without comment and angle
	comment string
	angle   string
	found   []Address
}

// parseAddresses reads at most limit addresses.
func parseAddresses(s, hint string, limit int) []Address {
	r := addressReader{s: s, hint: hint, limit: limit, groups: strings.Contains(s, ";")}
	return r.read()
}

func (r *addressReader) read() []Address {
	for i := 0; i < len(r.s) && len(r.found) < r.limit; {
		i = r.step(i)
	}
	r.end()
	return r.found[:min(len(r.found), r.limit)]
}

// step reads what stands at i, and returns where to go on.
func (r *addressReader) step(i int) int {
	switch c := r.s[i]; {
	case c == '"' && !r.noQuotes:
		if end := closingQuote(r.s, i+1); end > 0 {
			r.text.WriteString(r.s[i:end])
			return end
		}
		r.noQuotes = true
	case c == '(' && !r.noParens:
		if end := closingParen(r.s, i+1); end > 0 {
			r.comment = r.s[i+1 : end-1]
			r.text.WriteByte(' ')
			return end
		}
		r.noParens = true
		r.text.WriteByte(c)
	case c == '<':
		return r.inAngles(i + 1)
	case c == '>': // closes nothing
	case c == ',' || c == ';':
		r.end()
	case c == ':' && r.groups && r.angle == "" && !strings.Contains(r.text.String(), "@"):
		r.text.Reset()
	default:
		plain := strings.IndexAny(r.s[i+1:], `"(<>,;:`)
		if plain < 0 {
			plain = len(r.s) - i - 1
		}
		r.text.WriteString(r.s[i : i+1+plain])
		return i + 1 + plain
	}
	return i + 1
}

// inAngles reads up to the closing bracket, or to the end of the address if there is none.
func (r *addressReader) inAngles(i int) int {
	end := r.angleEnd(i) - i
	inner := strings.TrimSpace(r.s[i : i+end])
	switch {
	case strings.Contains(inner, "@") || r.angle == "" && !strings.Contains(inner, " "):
		if r.angle != "" {
			r.text.WriteString(" " + r.angle)
		}
		r.angle = inner
	case inner != "":
		r.text.WriteString(" " + inner)
	}
	if i+end < len(r.s) && r.s[i+end] == '>' {
		end++
	}
	return i + end
}

// angleEnd returns the end of the content that begins at i within an angle bracket. The characters that end it may stand
// in a quoted local-part (RFC 5322 §3.4.1); a quoted string is a local-part only if "@" follows it.
func (r *addressReader) angleEnd(i int) int {
	if i < len(r.s) && r.s[i] == '"' && !r.noQuotes {
		end := closingQuote(r.s, i+1)
		if end < 0 {
			r.noQuotes = true
		} else if strings.HasPrefix(r.s[end:], "@") {
			i = end
		}
	}
	if end := strings.IndexAny(r.s[i:], "<>,;"); end >= 0 {
		return i + end
	}
	return len(r.s)
}

// end completes the address that is being read.
func (r *addressReader) end() {
	text, comment, angle := strings.TrimSpace(r.text.String()), r.comment, r.angle
	r.text.Reset()
	r.comment, r.angle = "", ""
	if text == "" && comment == "" && angle == "" {
		return
	}
	addr := addrSpec(angle)
	if addr == "" {
		addr, text = findAddr(text)
	}
	name := bareName(r.displayName(text), addr)
	if name == "" {
		name = r.displayName(comment)
	}
	if addr == "" && !r.isInner && strings.Contains(text, "=?") && strings.Contains(name, "@") {
		inner := addressReader{s: name, limit: r.limit - len(r.found), isInner: true}
		r.found = append(r.found, inner.read()...)
		return
	}
	if name != "" || addr != "" {
		r.found = append(r.found, Address{Name: name, Addr: addr})
	}
}

// bareName returns a display-name without the same address behind it, as in "Ann Lee <ann@example.com>" within quotes.
// Another address stays, so that a reader sees it.
func bareName(name, addr string) string {
	before, inner, ok := strings.Cut(name, "<")
	if !ok || addr == "" {
		return name
	}
	inner, after, _ := strings.Cut(inner, ">")
	if inner = addrSpec(inner); inner != "" && !strings.EqualFold(inner, addr) || strings.TrimSpace(after) != "" {
		return name
	}
	return strings.Trim(before, ` '"`)
}

// displayName decodes a display-name.
func (r *addressReader) displayName(text string) string {
	name := charset.CollapseSpace(charset.WithoutOverrides(entity.DecodeField(unquote(strings.TrimSpace(text)), r.hint)))
	if n := len(name); n > 1 && (name[0] == '\'' && name[n-1] == '\'' || name[0] == '"' && name[n-1] == '"') {
		name = strings.TrimSpace(name[1 : n-1]) // Outlook quotes an address that stands for a name in this way
	}
	return name
}

// addrSpec returns an address without route, white space and "mailto:".
func addrSpec(s string) string {
	if route := strings.LastIndexByte(s, ':'); route >= 0 && (strings.HasPrefix(s, "@") || isMailto(s[:route+1])) {
		s = s[route+1:]
	}
	s = strings.Trim(strings.TrimSpace(s), "'")
	if !strings.HasPrefix(s, `"`) {
		s = charset.RemoveSpace(s)
	}
	return strings.TrimRight(entity.DecodeUnmarked(s), ".")
}

func isMailto(s string) bool { return strings.EqualFold(strings.TrimSpace(s), "mailto:") }

// findAddr finds the addr-spec in text without angle brackets; rest is the text around it.
func findAddr(text string) (addr, rest string) {
	text = strings.ReplaceAll(strings.ReplaceAll(text, " @", "@"), "@ ", "@")
	at := strings.LastIndexByte(text, '@')
	if at < 0 {
		return "", text
	}
	begin, end := at, at+1
	if at > 0 && text[at-1] == '"' { // a quoted local-part
		if open := strings.LastIndexByte(text[:at-1], '"'); open >= 0 {
			begin = open
		}
	}
	for begin > 0 && text[begin] != '"' && !isEdge(text[begin-1]) {
		begin--
	}
	for end < len(text) && !isEdge(text[end]) {
		end++
	}
	addr = addrSpec(strings.Trim(text[begin:end], "[]"))
	if strings.HasPrefix(addr, "@") || strings.HasSuffix(addr, "@") {
		return "", text
	}
	return addr, strings.TrimSpace(text[:begin] + " " + text[end:])
}

// isEdge reports whether c ends an address.
func isEdge(c byte) bool { return c <= ' ' || c == '"' || c == '(' || c == ')' || c == '<' || c == '>' }

// unquote removes quotes and backslashes from quoted parts of text.
func unquote(text string) string {
	if !strings.Contains(text, `"`) && !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && (text[i+1] == '"' || text[i+1] == '\\'):
			i++
			b.WriteByte(text[i])
		case text[i] != '"':
			b.WriteByte(text[i])
		}
	}
	return b.String()
}

// closingQuote returns the offset after the quote that closes one opened before i, -1 if there is none.
func closingQuote(s string, i int) int {
	for ; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// closingParen returns the offset after the parenthesis that closes one opened before i, -1 if there is none.
func closingParen(s string, i int) int {
	for depth := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			depth--
			if depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}
