package mailbody

import (
	"bytes"
	"html"
	"slices"
	"strings"

	tokens "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// writer writes the sanitised HTML of a mail without any address.
type writer struct {
	b        bytes.Buffer
	words    Words
	pictures gallery

	open     map[string]int // elements that are open, by name
	opened   int            // how many they are
	formats  int            // how many of them are of formatting
	dropped  map[string]int // end tags to come of elements that were not opened
	elements int            // that were written
	isFull   bool

	links []link // that are open, the innermost last
}

// link is a link whose end has not come yet.
type link struct {
	address string
	start   int // where its text begins in the document
}

// formatting are the elements that a browser opens again in each block that follows until they are closed.
var formatting = []atom.Atom{
	atom.A, atom.B, atom.Big, atom.Code, atom.Em, atom.Font, atom.I, atom.S, atom.Small, atom.Strike, atom.Strong, atom.Tt, atom.U,
}

// voids are the elements of Sanitise that have no end tag.
var voids = []atom.Atom{atom.Br, atom.Col, atom.Hr, atom.Img, atom.Wbr}

// write writes all of the source, or as much as the bounds allow.
func (w *writer) write(source string) {
	w.open, w.dropped = map[string]int{}, map[string]int{}
	z := tokens.NewTokenizer(strings.NewReader(source))
	for !w.isFull {
		switch z.Next() {
		case tokens.ErrorToken: // the end: a reader of a string fails only there
			w.closeLinks(0)
			return
		case tokens.TextToken:
			w.b.Write(z.Raw())
		case tokens.StartTagToken, tokens.SelfClosingTagToken:
			raw := bytes.Clone(z.Raw())
			w.start(raw, z.Token())
		case tokens.EndTagToken:
			w.end(z.Token())
		}
	}
	w.closeLinks(0)
}

// start writes a start tag.
func (w *writer) start(raw []byte, t tokens.Token) {
	if w.elements == maxElements {
		w.isFull = true
		return
	}
	w.elements++
	if slices.Contains(voids, t.DataAtom) {
		if t.DataAtom == atom.Img {
			w.image(t)
		} else {
			w.b.Write(raw)
		}
		return
	}
	isFormat := slices.Contains(formatting, t.DataAtom)
	if w.opened == maxOpen || isFormat && w.formats == maxFormats {
		w.dropped[t.Data]++
		return
	}
	w.open[t.Data]++
	w.opened++
	if isFormat {
		w.formats++
	}
	if t.DataAtom == atom.A {
		w.b.WriteString("<u>")
		w.links = append(w.links, link{readable(valueOf(t, "href")), w.b.Len()})
		return
	}
	w.b.Write(raw)
}

// end writes an end tag. An element that the bounds dropped has none, and nothing ends that is not open.
func (w *writer) end(t tokens.Token) {
	if w.dropped[t.Data] > 0 {
		w.dropped[t.Data]--
		return
	}
	if w.open[t.Data] == 0 {
		return
	}
	w.open[t.Data]--
	w.opened--
	if slices.Contains(formatting, t.DataAtom) {
		w.formats--
	}
	if t.DataAtom == atom.A {
		w.closeLinks(len(w.links) - 1)
		return
	}
	w.b.WriteString("</" + t.Data + ">")
}

// closeLinks ends the links down to a number of them. Each is followed by its address, unless that is its text.
func (w *writer) closeLinks(left int) {
	for ; len(w.links) > left; w.links = w.links[:len(w.links)-1] {
		l := w.links[len(w.links)-1]
		text := strings.TrimSpace(string(w.b.Bytes()[l.start:]))
		w.b.WriteString("</u>")
		if shown := html.EscapeString(l.address); shown != "" && text != shown && text != withoutScheme(shown) {
			w.b.WriteString(" <small>[" + shown + "]</small>")
		}
	}
}

// image writes an image of the mail as part of the document, and the name of any other.
func (w *writer) image(t tokens.Token) {
	alt, _ := cut(valueOf(t, "alt"), maxAddress)
	url, ok := w.pictures.dataURL(valueOf(t, "src"))
	if !ok {
		w.b.WriteString(`<span class="image">[` + html.EscapeString(strings.TrimSpace(w.words.Image+" "+alt)) + `]</span>`)
		return
	}
	w.b.WriteString(`<img src="` + url + `" alt="` + html.EscapeString(alt) + `"`)
	for _, name := range []string{"width", "height", "border"} {
		if v := valueOf(t, name); v != "" {
			w.b.WriteString(" " + name + `="` + html.EscapeString(v) + `"`)
		}
	}
	w.b.WriteString(">")
}

// valueOf returns the value of an attribute, "" if the tag has none.
func valueOf(t tokens.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
