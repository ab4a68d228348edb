package config

import (
	"fmt"
	"reflect"
	"strings"
)

// filling puts the values of a document into the fields of a struct, and remembers which tags it found and could read.
type filling struct {
	*document
	first map[string]element // by the tag's name
	good  map[string]bool    // tags with a valid value
}

// fill reads every element into target, a *Mailbox, *Service or *Filter, and sets the defaults of absent tags.
func (d *document) fill(target any, set *tagSet) *filling {
	f := &filling{document: d, first: map[string]element{}, good: map[string]bool{}}
	fields := reflect.ValueOf(target).Elem()
	d.decrypt()
	d.noteSecrets()
	for _, tag := range set.tags {
		if tag.Default != "" {
			f.set(fields, &tag, tag.Default)
		}
	}
	for _, e := range d.elements {
		f.read(fields, e)
	}
	for _, tag := range set.tags {
		if tag.Mandatory {
			f.require(tag, "")
		}
	}
	return f
}

// read reads one element into the field of its tag.
func (f *filling) read(fields reflect.Value, e element) {
	first, again := f.first[e.tag.Name]
	if again && !e.tag.Repeats {
		f.mistake(e.at, e.tag.Name, fmt.Sprintf("is given twice, first on line %d (remove one)", first.at.line))
		return
	}
	if !again {
		f.first[e.tag.Name] = e
	}
	text := strings.TrimSpace(e.text)
	if text == "" || e.bad {
		return
	}
	if e.tag.kind.secret {
		text = e.text
	}
	if detail, ok := f.set(fields, e.tag, text); !ok {
		f.mistake(e.at, e.tag.Name, e.tag.kind.wrong(f.redact(text), f.redact(detail), e.quiet))
		return
	}
	f.good[e.tag.Name] = true
	if secret, is := fields.FieldByIndex(e.tag.index).Addr().Interface().(*Secret); is {
		secret.encrypted = e.encrypted
	}
}

// set sets the field of tag from text. The values of a tag that repeats are added to each other; the first one replaces
// the default.
func (f *filling) set(fields reflect.Value, tag *Tag, text string) (detail string, ok bool) {
	value, detail, ok := tag.kind.parse(text)
	if !ok {
		return detail, false
	}
	field := fields.FieldByIndex(tag.index)
	v := reflect.ValueOf(value).Convert(field.Type())
	if tag.Repeats && f.good[tag.Name] {
		v = reflect.AppendSlice(field, v)
	}
	field.Set(v)
	return "", true
}

// shown returns a value as a message shows it, or words in its place when it may be part of a secret.
func (f *filling) shown(value string) string {
	if f.quiet {
		return "its value"
	}
	return shown(f.redact(value))
}

// given reports whether the file has the tag with some text in it, or probably has it under a wrong name.
func (f *filling) given(name string) bool {
	e, found := f.first[name]
	return f.meant[name] || found && (e.bad || strings.TrimSpace(e.text) != "")
}

// at returns the position of the tag, or of the file's root when the tag is absent.
func (f *filling) at(name string) position {
	if e, found := f.first[name]; found {
		return e.at
	}
	return f.rootAt
}

// require notes a mistake when tag is absent or empty; when says in which case it is mandatory, "" for always. A file
// that was not read to the end may have the tag in its rest.
func (f *filling) require(tag Tag, when string) {
	if f.given(tag.Name) {
		return
	}
	fault, remedy := "is missing", "add it"
	if _, found := f.first[tag.Name]; found {
		fault, remedy = "is empty", "give it a value"
	} else if !f.whole {
		return
	}
	if when != "" {
		fault += "; it is mandatory " + when
	}
	f.mistake(f.at(tag.Name), tag.Name, fault+" ("+remedy+", such as "+tag.line(tag.Example)+")")
}
