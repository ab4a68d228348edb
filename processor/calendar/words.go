package calendar

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mailintegration/processor/charset"
	"mailintegration/processor/htmltext"
)

// mostWords bounds the description and the comment of an event, in octets each.
const mostWords = 64 << 10

// Words tells what an iCalendar object says: what, who with their answer, when, where, and what people wrote. label is the
// charset that the part declares, method the one in its media type (RFC 6047 §2.4). Words returns "" for octets in which
// there is no event.
func Words(octets []byte, label, method string) string {
	source, _ := charset.Text(unfold(octets), cmp.Or(label, "utf-8")) // RFC 5545 §3.1.4
	o := parse(source)
	o.method = cmp.Or(o.method, strings.ToUpper(method))
	var told []string
	for _, e := range o.events {
		if words := o.tell(e); words != "" {
			told = append(told, words)
		}
	}
	if o.more > 0 {
		told = append(told, fmt.Sprintf("(and %d more)", o.more))
	}
	return charset.Clean(strings.Join(told, "\n\n"))
}

// tell returns an event in words, "" if it says nothing.
func (o object) tell(e event) string {
	var b strings.Builder
	line := func(label, value string) {
		if value != "" {
			b.WriteString(label + ": " + value + "\n")
		}
	}
	line("When", e.when())
	line("Due", e.due.words())
	line("Repeats", repeats(e.rule))
	line("Occurrence", e.occurrence.words())
	line("Where", oneLine(e.location))
	line("Organizer", e.organizer.String())
	b.WriteString(e.people(o.method))
	written := e.written()
	if b.Len() == 0 && e.summary == "" && len(written) == 0 {
		return ""
	}
	head := strings.TrimSpace(o.what(e) + ": " + cmp.Or(oneLine(e.summary), "(no title)") + "\n" + b.String())
	return strings.Join(append([]string{head}, written...), "\n\n")
}

// words returns a moment in words, "" for none.
func (m moment) words() string {
	if !m.isKnown() {
		return ""
	}
	return m.String()
}

// what says what the object is: its method (RFC 5546 §1.4), or else its kind.
func (o object) what(e event) string {
	isCancelled := strings.EqualFold(e.status, "CANCELLED")
	switch {
	case o.method == "REPLY":
		return e.answer()
	case o.method == "CANCEL" || isCancelled:
		return "Cancelled"
	case o.method == "REQUEST" && e.sequence != "" && e.sequence != "0":
		return "Updated invitation"
	case methods[o.method] != "":
		return methods[o.method]
	}
	return kinds[e.kind]
}

var methods = map[string]string{
	"REQUEST": "Invitation", "COUNTER": "New time proposed", "DECLINECOUNTER": "Proposal declined", "ADD": "Dates added",
	"REFRESH": "Asked for the newest version",
}

var kinds = map[string]string{"VEVENT": "Event", "VTODO": "Task", "VJOURNAL": "Note", "VFREEBUSY": "Free and busy times"}

// answers are the answers of attendees (RFC 5545 §3.2.12) in words.
var answers = map[string]string{
	"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "accepted tentatively", "DELEGATED": "delegated", "COMPLETED": "completed",
	"IN-PROCESS": "in progress", "NEEDS-ACTION": "no answer yet",
}

// answer says what was answered: what the attendees say if they all say the same.
func (e event) answer() string {
	said := ""
	for i, a := range e.attendees {
		if i > 0 && answers[a.answer] != said {
			return "Answer"
		}
		said = answers[a.answer]
	}
	if said == "" {
		return "Answer"
	}
	return strings.ToUpper(said[:1]) + said[1:]
}

// people returns a line for each attendee who has answered, and one for the others.
func (e event) people(method string) string {
	var b strings.Builder
	var silent []string
	for _, a := range e.attendees {
		answer, isAnswer := answers[a.answer]
		switch {
		case isAnswer && a.answer != "NEEDS-ACTION" || method == "REPLY" && isAnswer:
			b.WriteString(cmp.Or(a.String(), "Somebody") + ": " + answer + "\n")
		case !a.isPlace && a.String() != "":
			silent = append(silent, a.String())
		}
	}
	if e.more > 0 {
		silent = append(silent, fmt.Sprintf("%d more", e.more))
	}
	if len(silent) > 0 {
		b.WriteString("Attendees: " + strings.Join(silent, ", ") + "\n")
	}
	return b.String()
}

// String returns a person as mail shows one: Ann Lee <ann.lee@example.com>.
func (p person) String() string {
	name, address := oneLine(p.name), oneLine(p.address)
	switch {
	case name == "" || name == address:
		return address
	case address == "":
		return name
	}
	return name + " <" + address + ">"
}

// written returns what people wrote: comments, then the description.
func (e event) written() []string {
	all := slices.Clone(e.comments)
	for _, a := range e.attendees {
		all = append(all, a.comment)
	}
	description := e.description
	if strings.TrimSpace(description) == "" && e.html != "" {
		description = htmltext.Text(e.html, mostWords)
	}
	all = append(all, description)
	var kept []string
	for _, s := range all {
		s, _ = charset.CutOctets(strings.TrimSpace(s), mostWords)
		if s != "" && !slices.Contains(kept, s) {
			kept = append(kept, s)
		}
	}
	return kept
}

// oneLine returns a text as one line of bounded length.
func oneLine(s string) string {
	const longest = 500 // runes
	s, _ = charset.CutRunes(charset.OneLine(s), longest)
	return s
}
