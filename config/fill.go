package config

import (
	"fmt"
	"reflect"
	"strings"
)

// filling puts the values of a document into the fields of its struct, and remembers what the rules between tags need.
type filling struct {
	*document
	first map[string]element // by the tag's name
	good  map[string]bool    // tags whose value could be read
}

// fill reads every element into target, a *Mailbox or *Service, and sets the defaults of the others.
func (d *document) fill(target any, set *tagSet) *filling {
	f := &filling{document: d, first: map[string]element{}, good: map[string]bool{}}
	fields := reflect.ValueOf(target).Elem()
	d.noteSecrets()
	for _, tag := range set.tags {
		if tag.initial != "" {
			f.read(fields, &tag, tag.initial)
		}
	}
	for _, e := range d.elements {
		f.take(fields, e)
	}
	for _, tag := range set.tags {
		if tag.Mandatory == "yes" {
			f.require(tag, "")
		}
	}
	return f
}

// take reads one element.
func (f *filling) take(fields reflect.Value, e element) {
	first, again := f.first[e.tag.Name]
	if again && !e.tag.Repeats {
		f.mistake(e.at, e.tag.Name, fmt.Sprintf("is given twice, first in line %d (remove one)", first.at.line))
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
	if detail, ok := f.read(fields, e.tag, text); !ok {
		f.mistake(e.at, e.tag.Name, e.tag.kind.wrong(f.redact(text), f.redact(detail), e.quiet))
		return
	}
	f.good[e.tag.Name] = true
}

// read sets the field of tag from text. The values of a tag that repeats are added to each other; the first replaces
// the default.
func (f *filling) read(fields reflect.Value, tag *Tag, text string) (detail string, ok bool) {
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

// shown returns a value for a message, unless it may be part of a secret.
func (f *filling) shown(value string) string {
	if f.quiet {
		return "its value"
	}
	return shown(f.redact(value))
}

// given says whether the tag is there and not empty, or seems to be there under a wrong name.
func (f *filling) given(name string) bool {
	e, found := f.first[name]
	return f.meant[name] || found && (e.bad || strings.TrimSpace(e.text) != "")
}

// at returns where the tag is, or else where the file's root is.
func (f *filling) at(name string) position {
	if e, found := f.first[name]; found {
		return e.at
	}
	return f.rootAt
}

// require notes a mistake when tag is absent or empty; when says in which case it is mandatory. In a file that was not read
// to its end nobody knows what is absent.
func (f *filling) require(tag Tag, when string) {
	if f.given(tag.Name) {
		return
	}
	what := "is missing"
	if _, found := f.first[tag.Name]; found {
		what = "is empty"
	} else if !f.whole {
		return
	}
	if when != "" {
		what += ", and is mandatory " + when
	}
	f.mistake(f.at(tag.Name), tag.Name, what+" (such as "+tag.line(tag.Example)+")")
}
