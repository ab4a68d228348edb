package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"mailintegration/processor"
	"mailintegration/store"
)

// print explains a message for an administrator: its content, the decision about it, and the reason. known tells what
// became of the message when the mailbox recorded it; nil if it has not.
func (x *explaining) print(
	w io.Writer, file string, m *processor.Message, raw io.ReaderAt, d processor.Decision, known *store.MessageDetail,
) error {
	printLine(w, "%s", file)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	printMessage(facts{t, "  "}, m)
	if err := t.Flush(); err != nil {
		return err
	}
	printText(w, m)
	if err := printAttachments(w, m, raw, d); err != nil {
		return err
	}
	if len(m.Defects) > 0 {
		fmt.Fprintln(w, "\n  Defects, read nevertheless")
		for _, d := range m.Defects {
			printLine(w, "    %s", strings.TrimPrefix("part "+d.Part+": "+d.What, "part : "))
		}
	}
	if err := printFilters(w, x.policy.FilterResults(m)); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n  Decision: %s\n", verdictOf(d))
	printReason(w, d.Why())
	printDecision(facts{t, "    "}, d)
	printReply(facts{t, "    "}, d)
	if err := t.Flush(); err != nil {
		return err
	}
	printKnown(w, known)
	return nil
}

// printKnown says that a poll would record nothing, because the mailbox has the message already.
func printKnown(w io.Writer, m *store.MessageDetail) {
	if m == nil {
		return
	}
	fmt.Fprintln(w)
	printLine(w, "  Known: recorded in mailbox %s on %s: %s", m.Mailbox, when(&m.AcceptedAt), outcomeOf(*m))
	printLine(w, "    A poll records it no second time. To see more: mailintegration message show %s", m.ID)
}

// facts prints lines of a name and a value. It skips empty values.
type facts struct {
	w      io.Writer
	indent string
}

func (f facts) say(name, value string) {
	if value != "" {
		fmt.Fprintf(f.w, "%s%s\t%s\n", f.indent, inOneLine(name), inOneLine(value))
	}
}

// printMessage prints the header fields of a message.
func printMessage(f facts, m *processor.Message) {
	f.say("From", addresses(m.From))
	if m.Author() != m.From {
		f.say("Written by", addresses(m.Author()))
	}
	f.say("Reply-To", addresses(m.ReplyTo...))
	f.say("To", addresses(m.To...))
	f.say("Cc", addresses(m.Cc...))
	if !m.Date.IsZero() {
		f.say("Date", m.Date.Format(time.RFC1123Z))
	}
	f.say("Subject", m.Subject)
	f.say("Message-ID", m.MessageID)
	f.say("In-Reply-To", strings.Join(m.InReplyTo, " "))
	f.say("References", strings.Join(m.References, " "))
	f.say("Automatic", string(m.Automatic))
	f.say("Size", size(m.Octets))
}

// mostShown is the most people, or lines of a text, to show.
const mostShown = 10

