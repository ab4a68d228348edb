package octopus

import "strings"

// batch is a batch file that is being read. It is read from top to bottom, as if every condition held: a call that only one
// branch makes is found as well.
type batch struct {
	*Finder
	at        Place
	folder    string   // the current one, "" if that is unknown
	folders   []string // of pushd
	variables map[string]string
	delayed   bool // !NAME! stands for a variable, too
	depth     int  // open parentheses
}

// batch finds the calls in a batch file.
func (f *Finder) batch(at Place, folder, text string, variables map[string]string) {
	if variables == nil {
		variables = map[string]string{}
	}
	b := &batch{Finder: f, at: at, folder: folder, variables: variables}
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		b.at.Line = i + 1
		line := lines[i]
		for endsInCaret(line) && i+1 < len(lines) {
			i++
			line = line[:len(line)-1] + lines[i]
		}
		b.line(line)
	}
}

// line reads one line. A line that seems to hold a call, but of which none was found, is a problem: nothing is overlooked.
func (b *batch) line(line string) {
	calls, problems := len(b.Calls), len(b.Problems)
	isCode := b.execute(b.expand(line))
	if isCode && mentionsCall.MatchString(line) && len(b.Calls) == calls && len(b.Problems) == problems {
		b.problem(b.at, "a command line of Octopus was not understood here (give it with --command-line)")
	}
}

// execute reads the commands of a line. It returns false for a line that runs nothing: a comment, a label, a text that is printed.
func (b *batch) execute(line string) (isCode bool) {
	for {
		line = strings.TrimLeft(line, " \t@,;=")
		switch {
		case line == "" || line[0] == ':':
			return isCode
		case line[0] == '(':
			b.depth++
			line = line[1:]
			continue
		case line[0] == ')' && b.depth > 0:
			b.depth--
			line = line[1:]
			continue
		}
		verb := verbOf(line)
		if verb == "rem" {
			return isCode
		}
		if strip := structures[verb]; strip != nil {
			line = strip(line[len(verb):])
			isCode = isCode || line == "" // not understood
			continue
		}
		command, rest := cutCommand(line, b.depth > 0)
		isCode = b.command(verb, plain(command)) || isCode
		line = rest
	}
}

// structures are the verbs that other commands follow, and what strips the words in between.
var structures = map[string]func(string) string{
	"if": stripCondition, "else": func(rest string) string { return rest }, "for": stripLoop,
}

// verbOf returns the first word of a command in lower case.
func verbOf(line string) string {
	end := strings.IndexAny(line, " \t,;=()&|<>\"/\\.:")
	if end < 0 {
		end = len(line)
	}
	return strings.ToLower(line[:end])
}
