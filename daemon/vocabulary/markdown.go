package vocabulary

import (
	"fmt"
	"slices"
	"strings"
)

// Numbers returns what identifies an event elsewhere: its MESSAGE_ID in the journal, and its number in the event log of
// Windows, 0 for none of its own.
type Numbers func(event string) (messageID string, windows uint32)

// parts are the sections of the documentation, by the folder of the events.
var parts = []struct{ folder, title, text string }{
	{"daemon", "The daemon", "Lines of the logger `poll` have the field `mailbox` too; those of `daemon` are about the daemon as a whole, " +
		"those of `sender` about mail that is sent."},
	{"cmd/mailintegration", "The program around it", "Configuration, log and start."},
	{"store/postgres", "The private PostgreSQL", "Lines of the logger `postgres`, where no `Database` is configured."},
}

const introduction = `# The log

<!-- Generated from the files events.go: make generate -->

Each line is a JSON object: ` + "`time`" + `, ` + "`level`" + `, ` + "`logger`" + ` (a part of the program), ` + "`msg`" + ` (the name of the event), and the fields of the
event. Names, levels and fields are stable, so that a monitoring system can rely on them.

- **debug** shows the course of a poll. **info** is what an operator counts. **warn** is what the daemon will try again, or what is
  worth a look. **error** is what a person must act on; ` + "`hint`" + ` says how.
- Most warnings and errors have the field ` + "`error`" + `, the cause, and ` + "`hint`" + `, the remedy. No secret and no text of a mail is in the log.
- In the journal of systemd each field has its name in upper case, ` + "`MESSAGE_ID`" + ` is the kind of the event and ` + "`LOG_EVENT`" + ` its name:
  ` + "`journalctl -u mailintegration MAILBOX=helpdesk -p warning`" + `. The Message-ID of a mail is ` + "`MAIL_MESSAGE_ID`" + `.
- In the event log of Windows (log Application, source MailIntegration) start, stop and errors have the number that stands with the
  event.
`

// Markdown returns the documentation of events.
func Markdown(all []Event, numbers Numbers) string {
	var s strings.Builder
	s.WriteString(introduction)
	for _, part := range parts {
		fmt.Fprintf(&s, "\n## %s\n\n%s\n", part.title, part.text)
		for _, name := range namesOf(all, part.folder) {
			writeEvent(&s, linesOf(all, part.folder, name), numbers)
		}
	}
	s.WriteString("\n## Fields\n\n| field | meaning |\n|---|---|\n")
	for _, name := range Fields(all) {
		fmt.Fprintf(&s, "| `%s` | %s |\n", name, meanings[name])
	}
	return s.String()
}

// namesOf returns the names of the events of a folder in alphabetical order.
func namesOf(all []Event, folder string) []string {
	var names []string
	for _, e := range all {
		if e.Package == folder {
			names = append(names, e.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// linesOf returns the events of a name: one for each level and meaning.
func linesOf(all []Event, folder, name string) []Event {
	var some []Event
	for _, e := range all {
		if e.Package == folder && e.Name == name {
			some = append(some, e)
		}
	}
	return some
}

// writeEvent writes the section of the events of one name.
func writeEvent(s *strings.Builder, some []Event, numbers Numbers) {
	id, windows := numbers(some[0].Name)
	fmt.Fprintf(s, "\n### %s\n\n", some[0].Name)
	var fields []string
	for _, e := range some {
		fmt.Fprintf(s, "- **%s**: %s", e.Level, e.Meaning)
		if e.Hint != "" {
			fmt.Fprintf(s, " *What to do:* %s.", strings.TrimSuffix(strings.ReplaceAll(e.Hint, "<", `\<`), "."))
		}
		s.WriteByte('\n')
		fields = join(fields, e.Fields)
	}
	if len(fields) > 0 {
		fmt.Fprintf(s, "- Fields: `%s`\n", strings.Join(fields, "`, `"))
	}
	fmt.Fprintf(s, "- Journal: `MESSAGE_ID=%s`", id)
	if windows > 0 {
		fmt.Fprintf(s, "; event log of Windows: %d", windows)
	}
	s.WriteByte('\n')
}

// Fields returns the names of all fields in alphabetical order.
func Fields(all []Event) []string {
	names := []string{"error", "hint"}
	for _, e := range all {
		names = append(names, e.Fields...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
