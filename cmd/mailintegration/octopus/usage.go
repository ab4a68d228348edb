package octopus

import (
	"cmp"
	"runtime"
	"strconv"
	"strings"
)

// Usage returns the usage of the command line, one parameter on a line at most.
func Usage() string {
	var words []string
	for _, p := range parameters {
		word := "/" + p.name
		switch {
		case p.optional:
			word += "[:" + p.value + "]"
		case p.value != "":
			word += ":" + p.value
		}
		if !p.mandatory {
			word = "[" + word + "]"
		}
		words = append(words, word)
	}
	return "usage: mailintegration " + strings.Join(words[:4], " ") + "\n         " + strings.Join(words[4:], " ")
}

// Arguments returns the arguments of the call again, without the password. A mandatory parameter that is missing has a name for
// its value.
func (c Call) Arguments() []string {
	value := func(name, value string) string { return "/" + name + ":" + value }
	all := []string{
		value(login, cmp.Or(c.Login, "LOGON")), value(team, cmp.Or(c.Team, "TEAM")), value(configFilePath, cmp.Or(c.ConfigFilePath, "FILE")),
	}
	if c.LogFilePath != "" {
		all = append(all, value(logFilePath, c.LogFilePath))
	}
	switch {
	case c.PurgeLogs && c.PurgeDays > 0:
		all = append(all, value(purgeLogs, strconv.Itoa(c.PurgeDays)))
	case c.PurgeLogs:
		all = append(all, "/"+purgeLogs)
	}
	if c.NoRestartOnUpdate {
		all = append(all, "/"+noRestartOnUpdate)
	}
	if c.Debug {
		all = append(all, "/"+debug)
	}
	return all
}

// Quoted returns words as a person types them in a shell of this system: in quotation marks where that is needed.
func Quoted(words []string) string {
	var all []string
	for _, w := range words {
		all = append(all, quoted(w, runtime.GOOS == "windows"))
	}
	return strings.Join(all, " ")
}

// quoted returns one word as cmd.exe, or a shell of Unix, passes it on unchanged. Within double quotation marks, a shell of Unix
// still looks for variables and commands.
func quoted(word string, forWindows bool) string {
	switch {
	case word != "" && !strings.ContainsAny(word, " \t\"&|<>^()%!$'`;*?#~\\[]{}"):
		return word
	case forWindows:
		return `"` + strings.ReplaceAll(word, `"`, `\"`) + `"`
	case strings.ContainsAny(word, "\"$`!\\"):
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return `"` + word + `"`
}
