package processor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"mailintegration/processor/charset"
)

// A message asks for a service request by a block of fields in its text:
//
//	block       = opening *( field / blank ) [ description ] closing
//	opening     = token / "[" token "]" / "<" token ">"        at the beginning of a line
//	closing     = token / "[/" token "]" / "</" token ">"      of the same form, at the end of a line
//	field       = name ":" value *( line )                     lines only where a mail program broke the value
//	description = "Description" ":" value *( line )            up to the closing
//
// A token without brackets stands on a line of its own. Case does not matter. A line of quoted mail (">") is no
// part of a block.

// block holds the fields of a block and the text around it.
type block struct {
	fields      []blockField
	isWhole     bool // the block was opened and closed
	isDescribed bool
	description string
	outside     string // the text around the block
	wrong       []blockMistake
}

// blockMistake is a mistake in a line of the text. Lines are counted from 1; 0 means no particular line.
type blockMistake struct {
	line int
	what string
}

// addMistake records a mistake. It keeps at most 20, and each only once for a line.
func (b *block) addMistake(line int, format string, args ...any) {
	const most = 20
	if mistake := (blockMistake{line, fmt.Sprintf(format, args...)}); len(b.wrong) < most && !slices.Contains(b.wrong, mistake) {
		b.wrong = append(b.wrong, mistake)
	}
}

// mistakeClauses returns all mistakes in the order of their lines.
func (b *block) mistakeClauses() []string {
	slices.SortStableFunc(b.wrong, func(x, y blockMistake) int { return cmp.Compare(x.line, y.line) })
	var all []string
	for _, m := range b.wrong {
		if m.line > 0 {
			m.what = fmt.Sprintf("line %d: %s", m.line, m.what)
		}
		all = append(all, m.what)
	}
	return all
}

// blockField is one field of a block and its line.
type blockField struct {
	line int
	FormField
}

const (
	maxBlockFields = 100
	maxFieldName   = 60   // runes
	maxFieldValue  = 4000 // octets
)

// enclosure reads the block of a text.
type enclosure struct {
	token     string
	form      string // how the block was opened: "", "[" or "<"
	line      int    // number of the current line
	begun     int    // line of the opening, 0 if there is none yet
	isOpen    bool
	hasSecond bool // a second block was opened
	width     int  // runes of the line before, if that belongs to a field; else 0
	block     block
	body      strings.Builder // of the description
	outside   strings.Builder
}

// closers holds the closing bracket of each form.
var closers = map[string]string{"[": "]", "<": ">"}

// readBlock reads the block that token encloses.
func readBlock(text, token string) block {
	e := &enclosure{token: strings.TrimFunc(token, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("[]<>/", r) })}
	if e.token == "" {
		return block{wrong: []blockMistake{{0, "no token that encloses a block is configured (NewSRBodyEnclosingToken)"}}}
	}
	for line := range strings.SplitSeq(text, "\n") {
		if e.hasSecond {
			break
		}
		e.line++
		e.readLine(strings.TrimRightFunc(line, unicode.IsSpace))
	}
	return e.end()
}

// readLine reads one line.
func (e *enclosure) readLine(whole string) {
	line := strings.TrimFunc(whole, unicode.IsSpace)
	form, after, opens := e.opening(line)
	switch {
	case !e.isOpen && opens && e.begun > 0:
		e.hasSecond = true
		e.addMistake("a second block begins, after that of line %d (a message asks for one service request)", e.begun)
		return
	case !e.isOpen && opens:
		e.form, e.begun, e.isOpen = form, e.line, true
		if form == "" {
			return
		}
		whole, line = after, after
	case !e.isOpen:
		if _, closes := e.closing(line, "["); closes || strings.EqualFold(line, "</"+e.token+">") {
			e.addMistake("a block is closed that was not opened")
		}
		e.outside.WriteString(whole + "\n")
		return
	case opens && form != "":
		e.addMistake("a second block is opened within that of line %d (close it with %s first)", e.begun, e.tag("/"))
		return
	}
	if before, closes := e.closing(line, e.form); closes {
		e.isOpen = false
		if e.form == "" || before == "" {
			return
		}
		whole, line = before, before
	}
	switch {
	case e.block.isDescribed:
		e.body.WriteString(whole + "\n")
	case line == "":
		e.width = 0
	default:
		e.field(line)
	}
}

