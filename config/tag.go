package config

import (
	"reflect"
	"slices"
	"strings"
	"sync"
)

// Tag describes one tag of a configuration file. It comes from the struct field that the tag's value goes to.
type Tag struct {
	Name      string
	Section   string // heading of the group that it belongs to
	Values    string // the values that it may have
	Default   string // the value when the tag is absent or empty, "" for none
	Mandatory bool   // in every file
	Example   string
	InServer  bool // belongs inside <Server>
	Repeats   bool // may be given more than once
	Restart   bool // a change takes effect only when the daemon starts

	Encryptable bool // the value is a secret, which may be encrypted

	kind  kind
	field string // "Server.Port"
	index []int  // of the struct field
}

// Secret reports whether messages must not show the value.
func (t Tag) Secret() bool { return t.kind.secret }

// line returns the tag with value in it, as a file has it.
func (t Tag) line(value string) string { return "<" + t.Name + ">" + value + "</" + t.Name + ">" }

// The tags of each kind of file, described once: a thousand mailbox files need them.
var (
	mailboxTags = sync.OnceValue(func() []Tag { return tagsOf(reflect.TypeFor[Mailbox]()) })
	serviceTags = sync.OnceValue(func() []Tag { return tagsOf(reflect.TypeFor[Service]()) })
	filterTags  = sync.OnceValue(func() []Tag { return tagsOf(reflect.TypeFor[Filter]()) })
	smtpTags    = sync.OnceValue(func() []Tag { return tagsOf(reflect.TypeFor[Smtp]()) })
)

// MailboxTags returns every tag of a mailbox file.
func MailboxTags() []Tag { return slices.Clone(mailboxTags()) }

// ServiceTags returns every tag of the service file.
func ServiceTags() []Tag { return slices.Clone(serviceTags()) }

// FilterTags returns every tag of a <Filter>.
func FilterTags() []Tag { return slices.Clone(filterTags()) }

// SmtpTags returns every tag of an <Smtp>.
func SmtpTags() []Tag { return slices.Clone(smtpTags()) }

// tagsOf returns the tags that the fields of t describe: each embedded struct is a section, and each of its fields with
// an xml tag is a tag.
func tagsOf(t reflect.Type) []Tag {
	var tags []Tag
	for section := range t.Fields() {
		if !section.Anonymous {
			continue
		}
		for field := range section.Type.Fields() {
			if name, found := field.Tag.Lookup("xml"); found {
				tags = append(tags, tagOf(name, section, field))
			}
		}
	}
	return tags
}

// tagOf returns the tag that a field of a section describes.
func tagOf(name string, section, field reflect.StructField) Tag {
	k := kindOf(field)
	tag := Tag{
		Name: name, Section: section.Tag.Get("section"), InServer: section.Name == "Server",
		Values: k.noun, Default: field.Tag.Get("default"), Mandatory: field.Tag.Get("mandatory") == "yes",
		Example: field.Tag.Get("example"), Repeats: field.Tag.Get("repeats") == "yes",
		Restart: field.Tag.Get("restart") == "yes", Encryptable: field.Type == reflect.TypeFor[Secret](),
		kind: k, field: section.Name + "." + field.Name, index: append(section.Index, field.Index...),
	}
	if k.values != "" {
		tag.Values += " (" + k.values + ")"
	}
	return tag
}

// tagSet holds the tags that one kind of file, a <Filter> or an <Smtp> may contain.
type tagSet struct {
	tags   []Tag
	server bool    // <Server> may enclose some of them
	filter *tagSet // the tags of a <Filter>; nil where a file has no filters
	smtp   *tagSet // the tags of an <Smtp>; nil within a <Filter> or <Smtp>
	other  *tagSet // the tags of another place, for hints
	where  string  // "a mailbox file"
	move   string  // the hint for a tag that belongs here: "move it to a mailbox file"
	root   string  // the root that a hint tells to write
}

// mailboxSet returns the tags of a mailbox file.
func mailboxSet() *tagSet {
	return &tagSet{
		tags: MailboxTags(), server: true, where: "a mailbox file", root: mailboxRoot, filter: filterSet(),
		smtp:  smtpSet(MailboxTags()),
		other: &tagSet{tags: ServiceTags(), move: "move it to the service file"},
	}
}

// filterSet returns the tags of a <Filter>.
func filterSet() *tagSet {
	return &tagSet{
		tags: FilterTags(), where: "a filter", move: "move it into a <Filter>",
		other: &tagSet{tags: MailboxTags(), move: "move it out of <Filters>"},
	}
}

// smtpSet returns the tags of an <Smtp> in a file with other tags.
func smtpSet(others []Tag) *tagSet {
	return &tagSet{
		tags: SmtpTags(), where: "<Smtp>", move: "move it into <Smtp>",
		other: &tagSet{tags: others, move: "move it out of <Smtp>"},
	}
}

// serviceSet returns the tags of the service file.
func serviceSet() *tagSet {
	return &tagSet{
		tags: ServiceTags(), where: "the service file", root: serviceRoot, smtp: smtpSet(ServiceTags()),
		other: &tagSet{tags: MailboxTags(), move: "move it to a mailbox file"},
	}
}

// lookup returns the tag with a name, in upper or lower case; nil when there is none.
func (s *tagSet) lookup(name string) *Tag {
	for i := range s.tags {
		if strings.EqualFold(s.tags[i].Name, name) {
			return &s.tags[i]
		}
	}
	return nil
}

// isServer reports whether name is the name of <Server>, which encloses tags.
func (s *tagSet) isServer(name string) bool { return s.server && strings.EqualFold(name, serverName) }

// isFilter reports whether name is the name of <Filters>, or of a <Filter> within it.
func (s *tagSet) isFilter(name string) bool {
	return s.filter != nil && (strings.EqualFold(name, filtersName) || strings.EqualFold(name, filterName))
}

// isSmtp reports whether name is the name of <Smtp>.
func (s *tagSet) isSmtp(name string) bool { return s.smtp != nil && strings.EqualFold(name, smtpName) }

// encloses reports whether name is the name of a tag that contains tags.
func (s *tagSet) encloses(name string) bool {
	return s.isServer(name) || s.isFilter(name) || s.isSmtp(name)
}

// meant returns the tag that an unknown name probably stands for, nil when no name is near.
func (s *tagSet) meant(name string) *Tag {
	names := make([]string, len(s.tags))
	for i, t := range s.tags {
		names[i] = t.Name
	}
	return s.lookup(nearest(name, names))
}
