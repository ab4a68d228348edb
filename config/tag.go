package config

import (
	"reflect"
	"strings"
)

// Tag describes one tag of a configuration file, as its struct field does.
type Tag struct {
	Name      string
	Section   string // heading of the group it belongs to
	Doc       string // what it means
	Values    string // what may stand in it
	Default   string // "" for none
	Mandatory string // "no", "yes", or when
	Example   string
	InServer  bool // written inside <Server>
	Repeats   bool // may be given more than once

	kind    kind
	initial string // what is read when the tag is absent or empty, "" for nothing
	index   []int  // of the struct field
}

// Secret says whether the value must not be shown.
func (t Tag) Secret() bool { return t.kind.secret }

// line returns the tag as it is written with value in it, for messages.
func (t Tag) line(value string) string { return "<" + t.Name + ">" + value + "</" + t.Name + ">" }

// MailboxTags describes every tag of a mailbox file.
func MailboxTags() []Tag { return tagsOf(reflect.TypeFor[Mailbox]()) }

// ServiceTags describes every tag of the service file.
func ServiceTags() []Tag { return tagsOf(reflect.TypeFor[Service]()) }

// FilterTags describes every tag of a <Filter>.
func FilterTags() []Tag { return tagsOf(reflect.TypeFor[Filter]()) }

// tagsOf reads the tags from the fields of t: each embedded struct is a section, each of its fields with an xml tag
// is a tag.
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

func tagOf(name string, section, field reflect.StructField) Tag {
	k := kindOf(field)
	tag := Tag{
		Name: name, Section: section.Tag.Get("section"), InServer: section.Name == "Server",
		Doc: field.Tag.Get("doc"), Values: k.noun, Default: field.Tag.Get("default"), Mandatory: field.Tag.Get("mandatory"),
		Example: field.Tag.Get("example"), Repeats: field.Tag.Get("repeats") == "yes",
		kind: k, initial: field.Tag.Get("default"), index: append(section.Index, field.Index...),
	}
	if k.values != "" {
		tag.Values += " (" + k.values + ")"
	}
	if computed := field.Tag.Get("otherwise"); computed != "" {
		tag.Default = computed
	}
	if tag.Mandatory == "" {
		tag.Mandatory = "no"
	}
	return tag
}

// tagSet is the tags that one kind of file may hold.
type tagSet struct {
	tags   []Tag
	server bool    // <Server> may enclose some of them
	filter *tagSet // those of a <Filter>; nil where there is none
	other  *tagSet // those of another place, for a hint
	where  string  // "a mailbox file"
	root   string  // the root to write
}

func mailboxSet() *tagSet {
	return &tagSet{
		tags: MailboxTags(), server: true, where: "a mailbox file", root: mailboxRoot, filter: filterSet(),
		other: &tagSet{tags: ServiceTags(), where: "the service file"},
	}
}

func filterSet() *tagSet {
	return &tagSet{tags: FilterTags(), where: "a filter", other: &tagSet{tags: MailboxTags(), where: "the mailbox file outside of <Filter>"}}
}

func serviceSet() *tagSet {
	return &tagSet{
		tags: ServiceTags(), where: "the service file", root: serviceRoot,
		other: &tagSet{tags: MailboxTags(), where: "a mailbox file"},
	}
}

// lookup finds a tag by its name, without regard to case; nil when there is none.
func (s *tagSet) lookup(name string) *Tag {
	for i := range s.tags {
		if strings.EqualFold(s.tags[i].Name, name) {
			return &s.tags[i]
		}
	}
	return nil
}

// isServer says whether name is that of the enclosing <Server>.
func (s *tagSet) isServer(name string) bool { return s.server && strings.EqualFold(name, serverName) }

// isFilter says whether name is that of the enclosing <Filters>, or of a <Filter> within it.
func (s *tagSet) isFilter(name string) bool {
	return s.filter != nil && (strings.EqualFold(name, filtersName) || strings.EqualFold(name, filterName))
}

// encloses says whether name is that of a tag that holds tags.
func (s *tagSet) encloses(name string) bool { return s.isServer(name) || s.isFilter(name) }

// meant returns the tag that the unknown name was probably meant to be, nil when none is near.
func (s *tagSet) meant(name string) *Tag {
	names := make([]string, len(s.tags))
	for i, t := range s.tags {
		names[i] = t.Name
	}
	return s.lookup(nearest(name, names))
}
