package daemon

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"mailintegration/mailbox"
	"mailintegration/processor"
	"mailintegration/store"
)

// notices makes the events that tell the service desk what happened to a mailbox's messages and what to do about it.
type notices struct {
	mailbox string
	processor.References
}

// event returns an event for the group and with the priority of the mailbox, or else of its team.
func (n notices) event(why processor.Reason, subject string) processor.OpenRequest {
	return processor.OpenRequest{
		Reason:    why,
		Kind:      processor.Event,
		Subject:   subject,
		Requester: n.Login,
		User:      n.Login,
		Source:    n.Source,
		Priority:  cmp.Or(n.Priority, n.DefaultPriority),
		Group:     cmp.Or(n.Group, n.ServiceDesk),
	}
}

// SetAside implements store.Decider.
func (n notices) SetAside(d store.Delivery, why processor.Reason) processor.OpenRequest {
	event := n.event(why, "Message set aside: "+subjectOf(d.Message))
	event.Body = n.asideText(d, why)
	return event
}

// SetAsideAgain implements store.Decider.
func (n notices) SetAsideAgain(d store.Delivery, why processor.Reason, event int64) string {
	return "Another message of this mailbox could not be recorded for the same reason and was set aside. Nothing of it is lost: it is " +
		"attached to this activity as " + store.RawName + ", exactly as it was received.\n\n" + n.facts(d, why) +
		fmt.Sprintf("\nWhat to do: the same as for the first message of this event, with the number %[1]d:\n"+
			"- after the cause is fixed: mailintegration setaside replay %[1]d, or, for all messages of this event at once: "+
			"mailintegration setaside replay --event %[2]d\n"+
			"- if somebody has recorded it by hand, or nobody needs it: "+discardVerb+"\n", d.Aside, event)
}

// discardVerb is how a message is discarded; %[1]d stands for its number.
const discardVerb = `mailintegration setaside discard %[1]d --as LOGON --reason "recorded by hand as 4711"`

// asideText says which message was set aside and why, and what to do about it.
func (n notices) asideText(d store.Delivery, why processor.Reason) string {
	return "A message could not be recorded and was set aside. Nothing of it is lost: it is attached to this event as " +
		store.RawName + ", exactly as it was received.\n\n" + n.facts(d, why) +
		"\nWhat to do:\n" + fmt.Sprintf(asideRemedy(why.Code), d.Aside) +
		"\nThis event becomes processed by itself when every message of it is replayed or discarded. Further messages that fail for " +
		"the same reason are added to it, each with its original.\n" +
		"Other messages of the mailbox are not affected, and this one is not retrieved again.\n"
}

// facts says which message was set aside and why, a line for each fact.
func (n notices) facts(d store.Delivery, why processor.Reason) string {
	m := d.Message
	facts := []fact{
		{"Mailbox", n.mailbox},
		{"From", addressWords(m.From)},
		{"Subject", m.Subject},
		{"Date", dateWords(m.Date)},
		{"Message-ID", m.MessageID},
		{"Size", fmt.Sprintf("%d octets", d.Raw.Size())},
		{"Why", why.Detail() + " [" + string(why.Code) + "]"},
		{"Set aside as", fmt.Sprintf("message %d", d.Aside)},
	}
	var b strings.Builder
	writeFacts(&b, facts)
	return b.String()
}

// asideRemedy says what to do about a message that was set aside for that reason; %[1]d stands for the message's number.
func asideRemedy(why processor.ReasonCode) string {
	if why == processor.ReasonBadBlock {
		return "1. Read in the line \"Why\" which lines of the block are wrong and how to correct them. " +
			"Line 1 is the first line of the message's text.\n" +
			"2. If the block is right and a name is missing here, add it (mailintegration request-type add, group add, user add …) " +
			"and run mailintegration setaside replay %[1]d: the message is recorded like any other.\n" +
			"3. Otherwise ask the sender for a corrected message, or record the service request by hand, and run " + discardVerb + "\n"
	}
	return "1. Open " + store.RawName + " with a mail program and read what the sender wants. " +
		"(mailintegration setaside export %[1]d FILE writes it to a file.)\n" +
		"2. If somebody waits for it, record it by hand, as a new request or as an activity on the request it belongs to, and run " +
		discardVerb + "\n" +
		"3. Send the line \"Why\" and " + store.RawName + " to the maintainer of MailIntegration, so that a later version can record " +
		"such a message.\n" +
		"4. After an update, or once the cause is fixed, run mailintegration setaside replay %[1]d: the message is recorded like any " +
		"other. If that fails again, nothing changes, and the verb says why.\n"
}

// loop returns the event about a sender who opens more requests than the limit allows, beginning with this message.
func (n notices) loop(d store.Delivery, added processor.AddActivity, limit processor.Limit) processor.OpenRequest {
	sender := d.Message.Author().Addr
	event := n.event(added.Reason, fmt.Sprintf("Possible mail loop: %s has sent more than %d new messages within %s",
		sender, limit.Number, limit.Duration()))
	event.Body = n.loopText(d, added, limit)
	return event
}

