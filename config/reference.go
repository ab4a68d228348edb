package config

import (
	"bufio"
	"cmp"
	"io"
	"strings"
)

// referencePreface begins the reference.
const referencePreface = `# Configuration reference

` + "`" + `make generate` + "`" + ` writes this file from the program (the fields of package config); edits here are lost.

The program reads two kinds of files, both in the same XML dialect:

- a **mailbox file** for each mailbox, root ` + "`<MailIntegration>`" + ` (any other root works too); files of Octopus
  MailIntegration work as they are;
- one **service file**, root ` + "`<MailIntegrationService>`" + `.

The dialect:

- Tag names may be in upper or lower case; a closing tag that differs from its opening tag only in case is a warning.
- In a mailbox file, ` + "`<Server>`" + ` may enclose tags; it is optional.
- White space around a value does not belong to it, except spaces around a password. An empty tag counts as absent.
- HTML entities such as ` + "`&eacute;`" + ` are allowed. Write ` + "`&amp;`" + ` for ` + "`&`" + `, and ` + "`&lt;`" + ` for ` + "`<`" + `.
- A file is in UTF-8, or in the encoding that its first line declares. Document types, and entities declared in them, are mistakes.
- An unknown tag, a bad value, a missing tag and a repeated tag are mistakes. The program reports all mistakes of all files at
  once, as ` + "`file:line:column: Tag: what is wrong (what to do)`" + `.
- A relative path starts at the folder of the file that contains it.

The daemon reads the files again when it gets SIGHUP, and within seconds after one of them changes: the service file, a mailbox
file, or a file that a mailbox file names. A change takes effect at once unless its tag says otherwise below.
`

// filterPreface begins the section on filters.
const filterPreface = `
### Mailbox file: Filters

` + "`<Filters>`" + ` contains ` + "`<Filter>`" + ` elements, and each ` + "`<Filter>`" + ` the tags below. The daemon tries the filters in
their order on every message. A filter matches when all of its conditions do (without conditions, it matches every message);
then its actions take effect. A value that a later filter sets replaces the value of an earlier one. Values from filters take
precedence over the rest of the configuration, and over the block of fields of a service request. They concern only requests
that the message opens, not a request that it is added to.

` + "```xml" + `
<Filters>
  <Filter>
    <Name>newsletters</Name>
    <Header>List-Unsubscribe: .</Header>
    <Sender>@newsletter\.example$</Sender>
    <Ignore>True</Ignore>
  </Filter>
  <Filter>
    <Name>board</Name>
    <Sender>^(ann|bob)@example\.com$</Sender>
    <SetPriority>High</SetPriority>
    <SetGroup>Second Level</SetGroup>
  </Filter>
</Filters>
` + "```" + `
`

// smtpPreface begins the section on sending mail.
const smtpPreface = `
### Mailbox file and service file: Smtp

` + "`<Smtp>`" + ` says through which server the daemon sends its mail: replies to the senders of messages, and notifications of new
events. A mailbox without one uses that of the service file. Where there is neither, nothing is sent. Its tags are those below;
some have the same names as tags outside it, with which they have nothing to do.

` + "```xml" + `
<Smtp>
  <ServerName>smtp.office365.com</ServerName>
  <Authentication>Azure</Authentication>
  <Address>helpdesk@example.com</Address>
</Smtp>
` + "```" + `
`

// Reference writes the reference of every tag of both kinds of file, in Markdown.
func Reference(w io.Writer) error {
	docs, err := documentations()
	if err != nil {
		return err
	}
	r := referenceWriter{bufio.NewWriter(w), docs}
	r.WriteString(referencePreface)
	r.file("Mailbox file", MailboxTags())
	r.WriteString(filterPreface)
	for _, t := range FilterTags() {
		r.tag(t)
	}
	r.WriteString(smtpPreface)
	for _, t := range SmtpTags() {
		r.tag(t)
	}
	r.file("Service file", ServiceTags())
	return r.Flush()
}

// referenceWriter writes the reference with the documentation of each field.
type referenceWriter struct {
	*bufio.Writer
	docs map[string]documentation
}

// file writes the table and the sections of one kind of file.
func (r referenceWriter) file(name string, tags []Tag) {
	r.WriteString("\n## " + name + "\n\n| Tag | Mandatory | Default |\n|---|---|---|\n")
	for _, t := range tags {
		r.WriteString("| `" + t.Name + "` | " + cell(r.mandatory(t)) + " | " + cell(r.otherwise(t)) + " |\n")
	}
	section := ""
	for _, t := range tags {
		if t.Section != section {
			section = t.Section
			r.WriteString("\n### " + name + ": " + section + "\n")
		}
		r.tag(t)
	}
}

// tag writes the section of one tag.
func (r referenceWriter) tag(t Tag) {
	r.WriteString("\n#### " + t.Name + "\n\n" + escape(r.docs[t.field].text) + "\n\n")
	r.WriteString("- Values: " + escape(t.Values) + "\n")
	r.WriteString("- Default: " + escape(cmp.Or(r.otherwise(t), "none")) + "\n")
	r.WriteString("- Mandatory: " + escape(r.mandatory(t)) + "\n")
	if t.Restart {
		r.WriteString("- A change takes effect: when the daemon starts again\n")
	}
	r.WriteString("- Example: `" + t.line(t.Example) + "`\n")
}

// otherwise returns what the program uses when a tag is absent, "" for nothing.
func (r referenceWriter) otherwise(t Tag) string { return cmp.Or(r.docs[t.field].otherwise, t.Default) }

// mandatory returns when a tag is mandatory.
func (r referenceWriter) mandatory(t Tag) string {
	if t.Mandatory {
		return "yes"
	}
	return cmp.Or(r.docs[t.field].mandatory, "no")
}

// cell returns text as the cell of a table has it.
func cell(text string) string { return strings.ReplaceAll(escape(text), "|", `\|`) }

// escape returns text in which Markdown takes no tag, asterisk or underscore for its own.
func escape(text string) string {
	return strings.NewReplacer("<", "&lt;", ">", "&gt;", "&", "&amp;", "*", `\*`, "_", `\_`).Replace(text)
}
