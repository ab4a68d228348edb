package octopus

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"mailintegration/config"
)

// Call is a call of the original with its parameters.
type Call struct {
	Login    string
	Password config.Secret
	Team     string // its number or its name

	ConfigFilePath string
	LogFilePath    string // "" for none; with the name of the file

	PurgeLogs         bool
	PurgeDays         int // 0: PurgeLogs gives none
	NoRestartOnUpdate bool
	Debug             bool
}

// MaxPurgeDays is the largest number of days that PurgeLogs takes.
const MaxPurgeDays = 36500

// Mistake is one mistake in the arguments. Its texts hold no value.
type Mistake struct {
	Text string // "/Team is missing"
	Hint string // what to do, "" if the text says it
}

// Error lists every mistake of a command line.
type Error struct {
	Mistakes []Mistake
	Call     Call // what could be read
	Missing  bool // a mandatory parameter is missing, or has no value
}

// Error returns the mistakes, one on a line.
func (e *Error) Error() string {
	var lines []string
	for _, m := range e.Mistakes {
		lines = append(lines, m.Text)
	}
	return strings.Join(lines, "\n")
}

// Hint returns the hints of the mistakes in one line.
func (e *Error) Hint() string {
	var hints []string
	for _, m := range e.Mistakes {
		if m.Hint != "" && !slices.Contains(hints, m.Hint) {
			hints = append(hints, m.Hint)
		}
	}
	return strings.Join(hints, "; ")
}

// LacksOnlyPassword reports whether everything else is right. A caller who does not log in needs none.
func (e *Error) LacksOnlyPassword() bool {
	return len(e.Mistakes) == 1 && e.Missing && e.Call.Password.IsEmpty() && e.Call.Login != "" && e.Call.Team != "" && e.Call.ConfigFilePath != ""
}

// programName is the name of the original's program, without .exe.
const programName = "ESI.Octopus.MailIntegrationApp"