// loopText says who sends so many messages, where they go from now on, and what to do about it.
func (n notices) loopText(d store.Delivery, added processor.AddActivity, limit processor.Limit) string {
	m := d.Message
	request := fmt.Sprintf("%s %d", added.Kind.Words(), added.Request)
	var b strings.Builder
	fmt.Fprintf(&b, "%s opens so many requests that it looks like a loop: two programs that answer each other, a device that repeats "+
		"its message, or a person who forwards many messages at once. So that the list of the service desk does not fill up, "+
		"MailIntegration opens no more requests for this sender at the moment.\n\n", m.Author().Addr)
	writeFacts(&b, []fact{
		{"Mailbox", n.mailbox},
		{"Sender", addressWords(m.Author())},
		{"Limit", limit.String() + " (MaxNewRequests in the mailbox's file)"},
		{"First message beyond the limit", subjectOf(m)},
		{"Date", dateWords(m.Date)},
		{"Message-ID", m.MessageID},
		{"Recorded on", request},
	})
	fmt.Fprintf(&b, "\nNothing is lost. From this message on, what the sender writes is added to %[1]s as activities, with the attachments. "+
		"Answers to other requests go there as usual, and other senders are not affected. When fewer than %[2]d new messages come within %[3]s, "+
		"the sender opens requests again.\n\n"+
		"What to do:\n"+
		"1. Look at the last activities of %[1]s, and at the message that is attached to this event as "+store.RawName+".\n"+
		"2. If a program sends them: have it stopped by whoever looks after the sender. If it is an automatic reply, have it switched off. "+
		"Until then, a filter in the mailbox's file may ignore the sender (<Filter> with <Sender> and <Ignore>True</Ignore>).\n"+
		"3. If a person sent them on purpose: open a request by hand for each activity of %[1]s that needs one.\n"+
		"4. If the sender writes for many people, such as a web form: raise MaxNewRequests in the mailbox's file, or write 0 for no limit. "+
		"The change takes effect within seconds.\n"+
		"MailIntegration marks this event as processed by itself an hour after the last such message.\n",
		request, limit.Number, limit.Duration())
	return b.String()
}

// fact is a line of an event's text.
type fact struct{ name, value string }

// writeFacts writes facts, one a line. A fact may quote what somebody else wrote, so each is shortened.
func writeFacts(b *strings.Builder, facts []fact) {
	for _, f := range facts {
		fmt.Fprintf(b, "%s: %s\n", f.name, shortened(cmp.Or(f.value, "none")))
	}
}

// addressWords returns an address as mail programs show it.
func addressWords(a processor.Address) string { return strings.TrimSpace(a.Name + " <" + a.Addr + ">") }

// dateWords returns the Date of a message for a person.
func dateWords(date time.Time) string {
	if date.IsZero() {
		return "unknown"
	}
	return date.Format(time.RFC1123Z)
}

// tooLarge returns the event about a message that stays on the server because of its size; its header is attached.
func (n notices) tooLarge(m *processor.Message) processor.OpenRequest {
	event := n.event(processor.NewReason(processor.ReasonTooLarge, fmt.Sprintf("the message has %d octets", m.Octets)),
		"Message too large: "+subjectOf(m))
	header := processor.Attachment{Name: headerName, MediaType: "text/plain"}
	event.Attachments = []processor.Attachment{header.WithContent(wholeHeader)}
	return event
}

// headerName is the name that a header has as an attachment.
const headerName = "header.txt"

// wholeHeader reads the header from its start to its end.
func wholeHeader(raw io.ReaderAt) io.Reader { return io.NewSectionReader(raw, 0, maxHeader) }

// tooLargeText says which message is too large, and what to do about it.
func (n notices) tooLargeText(it mailbox.Item, limit int64, m *processor.Message) string {
	from := m.Author()
	return fmt.Sprintf("A message is larger than MaxMessageSize allows and was not retrieved. It stays in the mailbox; "+
		"only its header is recorded, and attached to this event as "+headerName+".\n\n"+
		"Mailbox: %s\nFrom: %s <%s>\nSubject: %s\nMessage-ID: %s\nSize: %d octets as the server says; the limit is %d\n\n"+
		"What to do:\n"+
		"1. Raise MaxMessageSize in the mailbox's file: the message is then recorded like any other.\n"+
		"2. Or read it with a mail program, record by hand what the sender wants, and delete it from the mailbox.\n"+
		"3. Mark this event as processed.\n\n"+
		"Other messages are not affected, and there is no further event about this one.\n",
		n.mailbox, from.Name, from.Addr, m.Subject, m.MessageID, it.Octets, limit)
}

// subjectOf returns the subject of a message for that of its event.
func subjectOf(m *processor.Message) string { return cmp.Or(m.Subject, "(no subject)") }

// maxFact limits the octets of a header field, or of a reason, that a notice repeats: the remedy comes after them.
const maxFact = 16 << 10

// shortened returns text cut to maxFact octets, between two characters.
func shortened(text string) string {
	const ellipsis = "…"
	if len(text) <= maxFact {
		return text
	}
	end := maxFact - len(ellipsis)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + ellipsis
}
