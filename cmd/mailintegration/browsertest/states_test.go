//go:build browser

package browsertest

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"mailintegration/cmd/mailintegration/demo"
	"mailintegration/mailbox/dovecottest"
	"mailintegration/mailbox/smtp/smtptest"
	"mailintegration/store/storetest"
)

// orders are the tags of a mailbox for service requests.
const orders = "<MessageProcessorTypeName>EndUserNewSRMailMessageProcessor</MessageProcessorTypeName>" +
	"<NewSRBodyEnclosingToken>CreateSR</NewSRBodyEnclosingToken>"

// empty returns a program that polls a mailbox without mail.
func empty(t *testing.T) *program {
	p := install(t)
	p.mailbox("servicedesk")
	p.start()
	p.polled(1)
	return p
}

// polled waits until as many mailboxes have been polled well.
func (p *program) polled(mailboxes int64) {
	p.t.Helper()
	storetest.Until(p.t, fmt.Sprintf("%d mailboxes are polled", mailboxes), func() bool {
		return p.count(`SELECT count(*) FROM lease WHERE succeeded_at IS NOT NULL`) >= mailboxes
	})
}

// subjects has the subjects of a usual day.
var subjects = []string{
	"VPN drops every ten minutes", "Cannot open the shared calendar", "Neue Tastatur für Raum 204", "Mot de passe expiré",
	"Access to the finance share", "Scanner sends empty pages", "Teams call without sound", "Écran externe noir après mise en veille",
	"Laptop battery lasts for half an hour only", "Please install the label printer driver on the three machines of the reception desk",
}

// busy returns a program in the middle of a busy day: samples of all kinds, many messages, and some that were ignored or refused.
func busy(t *testing.T) *program {
	p := install(t)
	server := smtptest.Run(t, smtptest.Options{})
	server.SetPassword("desk", "secret")
	p.service(smtpTag(server.Address()))
	p.verb("request-type", "add", "New laptop")
	p.mailbox("servicedesk", "<IncludeRawMessageAsAttachment>True</IncludeRawMessageAsAttachment>",
		"<AcknowledgeNewRequests>True</AcknowledgeNewRequests>")
	p.mailbox("monitoring", "<MessageProcessorTypeName>EventMailMessageProcessor</MessageProcessorTypeName>")
	p.mailbox("orders", orders)
	people := []string{"Ann Lee <ann.lee@acme.example>", "Eva Mueller <eva.mueller@acme.example>", "somebody@partner.example"}
	sent := int64(0)
	for n := range 80 {
		p.mail.Add("servicedesk", fmt.Appendf(nil, "From: %s\r\nSubject: %s\r\nMessage-ID: <day-%d@acme.example>\r\n\r\nCould somebody have a look?\r\n",
			people[n%len(people)], subjects[n%len(subjects)], n))
		sent++
	}
	for n := range 7 {
		p.mail.Add("orders", fmt.Appendf(nil, "From: ann.lee@acme.example\r\nSubject: Laptop %d\r\nMessage-ID: <order-%d@acme.example>\r\n\r\n"+
			"[CreateSR]\r\nType: New laptop\r\n[/CreateSR]\r\n", n, n))
		sent++
	}
	p.start()
	p.recorded(sent)
	printer := int64(0)
	samples, err := demo.Samples()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range samples {
		octets, err := s.Octets(time.Now(), printer)
		if err != nil {
			t.Fatal(err)
		}
		p.mail.Add(s.To, octets)
		sent++
		p.recorded(sent) // an answer needs the request that it names
		if printer == 0 {
			printer = p.count(`SELECT max(number) FROM request`)
		}
	}
	// The messages came in the course of the day, most of them in the morning.
	p.db.Exec(t, `UPDATE receipt SET accepted_at = accepted_at - hour * interval '1 hour' FROM (
		SELECT mailbox_id AS m, digest AS d, (row_number() OVER (ORDER BY digest) ^ 2 / 310)::integer % 24 AS hour FROM receipt
		WHERE message_id LIKE '%day-%' OR message_id LIKE '%order-%') AS spread WHERE m = mailbox_id AND d = digest`)
	p.sentAll()
	return p
}

// smtpTag returns the tags of a mail server for what the daemon sends.
func smtpTag(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return "<Smtp><ServerName>127.0.0.1</ServerName><Port>" + port + "</Port><SecureSocketOption>None</SecureSocketOption>" +
		"<UserName>desk</UserName><Password>secret</Password><Address>servicedesk@acme.example</Address></Smtp>"
}

// sentAll waits until the outbox is empty.
func (p *program) sentAll() {
	p.t.Helper()
	storetest.Until(p.t, "all mail is sent", func() bool {
		return p.count(`SELECT count(*) FROM outbox WHERE sent_at IS NULL`) == 0
	})
}

// troubled returns a program on a bad day: a server that cannot be reached, a password that is refused, a file with mistakes, messages
// that were set aside, and mail that cannot be sent.
func troubled(t *testing.T) *program {
	p := install(t)
	p.service(smtpTag(fmt.Sprint("127.0.0.1:", dovecottest.ClosedPort(t))))
	p.mailbox("servicedesk", "<AcknowledgeNewRequests>True</AcknowledgeNewRequests>")
	p.mailbox("orders", orders)
	p.mailbox("sales", "<Password>the old one</Password>")
	p.mailbox("branch-lyon", fmt.Sprintf("<Port>%d</Port>", dovecottest.ClosedPort(t)))
	p.mailbox("broken", "<Colour>blue</Colour>")
	for n, kind := range []string{"Laptop", "Standing desk", "Laptop"} {
		p.mail.Add("orders", order(n, kind))
	}
	for n := range 5 {
		p.mail.Add("servicedesk", fmt.Appendf(nil, "From: ann.lee@acme.example\r\nSubject: %s\r\n\r\nPlease help.\r\n", subjects[n]))
	}
	p.start()
	p.recorded(8)
	for _, kind := range []string{"unreachable", "login", "configuration", "message"} {
		storetest.Until(t, "a problem of the kind "+kind+" is open", func() bool {
			return p.count(`SELECT count(*) FROM problem WHERE kind = $1 AND closed_at IS NULL`, kind) > 0
		})
	}
	storetest.Until(t, "a mail could not be sent", func() bool { return p.count(`SELECT count(*) FROM outbox WHERE attempts > 0`) > 0 })
	return p
}

// order returns a message that asks for a service request of a type.
func order(n int, kind string) []byte {
	return []byte(strings.ReplaceAll(fmt.Sprintf("From: Carla Ortiz <carla.ortiz@acme.example>\nSubject: Order %d: %s\nMessage-ID: <order-%d@acme.example>\n\n"+
		"[CreateSR]\nType: %s\n[/CreateSR]\n", n+1, strings.ToLower(kind), n, kind), "\n", "\r\n"))
}
