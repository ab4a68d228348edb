package config

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The names of the tags that contain tags, and the limits of a file.
const (
	serverName  = "Server"
	filtersName = "Filters"
	filterName  = "Filter"
	smtpName    = "Smtp"
	maxDepth    = 16  // of nested elements; the dialect needs three
	maxMistakes = 100 // in one file; more would not help anybody
)

// element is one occurrence of a tag.
type element struct {
	tag   *Tag
	text  string
	at    position
	quiet bool // the text may be part of a secret
	bad   bool // a mistake in it was reported already
	extent

	encrypted bool   // the file has the text encrypted
	keyID     string // with this key
}

// document holds the elements of one file, one <Filter> or one <Smtp>, before their values are read.
type document struct {
	file     string
	root     string
	rootAt   position
	place    extent  // of its root, <Filter> or <Smtp>
	server   *extent // of its first <Server>, nil without one
	elements []element
	set      *tagSet         // the tags that may stand in it
	filters  []*document     // one for each <Filter>; their mistakes are in the file's document
	smtp     []*document     // one for each <Smtp>, likewise
	meant    map[string]bool // known tags that an unknown one probably stands for
	whole    bool            // the file was read to its end
	keys     *keyring        // decrypts values, nil for none
	// quiet is set once the tag of a secret was not closed properly. From there on, any text or name may be part of the
	// secret, so messages show none.
	quiet    bool
	secrets  []string // that redact removes from messages
	files    []File   // the file itself, and those that it names
	mistakes []Mistake
	warnings []Warning
}

// mistake adds a mistake.
func (d *document) mistake(at position, tag, text string) {
	d.mistakes = append(d.mistakes, Mistake{d.file, at.line, at.column, tag, text})
}

// warn adds a warning.
func (d *document) warn(at position, tag, text string) {
	d.warnings = append(d.warnings, Warning{Mistake{d.file, at.line, at.column, tag, text}})
}

// frame is an open element.
type frame struct {
	name   string    // as the file has it
	tag    *Tag      // nil for the root, <Server>, <Filters>, <Filter>, <Smtp> and unknown tags
	inner  *document // the elements of a <Filter> or <Smtp>, nil for any other tag
	shape  shape
	at     position
	text   strings.Builder
	bad    bool
	secret bool
	extent

	implied bool // the root that a file lacks
}

// shape is the kind of an element.
type shape int

const (
	container shape = iota // contains tags: the root, <Server>, <Filters>, <Filter> and <Smtp>
	leaf                   // contains text
	unknown                // was reported; known tags within it are read nevertheless
)

// walker turns the tokens of a file into elements. It matches closing tags itself, because their case may differ, and
// goes on after a mistake as long as the meaning of the rest is clear.
type walker struct {
	*document
	set    *tagSet
	dec    *xml.Decoder
	text   []byte // of the file, in UTF-8
	cursor *cursor
	at     position // of the current token
	now    span     // the current token
	stack  []*frame

	skipsEnd bool // the next end tag is that of an empty tag, which was handled as a whole
}

// parse reads the elements of a file from its octets. It records mistakes in the document.
func parse(file string, data []byte, set *tagSet) *document {
	d := &document{file: file, set: set, meant: map[string]bool{}}
	text, fault := toUTF8(data)
	if fault != "" {
		d.mistake(position{1, 1}, "", fault)
		return d
	}
	d.parseText(text)
	return d
}

// parseText reads the elements of a file from its text in UTF-8.
func (d *document) parseText(text []byte) {
	if offset, fault := badCharacter(text); fault != "" {
		d.mistake(newCursor(text).to(offset), "", fault)
		return
	}
	w := &walker{document: d, set: d.set, dec: xml.NewDecoder(bytes.NewReader(text)), text: text, cursor: newCursor(text)}
	w.dec.Entity = xml.HTMLEntity
	// The text is UTF-8 already, whatever its declaration says.
	w.dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	for w.step() {
	}
}

// step reads one token, and reports whether the walker goes on.
func (w *walker) step() bool {
	start := w.dec.InputOffset()
	token, err := w.dec.RawToken()
	w.at, w.now = w.cursor.to(int(start)), span{int(start), int(w.dec.InputOffset())}
	switch {
	case errors.Is(err, io.EOF):
		w.end()
		return false
	case err != nil:
		w.malformed(err)
		return false
	case len(w.mistakes) >= maxMistakes:
		w.mistake(w.at, "", "too many mistakes (correct these first; the rest of the file was not read)")
		return false
	}
	switch t := token.(type) {
	case xml.StartElement:
		return w.open(fullName(t.Name), t.Attr)
	case xml.EndElement:
		if !w.skipsEnd {
			w.close(fullName(t.Name))
		}
		w.skipsEnd = false
	case xml.CharData:
		return w.characters(int(start), t)
	case xml.Comment:
		if top := w.top(); top != nil {
			top.comments = append(top.comments, w.now)
		}
	case xml.Directive:
		w.mistake(w.at, "", "document types and their entities are not supported (remove the <!…> line)")
	}
	return true
}

// fullName returns a name with its prefix, as the file has it.
func fullName(n xml.Name) string {
	if n.Space != "" {
		return n.Space + ":" + n.Local
	}
	return n.Local
}

// top returns the innermost open element, nil outside the root.
func (w *walker) top() *frame {
	if len(w.stack) == 0 {
		return nil
	}
	return w.stack[len(w.stack)-1]
}

