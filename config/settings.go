package config

import (
	"cmp"
	"fmt"
	"reflect"
	"strings"
)

// Setting is one value in effect, and where it comes from. A secret is never shown.
type Setting struct {
	Tag   string `json:"tag"` // with the tag around it, such as "Smtp/Port" or "Filters/2/Subject"
	Value string `json:"value"`
	From  string `json:"from"` // "helpdesk.xml:14", "default", or in words where else
}

// Settings returns the values in effect of the service file, without its mailboxes.
func (s *Service) Settings() ([]Setting, error) {
	o, err := originsOf(s.File, serviceSet())
	if err != nil {
		return nil, err
	}
	return append(o.of("", ServiceTags(), reflect.ValueOf(s).Elem(), o.doc), o.ofSmtp(s.Smtp)...), nil
}

// Settings returns the values in effect of a mailbox file, with those that it has from the service file.
func (m *Mailbox) Settings(s *Service) ([]Setting, error) {
	o, err := originsOf(m.File, mailboxSet())
	if err != nil {
		return nil, err
	}
	service, err := originsOf(s.File, serviceSet())
	if err != nil {
		return nil, err
	}
	o.inherited = map[string]string{"Login": service.place(service.doc, "Login"), "Team": service.place(service.doc, "Team")}
	all := o.of("", MailboxTags(), reflect.ValueOf(m).Elem(), o.doc)
	for i := range m.Filters {
		if i < len(o.doc.filters) {
			all = append(all, o.of(fmt.Sprintf("%s/%d/", filtersName, i+1), FilterTags(), reflect.ValueOf(&m.Filters[i]).Elem(), o.doc.filters[i])...)
		}
	}
	if m.Smtp == nil {
		return append(all, service.ofSmtp(s.Smtp)...), nil
	}
	return append(all, o.ofSmtp(m.Smtp)...), nil
}

// origins tells where the values of a file come from.
type origins struct {
	file      string
	doc       *document
	docs      map[string]documentation
	inherited map[string]string // places of values that come from another file, by tag
}

// originsOf reads a file again, for the places of its tags.
func originsOf(path string, set *tagSet) (*origins, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	docs, err := documentations()
	if err != nil {
		return nil, err
	}
	return &origins{file: path, doc: parse(path, data, set), docs: docs}, nil
}

// ofSmtp returns the values of an <Smtp>, nothing for nil.
func (o *origins) ofSmtp(s *Smtp) []Setting {
	if s == nil || len(o.doc.smtp) == 0 {
		return nil
	}
	return o.of(smtpName+"/", SmtpTags(), reflect.ValueOf(s).Elem(), o.doc.smtp[0])
}

// of returns the values of the tags that have one.
func (o *origins) of(prefix string, tags []Tag, fields reflect.Value, doc *document) []Setting {
	var all []Setting
	for _, tag := range tags {
		value := fields.FieldByIndex(tag.index)
		written := o.place(doc, tag.Name)
		if !isInEffect(tag, value) && written == "" {
			continue
		}
		all = append(all, Setting{Tag: prefix + tag.Name, Value: shownValue(tag, value), From: cmp.Or(written, o.otherwise(doc, tag))})
	}
	return all
}

// isInEffect reports whether a tag has a value, though perhaps a default.
func isInEffect(tag Tag, value reflect.Value) bool {
	if secret, is := value.Interface().(Secret); is {
		return !secret.IsEmpty()
	}
	_, isLimit := value.Interface().(Limit) // 0 is one
	return !value.IsZero() || isLimit || tag.Default != ""
}

// shownValue returns a value as a file would have it, in one line and without secrets.
func shownValue(tag Tag, value reflect.Value) string {
	if secret, is := value.Interface().(Secret); is && secret.IsEncrypted() {
		return redacted + " (encrypted)"
	}
	if tag.Secret() {
		return redacted
	}
	return withoutCredentials(strings.ReplaceAll(tag.kind.format(value.Interface()), "\n", "; "))
}

// place returns where a document gives a tag a value, "" if it does not.
func (o *origins) place(doc *document, name string) string {
	for _, e := range doc.elements {
		if e.tag.Name == name && strings.TrimSpace(e.text) != "" {
			return fmt.Sprintf("%s:%d", o.file, e.at.line)
		}
	}
	return ""
}

// secretFiles are the tags that name the file of another tag's secret.
var secretFiles = map[string]string{"Password": "PasswordFile", "ClientSecret": "ClientSecretFile"}

// otherwise returns where a value comes from that no tag of the document gives.
func (o *origins) otherwise(doc *document, tag Tag) string {
	if by := o.place(doc, secretFiles[tag.Name]); by != "" {
		return "the file that " + secretFiles[tag.Name] + " names, " + by
	}
	if from := o.inherited[tag.Name]; from != "" {
		return from
	}
	if rule := o.docs[tag.field].otherwise; rule != "" {
		return "default: " + rule
	}
	if tag.Name == "SecureSocketOption" {
		if by := o.place(doc, "UseSsl"); by != "" {
			return "UseSsl, " + by
		}
	}
	return "default"
}
