package config

import (
	"bufio"
	"encoding/xml"
	"io"
	"reflect"
	"slices"
)

// XML writes the mailbox's configuration as it is in effect, defaults included, in the dialect that LoadMailbox reads,
// except that secrets are left out.
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
	b.WriteString("</MailIntegration>\n")
	return b.Flush()
}

// writeTag writes one tag, unless it is empty or deprecated.
func writeTag(b *bufio.Writer, tag Tag, value reflect.Value) {
	if tag.Name == "UseSsl" || value.IsZero() && value.Kind() != reflect.Bool && tag.initial == "" {
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
