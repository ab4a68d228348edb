package demo

import (
	"fmt"
	"net"
	"os"
	"path/filepath"

	"mailintegration/mailbox/pop3test"
)

// Team is the team of the demo.
const Team = "ACME"

// People are the users of the demo, in the format of user import.
const People = `logon,name,addresses,site
mailintegration,MailIntegration,,
unknown,Unknown sender,,Head Office
ann,Ann Lee,ann.lee@acme.example|ann@home.example,Head Office
benoit,Benoît Tremblay,benoit.tremblay@acme.example,Montréal
carla,Carla Ortiz,carla.ortiz@acme.example,Head Office
eva,Eva Müller,eva.mueller@acme.example,
hanako,佐藤花子,hanako.sato@acme.example,
operator,On-call operator,,
`

// Farewell tells the reader what to try next. Its arguments are the program with its configuration, the SMTP address, and
// the directory of the messages that were sent.
const Farewell = `
To look at the result, open another terminal and run:
  %[1]s request list
  %[1]s request show 1
  %[1]s event list --json
  %[1]s explain --mailbox servicedesk %[3]s/*.eml

To send your own message to servicedesk@acme.example or monitoring@acme.example, use a mail program with the SMTP server
%[2]s, or run:
  printf 'From: me@acme.example\nSubject: It works\n\nHello\n' |
    curl -sS smtp://%[2]s --mail-from me@acme.example --mail-rcpt servicedesk@acme.example -T -

The demo waits for messages. Press Ctrl-C to end it.

`

const service = `<?xml version="1.0" encoding="utf-8"?>
<MailIntegrationService>
  <DataDirectory>%s</DataDirectory>
  <Mailboxes>*.mailbox.xml</Mailboxes>
  <Login>mailintegration</Login>
  <Team>` + Team + `</Team>
</MailIntegrationService>
`

const mailboxFile = `<?xml version="1.0" encoding="utf-8"?>
<MailIntegration>
  <Name>%[1]s</Name>
  <MessageProcessorTypeName>%[2]s</MessageProcessorTypeName>
  <Server>
    <ServerName>%[3]s</ServerName>
    <Port>%[4]s</Port>
    <SecureSocketOption>None</SecureSocketOption>
    <UserName>%[1]s</UserName>
    <Password>%[6]s</Password>
  </Server>
  <Schedule>2s</Schedule>
%[5]s</MailIntegration>
`

const serviceDesk = `  <IncidentFallbackUserLogon>unknown</IncidentFallbackUserLogon>
  <IgnoredAttachments>image001.png</IgnoredAttachments>
  <IncludeRawMessageAsAttachment>True</IncludeRawMessageAsAttachment>
`

const monitoring = `  <Group>Infrastructure</Group>
  <Assignee>operator</Assignee>
`

// WriteConfiguration writes the demo's configuration files into dir, for a POP3 server at address, and returns
// the path of the service file.
func WriteConfiguration(dir, address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	mailbox := func(name, processor, rest string) string {
		return fmt.Sprintf(mailboxFile, name, processor, host, port, rest, pop3test.DefaultPassword)
	}
	files := map[string]string{
		"mailintegration.xml":     fmt.Sprintf(service, filepath.Join(dir, "data")),
		"servicedesk.mailbox.xml": mailbox("servicedesk", "EndUserIncidentMailMessageProcessor", serviceDesk),
		"monitoring.mailbox.xml":  mailbox("monitoring", "EventMailMessageProcessor", monitoring),
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, "mailintegration.xml"), nil
}
