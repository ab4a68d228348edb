package octopus

import (
	"errors"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Found is a call of the original that a file holds.
type Found struct {
	Call
	Place
	Folder   string // in which the program is started, "" if that is unknown
	Disabled bool   // its scheduled task does not run
}

// Place says where something stands.
type Place struct {
	File string // "" for a command line that a person has typed
	Line int    // 0 in a scheduled task
	Task string // the name of the scheduled task, "" if it is unknown or none
}

// String returns the place for a person: poll.bat:7, or the name of a task.
func (p Place) String() string {
	switch {
	case p.Task != "":
		return "task " + p.Task + " (" + p.File + ")"
	case p.File == "":
		return "the command line"
	case p.Line == 0:
		return p.File
	}
	return p.File + ":" + strconv.Itoa(p.Line)
}

// Problem is something that Find could not understand. Its text holds no value of a parameter.
type Problem struct {
	Place
	Text string
}

// Finder finds the calls in files. The zero Finder follows no other files and knows no environment.
type Finder struct {
	// Open returns the octets of a file that another one names, and the path at which it was found. folder is where the program
	// is started, and from the file that names it.
	Open func(name, folder, from string) (path string, octets []byte, err error)
	// Environment returns a variable of the system's environment.
	Environment func(name string) (value string, found bool)

	Calls    []Found
	Problems []Problem

	open []string // the files that are being read, for one that calls itself
}

// maxNesting limits how many files may name one another.
const maxNesting = 16

// CommandLine finds the call in a command line, as a scheduled task has it.
func (f *Finder) CommandLine(line string) {
	f.command(Place{}, WindowsWords(line), "", false, true)
}

// Arguments finds the call in words.
func (f *Finder) Arguments(words []string) { f.command(Place{}, words, "", false, true) }

// File finds the calls in the text of a file: a batch file, exported tasks, a crontab or a shell script.
func (f *Finder) File(name string, octets []byte) { f.file(Place{File: name}, "", octets, nil) }

// looksLikeBatch matches lines that only a batch file has.
var looksLikeBatch = regexp.MustCompile(`(?im)^\s*@?(echo\s+off|rem(\s|$)|setlocal|set\s+"?\w+=|cd\s+/d\s|chcp\s|call\s)`)

// file reads one file. folder is where the program that runs it is started; variables are those of the batch file that calls it.
func (f *Finder) file(at Place, folder string, octets []byte, variables map[string]string) {
	if slices.Contains(f.open, at.File) || len(f.open) == maxNesting {
		return // a batch file that calls itself: its calls were found
	}
	f.open = append(f.open, at.File)
	defer func() { f.open = f.open[:len(f.open)-1] }()
	text := Text(octets)
	calls, problems := len(f.Calls), len(f.Problems)
	switch ext := strings.ToLower(path.Ext(at.File)); {
	case strings.HasPrefix(strings.TrimSpace(text), "<"):
		f.tasks(at, text)
	case ext == ".ps1" || ext == ".vbs":
		f.problem(at, "is a script of a kind that is not read (give its command line with --command-line)")
	case ext == ".bat" || ext == ".cmd" || looksLikeBatch.MatchString(text):
		f.batch(at, folder, text, variables)
	default:
		f.lines(at, folder, text)
	}
	isNamed := len(f.open) == 1 // by a person, and not by another file
	if isNamed && len(f.Calls) == calls && len(f.Problems) == problems {
		f.problem(at, "holds no command line of Octopus MailIntegration (one with /"+configFilePath+":)")
	}
}

func (f *Finder) problem(at Place, text string) { f.Problems = append(f.Problems, Problem{at, text}) }

// unknownMark stands on both sides of the name of a variable without a known value. No file has this character.
const unknownMark = "\uF8FE"

// command takes the words of a command. It reports whether they are a call of the original. A person's own words must be one.
func (f *Finder) command(at Place, words []string, folder string, disabled, mustBe bool) bool {
	arguments, isCall := argumentsOf(words)
	if !isCall && !mustBe {
		return false
	}
	if !isCall {
		arguments = words
	}
	call, err := Parse(arguments)
	if wrong := new(Error); errors.As(err, &wrong) && wrong.LacksOnlyPassword() {
		call = wrong.Call
	} else if err != nil {
		f.problem(at, strings.ReplaceAll(err.Error(), "\n", "; "))
		return true
	}
	if v := unknownIn(call.Login, call.Password.Reveal(), call.Team, call.ConfigFilePath); v != "" {
		f.problem(at, "the value of the variable "+v+" is not known here (write the value itself, or give the command line with --command-line)")
		return true
	}
	if v := unknownIn(call.LogFilePath); v != "" {
		f.problem(at, "/"+logFilePath+" is left out: the value of the variable "+v+" is not known here")
		call.LogFilePath = ""
	}
	f.Calls = append(f.Calls, Found{Call: call, Place: at, Folder: folder, Disabled: disabled})
	return true
}

// argumentsOf returns the arguments of the original among the words of a command: those behind its program, which may have
// another name or be run by another one (mono, wine), or else those from the first parameter on.
func argumentsOf(words []string) ([]string, bool) {
	if i := slices.IndexFunc(words, IsProgram); i >= 0 {
		return words[i+1:], true
	}
	isParameter := func(w string) bool { p, _, _ := parameterOf(w); return p != nil }
	isFile := func(w string) bool { p, _, _ := parameterOf(w); return p != nil && p.name == configFilePath }
	if !slices.ContainsFunc(words, isFile) {
		return nil, false
	}
	return words[slices.IndexFunc(words, isParameter):], true
}

// unknownIn returns the name of a variable without a known value in one of the texts, "" if there is none.
func unknownIn(texts ...string) string {
	for _, t := range texts {
		if _, rest, found := strings.Cut(t, unknownMark); found {
			name, _, _ := strings.Cut(rest, unknownMark)
			return name
		}
	}
	return ""
}

// unknown returns the text that stands for a variable without a known value.
func unknown(name string) string { return unknownMark + name + unknownMark }

// mentionsCall matches a text that probably holds a command line of the original.
var mentionsCall = regexp.MustCompile(`(?i)/` + configFilePath + `:|` + regexp.QuoteMeta(programName))

// follow reads a file that a command names. It reports whether it is a file that holds commands.
func (f *Finder) follow(at Place, name, folder string, variables map[string]string) bool {
	ext := strings.ToLower(path.Ext(strings.ReplaceAll(name, `\`, "/")))
	if f.Open == nil || ext != ".bat" && ext != ".cmd" && ext != ".sh" {
		return false
	}
	if v := unknownIn(name); v != "" {
		f.problem(at, "calls a file with the variable "+v+", whose value is not known here (name that file, too)")
		return true
	}
	found, octets, err := f.Open(name, folder, at.File)
	if err != nil {
		f.problem(at, "calls "+name+", which cannot be read: "+err.Error()+" (name that file, too)")
		return true
	}
	f.file(Place{File: found, Task: at.Task}, folder, octets, variables)
	return true
}

// SplitArguments splits words into the names of files and the arguments of one call, which begin with the first parameter.
func SplitArguments(words []string) (files, arguments []string) {
	i := slices.IndexFunc(words, func(w string) bool { p, _, _ := parameterOf(w); return p != nil })
	if i < 0 {
		return words, nil
	}
	return words[:i], words[i:]
}