// addresses returns names and addresses in the form of mail programs.
func addresses(list ...processor.Address) string {
	var shown []string
	for i, a := range list {
		if i == mostShown {
			shown = append(shown, fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		switch {
		case a.Name == "":
			shown = append(shown, a.Addr)
		case a.Addr == "":
			shown = append(shown, a.Name)
		default:
			shown = append(shown, a.Name+" <"+a.Addr+">")
		}
	}
	return strings.Join(shown, ", ")
}

// printText prints the beginning of the author's text, and how many lines it leaves out.
func printText(w io.Writer, m *processor.Message) {
	text, all := strings.TrimSpace(m.ReplyText), strings.TrimSpace(m.Text)
	if text == "" {
		text = all
	}
	if text == "" {
		fmt.Fprintln(w, "\n  No text")
		return
	}
	lines := strings.Split(text, "\n")
	fmt.Fprintln(w, "\n  Text")
	for _, line := range lines[:min(len(lines), mostShown)] {
		fmt.Fprintln(w, strings.TrimRight("    "+short(line, 110), " "))
	}
	if more := len(lines) - mostShown; more > 0 {
		fmt.Fprintf(w, "    … (%d more lines)\n", more)
	}
	if quoted := strings.Count(all, "\n") + 1 - len(lines); quoted > 0 {
		fmt.Fprintf(w, "    … (%d lines of quoted mail or signature)\n", quoted)
	}
}

// printAttachments prints name, type and decoded size of each attachment, and whether it is not stored.
func printAttachments(w io.Writer, m *processor.Message, raw io.ReaderAt, d processor.Decision) error {
	if len(m.Attachments) == 0 {
		return nil
	}
	fmt.Fprintln(w, "\n  Attachments")
	for _, a := range m.Attachments {
		octets, err := io.Copy(io.Discard, a.Open(raw))
		if err != nil {
			return fmt.Errorf("attachment %s: %w", a.Name, err)
		}
		detail := ""
		if a.Inline {
			detail = ", shown within the text"
		}
		if !isStored(a, d) {
			detail += ", not stored: IgnoredAttachments names it"
		}
		printLine(w, "    %s (%s, %s%s)", a.Name, a.MediaType, size(octets), detail)
	}
	return nil
}

// isStored reports whether the decision stores an attachment. It is true for a decision that stores no attachments at
// all, because then IgnoredAttachments is not the cause.
func isStored(a processor.Attachment, d processor.Decision) bool {
	var stored []processor.Attachment
	switch d := d.(type) {
	case processor.OpenRequest:
		stored = d.Attachments
	case processor.AddActivity:
		stored = d.Attachments
	default:
		return true
	}
	return slices.ContainsFunc(stored, func(s processor.Attachment) bool { return s.Name == a.Name })
}

// printFilters prints the result of each filter of the mailbox.
func printFilters(w io.Writer, results []processor.FilterResult) error {
	if len(results) == 0 {
		return nil
	}
	fmt.Fprintln(w, "\n  Filters")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range results {
		holds := "no"
		if r.Holds {
			holds = "yes"
		}
		fmt.Fprintf(t, "    %s\t%s\t%s\n", inOneLine(r.Name), holds, inOneLine(r.Detail))
	}
	return t.Flush()
}

// verdictOf describes a decision in a few words.
func verdictOf(d processor.Decision) string {
	switch d := d.(type) {
	case processor.OpenRequest:
		article := "an"
		if d.Kind == processor.ServiceRequest {
			article = "a"
		}
		verdict := fmt.Sprintf("open %s %s", article, d.Kind.Words())
		if d.FromOwn {
			verdict += ", marked as sent from an address of our own"
		}
		if d.LinkedTo != 0 {
			verdict += fmt.Sprintf(", linked to %d", d.LinkedTo)
		}
		return verdict
	case processor.AddActivity:
		verdict := fmt.Sprintf("add an activity to %s %d", cmp.Or(d.Kind, "request").Words(), d.Request)
		if d.Reopen {
			verdict += " and reopen it"
		}
		if d.Flagged {
			verdict += ", flagged for a person to look at"
		}
		return verdict
	case processor.Refuse:
		return "refuse: nothing is opened"
	case processor.Ignore:
		return "ignore: only the receipt is recorded, with the raw message"
	}
	return "set aside: the message is kept whole, and an event carries it"
}

// printReason prints the clauses of a reason, one per line.
func printReason(w io.Writer, why processor.Reason) {
	for i, clause := range why.Clauses {
		because := "because "
		if i > 0 {
			because = "        "
		}
		printLine(w, "    %s%s", because, clause)
	}
	fmt.Fprintf(w, "    (%s)\n", why.Code)
}

// printDecision prints the fields that the decision would record.
func printDecision(f facts, d processor.Decision) {
	switch d := d.(type) {
	case processor.OpenRequest:
		f.say("Type", d.Type.Name)
		f.say("Subject", d.Subject)
		f.say("Requester", d.Requester.Name)
		f.say("User", d.User.Name)
		f.say("Site", d.Site.Name)
		f.say("Group", d.Group.Name)
		f.say("Assignee", d.Assignee.Name)
		f.say("Priority", d.Priority.Name)
		f.say("Source", d.Source.Name)
		if !d.Due.IsZero() {
			f.say("Due", d.Due.Format("2006-01-02 15:04"))
		}
		for _, field := range d.Fields {
			f.say(field.Name, field.Value)
		}
		f.say("Own addresses", strings.Join(d.Own, ", "))
		f.say("Attached", attached(d.Attachments, d.AttachRaw))
	case processor.AddActivity:
		f.say("Author", d.Author.Name)
		f.say("Attached", attached(d.Attachments, d.AttachRaw))
	}
}

// printReply prints the answer that the sender would get, or why there is none although one is due.
func printReply(f facts, d processor.Decision) {
	reply, none := processor.ReplyOf(d)
	if none != "" {
		f.say("Reply", "none: "+none)
	}
	if reply != nil {
		f.say("Reply", fmt.Sprintf("%s, to %s, in the language %s", reply.Kind, addresses(reply.To), cmp.Or(reply.Language, "en")))
	}
}

// attached lists the files that the decision would store.
func attached(list []processor.Attachment, raw bool) string {
	var names []string
	for _, a := range list {
		names = append(names, a.Name)
	}
	if raw {
		names = append(names, "the raw message")
	}
	return strings.Join(names, ", ")
}

// explanation says for programs what explain has found out about one message.
type explanation struct {
	File string `json:"file"` // as the command line names it
	processor.Explanation
	Known *store.MessageSummary `json:"known,omitempty"` // left out if the mailbox has not recorded the message, or nobody asked the database
}

// printJSON prints the explanation in one line of JSON. processor.Explanation and store.MessageSummary document most of it.
func printJSON(w io.Writer, file string, m *processor.Message, raw io.ReaderAt, d processor.Decision, known *store.MessageDetail) error {
	said, err := processor.Explain(m, raw, d)
	if err != nil {
		return err
	}
	line := explanation{File: file, Explanation: said}
	if known != nil {
		line.Known = &known.MessageSummary
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(line)
}
