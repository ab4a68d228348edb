package calendar

import (
	"strings"
	"testing"
)

// eventWith returns an object of one event with these lines.
func eventWith(method string, lines ...string) string {
	return "BEGIN:VCALENDAR\r\nMETHOD:" + method + "\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Paris\r\nBEGIN:STANDARD\r\nDTSTART:16010101T030000\r\n" +
		"END:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nSUMMARY:Move\r\n" + strings.Join(lines, "\r\n") +
		"\r\nBEGIN:VALARM\r\nDESCRIPTION:Reminder\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
}

func TestACalendarIsToldInWords(t *testing.T) {
	t.Parallel()
	const (
		organizer = `ORGANIZER;CN="Desk, IT":mailto:desk@example.com`
		start     = "DTSTART;TZID=Europe/Paris:20261103T093000"
		end       = "DTEND;TZID=Europe/Paris:20261103T110000"
	)
	tests := []struct{ name, source, want string }{
		{"an invitation", eventWith("REQUEST", organizer, "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:ann@example.com", "ATTENDEE;CN=Bo:mailto:bo@example.com",
			start, end, `LOCATION:Room 2\, left`, `DESCRIPTION:Bring boxes.\n\nThank you\; Ann`),
			"Invitation: Move\nWhen: Tuesday 3 November 2026, 09:30–11:00 (Europe/Paris)\nWhere: Room 2, left\nOrganizer: Desk, IT <desk@example.com>\n" +
				"Attendees: ann@example.com, Bo <bo@example.com>\n\nBring boxes.\n\nThank you; Ann"},
		{"an invitation that has changed", eventWith("REQUEST", "SEQUENCE:2", start), "Updated invitation: Move\nWhen: Tuesday 3 November 2026, 09:30 (Europe/Paris)"},
		{"a refusal with a comment", eventWith("REPLY", "ATTENDEE;PARTSTAT=DECLINED;CN=Ann Lee:MAILTO:ann@example.com", start, `COMMENT:Sorry\, I am away.`),
			"Declined: Move\nWhen: Tuesday 3 November 2026, 09:30 (Europe/Paris)\nAnn Lee <ann@example.com>: declined\n\nSorry, I am away."},
		{"a comment within the attendee, as Google writes it", eventWith("REPLY", `ATTENDEE;CN=ann@example.com;PARTSTAT=TENTATIVE;X-RESPONSE-COMMENT="Perhaps: late":mailto:ann@example.com`),
			"Accepted tentatively: Move\nann@example.com: accepted tentatively\n\nPerhaps: late"},
		{"a name with quotes in it (RFC 6868)", eventWith("REPLY", `ATTENDEE;PARTSTAT=ACCEPTED;CN="Ann ^'Bee^' Lee":mailto:ann@example.com`),
			"Accepted: Move\nAnn \"Bee\" Lee <ann@example.com>: accepted"},
		{"different answers", eventWith("REPLY", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@example.com", "ATTENDEE;PARTSTAT=DELEGATED:mailto:b@example.com"),
			"Answer: Move\na@example.com: accepted\nb@example.com: delegated"},
		{"a meeting that is cancelled", eventWith("CANCEL", start, end), "Cancelled: Move\nWhen: Tuesday 3 November 2026, 09:30–11:00 (Europe/Paris)"},
		{"an event whose status says that it is cancelled", eventWith("PUBLISH", "STATUS:CANCELLED"), "Cancelled: Move"},
		{"another time that is proposed", eventWith("COUNTER", "DTSTART:20261103T093000Z", "DTEND:20261104T110000Z"),
			"New time proposed: Move\nWhen: Tuesday 3 November 2026, 09:30 – Wednesday 4 November 2026, 11:00 (UTC)"},
		{"a proposal that is refused", eventWith("DECLINECOUNTER"), "Proposal declined: Move"},
		{"an event that is published, at the reader's own time", eventWith("PUBLISH", "DTSTART:20261103T0930"), "Event: Move\nWhen: Tuesday 3 November 2026, 09:30"},
		{"a whole day", eventWith("PUBLISH", "DTSTART;VALUE=DATE:20261103", "DTEND;VALUE=DATE:20261104"), "Event: Move\nWhen: Tuesday 3 November 2026, all day"},
		{"several whole days", eventWith("PUBLISH", "DTSTART;VALUE=DATE:20261103", "DTEND;VALUE=DATE:20261106"),
			"Event: Move\nWhen: Tuesday 3 November 2026 – Thursday 5 November 2026"},
		{"a duration in place of an end", eventWith("PUBLISH", start, "DURATION:PT1H15M"), "Event: Move\nWhen: Tuesday 3 November 2026, 09:30–10:45 (Europe/Paris)"},
		{"an event that repeats", eventWith("PUBLISH", "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;UNTIL=20261231T000000Z"),
			"Event: Move\nRepeats: every 2 weeks on Monday, Friday until Thursday 31 December 2026"},
		{"an event that repeats on a certain day of the month", eventWith("PUBLISH", "RRULE:FREQ=MONTHLY;BYDAY=-1FR;COUNT=5"),
			"Event: Move\nRepeats: every month on the last Friday, 5 times"},
		{"one occurrence of a series", eventWith("CANCEL", "RECURRENCE-ID:20261103T093000Z"), "Cancelled: Move\nOccurrence: Tuesday 3 November 2026, 09:30 (UTC)"},
		{"a folded line, also within a character", eventWith("PUBLISH", "LOCATION:Salle du premier \xc3\r\n \xa9tage\r\n\t gauche"), "Event: Move\nWhere: Salle du premier étage gauche"},
		{"a description in HTML alone", eventWith("PUBLISH", `X-ALT-DESC;FMTTYPE=text/html:<p>Bring <b>boxes</b>\, please.</p>`), "Event: Move\n\nBring boxes, please."},
		{"quoted-printable, as vCalendar writes it", eventWith("PUBLISH", "DESCRIPTION;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:Caf=C3=A9=0D=0Aat=20=", "noon"),
			"Event: Move\n\nCafé\nat noon"},
		{"a room and an organizer without an address", eventWith("REQUEST", `ORGANIZER;CN=Ann:/O=EX/CN=ANN`, "ATTENDEE;CUTYPE=ROOM:mailto:room@example.com"),
			"Invitation: Move\nOrganizer: Ann"},
		{"an event without a title", "BEGIN:VEVENT\nDTSTART:20261103T093000Z\nEND:VEVENT\n", "Event: (no title)\nWhen: Tuesday 3 November 2026, 09:30 (UTC)"},
		{"a task", "BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:Paint\nDUE:20261103T093000\nEND:VTODO\nEND:VCALENDAR", "Task: Paint\nDue: Tuesday 3 November 2026, 09:30"},
		{"two events", eventWith("PUBLISH") + eventWith("PUBLISH"), "Event: Move\n\nEvent: Move"},
		{"lines that are none, and a date that is none", "\nBEGIN:VEVENT\nnonsense\n:x\nSUMMARY;;=:Move\nDTSTART:tomorrow\nEND:VEVENT\nEND:\nEND:\n", "Event: Move"},
		{"names in lower case", "begin:vcalendar\nmethod:cancel\nbegin:vevent\nsummary:Move\nend:vevent\n", "Cancelled: Move"},
		{"octets in another charset", "BEGIN:VEVENT\nSUMMARY:\xc9t\xe9\nEND:VEVENT\n", "Event: Été"},
		{"no event", "BEGIN:VCALENDAR\nEND:VCALENDAR\n", ""},
		{"an event that says nothing", "BEGIN:VEVENT\nUID:1\nEND:VEVENT\n", ""},
		{"no calendar", "hello", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Words([]byte(tt.source), "", ""); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestTheMethodOfTheMediaTypeCountsWhereTheObjectHasNone(t *testing.T) {
	t.Parallel()
	const source = "BEGIN:VEVENT\nSUMMARY:Move\nEND:VEVENT\n"
	if got := Words([]byte(source), "utf-8", "cancel"); got != "Cancelled: Move" {
		t.Errorf("got %q", got)
	}
}

func TestAHostileCalendarIsToldInBoundedWords(t *testing.T) {
	t.Parallel()
	const octets = 256 << 10
	many := func(s string) string { return strings.Repeat(s, octets/len(s)) }
	for name, source := range map[string]string{
		"events":                     many("BEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT\n"),
		"components within others":   many("BEGIN:VEVENT\n"),
		"attendees":                  "BEGIN:VEVENT\n" + many("ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b.example\n"),
		"comments":                   "BEGIN:VEVENT\n" + many("COMMENT:x\n"),
		"parameters":                 "BEGIN:VEVENT\nSUMMARY" + many(";A=B,C") + ":x",
		"quotes that are not closed": "BEGIN:VEVENT\nSUMMARY" + many(`;A="`) + ":x",
		"folds":                      "BEGIN:VEVENT\nSUMMARY:" + many("\n x"),
		"soft line breaks":           "BEGIN:VEVENT\nSUMMARY;QUOTED-PRINTABLE:=\n" + many("x=\n"),
		"escapes":                    "BEGIN:VEVENT\nDESCRIPTION:" + many(`\n`),
		"digits":                     "BEGIN:VEVENT\nDTSTART:20261103T093000\nDURATION:PT" + many("9") + "H\nRRULE:FREQ=DAILY;INTERVAL=" + many("9"),
		"long names":                 "BEGIN:VEVENT\nSUMMARY:x\n" + strings.Repeat("ATTENDEE;CN="+strings.Repeat("x", octets/40)+":mailto:a@b.example\n", 40),
	} {
		if got := Words([]byte(source), "", ""); len(got) > 3*mostWords {
			t.Errorf("%s: told in %d octets", name, len(got))
		}
	}
}

// FuzzWords looks for calendars that stop the program or are told without end.
func FuzzWords(f *testing.F) {
	f.Add([]byte(eventWith("REQUEST", "ATTENDEE;CN=x:mailto:a@b.example", "DTSTART;TZID=Europe/Paris:20261103T093000", "RRULE:FREQ=DAILY;BYDAY=MO")))
	f.Add([]byte("BEGIN:VEVENT\nSUMMARY;ENCODING=QUOTED-PRINTABLE:=C3=\n=A9\nDURATION:P1W\nDTSTART:20261103\n"))
	f.Fuzz(func(t *testing.T, octets []byte) {
		if got := Words(octets, "", "REQUEST"); len(got) > 30*len(octets)+10000 {
			t.Errorf("%d octets are told in %d", len(octets), len(got))
		}
	})
}
