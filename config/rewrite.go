package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"

	"mailintegration/config/key"
)

// Edit is the new value of one tag of a file.
type Edit struct {
	Tag   string // its name in the reference, in upper or lower case; "Smtp/Port" for the Port within <Smtp>
	Value string // as the loader shall read it, without XML; "" removes the tag
}

// Rewrite returns the octets of a mailbox file or a service file with some tags changed, added or removed. It changes what
// LoadMailbox and LoadService read, and keeps every other octet: comments, order, layout, ends of lines, encoding. A tag that
// the file gives twice is left once, with its new value; two edits of one tag are an error. A new tag follows the comment that shows it, or else the tag that precedes
// it in the reference.
//
// The path is for messages. The error is an *Error if the file has tags that are not closed, unknown or otherwise unclear, and
// an *EditError if the file cannot take an edit. Neither has a secret.
func Rewrite(path string, octets []byte, edits ...Edit) ([]byte, error) {
	file, err := decodeWhole(octets)
	if err != nil {
		return nil, &Error{[]Mistake{{File: path, Text: err.Error()}}}
	}
	type place struct {
		tag   string
		inner bool
	}
	named := map[place]bool{}
	for _, edit := range edits {
		d, err := parseWhole(path, file.text)
		if err != nil {
			return nil, err
		}
		tag, inner, err := d.set.named(edit.Tag)
		if err != nil {
			return nil, err
		}
		if named[place{tag.Name, inner}] {
			return nil, &EditError{edit.Tag, "is named twice (give it one value, or remove it)"}
		}
		named[place{tag.Name, inner}] = true
		if file.text, err = edit.apply(d, file.text, tag, inner); err != nil {
			return nil, err
		}
	}
	return file.encoded()
}

// EditError says why an edit cannot be made.
type EditError struct{ Tag, Text string }

// Error implements error.
func (e *EditError) Error() string { return e.Tag + ": " + e.Text }

// parseWhole reads the elements of a text of either kind of file. It returns an error when the place of any is unclear.
func parseWhole(path string, text []byte) (*document, error) {
	d := &document{file: path, set: mailboxSet(), meant: map[string]bool{}}
	if d.parseText(text); strings.EqualFold(d.root, serviceRoot) {
		d = &document{file: path, set: serviceSet(), meant: map[string]bool{}}
		d.parseText(text)
	}
	return d, asError(sorted(d.mistakes))
}

// apply returns the text with the edit of a tag made; inner says that the tag stands within <Smtp>. d has the elements of the text.
func (e Edit) apply(d *document, text []byte, tag *Tag, inner bool) ([]byte, error) {
	value, err := tag.accepted(e.Value)
	if err != nil {
		return nil, err
	}
	r := rewriting{document: d, text: text}
	if inner {
		if len(d.smtp) == 0 {
			if value != "" {
				r.insertSmtp(tag, value)
			}
			return r.edited(), nil
		}
		r.document = d.smtp[0]
	}
	r.put(tag, value)
	return r.edited(), nil
}

// named returns the tag that an Edit names, and whether it stands within <Smtp>.
func (s *tagSet) named(name string) (tag *Tag, inner bool, err error) {
	set, own := s, name
	if at := strings.IndexByte(name, '/'); at >= 0 && s.isSmtp(name[:at]) {
		set, own, inner = s.smtp, name[at+1:], true
	}
	if tag = set.lookup(own); tag == nil {
		return nil, inner, &EditError{name, set.whyUnknown(own)}
	}
	return tag, inner, nil
}