// IsProgram reports whether the path of a program is the original's, with the separators of Windows or of Unix.
func IsProgram(program string) bool {
	base := path.Base(strings.ReplaceAll(program, `\`, "/"))
	return strings.EqualFold(base, programName) || strings.EqualFold(base, programName+".exe")
}

// Speaks reports whether arguments are a command line of the original: the first one gives a parameter, perhaps after flags such
// as --config FILE. A program that has the original's name takes every other argument with a slash for one, too, and no
// argument at all.
func Speaks(program string, arguments []string) bool {
	_, rest := Flags(arguments)
	if len(rest) == 0 {
		return IsProgram(program)
	}
	p, _, _ := parameterOf(rest[0])
	return p != nil || IsProgram(program) && strings.HasPrefix(rest[0], "/")
}

// Flags cuts the flags of MailIntegration, --config FILE or -c FILE, from the beginning of arguments.
func Flags(arguments []string) (flags, rest []string) {
	n := 0
	for n < len(arguments) {
		a := arguments[n]
		isAlone := a == "--config" || a == "-c"
		if !isAlone && !strings.HasPrefix(a, "--config=") && !strings.HasPrefix(a, "-c") {
			break
		}
		if n++; isAlone {
			n++
		}
	}
	n = min(n, len(arguments))
	return slices.Clip(arguments[:n]), arguments[n:]
}

// Parse reads the arguments of a call. The error is an *Error with every mistake.
func Parse(arguments []string) (Call, error) {
	r := &reading{given: map[string]string{}}
	for _, a := range arguments {
		r.argument(a)
	}
	r.end()
	for _, p := range parameters {
		r.check(p)
	}
	if len(r.mistakes) > 0 {
		return Call{}, &Error{Mistakes: r.mistakes, Call: r.call(), Missing: r.missing}
	}
	return r.call(), nil
}

// reading is a command line as far as it was read.
type reading struct {
	given    map[string]string // the values by the parameter's name
	mistakes []Mistake
	missing  bool

	current *parameter // whose value the next word may belong to, nil for none
	words   []string   // of that value
	has     bool       // it stands behind a colon
	before  string     // the name of the parameter before the argument, "" at the beginning
}

func (r *reading) mistake(text, hint string) { r.mistakes = append(r.mistakes, Mistake{text, hint}) }

// argument reads one argument: a parameter, or a word of the value before it.
func (r *reading) argument(a string) {
	p, value, hasValue := parameterOf(a)
	switch {
	case p != nil:
		r.end()
		r.current, r.has, r.before = p, hasValue, p.name
		r.words = nil
		if value != "" {
			r.words = []string{value}
		}
	case r.current != nil && r.has && !strings.HasPrefix(a, "/"):
		r.words = append(r.words, a)
	default:
		before := r.before
		r.end()
		r.unknown(a, before)
	}
}

// unknown notes an argument that is no parameter and belongs to no value. It may be a part of the password.
func (r *reading) unknown(a, before string) {
	if before == password || !isWord(a) {
		where := "the first argument"
		if before != "" {
			where = "the argument after /" + before
		}
		r.mistake(where+" is not a parameter", "put a value that has a blank or a slash into quotation marks, such as \"/"+
			cmp.Or(before, password)+":VALUE\"")
		return
	}
	name, _, _ := cutName(a)
	if cut, _, found := strings.Cut(name, "="); found {
		name = cut
	}
	switch meant := nearest(name); {
	case meant == "":
		r.mistake("/"+name+": unknown parameter", "remove it; the parameters are "+names())
	case strings.EqualFold(meant, name):
		r.mistake("/"+name+": no colon follows the name", "write /"+meant+":VALUE")
	default:
		r.mistake("/"+name+": unknown parameter (did you mean /"+meant+"?)", "correct it")
	}
}

// isWord reports whether an argument begins with a slash and a name, so that the name may be shown.
func isWord(a string) bool {
	name, _, _ := cutName(a)
	name, _, _ = strings.Cut(name, "=")
	isLetter := func(r rune) bool { return 'a' <= r|0x20 && r|0x20 <= 'z' }
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool { return !isLetter(r) })
}

// end ends the value that is being read.
func (r *reading) end() {
	p := r.current
	if p == nil {
		return
	}
	r.current = nil
	if _, again := r.given[p.name]; again {
		r.mistake("/"+p.name+" is given twice", "remove one")
		return
	}
	r.given[p.name] = strings.Join(r.words, " ")
	if p.value == "" && r.has {
		r.mistake("/"+p.name+" takes no value", "write /"+p.name+" alone")
	}
	if p.optional && r.has && r.given[p.name] == "" {
		r.mistake("/"+p.name+": the value is missing", "write /"+p.name+":"+p.value+", or /"+p.name+" alone")
	}
}

// check notes what is wrong with the value of a parameter, or that it is missing.
func (r *reading) check(p parameter) {
	value, given := r.given[p.name]
	form := "/" + p.name + ":" + p.value
	switch {
	case p.mandatory && !given:
		r.missing = true
		r.mistake("/"+p.name+" is missing", "add "+form)
	case given && p.value != "" && !p.optional && value == "":
		r.missing = r.missing || p.mandatory
		r.mistake("/"+p.name+": the value is missing", "write "+form)
	case p.isPath && strings.Contains(value, `"`):
		r.mistake("/"+p.name+": the value contains a quotation mark", `remove the backslash before the closing quotation mark: Windows takes \" for a quotation mark`)
	case p.name == purgeLogs && value != "" && days(value) == 0:
		r.mistake(fmt.Sprintf("/%s: the value is not a number of days from 1 to %d", p.name, MaxPurgeDays), "write "+form+", such as /PurgeLogs:30")
	}
}

// days returns the number of days that a text gives, 0 for another text.
func days(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > MaxPurgeDays {
		return 0
	}
	return n
}

// call returns the call that was read.
func (r *reading) call() Call {
	has := func(name string) bool { _, given := r.given[name]; return given }
	return Call{
		Login: r.given[login], Password: config.NewSecret(r.given[password]), Team: r.given[team],
		ConfigFilePath: r.given[configFilePath], LogFilePath: r.given[logFilePath],
		PurgeLogs: has(purgeLogs), PurgeDays: days(r.given[purgeLogs]),
		NoRestartOnUpdate: has(noRestartOnUpdate), Debug: has(debug),
	}
}

// names lists the parameters.
func names() string {
	var all []string
	for _, p := range parameters {
		all = append(all, "/"+p.name)
	}
	return strings.Join(all, " ")
}

// Secrets returns the parts of arguments that hold a password, or may hold one: the caller can overwrite them where the operating
// system shows them to others. They share their memory with the arguments.
func Secrets(arguments []string) []string {
	var secrets []string
	inPassword := false
	for _, a := range arguments {
		if i := passwordIn(a); i >= 0 {
			secrets, inPassword = append(secrets, a[i:]), true
			continue
		}
		if p, _, _ := parameterOf(a); p != nil || !inPassword {
			inPassword = false
			continue
		}
		secrets = append(secrets, a) // a word behind a blank of the password
	}
	return secrets
}

// passwordIn returns where a password begins in an argument, -1 when there is none.
func passwordIn(a string) int {
	const mark = "/" + password + ":"
	for i := range len(a) - len(mark) + 1 {
		if strings.EqualFold(a[i:i+len(mark)], mark) {
			return i + len(mark)
		}
	}
	return -1
}
