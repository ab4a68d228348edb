package octopus

import (
	"regexp"
	"strings"
)

// The beginning of a line of cron: five fields or a word such as @hourly.
var (
	cronFields = regexp.MustCompile(`^\s*([0-9*,/\-]+|[A-Za-z]{3}([,-][A-Za-z]{3})*)(\s+([0-9*,/\-]+|[A-Za-z]{3}([,-][A-Za-z]{3})*)){4}\s+`)
	cronWord   = regexp.MustCompile(`^\s*@(reboot|yearly|annually|monthly|weekly|daily|midnight|hourly)\s+`)
	assignment = regexp.MustCompile(`^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$`)
)

// lines finds the calls in a crontab or a shell script.
func (f *Finder) lines(at Place, folder, text string) {
	variables := map[string]string{}
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		at.Line = i + 1
		line := lines[i]
		for strings.HasSuffix(line, `\`) && i+1 < len(lines) {
			i++
			line = line[:len(line)-1] + lines[i]
		}
		if trimmed := strings.TrimSpace(line); trimmed == "" || trimmed[0] == '#' {
			continue
		}
		if m := assignment.FindStringSubmatch(line); m != nil && !mentionsCall.MatchString(line) {
			variables[m[1]] = strings.Trim(strings.TrimSpace(m[2]), `"'`)
			continue
		}
		f.shellLine(at, folder, cronCommand(line), variables)
	}
}

// cronCommand returns the command of a line of cron. There, a % that has no backslash ends the command.
func cronCommand(line string) string {
	start := cronFields.FindString(line)
	if start == "" {
		start = cronWord.FindString(line)
	}
	if start == "" {
		return line
	}
	command := strings.ReplaceAll(line[len(start):], `\%`, unknownMark)
	command, _, _ = strings.Cut(command, "%")
	return strings.ReplaceAll(command, unknownMark, "%")
}

// shellLine finds the calls in a line of a shell. The name of an account that runs it may stand before the command.
func (f *Finder) shellLine(at Place, folder, line string, variables map[string]string) {
	value := func(name string) string {
		if v, found := variables[name]; found {
			return v
		}
		return unknown(name)
	}
	calls, problems := len(f.Calls), len(f.Problems)
	for _, words := range UnixWords(line, value) {
		if len(words) == 2 && words[0] == "cd" {
			folder = Join(folder, words[1])
			continue
		}
		if f.command(at, words, folder, false, false) {
			continue
		}
		for _, w := range words[:min(3, len(words))] { // sh FILE, ACCOUNT FILE
			if f.follow(at, w, folder, nil) {
				break
			}
		}
	}
	if mentionsCall.MatchString(line) && len(f.Calls) == calls && len(f.Problems) == problems {
		f.problem(at, "a command line of Octopus was not understood here (give it with --command-line)")
	}
}
