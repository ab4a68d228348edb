package config

import (
	"cmp"

	"mailintegration/config/roff"
)

// Manual returns mailintegration.xml(5), the manual page of both kinds of file. It says the same as Reference.
func Manual(version, date string) ([]byte, error) {
	docs, err := documentations()
	if err != nil {
		return nil, err
	}
	m := manualWriter{roff.New("mailintegration.xml", 5, date, "MailIntegration "+version, "configuration of MailIntegration"), docs}
	m.preface()
	m.file("Service file", ServiceTags())
	m.file("Mailbox file", MailboxTags())
	m.Section("Filters")
	m.Paragraph(manualFilters)
	m.tags(FilterTags())
	m.Section("Smtp")
	m.Paragraph(manualSmtp)
	m.tags(SmtpTags())
	m.ending()
	return m.Bytes(), nil
}

// manualWriter writes the manual page with the documentation of each field.
type manualWriter struct {
	*roff.Page
	docs map[string]documentation
}

const (
	manualFilters = "In a mailbox file, `<Filters>` contains `<Filter>` elements, and each of them the tags below. The daemon tries them in " +
		"their order on every message. A filter matches when all of its conditions do; then its actions take effect. A later filter " +
		"replaces what an earlier one has set."
	manualSmtp = "`<Smtp>` says through which server mail is sent: in a mailbox file for that mailbox, in the service file for all " +
		"others. Where there is neither, nothing is sent."
)

// manualDialect says what both kinds of file have in common.
var manualDialect = []string{
	"Tag names may be in upper or lower case. White space around a value does not belong to it, except spaces around a password. An " +
		"empty tag counts as absent. HTML entities are allowed; write `&amp;` for `&`, and `&lt;` for `<`. A relative path starts " +
		"at the folder of the file that contains it.",
	"An unknown tag, a bad value, a missing tag and a repeated tag are mistakes. `mailintegration check` reports all of them at once, as " +
		"file:line:column: Tag: what is wrong (what to do).",
	"The daemon reads the files again on SIGHUP, and within seconds after one of them changes. A change takes effect at once, " +
		"unless its tag says otherwise below.",
}

// preface writes what comes before the tags.
func (m manualWriter) preface() {
	m.Section("Description")
	m.Paragraph("The program reads one service file, root `<MailIntegrationService>`, and a mailbox file for each mailbox, root " +
		"`<MailIntegration>`. Mailbox files of Octopus MailIntegration work as they are.")
	for _, text := range manualDialect {
		m.Paragraph(text)
	}
}

// file writes the tags of one kind of file, section by section.
func (m manualWriter) file(title string, tags []Tag) {
	m.Section(title)
	section := ""
	for _, t := range tags {
		if t.Section != section {
			section = t.Section
			m.Subsection(section)
		}
		m.tag(t)
	}
}

// tags writes tags that are in no section.
func (m manualWriter) tags(tags []Tag) {
	for _, t := range tags {
		m.tag(t)
	}
}

// tag writes one tag: its text, its values, and when it must be given.
func (m manualWriter) tag(t Tag) {
	r := referenceWriter{docs: m.docs}
	m.Item(t.Name, m.docs[t.field].text)
	m.Detail("Values: " + t.Values)
	m.Detail("Default: " + cmp.Or(r.otherwise(t), "none"))
	if mandatory := r.mandatory(t); mandatory != "no" {
		m.Detail("Mandatory: " + mandatory)
	}
	if t.Restart {
		m.Detail("A change takes effect when the daemon starts again.")
	}
	m.DetailCode("Example:", t.line(t.Example))
}

// ending writes what follows the tags.
func (m manualWriter) ending() {
	m.Section("Files")
	m.Item("/etc/mailintegration/mailintegration.xml", "The service file; the option --config and the variable MAILINTEGRATION_CONFIG name another.")
	m.Item("/etc/mailintegration/mailboxes/*.xml", "The mailbox files, unless Mailboxes names others.")
	m.Item("/etc/mailintegration/credentials/", "Secrets for PasswordFile and ClientSecretFile, which the service gives to the daemon.")
	m.Section("Examples")
	m.Paragraph("A mailbox whose messages open incidents:")
	m.Example(manualExample)
	m.Section("See also")
	m.Paragraph("`mailintegration`(1), and the samples in /usr/share/doc/mailintegration/samples.")
}

const manualExample = `<?xml version="1.0" encoding="utf-8"?>
<MailIntegration>
  <MessageProcessorTypeName>EndUserIncidentMailMessageProcessor</MessageProcessorTypeName>
  <ServerName>mail.example.com</ServerName>
  <UserName>helpdesk</UserName>
  <PasswordFile>/run/credentials/mailintegration.service/secret_helpdesk</PasswordFile>
  <IncidentFallbackUserLogon>unknown</IncidentFallbackUserLogon>
</MailIntegration>`