// open opens the element of a start tag, and reports whether the walker goes on.
func (w *walker) open(name string, attributes []xml.Attr) bool {
	top := w.top()
	if top == nil {
		if w.lacksRoot(name) {
			return w.openWithoutRoot(name, attributes)
		}
		return w.openRoot(name)
	}
	if len(w.stack) >= maxDepth {
		w.mistake(w.at, "", fmt.Sprintf("tags are nested deeper than %d (close each tag)", maxDepth))
		return false
	}
	if w.closedByOpening(name) {
		return true
	}
	w.quiet = w.quiet || top.secret
	for (w.set.isFilter(name) || w.set.isSmtp(name)) && w.here() != w.document {
		w.unclosed(w.top(), "<"+name+">")
		w.pop()
	}
	top = w.top()
	set := w.setHere()
	tag := set.lookup(name)
	isKnown := tag != nil || set.encloses(name)
	if top.shape == leaf && isKnown {
		w.unclosed(top, "<"+canonical(tag, name)+">")
		w.pop()
	}
	f := &frame{name: name, tag: tag, at: w.at, extent: extent{start: w.now}}
	switch {
	case tag == nil && set.isFilter(name) && strings.EqualFold(name, filterName):
		f.inner = w.innerDocument(filterName, set.filter)
		w.filters = append(w.filters, f.inner)
	case tag == nil && set.isSmtp(name):
		f.inner = w.innerDocument(smtpName, set.smtp)
		w.smtp = append(w.smtp, f.inner)
	case tag != nil:
		f.shape, f.secret = leaf, tag.Secret()
	case !isKnown:
		f.shape = unknown
		w.unknownTag(f, w.top())
	}
	if len(attributes) > 0 && isKnown {
		f.bad = true
		w.mistake(w.at, canonical(tag, name), "has an attribute (write the value between <"+canonical(tag, name)+
			"> and its closing tag)")
	}
	w.stack = append(w.stack, f)
	return true
}

// innerDocument returns the document of a <Filter> or <Smtp> that begins here.
func (w *walker) innerDocument(root string, set *tagSet) *document {
	return &document{file: w.file, root: root, rootAt: w.at, set: set, meant: map[string]bool{}, whole: true}
}

// unknownTag reports f, a start tag without a meaning, within parent.
func (w *walker) unknownTag(f *frame, parent *frame) {
	f.secret = parent.secret
	switch {
	case parent.bad:
	case parent.shape == leaf:
		parent.bad = true
		w.mistake(w.at, parent.tag.Name, "contains another tag (write text only, and < as &lt;)")
	case w.quiet:
		w.mistake(w.at, "", "unknown tag")
	default:
		w.misnamed(f)
	}
}

// here returns the document that a tag at this place belongs to: the innermost <Filter> or <Smtp>, or the file.
func (w *walker) here() *document {
	for _, f := range slices.Backward(w.stack) {
		if f.inner != nil {
			return f.inner
		}
	}
	return w.document
}

// setHere returns the tags that may stand at this place.
func (w *walker) setHere() *tagSet { return w.here().set }

// misnamed reports an unknown tag where a known one could stand, with the tag or the place that it probably stands for.
func (w *walker) misnamed(f *frame) {
	name, set := shown(f.name), w.setHere()
	if set.filter != nil && set.filter.lookup(f.name) != nil {
		w.mistake(w.at, name, "unknown tag in "+set.where+" ("+set.filter.move+")")
		return
	}
	if t := set.other.lookup(f.name); t != nil && set.filter == nil && w.here() != w.document {
		w.document.meant[t.Name] = true
		f.secret = t.Secret()
		w.mistake(w.at, name, "unknown tag in "+set.where+" ("+set.other.move+")")
		return
	}
	if set.smtp != nil && set.smtp.lookup(f.name) != nil && set.other.lookup(f.name) == nil {
		w.mistake(w.at, name, "unknown tag in "+set.where+" ("+set.smtp.move+")")
		return
	}
	if t := set.meant(f.name); t != nil {
		w.here().meant[t.Name] = true
		f.secret = t.Secret()
		w.mistake(w.at, name, "unknown tag (did you mean "+t.Name+"?)")
		return
	}
	if t := set.other.lookup(f.name); t != nil {
		f.secret = t.Secret()
		w.mistake(w.at, name, "unknown tag in "+set.where+" ("+set.other.move+")")
		return
	}
	w.mistake(w.at, name, "unknown tag (remove it; the configuration reference lists all tags)")
}

// characters handles the text that begins at the offset start, and reports whether the walker goes on.
func (w *walker) characters(start int, text []byte) bool {
	top := w.top()
	blank := len(bytes.TrimSpace(text)) == 0
	switch {
	case top != nil && top.shape == leaf:
		top.text.Write(text)
		top.texts = append(top.texts, w.now)
	case blank || top != nil && top.shape == unknown:
	case w.root == "":
		w.mistake(w.at, "", "is not XML: text stands before the first tag (begin the file with <"+w.set.root+">)")
		return false
	default:
		leading := len(text) - len(bytes.TrimLeft(text, " \t\r\n"))
		w.mistake(w.cursor.to(start+leading), "", "text stands outside any tag (remove it, or enclose it in its tag)")
	}
	return true
}

// end closes what is still open at the end of the file.
func (w *walker) end() {
	if w.root == "" {
		w.mistake(position{1, 1}, "", "is empty (begin the file with <"+w.set.root+">)")
		return
	}
	w.whole = len(w.stack) == 0 || len(w.stack) == 1 && w.top().implied
	for !w.whole && w.top() != nil {
		w.unclosed(w.top(), "the end of the file")
		w.pop()
	}
}

// canonical returns the name of a known tag as the reference has it, and any other name as it is.
func canonical(tag *Tag, name string) string {
	if tag != nil {
		return tag.Name
	}
	return name
}
