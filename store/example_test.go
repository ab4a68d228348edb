package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// frontDesk opens an incident for every message. It is the smallest store.Decider.
type frontDesk struct{ processor.References }

// Keys implements processor.Decider: this one looks nothing up.
func (frontDesk) Keys(*processor.Message) processor.Keys { return processor.Keys{} }

// Decide implements processor.Decider.
func (f frontDesk) Decide(m *processor.Message, _ processor.Directory, _ time.Time) processor.Decision {
	return processor.OpenRequest{
		Reason: processor.NewReason(processor.ReasonNewMail), Kind: processor.Incident, Subject: m.Subject,
		Requester: f.Login, User: f.Login,
	}
}

// SetAsideAgain implements store.Decider.
func (f frontDesk) SetAsideAgain(_ store.Delivery, why processor.Reason, _ int64) string {
	return why.Detail()
}

// SetAside implements store.Decider.
func (f frontDesk) SetAside(_ store.Delivery, why processor.Reason) processor.OpenRequest {
	return processor.OpenRequest{
		Kind: processor.Event, Subject: "Message set aside", Body: why.Detail(), Requester: f.Login, User: f.Login,
	}
}

// Loop implements store.Decider.
func (f frontDesk) Loop(d store.Delivery, added processor.AddActivity) processor.OpenRequest {
	return f.SetAside(d, added.Reason)
}

// exampleTB lets an example use storetest, which ends databases with a test.
type exampleTB struct {
	testing.TB
	cleanups []func()
}

func (*exampleTB) Helper()                  {}
func (*exampleTB) Context() context.Context { return context.Background() }
func (t *exampleTB) Cleanup(f func())       { t.cleanups = append(t.cleanups, f) }
func (*exampleTB) Fatal(args ...any)        { panic(fmt.Sprint(args...)) }

func (t *exampleTB) end() {
	for i := len(t.cleanups) - 1; i >= 0; i-- {
		t.cleanups[i]()
	}
}

// A message is recorded with its receipt in one transaction. When the same octets come again, under whichever unique-id,
// the receipt tells that the message is known: it may be deleted from its mailbox, and nothing is recorded.
func ExampleStore_Accept() {
	tb := &exampleTB{}
	defer tb.end()
	db := storetest.New(tb)
	db.Exec(tb, `INSERT INTO team (name) VALUES ('IT'); INSERT INTO user_account (logon, name) VALUES ('daemon', 'Daemon')`)
	files, err := os.MkdirTemp("", "attachments-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(files)

	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{URL: db.URL, AttachmentDirectory: files})
	if err != nil {
		panic(err)
	}
	defer s.Close()
	mailbox, err := s.Resolve(ctx, "helpdesk", processor.Names{Team: "IT", Login: "daemon"})
	if err != nil {
		panic(err)
	}

	raw := octets("Subject: No paper\r\n\r\nThe printer is out of paper.\r\n")
	m := processor.Parse(raw, raw.Size())
	for _, uidl := range []string{"1", "another"} {
		outcomes, err := s.Accept(ctx, mailbox, []store.Delivery{{UIDL: uidl, Message: m, Raw: raw}}, frontDesk{mailbox.References})
		if err != nil {
			panic(err)
		}
		fmt.Println(outcomes[0].Result, outcomes[0].Request, "known:", outcomes[0].Known)
	}
	// Output:
	// opened 1 known: false
	// opened 1 known: true
}

// An event about the daemon itself is opened with the configuration of its mailbox, followed by an activity, and processed
// when the trouble is over. The names of the mailbox do not exist any more, so those of the service take their place.
func ExampleStore_Write() {
	tb := &exampleTB{}
	defer tb.end()
	db := storetest.New(tb)
	db.Exec(tb, `INSERT INTO team (name) VALUES ('IT'); INSERT INTO user_account (logon, name) VALUES ('daemon', 'Daemon')`)
	files, err := os.MkdirTemp("", "attachments-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(files)

	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{URL: db.URL, AttachmentDirectory: files})
	if err != nil {
		panic(err)
	}
	defer s.Close()
	refs, err := s.EventReferences(ctx, "helpdesk", processor.Names{Team: "Old", Login: "old"}, processor.Names{Team: "IT", Login: "daemon"})
	if err != nil {
		panic(err)
	}
	why := processor.NewReason("login_refused", "the server refuses the password")

	var number int64
	err = s.Write(ctx, refs.Login, func(j *store.Journal) (err error) {
		event := refs.Event(why, "Mailbox helpdesk: log-in refused", "What to do: correct the password.")
		event.Files = []store.File{{Name: "helpdesk.xml", MediaType: "application/xml", Content: store.OctetsOf([]byte("<MailIntegration/>"))}}
		number, err = j.Open(ctx, event)
		if errors.Is(err, store.ErrFilesNotKept) { // an event about the attachment directory must be possible, too
			event.Files = nil
			number, err = j.Open(ctx, event)
		}
		return err
	})
	if err != nil {
		panic(err)
	}
	over := processor.NewReason("login_refused", "the server accepts the password again")
	err = s.Write(ctx, refs.Login, func(j *store.Journal) error {
		last, err := j.Add(ctx, store.NewActivity{Request: number, Body: "It lasted for 12 minutes.", Reason: over})
		if err != nil {
			return err
		}
		_, err = j.SetState(ctx, store.StateChange{Request: number, Activity: last, State: processor.StateProcessed, Reason: over})
		return err
	})
	if err != nil {
		panic(err)
	}

	event, err := s.Request(ctx, number)
	if err != nil {
		panic(err)
	}
	fmt.Println(event.Kind, event.Number, event.State, len(event.Attachments), "file")
	for _, h := range event.History {
		fmt.Printf("%s by %s: %s\n", h.What, h.Author.Name, h.Detail)
	}
	// Output:
	// event 1 processed 1 file
	// opened by Daemon: the server refuses the password
	// activity_added by Daemon: the server accepts the password again
	// processed by Daemon: the server accepts the password again
}
