package config

import (
	"bufio"
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
	b.WriteString("</MailIntegration>\n")
	return b.Flush()
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
	if tag.Name == "UseSsl" || value.IsZero() && value.Kind() != reflect.Bool && tag.Default == "" {
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
