package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"mailintegration/store"
)

// showRequest prints a request for people: its fields, its text, its activities and its history.
func showRequest(w io.Writer, r store.RequestDetail) error {
	printLine(w, "%s %d: %s", r.Kind, r.Number, r.Subject)
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	field := func(name string, value any) {
		if s := fmt.Sprint(value); s != "" && s != "0" {
			fmt.Fprintf(t, "  %s\t%s\n", inOneLine(name), inOneLine(s))
		}
	}
	field("Type", r.Type)
	field("State", r.State)
	field("Team", r.Team)
	field("Requester", person(r.Requester))
	field("User", person(r.User))
	field("Site", r.Site)
	field("Group", r.Group)
	field("Assignee", person(r.Assignee))
	field("Priority", r.Priority)
	field("Source", r.Source)
	if r.DueAt != nil {
		field("Due", when(r.DueAt))
	}
	for _, f := range r.Fields {
		field(f.Name, f.Value)
	}
	if r.LinkedTo != nil {
		field("Linked to", *r.LinkedTo)
	}
	field("From", sender(r.Sender))
	if r.FromOwn {
		field("Note", fromOwnNote)
	}
	field("Sent", when(r.SentAt))
	field("Opened", when(&r.OpenedAt)+" by "+person(r.OpenedBy))
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%s\n", indent(r.Body))
	showDefects(w, r.Defects)
	showAttachments(w, r.Attachments)
	for _, a := range r.Activities {
		fmt.Fprintln(w)
		printLine(w, "Activity from %s, %s%s", sender(a.Sender), when(a.SentAt), flagOf(a))
		fmt.Fprintf(w, "\n%s\n", indent(a.Body))
		showDefects(w, a.Defects)
		showAttachments(w, a.Attachments)
	}
	fmt.Fprintln(w, "\nHistory")
	for _, h := range r.History {
		printLine(w, "  %s  %s  %s: %s", when(&h.At), person(h.Author), h.What, h.Detail)
	}
	return nil
}

// showDefects prints what makes a message hard to believe.
func showDefects(w io.Writer, defects []string) {
	if len(defects) == 0 {
		return
	}
	fmt.Fprintln(w, "\n  Defects of the message")
	for _, d := range defects {
		printLine(w, "    %s", d)
	}
}

// fromOwnNote says of a message that it came from an address of our own.
const fromOwnNote = "it came from an address of our own: a loop, a forgery, or somebody who writes with it"

// flagOf says why a person should check an activity, "" if nobody needs to.
func flagOf(a store.ActivityDetail) string {
	switch {
	case a.FromOwn:
		return " [flagged: " + fromOwnNote + "]"
	case a.Flagged:
		return " [flagged: the sender had no part in this request]"
	}
	return ""
}

func showAttachments(w io.Writer, attachments []store.AttachmentDetail) {
	if len(attachments) == 0 {
		return
	}
	fmt.Fprintln(w, "\n  Attachments")
	for _, a := range attachments {
		printLine(w, "    %d: %s (%s, %s)", a.ID, a.Name, a.MediaType, size(a.Octets))
	}
}

// sender returns a name and address as mail programs show them.
func sender(s store.Sender) string {
	switch {
	case s.Name == "":
		return s.Address
	case s.Address == "":
		return s.Name
	}
	return s.Name + " <" + s.Address + ">"
}

// person returns a user's name, "" for nobody.
func person(p *store.Person) string {
	if p == nil {
		return ""
	}
	return p.Name
}

// when returns a time in the local time zone. A message may have no date.
func when(t *time.Time) string {
	if t == nil || t.IsZero() {
		return "no date"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}
