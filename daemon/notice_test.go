package daemon

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailintegration/mailbox"
	"mailintegration/processor"
	"mailintegration/store"
)

var noticesOfHelpdesk = notices{"helpdesk", processor.References{
	Login: processor.User{ID: 1}, Source: processor.Ref{ID: 2}, DefaultPriority: processor.Ref{ID: 3},
	Group: processor.Ref{ID: 4}, ServiceDesk: processor.Ref{ID: 5},
}}

func TestTheEventOfAMessageThatWasSetAsideSaysWhatToDo(t *testing.T) {
	t.Parallel()
	m := &processor.Message{
		From: processor.Address{Name: "Anna", Addr: "anna@example.com"}, Subject: "printer",
		Date: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC),
	}
	got := noticesOfHelpdesk.SetAside(store.Delivery{Message: m, Raw: octetsOf("octets")},
		processor.NewReason(processor.ReasonUnstorable, "PostgreSQL refused it", "twice"))
	want := processor.OpenRequest{
		Reason: processor.NewReason(processor.ReasonUnstorable, "PostgreSQL refused it", "twice"),
		Kind:   processor.Event, Subject: "Message set aside: printer",
		Requester: processor.User{ID: 1}, User: processor.User{ID: 1},
		Source: processor.Ref{ID: 2}, Priority: processor.Ref{ID: 3}, Group: processor.Ref{ID: 4},
		Body: `A message could not be recorded and was set aside. Nothing of it is lost: it is attached to this event as message.eml, exactly as it was received.

Mailbox: helpdesk
From: Anna <anna@example.com>
Subject: printer
Date: Sun, 22 Nov 2026 09:00:00 +0000
Message-ID: none
Size: 6 octets
Why: PostgreSQL refused it; twice [unstorable]

What to do:
1. Open message.eml with a mail program and read what the sender wants.
2. Record it by hand, as a new request or as an activity on the request it belongs to, and answer the sender if necessary.
3. Send the line "Why" and message.eml to the maintainer of MailIntegration, so that a later version can record such a message.
4. Mark this event as processed. Once a version can record the message, and if nobody has done so by hand, run mailintegration replay --set-aside with the number of this event.

Other messages of the mailbox are not affected, and this one is not retrieved again.
`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

func TestTheEventOfABlockWithMistakesSaysHowToCorrectThem(t *testing.T) {
	t.Parallel()
	why := processor.NewReason(processor.ReasonBadBlock, "line 2: "+strings.Repeat("x", maxFact))
	body := noticesOfHelpdesk.SetAside(store.Delivery{Message: &processor.Message{}, Raw: octetsOf("octets")}, why).Body
	for _, part := range []string{
		"From: <>\n", "Subject: none\n", "Date: unknown\n", "Why: line 2: xxx", "x…\n", "request-type add", "replay --set-aside",
	} {
		if !strings.Contains(body, part) {
			t.Errorf("the event does not say %q:\n%s", part, body)
		}
	}
}

func TestTheEventOfAMessageThatIsTooLargeSaysWhatToDo(t *testing.T) {
	t.Parallel()
	m := &processor.Message{From: processor.Address{Name: "Anna", Addr: "anna@example.com"}, MessageID: "id@example.com", Octets: 5000}
	event := noticesOfHelpdesk.tooLarge(m)
	if event.Subject != "Message too large: (no subject)" || event.Group.ID != 4 || event.Kind != processor.Event ||
		event.Reason.Detail() != "the message has 5000 octets" || event.Attachments[0].Name != "header.txt" {
		t.Errorf("event is %+v", event)
	}
	want := `A message is larger than MaxMessageSize allows and was not retrieved. It stays in the mailbox; only its header is recorded, and attached to this event as header.txt.

Mailbox: helpdesk
From: Anna <anna@example.com>
Subject: 
Message-ID: id@example.com
Size: 5000 octets as the server says; the limit is 1000

What to do:
1. Raise MaxMessageSize in the mailbox's file: the message is then recorded like any other.
2. Or read it with a mail program, record by hand what the sender wants, and delete it from the mailbox.
3. Mark this event as processed.

Other messages are not affected, and there is no further event about this one.
`
	if diff := cmp.Diff(want, noticesOfHelpdesk.tooLargeText(mailbox.Item{Octets: 5000}, 1000, m)); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}
