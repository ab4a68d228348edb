package config

import (
	"bufio"
	"io"
	"strings"
)

const referencePreface = `# Configuration reference

This file is generated from the program (the fields of package config); a change here is lost.

Two kinds of files are read, both in the same XML dialect:

- a **mailbox file** for each mailbox, root ` + "`<MailIntegration>`" + ` (any root is read); files of Octopus MailIntegration are read as they are;
- one **service file**, root ` + "`<MailIntegrationService>`" + `.

The dialect:

- The names of tags are read in upper or lower case; a closing tag that differs from its opening tag only in case is a warning.
- In a mailbox file, ` + "`<Server>`" + ` may enclose tags, or be left out.
- White space around a value does not belong to it, except spaces around a password. An empty tag is an absent tag.
- HTML entities such as ` + "`&eacute;`" + ` are read. A bare ` + "`&`" + ` is written ` + "`&amp;`" + `, a ` + "`<`" + ` is written ` + "`&lt;`" + `.
- A file is in UTF-8, or in the encoding that its first line declares. Document types and entities declared in them are not read.
- An unknown tag, a bad value, a missing or a repeated tag is a mistake; all mistakes of all files are reported at once, as ` + "`file:line:column: Tag: what is wrong (what is right)`" + `.
- Paths are relative to the folder of the file that they stand in.
`

const filterPreface = `
### Mailbox file: Filters

` + "`<Filters>`" + ` holds one ` + "`<Filter>`" + ` after the other, and each of them the tags below. They are tried in their order on every message.
A filter holds when all of its conditions do (without any, it holds for every message); then its actions take effect. What a
later filter sets replaces what an earlier one has set. What a filter sets takes precedence over the rest of the configuration,
and over the block of fields of a service request; it concerns only requests that the message opens, not one that it is added to.

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

// Reference writes the reference of every tag of both kinds of file, in Markdown.
func Reference(w io.Writer) error {
	b := bufio.NewWriter(w)
	b.WriteString(referencePreface)
	writeReference(b, "Mailbox file", MailboxTags())
	b.WriteString(filterPreface)
	for _, t := range FilterTags() {
		writeTagReference(b, t)
	}
	writeReference(b, "Service file", ServiceTags())
	return b.Flush()
}

func writeReference(b *bufio.Writer, file string, tags []Tag) {
	b.WriteString("\n## " + file + "\n\n| Tag | Mandatory | Default |\n|---|---|---|\n")
	for _, t := range tags {
		b.WriteString("| `" + t.Name + "` | " + cell(t.Mandatory) + " | " + cell(t.Default) + " |\n")
	}
	section := ""
	for _, t := range tags {
		if t.Section != section {
			section = t.Section
			b.WriteString("\n### " + file + ": " + section + "\n")
		}
		writeTagReference(b, t)
	}
}

func writeTagReference(b *bufio.Writer, t Tag) {
	b.WriteString("\n#### " + t.Name + "\n\n" + escape(t.Doc) + "\n\n")
	b.WriteString("- Values: " + escape(t.Values) + "\n")
	b.WriteString("- Default: " + escape(orNone(t.Default)) + "\n")
	b.WriteString("- Mandatory: " + escape(t.Mandatory) + "\n")
	b.WriteString("- Example: `" + t.line(t.Example) + "`\n")
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// cell returns text for a cell of a table.
func cell(text string) string { return strings.ReplaceAll(escape(text), "|", `\|`) }

// escape keeps Markdown from reading a tag or an asterisk as its own.
func escape(text string) string {
	return strings.NewReplacer("<", "&lt;", ">", "&gt;", "&", "&amp;", "*", `\*`, "_", `\_`).Replace(text)
}
