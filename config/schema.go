package config

import (
	"bufio"
	"encoding/xml"
	"io"
	"strings"
)

// schemaPreface begins the schema. Values may be in upper or lower case; an editor offers the usual spelling.
const schemaPreface = `<?xml version="1.0" encoding="utf-8"?>
<!-- The tags of the files of MailIntegration, for editors. mailintegration config schema writes it from the program.
     The program reads more than this schema allows: tags in upper or lower case, HTML entities, any root of a mailbox file.
     mailintegration config validate says whether the program can use a file. -->
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:simpleType name="empty">
    <xs:restriction base="xs:string"><xs:maxLength value="0"/></xs:restriction>
  </xs:simpleType>
`

// Schema writes an XML schema of both kinds of file, with the texts of the reference, for editors.
func Schema(w io.Writer) error {
	docs, err := documentations()
	if err != nil {
		return err
	}
	s := schemaWriter{bufio.NewWriter(w), docs}
	s.WriteString(schemaPreface)
	s.root(mailboxRoot, MailboxTags(), serverName, filtersName, smtpName)
	s.root(serviceRoot, ServiceTags(), smtpName)
	s.group(serverName, MailboxTags())
	s.group(filterName, FilterTags())
	s.group(smtpName, SmtpTags())
	s.WriteString("  <xs:complexType name=\"" + filtersName + "\">\n    <xs:sequence>\n      <xs:element name=\"" + filterName +
		"\" type=\"" + filterName + "\" minOccurs=\"0\" maxOccurs=\"unbounded\"/>\n    </xs:sequence>\n  </xs:complexType>\n")
	s.WriteString("</xs:schema>\n")
	return s.Flush()
}

// schemaWriter writes the schema with the documentation of each field.
type schemaWriter struct {
	*bufio.Writer
	docs map[string]documentation
}

// root writes the root of a kind of file: its tags, and those that enclose others, in any order.
func (s schemaWriter) root(name string, tags []Tag, enclosing ...string) {
	s.WriteString("  <xs:element name=\"" + name + "\">\n    <xs:complexType>\n      <xs:choice minOccurs=\"0\" maxOccurs=\"unbounded\">\n")
	for _, inner := range enclosing {
		s.WriteString("        <xs:element name=\"" + inner + "\" type=\"" + inner + "\"/>\n")
	}
	for _, t := range tags {
		s.tag(t)
	}
	s.WriteString("      </xs:choice>\n    </xs:complexType>\n  </xs:element>\n")
}

// group writes the type of a tag that encloses tags.
func (s schemaWriter) group(name string, tags []Tag) {
	s.WriteString("  <xs:complexType name=\"" + name + "\">\n    <xs:choice minOccurs=\"0\" maxOccurs=\"unbounded\">\n")
	for _, t := range tags {
		s.tag(t)
	}
	s.WriteString("    </xs:choice>\n  </xs:complexType>\n")
}

// tag writes one tag with its text, and its values where they can be listed.
func (s schemaWriter) tag(t Tag) {
	s.WriteString("        <xs:element name=\"" + t.Name + "\"")
	if len(t.kind.names) == 0 {
		s.WriteString(" type=\"xs:string\"")
	}
	s.WriteString(">\n          <xs:annotation><xs:documentation>")
	text := s.docs[t.field].text + " Values: " + t.Values + "."
	if t.Default != "" {
		text += " Default: " + t.Default + "."
	}
	xml.EscapeText(s, []byte(text)) // errors stay in the buffer until Flush
	s.WriteString("</xs:documentation></xs:annotation>\n")
	if len(t.kind.names) > 0 {
		s.values(t.kind.names)
	}
	s.WriteString("        </xs:element>\n")
}

// values writes the type of a tag whose values are known: the usual spelling for completion, and any case of it.
func (s schemaWriter) values(names []string) {
	s.WriteString("          <xs:simpleType><xs:union memberTypes=\"empty\">\n            <xs:simpleType><xs:restriction base=\"xs:token\">\n")
	for _, name := range names {
		s.WriteString("              <xs:enumeration value=\"" + name + "\"/>\n")
	}
	s.WriteString("            </xs:restriction></xs:simpleType>\n            <xs:simpleType><xs:restriction base=\"xs:token\">\n")
	for _, name := range names {
		s.WriteString("              <xs:pattern value=\"" + anyCase(name) + "\"/>\n")
	}
	s.WriteString("            </xs:restriction></xs:simpleType>\n          </xs:union></xs:simpleType>\n")
}

// anyCase returns the pattern of a name in upper or lower case.
func anyCase(name string) string {
	var b strings.Builder
	for _, r := range name {
		upper, lower := strings.ToUpper(string(r)), strings.ToLower(string(r))
		if upper == lower {
			b.WriteString(upper)
			continue
		}
		b.WriteString("[" + upper + lower + "]")
	}
	return b.String()
}
