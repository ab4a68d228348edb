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

// People are the users of the demo, as user import takes them.
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

// Farewell says how to look further; its arguments are the program with its configuration, the SMTP address, and the
// directory of the messages that were sent.
const Farewell = `
Look further, in another terminal:
  %[1]s request list
  %[1]s request show 1
  %[1]s event list --json
  %[1]s explain --mailbox servicedesk %[3]s/*.eml

Send your own mail to servicedesk@acme.example or monitoring@acme.example; any mail program with the SMTP server %[2]s will do:
  printf 'From: me@acme.example\nSubject: It works\n\nHello\n' | curl -sS smtp://%[2]s --mail-from me@acme.example --mail-rcpt servicedesk@acme.example -T -

Waiting for mail; Ctrl-C ends the demo.

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
	files := map[string]string{
		"mailintegration.xml":     fmt.Sprintf(service, filepath.Join(dir, "data")),
		"servicedesk.mailbox.xml": fmt.Sprintf(mailboxFile, "servicedesk", "EndUserIncidentMailMessageProcessor", host, port, serviceDesk, pop3test.DefaultPassword),
		"monitoring.mailbox.xml":  fmt.Sprintf(mailboxFile, "monitoring", "EventMailMessageProcessor", host, port, monitoring, pop3test.DefaultPassword),
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, "mailintegration.xml"), nil
}
