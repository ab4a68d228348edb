package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"mailintegration/store"
)

type messageCmd struct {
	List messageListCmd `cmd:"" aliases:"find" help:"List what became of messages, newest first; also of those that were ignored or refused."`
	Show messageShowCmd `cmd:"" help:"Show what became of one message, and why."`
}

type messageListCmd struct {
	output
	Sender    string `placeholder:"TEXT" help:"Only messages from this address, or from a name or an address with this part."`
	Subject   string `placeholder:"TEXT" help:"Only messages with this part of the subject."`
	MessageID string `name:"message-id" placeholder:"ID" help:"Only messages with this Message-ID."`
	Request   int64  `placeholder:"N" help:"Only messages that opened this request, were added to it, or are set aside with this event."`
	Mailbox   string `placeholder:"NAME" help:"Only messages of this mailbox."`
	Outcome   string `enum:"opened,added,refused,ignored,set_aside," default:"" help:"Only this outcome: opened, added, refused, ignored or set_aside."`
	Since     moment `placeholder:"TIME" help:"Only messages recorded at this time or later: 2026-11-26, '2026-11-26 14:30', or 36h or 7d ago."`
	Until     moment `placeholder:"TIME" help:"Only messages recorded before this time."`
	Limit     int    `default:"50" help:"The largest number to list."`
}

// Run lists messages.
func (c *messageListCmd) Run(e *env) error {
	if c.Limit < 1 {
		return &failure{code: exitUsage, err: fmt.Errorf("--limit %d: list at least one message", c.Limit), hint: "leave --limit out to list 50"}
	}
	return list(e, c.output, func(s *store.Store) ([]store.MessageSummary, error) { return c.search(e, s) },
		[]string{"message", "recorded", "mailbox", "from", "subject", "became"}, func(m store.MessageSummary) []any {
			return []any{m.ID, when(&m.AcceptedAt), m.Mailbox, sentBy(m), short(m.Subject, 50), outcome(m)}
		})
}

// search returns the newest messages.
func (c *messageListCmd) search(e *env, s *store.Store) ([]store.MessageSummary, error) {
	page, err := s.FindMessages(e.ctx, store.MessageFilter{
		Sender: c.Sender, Subject: c.Subject, MessageID: c.MessageID, Request: c.Request, Mailbox: c.Mailbox, Outcome: c.Outcome,
		Since: c.Since.Time, Until: c.Until.Time, Limit: c.Limit,
	}, 0)
	if errors.Is(err, store.ErrUnknown) {
		return nil, &failure{code: exitFailed, err: err, hint: "run mailintegration mailbox list to see the names"}
	}
	return page.Messages, err
}

// sentBy returns who sent a message.
func sentBy(m store.MessageSummary) string {
	if !m.HasHeader {
		return "(unknown)"
	}
	return sender(m.Sender)
}

// outcome says what became of a message.
func outcome(m store.MessageSummary) string {
	switch {
	case m.Aside != nil:
		return fmt.Sprintf("set aside as %d, event %d", *m.Aside, *m.Request)
	case m.Request == nil && m.Detail != "":
		return m.Outcome + ": " + m.Detail
	case m.Request == nil:
		return m.Outcome
	case m.Activity != nil:
		return fmt.Sprintf("added to %d", *m.Request)
	}
	return fmt.Sprintf("%s %d", m.Outcome, *m.Request)
}

type messageShowCmd struct {
	output
	Message string `arg:"" help:"The message: its name in the list, or at least 6 digits of the SHA-256 of its octets."`
	Mailbox string `placeholder:"NAME" help:"The mailbox, needed if several had the same octets."`
}

// Run shows one message.
func (c *messageShowCmd) Run(e *env) error {
	in, err := openToRead(e)
	if err != nil {
		return err
	}
	defer in.close()
	m, err := in.store.Message(e.ctx, store.MessageName{Digits: c.Message, Mailbox: c.Mailbox})
	switch several := new(store.AmbiguousMessageError); {
	case errors.As(err, &several):
		return &failure{code: exitFailed, err: err, hint: several.Hint()}
	case errors.Is(err, store.ErrUnknown), errors.Is(err, store.ErrMessageName):
		return &failure{code: exitFailed, err: err, hint: "run mailintegration message list to see the names"}
	case err != nil:
		return err
	case c.JSON:
		return e.printJSON(m)
	}
	return showMessage(e.stdout, m)
}

// showMessage prints what became of a message, for people.
func showMessage(w io.Writer, m store.MessageDetail) error {
	printLine(w, "message %s: %s", m.ID, cmp.Or(m.Subject, "(no subject known)"))
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	f := facts{t, "  "}
	f.say("Outcome", outcomeOf(m))
	f.say("Because", strings.TrimSpace(m.Detail+" ["+m.Reason+"]"))
	f.say("Mailbox", m.Mailbox)
	f.say("From", sentBy(m.MessageSummary))
	if m.SentAt != nil {
		f.say("Sent", when(m.SentAt))
	}
	f.say("Recorded", when(&m.AcceptedAt))
	f.say("Last seen", when(&m.LastSeenAt))
	f.say("Retrieved", plural(m.TimesSeen, "time"))
	f.say("Message-ID", m.MessageID)
	f.say("Unique-ID", m.UIDL)
	f.say("Size", size(m.Octets))
	f.say("SHA-256", m.SHA256)
	f.say("Octets", m.File)
	if err := t.Flush(); err != nil {
		return err
	}
	showDefects(w, m.Defects)
	fmt.Fprintln(w)
	for _, line := range nextSteps(m) {
		printLine(w, "%s", line)
	}
	return nil
}

// outcomeOf says what became of a message, with what that is today.
func outcomeOf(m store.MessageDetail) string {
	switch {
	case m.WasAside != nil && m.Aside == nil:
		return fmt.Sprintf("%s, after it had been set aside as %d", recordedAs(m), m.WasAside.ID)
	case m.WasAside != nil:
		return fmt.Sprintf("set aside as %d with event %d; %s", m.WasAside.ID, *m.Request, m.WasAside.State)
	}
	return recordedAs(m)
}

// recordedAs names the request that a message opened or was added to.
func recordedAs(m store.MessageDetail) string {
	what := map[string]string{store.Opened: "opened", store.Added: "added to"}[m.Outcome]
	if what == "" || m.Request == nil {
		return m.Outcome
	}
	return fmt.Sprintf("%s %s %d (%s): %s", what, m.Kind.Words(), *m.Request, m.State, m.About)
}

// nextSteps returns what a person can look at next.
func nextSteps(m store.MessageDetail) (lines []string) {
	switch {
	case m.WasAside != nil:
		lines = append(lines, fmt.Sprintf("To see more of it: mailintegration setaside show %d", m.WasAside.ID))
	case m.Request != nil:
		lines = append(lines, fmt.Sprintf("To see what it became: mailintegration request show %d", *m.Request))
	}
	if m.File == "" {
		return append(lines, "Its octets are not kept: IncludeRawMessageAsAttachment True in the mailbox file keeps those of later messages.")
	}
	return append(lines, "To see what would be decided about it today: "+asTyped("explain", "--mailbox", m.Mailbox, m.File))
}