// whyUnknown says what to do about the name of a tag that the set does not have.
func (s *tagSet) whyUnknown(name string) string {
	has := func(other *tagSet) bool { return other != nil && other.lookup(name) != nil }
	switch {
	case s.encloses(name):
		return "contains tags (name one of them, such as " + smtpName + "/ServerName, or edit the file)"
	case has(s.other):
		return "is not a tag of " + s.where + " (" + s.other.move + ")"
	case has(s.smtp):
		return "is a tag of <Smtp> (write " + smtpName + "/" + s.smtp.lookup(name).Name + ")"
	case has(s.filter):
		return "is a tag of a filter (edit the file)"
	}
	if at := strings.LastIndexByte(name, '/'); s.lookup(name[at+1:]) != nil {
		return "unknown tag (write " + s.lookup(name[at+1:]).Name + ", without the tags around it)"
	}
	if near := s.meant(name); near != nil {
		return "unknown tag (did you mean " + near.Name + "?)"
	}
	return "unknown tag (the configuration reference lists all tags)"
}

// accepted returns a value as a file has it, or an error if the loader would not accept it there.
func (t *Tag) accepted(value string) (string, error) {
	trimmed := strings.TrimSpace(value)
	if trimmed == "" {
		return "", nil
	}
	if !t.Secret() {
		value = trimmed
	}
	if offset, _ := badCharacter([]byte(value)); offset >= 0 {
		return "", &EditError{t.Name, "the value contains a character that a file cannot have"}
	}
	if _, detail, ok := t.kind.parse(value); !ok && !(t.Encryptable && key.IsEncrypted(value)) {
		return "", &EditError{t.Name, t.kind.wrong(value, detail, false)}
	}
	return value, nil
}

// rewriting changes one tag of a text. Its document is that of the file, or of an <Smtp>.
type rewriting struct {
	*document
	text    []byte
	patches []patch
}

// patch replaces a part of the text.
type patch struct {
	span
	by string
}

// replace notes a patch.
func (r *rewriting) replace(s span, by string) { r.patches = append(r.patches, patch{s, by}) }

// raw returns a part of the text.
func (r *rewriting) raw(s span) string { return string(r.text[s.from:s.to]) }

// edited returns the text with all patches made. They do not overlap.
func (r *rewriting) edited() []byte {
	slices.SortStableFunc(r.patches, func(a, b patch) int { return cmp.Compare(a.from, b.from) })
	var b bytes.Buffer
	at := 0
	for _, e := range r.patches {
		b.Write(r.text[at:e.from])
		b.WriteString(e.by)
		at = e.to
	}
	b.Write(r.text[at:])
	return b.Bytes()
}

// put gives a tag its value: the first of its elements has it afterwards, and no other is left.
func (r *rewriting) put(tag *Tag, value string) {
	isFound := false
	for _, e := range r.elements {
		switch {
		case e.tag.Name != tag.Name:
		case value == "" || isFound:
			r.remove(e)
		default:
			isFound = true
			r.change(e, value)
		}
	}
	if value != "" && !isFound {
		r.insert(tag, value)
	}
}

// change replaces the text of an element, unless it says the same already. Comments within the element stay.
func (r *rewriting) change(e element, value string) {
	if e.tag.kind.same(e.text, value) {
		return
	}
	if e.isEmptyTag() {
		start := r.raw(e.start)
		r.replace(e.start, strings.TrimRight(strings.TrimSuffix(start, "/>"), " \t\r\n")+">"+escaped(value)+"</"+tagName(start)+">")
		return
	}
	isBlank := func(s span) bool { return strings.TrimSpace(r.raw(s)) == "" }
	texts := e.texts
	if len(texts) == 0 {
		texts = []span{{e.start.to, e.start.to}}
	}
	at := max(0, slices.IndexFunc(texts, func(s span) bool { return !isBlank(s) }))
	for i, s := range texts {
		switch {
		case i != at:
			r.replace(s, "")
		case isBlank(s) || e.tag.Secret() && (len(texts) > 1 || strings.TrimSpace(value) != value): // blanks belong to a secret
			r.replace(s, escaped(value))
		default:
			r.setText(s, e.tag.Secret(), value)
		}
	}
}

// same reports whether two texts of a tag have the same value. Secrets are compared too.
func (k kind) same(a, b string) bool {
	if !k.secret {
		return strings.TrimSpace(a) == strings.TrimSpace(b)
	}
	x, _, _ := k.parse(a)
	y, _, _ := k.parse(b)
	if secret, is := x.(Secret); is {
		return secret.Equal(y.(Secret))
	}
	return x == y
}

