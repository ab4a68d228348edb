package config

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"io"
	"reflect"
	"slices"
	"strings"
)

// XML writes the mailbox's configuration in the dialect that LoadMailbox reads, with the defaults in effect and without
// secrets.
func (m *Mailbox) XML(w io.Writer) error {
	b := bufio.NewWriter(w)
	b.WriteString("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<MailIntegration>\n")
	fields, inServer := reflect.ValueOf(m).Elem(), false
	for _, tag := range MailboxTags() {
		if m.Processor == Monitoring && slices.Contains(endUserTags, tag.Name) {
			continue
		}
		if tag.InServer != inServer {
			inServer = tag.InServer
			b.WriteString(map[bool]string{true: "  <Server>\n", false: "  </Server>\n"}[inServer])
		}
		writeTag(b, tag, fields.FieldByIndex(tag.index))
	}
	writeFilters(b, m.Filters)
	writeSmtp(b, m.Smtp)
	b.WriteString("</MailIntegration>\n")
	return b.Flush()
}

// readable writes the tags of a file with mistakes, in their order and as far as they could be read, without secrets. It
// returns nil if there are none.
func (f *mailboxFile) readable() []byte {
	if f.filling == nil || len(f.elements) == 0 {
		return nil
	}
	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- the tags that could be read -->\n<MailIntegration>\n")
	for _, e := range f.elements {
		f.writeReadable(&b, "  ", e, f.good[e.tag.Name])
	}
	if len(f.filters) > 0 {
		b.WriteString("  <Filters>\n")
	}
	for _, filter := range f.filters {
		b.WriteString("    <Filter>\n")
		for _, e := range filter.elements {
			f.writeReadable(&b, "      ", e, true)
		}
		b.WriteString("    </Filter>\n")
	}
	if len(f.filters) > 0 {
		b.WriteString("  </Filters>\n")
	}
	for _, smtp := range f.smtp {
		b.WriteString("  <Smtp>\n")
		for _, e := range smtp.elements {
			f.writeReadable(&b, "    ", e, true)
		}
		b.WriteString("  </Smtp>\n")
	}
	b.WriteString("</MailIntegration>\n")
	return b.Bytes()
}

// writeReadable writes a tag of a file with mistakes, or why it leaves the value out.
func (f *mailboxFile) writeReadable(b *bytes.Buffer, indent string, e element, good bool) {
	switch {
	case e.tag.Secret():
		b.WriteString(indent + "<!-- " + e.tag.Name + " is left out -->\n")
	case e.quiet || e.bad || !good:
		b.WriteString(indent + "<!-- " + e.tag.Name + " could not be read -->\n")
	default:
		b.WriteString(indent + "<" + e.tag.Name + ">")
		_ = xml.EscapeText(b, []byte(withoutCredentials(f.redact(strings.TrimSpace(e.text))))) // a buffer takes everything
		b.WriteString("</" + e.tag.Name + ">\n")
	}
}

// writeSmtp writes <Smtp>, nothing for nil.
func writeSmtp(b *bufio.Writer, s *Smtp) {
	if s == nil {
		return
	}
	b.WriteString("  <Smtp>\n")
	fields := reflect.ValueOf(s).Elem()
	for _, tag := range SmtpTags() {
		tag.InServer = true // the same depth
		writeTag(b, tag, fields.FieldByIndex(tag.index))
	}
	b.WriteString("  </Smtp>\n")
}

// writeFilters writes the filters in order.
func writeFilters(b *bufio.Writer, filters []Filter) {
	if len(filters) == 0 {
		return
	}
	b.WriteString("  <Filters>\n")
	for i := range filters {
		b.WriteString("    <Filter>\n")
		fields := reflect.ValueOf(&filters[i]).Elem()
		for _, tag := range FilterTags() {
			if value := fields.FieldByIndex(tag.index); !value.IsZero() {
				writeValues(b, tag, value)
			}
		}
		b.WriteString("    </Filter>\n")
	}
	b.WriteString("  </Filters>\n")
}

// writeValues writes a tag of a filter, a repeating one once for each of its values.
func writeValues(b *bufio.Writer, tag Tag, value reflect.Value) {
	for line := range strings.SplitSeq(tag.kind.format(value.Interface()), "\n") {
		b.WriteString("      <" + tag.Name + ">")
		xml.EscapeText(b, []byte(line)) // errors stay in b until Flush
		b.WriteString("</" + tag.Name + ">\n")
	}
}

// writeTag writes one tag. It leaves out empty and deprecated tags.
func writeTag(b *bufio.Writer, tag Tag, value reflect.Value) {
	_, isLimit := value.Interface().(Limit) // 0 is one
	if tag.Name == "UseSsl" || value.IsZero() && value.Kind() != reflect.Bool && !isLimit && tag.Default == "" {
		return
	}
	indent := "  "
	if tag.InServer {
		indent = "    "
	}
	if _, isSecret := value.Interface().(Secret); isSecret {
		b.WriteString(indent + "<!-- " + tag.Name + " is left out -->\n")
		return
	}
	b.WriteString(indent + "<" + tag.Name + ">")
	xml.EscapeText(b, []byte(tag.kind.format(value.Interface()))) // errors stay in b until Flush
	b.WriteString("</" + tag.Name + ">\n")
}