// tag returns the token in the form of the block; slash is "/" for the closing.
func (e *enclosure) tag(slash string) string {
	if e.form == "" {
		return e.token
	}
	return e.form + slash + e.token + closers[e.form]
}

// opening cuts an opening off the beginning of a line.
func (e *enclosure) opening(line string) (form, after string, ok bool) {
	if strings.EqualFold(line, e.token) {
		return "", "", true
	}
	for form, end := range closers {
		tag := form + e.token + end
		if len(line) >= len(tag) && strings.EqualFold(line[:len(tag)], tag) {
			return form, strings.TrimFunc(line[len(tag):], unicode.IsSpace), true
		}
	}
	return "", "", false
}

// closing cuts a closing off the end of a line.
func (e *enclosure) closing(line, form string) (before string, ok bool) {
	if form == "" {
		return "", strings.EqualFold(line, e.token)
	}
	tag := form + "/" + e.token + closers[form]
	if at := len(line) - len(tag); at >= 0 && strings.EqualFold(line[at:], tag) {
		return strings.TrimFunc(line[:at], unicode.IsSpace), true
	}
	return "", false
}

// field reads a line "name: value". Mail programs write a bold name as *name:*.
func (e *enclosure) field(line string) {
	name, value, ok := cutField(line)
	switch {
	case (!ok || strings.HasPrefix(value, "//")) && e.isBroken(line): // the colon may be that of a URL
		last := &e.block.fields[len(e.block.fields)-1]
		last.Value, _ = charset.CutOctets(last.Value+" "+line, maxFieldValue)
	case !ok:
		e.width = 0
		e.addMistake("%s is no field (write Field: value, or put it under Description:)", quotedShort(line))
	case strings.EqualFold(name, "description"):
		e.block.isDescribed = true
		e.body.WriteString(value + "\n")
	case len(e.block.fields) == maxBlockFields:
		e.addMistake("the block has more than %d fields (put them under Description:)", maxBlockFields)
	default:
		e.block.fields = append(e.block.fields, blockField{e.line, FormField{name, value}})
	}
	if len(e.block.fields) > 0 && (ok || e.width > 0) {
		e.width = utf8.RuneCountInString(line)
	}
}

// isBroken reports whether a line continues the field of the line before: that line is no longer than mail programs make
// lines, and the first word of this line had no room on it.
func (e *enclosure) isBroken(line string) bool {
	const narrowest, widest = 65, 80
	word, _, _ := strings.Cut(line, " ")
	return e.width > 0 && e.width <= widest && e.width+1+utf8.RuneCountInString(word) > narrowest
}

// cutField cuts a line at its first colon.
func cutField(line string) (name, value string, ok bool) {
	at := strings.IndexAny(line, ":：")
	if at < 0 {
		return "", "", false
	}
	_, width := utf8.DecodeRuneInString(line[at:])
	bold := func(s string) string { return strings.Trim(s, "* \t\u00a0") }
	name = charset.CollapseSpace(bold(line[:at]))
	value = strings.TrimFunc(line[at+width:], unicode.IsSpace)
	if strings.HasPrefix(line, "*") {
		value = bold(value)
	}
	value, _ = charset.CutOctets(value, maxFieldValue)
	return name, value, name != "" && utf8.RuneCountInString(name) <= maxFieldName
}

// addMistake records a mistake in the current line.
func (e *enclosure) addMistake(format string, args ...any) {
	e.block.addMistake(e.line, format, args...)
}

// end returns the block after the end of the text.
func (e *enclosure) end() block {
	switch {
	case e.begun == 0:
		e.block.addMistake(0, "the message has no block of fields (write Field: value lines between [%[1]s] and [/%[1]s])", e.token)
	case e.isOpen:
		e.block.addMistake(e.begun, "the block that begins here is not closed (write %s in the line after it)", e.tag("/"))
	}
	e.block.isWhole = e.begun > 0 && !e.isOpen
	e.block.description = strings.TrimSpace(e.body.String())
	e.block.outside = strings.TrimSpace(e.outside.String())
	return e.block
}

// quotedShort returns a text in quotation marks, cut if it is long.
func quotedShort(text string) string {
	text, isCut := charset.CutRunes(text, maxFieldName)
	if isCut {
		text += "…"
	}
	return `"` + text + `"`
}