const sectionStart, sectionEnd = "<![CDATA[", "]]>"

// setText replaces a text, but not the white space around it that comes from the layout of the file. A CDATA section remains
// one if it can hold the value.
func (r *rewriting) setText(s span, isSecret bool, value string) {
	raw := r.raw(s)
	isPlain := !strings.Contains(value, sectionEnd) && !strings.ContainsFunc(value, func(c rune) bool { return c >= utf8.RuneSelf })
	inner, isSection := strings.CutPrefix(raw, sectionStart)
	switch {
	case isSection && !isPlain: // the encoding of the file may lack a character, and a section has no character references
		r.replace(s, escaped(value))
		return
	case isSection:
		s = span{s.from + len(sectionStart), s.to - len(sectionEnd)}
		raw = strings.TrimSuffix(inner, sectionEnd)
	default:
		value = escaped(value)
	}
	before, after := len(raw)-len(strings.TrimLeft(raw, " \t\r\n")), len(strings.TrimRight(raw, " \t\r\n"))
	if isSecret {
		before, after = unwrapped(raw)
	}
	r.replace(span{s.from + before, s.from + after}, value)
}

// unwrapped returns the part of a text that unwrap leaves.
func unwrapped(text string) (from, to int) {
	from, to = 0, len(text)
	for _, found := range wrapping.FindAllStringIndex(text, -1) {
		if found[0] == 0 {
			from = found[1]
		}
		if found[1] == len(text) {
			to = max(found[0], from)
		}
	}
	return from, to
}

// tagName returns the name in a start tag, as the file has it.
func tagName(start string) string {
	name := strings.TrimPrefix(start, "<")
	return name[:strings.IndexAny(name, " \t\r\n/>")]
}

var escaping = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// escaped returns a value as text of XML.
func escaped(value string) string { return escaping.Replace(value) }

// remove removes an element, with its line if nothing else stands on it. Comments within the element stay.
func (r *rewriting) remove(e element) {
	whole := e.whole()
	if len(e.comments) > 0 {
		var kept strings.Builder
		for _, c := range e.comments {
			kept.WriteString(r.raw(c))
		}
		r.replace(whole, kept.String())
		return
	}
	if r.startsLine(whole.from) && r.endsLine(whole.to) {
		whole.from = r.endOfLineBefore(whole.from)
	}
	r.replace(whole, "")
}

// wholeFile is a file whose octets can be written again as they were.
type wholeFile struct {
	mark []byte
	enc  encoding.Encoding // nil for UTF-8
	text []byte            // in UTF-8
}

// decodeWhole decodes a file, and makes sure that an unchanged text would give the same octets.
func decodeWhole(octets []byte) (*wholeFile, error) {
	mark, enc, fault := encodingOf(octets)
	if fault != "" {
		return nil, errors.New(fault)
	}
	f := &wholeFile{mark: mark, enc: enc, text: octets[len(mark):]}
	if enc == nil {
		return f, nil
	}
	if f.text, fault = convert(f.text, enc); fault != "" {
		return nil, errors.New(fault)
	}
	if again, err := f.encoded(); err != nil || !bytes.Equal(again, octets) {
		return nil, errors.New("cannot be changed without changing the rest of it, because of its encoding (save the file as UTF-8)")
	}
	return f, nil
}

// encoded returns the octets of the file. Characters that its encoding lacks become character references.
func (f *wholeFile) encoded() ([]byte, error) {
	text := f.text
	if f.enc != nil {
		var err error
		if text, err = encoding.HTMLEscapeUnsupported(f.enc.NewEncoder()).Bytes(f.text); err != nil {
			return nil, fmt.Errorf("encode: %w", err)
		}
	}
	return slices.Concat(f.mark, text), nil
}

var lineEnd = regexp.MustCompile(`\r?\n`)
