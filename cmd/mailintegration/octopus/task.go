package octopus

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// task is a scheduled task of Windows, as schtasks /query /xml and the Task Scheduler export it.
type task struct {
	URI     string   `xml:"RegistrationInfo>URI"`
	Enabled string   `xml:"Settings>Enabled"` // "" means true
	Actions []action `xml:"Actions>Exec"`
}

// action starts a program.
type action struct {
	Command   string
	Arguments string
	Folder    string `xml:"WorkingDirectory"`
}

// tasks finds the calls in exported tasks: one, or all tasks of a machine, which have a comment with its name before each.
func (f *Finder) tasks(at Place, text string) {
	decoder := xml.NewDecoder(strings.NewReader(text))
	decoder.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // the text was decoded
	name, found := "", false
	for {
		token, err := decoder.Token()
		if err != nil {
			if !found || !errors.Is(err, io.EOF) {
				f.problem(at, notTask(found, err))
			}
			return
		}
		switch t := token.(type) {
		case xml.Comment:
			name = strings.TrimSpace(string(t))
		case xml.StartElement:
			if t.Name.Local != "Task" {
				continue
			}
			found = true
			var read task
			if err := decoder.DecodeElement(&read, &t); err != nil {
				f.problem(at, notTask(found, err))
				return
			}
			f.task(at, name, read)
			name = ""
		}
	}
}

// notTask returns why a file could not be read as a scheduled task.
func notTask(found bool, err error) string {
	if !found {
		return "is XML, but not an exported task (name the task, the batch file or the crontab that calls Octopus; a mailbox file is copied by itself)"
	}
	return "the task breaks off: " + err.Error() + " (export it again: schtasks /query /xml /tn NAME)"
}

// task finds the calls of one task. A comment names it where it does not name itself.
func (f *Finder) task(at Place, comment string, t task) {
	at.Task = strings.TrimSpace(t.URI)
	if at.Task == "" && strings.HasPrefix(comment, `\`) {
		at.Task = comment
	}
	disabled := strings.EqualFold(strings.TrimSpace(t.Enabled), "false")
	for _, a := range t.Actions {
		calls := len(f.Calls)
		f.action(at, a)
		for i := range f.Calls[calls:] {
			f.Calls[calls+i].Disabled = f.Calls[calls+i].Disabled || disabled
		}
	}
}

// action finds the calls of one action: it starts the program, a batch file, or cmd.exe with either.
func (f *Finder) action(at Place, a action) {
	b := &batch{Finder: f, at: at, variables: map[string]string{}}
	expand := func(text string) string { return strings.TrimSpace(b.environment(text)) }
	b.folder = strings.Trim(expand(a.Folder), `"`)
	program := strings.Trim(expand(a.Command), `"`)
	arguments := expand(a.Arguments)
	if base := strings.ToLower(program[strings.LastIndexAny(program, `\/`)+1:]); base == "cmd" || base == "cmd.exe" {
		b.shell(arguments)
		return
	}
	words := append([]string{program}, WindowsWords(arguments)...)
	if f.command(at, words, b.folder, false, false) || f.follow(at, program, b.folder, nil) {
		return
	}
	if mentionsCall.MatchString(arguments) {
		f.problem(at, "a command line of Octopus was not understood here (give it with --command-line)")
	}
}

// environment replaces %NAME% in an action of a task. A % without a variable stays.
func (b *batch) environment(text string) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "%")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		name, after, closed := strings.Cut(rest, "%")
		value, known := b.Finder.variable(name)
		if !closed || !known {
			out.WriteByte('%')
			text = rest
			continue
		}
		out.WriteString(value)
		text = after
	}
}
