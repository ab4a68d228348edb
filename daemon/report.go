package daemon

import (
	"cmp"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"mailintegration/processor"
	"mailintegration/store"
)

const (
	// maxErrors limits how many different errors a text lists, maxListed how many mailboxes it names with each of them.
	maxErrors = 20
	maxListed = 50
	// maxAttached limits how many configurations an event carries.
	maxAttached = 10
)

// report writes the texts about a trouble.
type report struct {
	key  store.ProblemKey
	view view
	seen []sighting // those that began first at the beginning
}

// guide returns the instructions that fit.
func (r report) guide() guide {
	if len(r.seen) > 0 {
		return guides[r.seen[0].guide]
	}
	return guides[guideName(r.key.Kind)]
}

// fill puts the source of the trouble into a text of a guide.
func (r report) fill(text string) string {
	return strings.ReplaceAll(text, "SOURCE", strings.TrimSuffix(strings.TrimSuffix(r.key.Source, expiring), ofListen))
}

// event returns the event about a trouble. began says how often it has begun within an hour, and before has the problems of
// that time.
func (r report) event(refs store.EventReferences, began int, before []store.Problem) store.NewRequest {
	e := refs.Event(reasonOf(processor.ReasonTrouble, r.key), r.subject(), r.body(refs, began, before))
	e.Files = r.files()
	return e
}

// subject names the trouble and the mailboxes.
func (r report) subject() string {
	title := r.fill(r.guide().title)
	names := r.mailboxes()
	switch {
	case len(names) > 1:
		title += fmt.Sprintf(" (%d mailboxes)", len(names))
	case len(names) == 1 && !strings.EqualFold(names[0], r.key.Source):
		title += " (mailbox " + names[0] + ")"
	}
	return title
}

