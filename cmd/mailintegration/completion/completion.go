package completion

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Shells names the shells that Write knows.
var Shells = []string{"bash", "zsh", "fish"}

// Write writes the script that a shell reads in order to complete the command line of a program.
func Write(w io.Writer, shell string, program *kong.Node) error {
	scripts := map[string]func(*bufio.Writer, string, []place){"bash": bash, "zsh": zsh, "fish": fish}
	script := scripts[shell]
	if script == nil {
		return fmt.Errorf("%s: no completions for this shell; the shells are %s", shell, strings.Join(Shells, ", "))
	}
	to := bufio.NewWriter(w)
	script(to, program.Name, placesOf(program, ""))
	return to.Flush()
}

// place is a position on the command line: behind a verb, or behind the name of the program.
type place struct {
	path  string // the verbs up to here, "" behind the name of the program
	verbs []word // what may follow: verbs, or the values of an argument
	flags []flag
	files bool // an argument is a file
}

// word is a word that the shell offers, with its help.
type word struct{ name, help string }

// flag is a flag that is allowed at a place.
type flag struct {
	long, short string // without dashes; short may be ""
	help        string
	values      values
}

// values says what follows a flag.
type values struct {
	none  bool     // nothing does
	files bool     // a file or directory
	words []string // one of these; empty where nothing can be offered
}

// names returns the flag as it is typed, in each form.
func (f flag) names() []string {
	if f.short == "" {
		return []string{"--" + f.long}
	}
	return []string{"--" + f.long, "-" + f.short}
}

// placesOf returns the place behind a verb and the places behind all verbs below it.
func placesOf(verb *kong.Node, path string) []place {
	here := place{path: path, files: slices.ContainsFunc(verb.Positional, isFile)}
	for _, group := range verb.AllFlags(true) {
		for _, f := range group {
			here.flags = append(here.flags, flagsOf(f)...)
		}
	}
	for _, p := range verb.Positional {
		if p.Enum != "" {
			for _, choice := range p.EnumSlice() {
				here.verbs = append(here.verbs, word{choice, p.Help})
			}
		}
	}
	places := []place{here}
	for _, below := range verb.Children {
		if !below.Hidden && below.Type == kong.CommandNode {
			places[0].verbs = append(places[0].verbs, word{below.Name, below.Help})
			places = append(places, placesOf(below, strings.TrimSpace(path+" "+below.Name))...)
		}
	}
	return places
}

// flagsOf returns a flag, and its negation if it has one.
func flagsOf(f *kong.Flag) []flag {
	one := flag{long: f.Name, help: f.Help}
	if f.Short != 0 {
		one.short = string(f.Short)
	}
	switch {
	case f.IsBool() || f.IsCounter():
		one.values.none = true
	case f.Enum != "":
		one.values.words = slices.DeleteFunc(f.EnumSlice(), func(s string) bool { return s == "" })
	default:
		one.values.files = isFile(f.Value) || namesFile(f.PlaceHolder)
	}
	if f.Tag.Negatable != "" {
		return []flag{one, {long: "no-" + f.Name, help: f.Help, values: one.values}}
	}
	return []flag{one}
}

// isFile reports whether a value is the path of a file or directory, as its name says.
func isFile(v *kong.Value) bool { return namesFile(v.Name) }

// namesFile reports whether a name or placeholder says that it stands for a path.
func namesFile(name string) bool {
	name = strings.ToUpper(name)
	return slices.ContainsFunc([]string{"FILE", "DIRECTORY", "PATH"}, func(s string) bool {
		return name == s || strings.HasSuffix(name, "-"+s) || name == s+"S"
	})
}

// valued returns the flags of all places that a value follows, each name once: they tell which words are no verbs.
func valued(places []place) []string {
	var all []string
	for _, p := range places {
		for _, f := range p.flags {
			if !f.values.none {
				all = append(all, f.names()...)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// quoted returns text as a shell reads it, between single quotes.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
