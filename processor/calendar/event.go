package calendar

import "strings"

// Bounds of what is told.
const (
	mostEvents    = 10
	mostAttendees = 30
	mostComments  = 30
)

// object is an iCalendar object.
type object struct {
	method string // of iTIP (RFC 5546 §1.4), in upper case, "" for none
	events []event
	more   int // how many events there are beyond mostEvents
}

// event is a VEVENT, VTODO, VJOURNAL or VFREEBUSY.
type event struct {
	kind              string
	summary, location string
	description       string
	comments          []string
	html              string // the description as HTML, which Outlook writes beside the other or instead of it
	status            string
	sequence          string
	start, end, due   moment
	occurrence        moment // the one that the object is about, of those that a rule makes
	duration          string
	rule              string
	organizer         person
	attendees         []person
	more              int // how many attendees there are beyond mostAttendees
}

// person is who organizes an event or takes part in it.
type person struct {
	name, address string
	answer        string // PARTSTAT, in upper case
	comment       string
	isPlace       bool // a room, or what is in it
}

// parse reads an iCalendar object that is unfolded.
func parse(lines string) object {
	var o object
	var open []string // the names of the open components, the outermost first
	for lines != "" {
		var p property
		var ok bool
		p, lines, ok = nextProperty(lines)
		switch {
		case !ok:
		case p.name == "BEGIN" && len(open) < 10:
			open = append(open, strings.ToUpper(strings.TrimSpace(p.value)))
			o.begin(open)
		case p.name == "END" && len(open) > 0:
			open = open[:len(open)-1]
		case p.name == "METHOD" && len(open) <= 1:
			o.method = strings.ToUpper(strings.TrimSpace(p.value))
		case isEvent(open) && o.more == 0 && len(o.events) > 0:
			o.events[len(o.events)-1].set(p)
		}
	}
	return o
}

// begin begins an event where the innermost open component is one.
func (o *object) begin(open []string) {
	switch {
	case !isEvent(open):
	case len(o.events) == mostEvents:
		o.more++
	default:
		o.events = append(o.events, event{kind: open[len(open)-1]})
	}
}

// isEvent reports whether the innermost open component is an event. Some programs leave VCALENDAR out.
func isEvent(open []string) bool {
	if len(open) == 0 || len(open) > 2 || len(open) == 2 && open[0] != "VCALENDAR" {
		return false
	}
	switch open[len(open)-1] {
	case "VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY":
		return true
	}
	return false
}

// set takes a property of the event.
func (e *event) set(p property) {
	for _, field := range []struct {
		name string
		to   *string
	}{
		{"SUMMARY", &e.summary}, {"LOCATION", &e.location}, {"DESCRIPTION", &e.description},
		{"STATUS", &e.status}, {"SEQUENCE", &e.sequence}, {"DURATION", &e.duration}, {"RRULE", &e.rule},
	} {
		if p.name == field.name && *field.to == "" {
			*field.to = strings.TrimSpace(text(p.value))
			return
		}
	}
	switch p.name {
	case "COMMENT":
		if len(e.comments) < mostComments {
			e.comments = append(e.comments, text(p.value))
		}
	case "X-ALT-DESC":
		e.html = text(p.value)
	case "DTSTART":
		e.start = momentOf(p)
	case "DTEND":
		e.end = momentOf(p)
	case "DUE":
		e.due = momentOf(p)
	case "RECURRENCE-ID":
		e.occurrence = momentOf(p)
	case "ORGANIZER":
		e.organizer = personOf(p)
	case "ATTENDEE":
		e.attend(personOf(p))
	}
}

// attend adds an attendee.
func (e *event) attend(a person) {
	if len(e.attendees) == mostAttendees {
		e.more++
		return
	}
	e.attendees = append(e.attendees, a)
}

// personOf reads an organizer or an attendee (RFC 5545 §3.3.3).
func personOf(p property) person {
	address := strings.TrimSpace(p.value)
	if len(address) >= 7 && strings.EqualFold(address[:7], "mailto:") {
		address = address[7:]
	}
	if !strings.Contains(address, "@") { // some other URI: a path of a directory
		address = ""
	}
	if email := p.params["EMAIL"]; address == "" { // RFC 7986 §6.2
		address = email
	}
	a := person{name: strings.TrimSpace(p.params["CN"]), address: address, answer: strings.ToUpper(p.params["PARTSTAT"])}
	if a.answer == "" {
		a.answer = strings.ToUpper(p.params["STATUS"]) // vCalendar 1.0
	}
	for _, name := range []string{"X-RESPONSE-COMMENT", "X-CALENDARSERVER-RESPONSE-COMMENT"} { // Google, Apple
		if comment := p.params[name]; a.comment == "" {
			a.comment = strings.TrimSpace(text(comment))
		}
	}
	switch strings.ToUpper(p.params["CUTYPE"]) {
	case "ROOM", "RESOURCE":
		a.isPlace = true
	}
	return a
}
