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
	got := noticesOfHelpdesk.SetAside(store.Delivery{Message: m, Raw: octetsOf("octets"), Aside: 17},
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
Set aside as: message 17

What to do:
1. Open message.eml with a mail program and read what the sender wants. (mailintegration setaside export 17 FILE writes it to a file.)
2. If somebody waits for it, record it by hand, as a new request or as an activity on the request it belongs to, and run mailintegration setaside discard 17 --as LOGON --reason "recorded by hand as 4711"
3. Send the line "Why" and message.eml to the maintainer of MailIntegration, so that a later version can record such a message.
4. After an update, or once the cause is fixed, run mailintegration setaside replay 17: the message is recorded like any other. If that fails again, nothing changes, and the verb says why.

This event becomes processed by itself when every message of it is replayed or discarded. Further messages that fail for the same reason are added to it, each with its original.
Other messages of the mailbox are not affected, and this one is not retrieved again.
`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

func TestTheActivityOfAnotherMessageWithTheSameFaultNamesItsNumber(t *testing.T) {
	t.Parallel()
	m := &processor.Message{From: processor.Address{Addr: "bob@example.com"}, Subject: "100% sure"}
	why := processor.NewReason(processor.ReasonUnstorable, "PostgreSQL refused it: %d")
	got := noticesOfHelpdesk.SetAsideAgain(store.Delivery{Message: m, Raw: octetsOf("octets"), Aside: 18}, why, 4)
	want := `Another message of this mailbox could not be recorded for the same reason and was set aside. Nothing of it is lost: it is attached to this activity as message.eml, exactly as it was received.

Mailbox: helpdesk
From: <bob@example.com>
Subject: 100% sure
Date: unknown
Message-ID: none
Size: 6 octets
Why: PostgreSQL refused it: %d [unstorable]
Set aside as: message 18

What to do: the same as for the first message of this event, with the number 18:
- after the cause is fixed: mailintegration setaside replay 18, or, for all messages of this event at once: mailintegration setaside replay --event 4
- if somebody has recorded it by hand, or nobody needs it: mailintegration setaside discard 18 --as LOGON --reason "recorded by hand as 4711"
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

func TestTheEventOfABlockWithMistakesSaysHowToCorrectThem(t *testing.T) {
	t.Parallel()
	why := processor.NewReason(processor.ReasonBadBlock, "line 2: "+strings.Repeat("x", maxFact))
	body := noticesOfHelpdesk.SetAside(store.Delivery{Message: &processor.Message{}, Raw: octetsOf("octets")}, why).Body
	for _, part := range []string{
		"From: <>\n", "Subject: none\n", "Date: unknown\n", "Why: line 2: xxx", "x…\n", "request-type add", "setaside replay 0",
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

func TestTheEventOfALoopSaysWhatToDo(t *testing.T) {
	t.Parallel()
	m := &processor.Message{
		From: processor.Address{Name: "Backup", Addr: "robot@example.com"}, Subject: "backup failed",
		Date: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), MessageID: "4@example.com",
	}
	got := noticesOfHelpdesk.loop(store.Delivery{Message: m, Raw: octetsOf("octets")},
		processor.AddActivity{Reason: processor.NewReason(processor.ReasonLoop, "too many"), Request: 4711, Kind: processor.Incident},
		processor.Limit{Number: 30, Within: 10 * time.Minute})
	want := processor.OpenRequest{
		Reason: processor.NewReason(processor.ReasonLoop, "too many"),
		Kind:   processor.Event, Subject: "Possible mail loop: robot@example.com has sent more than 30 new messages within 10min",
		Requester: processor.User{ID: 1}, User: processor.User{ID: 1},
		Source: processor.Ref{ID: 2}, Priority: processor.Ref{ID: 3}, Group: processor.Ref{ID: 4},
		Body: `robot@example.com opens so many requests that it looks like a loop: two programs that answer each other, a device that repeats its message, or a person who forwards many messages at once. So that the list of the service desk does not fill up, MailIntegration opens no more requests for this sender at the moment.

Mailbox: helpdesk
Sender: Backup <robot@example.com>
Limit: 30 in 10min (MaxNewRequests in the mailbox's file)
First message beyond the limit: backup failed
Date: Sun, 22 Nov 2026 09:00:00 +0000
Message-ID: 4@example.com
Recorded on: incident 4711

Nothing is lost. From this message on, what the sender writes is added to incident 4711 as activities, with the attachments. Answers to other requests go there as usual, and other senders are not affected. When fewer than 30 new messages come within 10min, the sender opens requests again.

What to do:
1. Look at the last activities of incident 4711, and at the message that is attached to this event as message.eml.
2. If a program sends them: have it stopped by whoever looks after the sender. If it is an automatic reply, have it switched off. Until then, a filter in the mailbox's file may ignore the sender (<Filter> with <Sender> and <Ignore>True</Ignore>).
3. If a person sent them on purpose: open a request by hand for each activity of incident 4711 that needs one.
4. If the sender writes for many people, such as a web form: raise MaxNewRequests in the mailbox's file, or write 0 for no limit. The change takes effect within seconds.
MailIntegration marks this event as processed by itself an hour after the last such message.
`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}
