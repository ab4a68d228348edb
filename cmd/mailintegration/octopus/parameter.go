package octopus

import (
	"slices"
	"strings"
)

// The parameters, as the original's documentation writes them.
const (
	login             = "Login"
	password          = "Password"
	team              = "Team"
	configFilePath    = "ConfigFilePath"
	logFilePath       = "LogFilePath"
	purgeLogs         = "PurgeLogs"
	noRestartOnUpdate = "NoRestartOnUpdate"
	debug             = "DEBUG"
)

// parameter describes one parameter.
type parameter struct {
	name      string
	value     string // what stands behind the colon, for the usage; "" for none
	optional  bool   // the value may be left out
	mandatory bool
	isPath    bool
}

// parameters lists all parameters in the order of the usage.
var parameters = []parameter{
	{name: login, value: "LOGON", mandatory: true},
	{name: password, value: "PASSWORD", mandatory: true},
	{name: team, value: "TEAM", mandatory: true},
	{name: configFilePath, value: "FILE", mandatory: true, isPath: true},
	{name: logFilePath, value: "FILE", isPath: true},
	{name: purgeLogs, value: "DAYS", optional: true},
	{name: noRestartOnUpdate},
	{name: debug},
}

// parameterNamed returns the parameter with a name, in upper or lower case; nil when there is none.
func parameterNamed(name string) *parameter {
	i := slices.IndexFunc(parameters, func(p parameter) bool { return strings.EqualFold(p.name, name) })
	if i < 0 {
		return nil
	}
	return &parameters[i]
}

// parameterOf returns the parameter that an argument gives, and the text behind its colon. An argument that gives none, such as
// the path of a file, has the parameter nil.
func parameterOf(argument string) (p *parameter, value string, hasValue bool) {
	name, value, hasValue := cutName(argument)
	return parameterNamed(name), value, hasValue
}

// cutName cuts an argument into the name between its slash and its colon, and the value. The name is "" without a slash.
func cutName(argument string) (name, value string, hasValue bool) {
	rest, isParameter := strings.CutPrefix(argument, "/")
	if !isParameter {
		return "", "", false
	}
	return strings.Cut(rest, ":")
}

// nearest returns the name of the parameter that a wrong name probably stands for, "" when none is near.
func nearest(name string) string {
	best, least := "", 3 // more changes make it another word
	for _, p := range parameters {
		if d := distance(strings.ToLower(name), strings.ToLower(p.name)); d < least {
			best, least = p.name, d
		}
	}
	return best
}

// distance returns how many octets must be inserted, removed or replaced to make one word of the other (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
