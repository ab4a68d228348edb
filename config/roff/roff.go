// Package roff writes manual pages in the macros of man(7). A Page escapes every text that it is given, so that no text can
// be taken for a request or an escape sequence.
package roff

import (
	"bytes"
	"fmt"
	"strings"
)

// Page collects a manual page. The zero value is not ready: New begins a page.
type Page struct {
	text   bytes.Buffer
	headed bool // a heading was written last: the paragraph below it begins by itself
}

// New begins the page of a name in a section of the manual. The source, such as "MailIntegration 1.0", and the date stand in
// its footer; what the page is about follows the name.
func New(name string, section int, date, source, about string) *Page {
	p := &Page{}
	fmt.Fprintf(&p.text, ".TH \"%s\" %d \"%s\" \"%s\" \"MailIntegration\"\n", strings.ToUpper(name), section, date, escaped(source))
	p.text.WriteString(".nh\n.ad l\n")
	p.Section("Name")
	p.line(escaped(name) + ` \- ` + escaped(about))
	return p
}

// Section begins a section.
func (p *Page) Section(title string) { p.request("SH", strings.ToUpper(title)) }

// Subsection begins a part of a section.
func (p *Page) Subsection(title string) { p.request("SS", title) }

// Paragraph writes text as a paragraph. Text between two backquotes is printed in bold.
func (p *Page) Paragraph(text string) {
	if !p.headed {
		p.request("PP")
	}
	p.line(marked(text))
}

// Item writes a term and its explanation, one paragraph each.
func (p *Page) Item(term string, paragraphs ...string) {
	p.request("TP")
	p.line(`\fB` + escaped(term) + `\fR`)
	if len(paragraphs) == 0 || paragraphs[0] == "" {
		p.line(`\&`)
		return
	}
	for i, text := range paragraphs {
		if i > 0 {
			p.request("IP")
		}
		p.line(marked(text))
	}
}

// Detail writes a line within the item before it.
func (p *Page) Detail(text string) {
	p.request("br")
	p.line(marked(text))
}

// DetailCode writes a line within the item before it, as it is.
func (p *Page) DetailCode(name, code string) {
	p.request("br")
	p.request("nf")
	p.line(escaped(name) + ` \fB` + escaped(code) + `\fR`)
	p.request("fi")
}

// Example writes lines as they are.
func (p *Page) Example(text string) {
	p.request("PP")
	p.request("RS", "4")
	p.request("nf")
	for line := range strings.Lines(strings.TrimRight(text, "\n")) {
		p.line(escaped(strings.TrimSuffix(line, "\n")))
	}
	p.request("fi")
	p.request("RE")
}

// Bytes returns the page.
func (p *Page) Bytes() []byte { return p.text.Bytes() }

// request writes a request or macro with its arguments.
func (p *Page) request(name string, arguments ...string) {
	p.text.WriteString("." + name)
	for _, a := range arguments {
		p.text.WriteString(` "` + strings.ReplaceAll(escaped(a), `"`, `\(dq`) + `"`)
	}
	p.text.WriteByte('\n')
	p.headed = name == "SH" || name == "SS"
}

// line writes one line of text. A dot or an apostrophe at its beginning would make it a request; an empty line would be
// a fault of the page.
func (p *Page) line(text string) {
	if text == "" || strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	p.text.WriteString(text + "\n")
	p.headed = false
}

// escapes replaces what has a meaning in roff, and characters that a terminal may lack. A minus stays one that can be copied.
var escapes = strings.NewReplacer(`\`, `\e`, "-", `\-`, "–", `\(en`, "…", "...", "‘", `\(oq`, "’", `\(cq`, "“", `\(lq`, "”", `\(rq`,
	"→", `\(->`, "≤", `\(<=`, "≥", `\(>=`, "^", `\(ha`, "~", `\(ti`, "`", `\(ga`)

// escaped returns text without anything that has a meaning in roff.
func escaped(text string) string { return escapes.Replace(text) }

// marked returns text with the parts between backquotes in bold.
func marked(text string) string {
	parts := strings.Split(text, "`")
	for i, part := range parts {
		parts[i] = escaped(part)
		if i%2 == 1 {
			parts[i] = `\fB` + parts[i] + `\fR`
		}
	}
	return strings.Join(parts, "")
}