// mailboxes returns the names of the mailboxes that the trouble affects.
func (r report) mailboxes() (names []string) {
	for _, s := range r.seen {
		if name := cmp.Or(s.mailbox, s.about); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// body says what happened, since when, what it means for mail, and what to do.
func (r report) body(refs store.EventReferences, began int, before []store.Problem) string {
	g := r.guide()
	var b paragraphs
	b.add("What happened", r.fill(g.what)+"\n"+r.reporter())
	since := "Since " + moment(r.since()) + "."
	if began >= flappingBegins {
		since += fmt.Sprintf(" It comes and goes: it has begun %d times within an hour%s. From now on this is one event. It stays open until "+
			"there has been quiet for an hour.", began, eventsOf(before))
	}
	b.add("Since when", since)
	b.add("The error", r.errors())
	b.add("What it means for mail", r.meaning(g))
	b.add("What to do", r.steps(g))
	b.add("", "This event closes by itself: when the trouble is over, MailIntegration adds a last entry and marks it as processed.")
	if attached := r.files(); len(attached) > 0 {
		b.add("", "Attached: the configuration"+attachedNames(attached, len(r.mailboxes()))+", without passwords and other secrets.")
	}
	for _, n := range refs.Missing {
		b.add("", fmt.Sprintf("Note: %s %q is not in the database, so this event was opened without it; %s.", n.Tag, n.Name, n.Hint))
	}
	return b.String()
}

// reporter says which daemon reports the trouble.
func (r report) reporter() string {
	h := r.view.reporter
	return fmt.Sprintf("The daemon on %s (process %d) reports this.", cmp.Or(h.Host, "this machine"), h.Process)
}

// since returns when the trouble began.
func (r report) since() time.Time {
	for _, s := range r.seen {
		if !s.since.IsZero() {
			return s.since
		}
	}
	return r.view.at
}

// errors returns the errors, mailbox by mailbox where there are several.
func (r report) errors() string {
	if len(r.seen) == 1 && r.seen[0].mailbox == "" {
		return r.seen[0].detail
	}
	var rows []store.ProblemMailbox
	var own []string
	for _, s := range r.seen {
		if s.mailbox == "" {
			own = append(own, s.detail)
			continue
		}
		rows = append(rows, store.ProblemMailbox{Mailbox: s.mailbox, Detail: s.detail})
	}
	return strings.TrimSpace(strings.Join(append(own, list(rows)), "\n"))
}

// list names mailboxes with their errors. Those that have the same error share a line.
func list(rows []store.ProblemMailbox) string {
	var errors []string // in the order of their first mailboxes
	with := map[string][]string{}
	for _, m := range slices.SortedStableFunc(slices.Values(rows), func(a, b store.ProblemMailbox) int {
		return strings.Compare(strings.ToLower(a.Mailbox), strings.ToLower(b.Mailbox))
	}) {
		e := ownEnd.ReplaceAllString(m.Detail, "")
		if with[e] == nil {
			errors = append(errors, e)
		}
		with[e] = append(with[e], m.Mailbox)
	}
	var lines []string
	for _, e := range errors[:min(len(errors), maxErrors)] {
		who := named(with[e])
		if n := len(with[e]); n > 1 {
			who = fmt.Sprintf("%d mailboxes: %s", n, who)
		}
		lines = append(lines, who+": "+e)
	}
	if len(errors) > maxErrors {
		var others []string
		for _, e := range errors[maxErrors:] {
			others = append(others, with[e]...)
		}
		lines = append(lines, fmt.Sprintf("and %d more with other errors: %s", len(others), named(others)))
	}
	return strings.Join(lines, "\n")
}

// ownEnd matches this machine's end of a connection in an error. Its port is another one for each connection.
var ownEnd = regexp.MustCompile(`\S+:\d+->`)

// named names the first mailboxes, and says how many others there are.
func named(names []string) string {
	text := strings.Join(names[:min(len(names), maxListed)], ", ")
	if more := len(names) - maxListed; more > 0 {
		text += fmt.Sprintf(" and %d more (mailintegration mailbox list shows all)", more)
	}
	return text
}

// meaning says what the trouble means for mail.
func (r report) meaning(g guide) string {
	if g.meaning != "" {
		return r.fill(g.meaning)
	}
	switch s := r.seen[0]; {
	case s.polled:
		return "Mail is read as before: mailbox " + s.about + " is polled with the last configuration that was good. After a restart of the " +
			"daemon it would not be polled until the file is correct; its mail would wait on the mail server."
	default:
		return "Mailbox " + s.about + " is not polled. " + waits + " All other mailboxes are polled as always."
	}
}

// steps returns the steps, numbered. What the program knows about the errors comes first.
func (r report) steps(g guide) string {
	var all []string
	for _, s := range r.seen {
		if hint := sentence(s.hint); hint != "" && !slices.Contains(all, hint) && len(all) < maxHints {
			all = append(all, hint)
		}
	}
	for _, s := range g.steps {
		all = append(all, r.fill(s))
	}
	var b strings.Builder
	for i, s := range all {
		fmt.Fprintf(&b, "%d. %s\n", i+1, s)
	}
	return strings.TrimRight(b.String(), "\n")
}

// maxHints limits how many remedies of the errors an event has before the general steps.
const maxHints = 3

// sentence makes a sentence of a hint.
func sentence(hint string) string {
	if hint == "" {
		return ""
	}
	return strings.ToUpper(hint[:1]) + hint[1:] + "."
}

// files returns the configurations to attach, of the first mailboxes.
func (r report) files() (files []store.File) {
	for _, s := range r.seen {
		if len(s.config) == 0 || len(files) == maxAttached {
			continue
		}
		name := s.mailbox + ".xml"
		if s.mailbox == "" {
			name = filepath.Base(r.key.Source)
		}
		files = append(files, store.File{Name: name, MediaType: "application/xml", Content: store.OctetsOf(s.config)})
	}
	return files
}

// attachedNames names what is attached.
func attachedNames(files []store.File, mailboxes int) string {
	switch {
	case len(files) == 1:
		return " (" + files[0].Name + ")"
	case mailboxes > len(files):
		return fmt.Sprintf(" of the first %d mailboxes", len(files))
	}
	return " of each mailbox"
}

// withoutFiles returns the event with the configurations in its text, for when files cannot be kept.
func (r report) withoutFiles(e store.NewRequest) store.NewRequest {
	e.Files = nil
	e.Body = strings.Replace(e.Body, "\nAttached: the", "\nBelow, because no file can be attached now: the", 1)
	for _, s := range r.seen[:min(len(r.seen), maxAttached)] {
		if len(s.config) > 0 {
			e.Body += "\n" + string(s.config) + "\n"
		}
	}
	return e
}

// lasts returns the activity that says that the trouble lasts.
func (r report) lasts(p store.Problem, told []string) store.NewActivity {
	affected, recovered := split(p.Mailboxes)
	var b paragraphs
	b.add("", fmt.Sprintf("This lasts for %s now, since %s.", lasting(r.view.at.Sub(p.FirstSeenAt)), moment(p.FirstSeenAt)))
	if p.Began >= flappingBegins {
		b.add("", fmt.Sprintf("It comes and goes: it has begun %d times. This event stays open until there has been quiet for an hour.", p.Began))
	}
	if len(told) > 0 && len(told) < len(affected) {
		b.add("Also affected since the last entry", named(told))
	}
	switch {
	case len(affected) > 0:
		b.add(fmt.Sprintf("Affected now (%d)", len(affected)), list(affected))
	case len(r.seen) > 0:
		b.add("The error", r.errors())
	}
	if len(recovered) > 0 {
		b.add(fmt.Sprintf("Read again (%d)", len(recovered)), joined(recovered))
	}
	b.add("", "What to do is in the text of this event.")
	return store.NewActivity{Reason: reasonOf(processor.ReasonTroubleLasts, r.key), Body: b.String()}
}

// over returns the activity that says that the trouble is over. orphans is the number of mailboxes that no daemon polls any
// more.
func (r report) over(p store.Problem, orphans int) store.NewActivity {
	end := r.view.at
	if !p.QuietSince.IsZero() {
		end = p.QuietSince
	}
	if p.Kind == store.ProblemLoop {
		end = p.LastSeenAt
	}
	var b paragraphs
	if orphans > 0 && orphans == len(p.Mailboxes) {
		b.add("", "This is closed, because no daemon polls the mailboxes any more: they were removed or disabled.")
	} else {
		b.add("", "This is over. "+r.fill(overOf(p.ProblemKey)))
	}
	b.add("", fmt.Sprintf("It began on %s and ended on %s, after %s.", moment(p.FirstSeenAt), moment(end), lasting(end.Sub(p.FirstSeenAt))))
	if p.Began >= flappingBegins {
		b.add("", fmt.Sprintf("It came and went: it had begun %d times. Since its end there has been quiet for an hour.", p.Began))
	}
	if len(p.Mailboxes) > 1 {
		b.add(fmt.Sprintf("Mailboxes that were affected (%d)", len(p.Mailboxes)), joined(p.Mailboxes))
	}
	b.add("", "There is nothing left to do. MailIntegration marks this event as processed.")
	return store.NewActivity{Reason: r.isOver(), Body: b.String()}
}

// isOver returns the reason for closing the event.
func (r report) isOver() processor.Reason {
	return reasonOf(processor.ReasonTroubleOver, r.key)
}

// split returns the mailboxes that a problem affects, and those that have recovered.
func split(all []store.ProblemMailbox) (affected, recovered []store.ProblemMailbox) {
	for _, m := range all {
		if m.RecoveredAt.IsZero() {
			affected = append(affected, m)
		} else {
			recovered = append(recovered, m)
		}
	}
	return affected, recovered
}

// joined returns the names of mailboxes.
func joined(rows []store.ProblemMailbox) string {
	var names []string
	for _, m := range rows {
		names = append(names, m.Mailbox)
	}
	return named(names)
}

// eventsOf names the events of problems.
func eventsOf(problems []store.Problem) string {
	var numbers []string
	for _, p := range problems {
		numbers = append(numbers, fmt.Sprint(p.Event))
	}
	if len(numbers) == 0 {
		return ""
	}
	return " (see event " + strings.Join(numbers, ", ") + ")"
}

// paragraphs is a text of paragraphs with headings.
type paragraphs struct{ strings.Builder }

// add adds a paragraph, if it is not empty.
func (b *paragraphs) add(heading, text string) {
	if text == "" {
		return
	}
	if b.Len() > 0 {
		b.WriteString("\n")
	}
	if heading != "" {
		b.WriteString(heading + ":\n")
	}
	b.WriteString(text + "\n")
}

// moment returns a time for a person.
func moment(t time.Time) string { return t.Format("2006-01-02 15:04:05 MST") }

// lasting returns a duration in words, in its two largest units.
func lasting(d time.Duration) string {
	d = max(d, 0).Round(time.Second)
	units := []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}}
	for i, u := range units {
		n := d / u.size
		if n == 0 {
			continue
		}
		text := counted(int(n), u.name)
		if i+1 < len(units) {
			if rest := (d % u.size) / units[i+1].size; rest > 0 {
				text += " " + counted(int(rest), units[i+1].name)
			}
		}
		return text
	}
	return "less than a second"
}

// counted returns a number with its noun.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "x") {
		return fmt.Sprintf("%d %ses", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
