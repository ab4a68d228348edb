package octopus

import "strings"

// command takes one command of a batch file. It returns false for one that runs nothing.
func (b *batch) command(verb, text string) bool {
	if after := text[min(len(verb), len(text)):]; strings.HasPrefix(after, ".") && verb != "echo" && verb != "cd" {
		verb = "" // the name of a program, such as start.exe
	}
	rest := strings.TrimSpace(text[min(len(verb), len(text)):])
	switch verb {
	case "echo", "title":
		return false
	case "set":
		b.set(rest)
		return false
	case "setlocal":
		b.delayed = b.delayed || strings.Contains(strings.ToLower(rest), "enabledelayedexpansion")
	case "cd", "chdir":
		b.enter(rest)
	case "pushd":
		b.folders = append(b.folders, b.folder)
		b.enter(rest)
	case "popd":
		if n := len(b.folders); n > 0 {
			b.folder, b.folders = b.folders[n-1], b.folders[:n-1]
		}
	case "start":
		b.start(rest)
	case "call":
		if !strings.HasPrefix(rest, ":") { // a label of this file, whose lines are read anyway
			b.run(rest)
		}
	case "cmd":
		b.shell(rest)
	default:
		b.run(text)
	}
	return true
}

// run takes the call of a program.
func (b *batch) run(text string) {
	text = strings.TrimLeft(text, "@ \t")
	if text == "" {
		return
	}
	program, rest := windowsWord(text)
	switch base := strings.ToLower(program[strings.LastIndexAny(program, `\/`)+1:]); {
	case len(program) == 2 && program[1] == ':':
		b.folder = program + `\` // another drive; its current folder is not known
	case base == "cmd.exe" || base == "cmd":
		b.shell(strings.TrimSpace(rest))
	case !b.Finder.command(b.at, WindowsWords(text), b.folder, false, false):
		b.follow(b.at, program, b.folder, b.variables)
	}
}

// shell reads the command behind cmd /c.
func (b *batch) shell(rest string) {
	for strings.HasPrefix(rest, "/") {
		option, after, _ := strings.Cut(rest, " ")
		rest = strings.TrimSpace(after)
		if o := strings.ToLower(option); o == "/c" || o == "/k" {
			break
		}
	}
	b.execute(withoutOuterQuotes(rest))
}

// withoutOuterQuotes takes the first and the last quotation mark away from a command, as cmd.exe does unless they enclose the name
// of a program.
func withoutOuterQuotes(text string) string {
	inner, isQuoted := strings.CutPrefix(text, `"`)
	if !isQuoted {
		return text
	}
	first, _, _ := strings.Cut(inner, `"`)
	for _, ext := range []string{".bat", ".cmd", ".exe"} {
		if len(first) > 0 && strings.HasSuffix(strings.ToLower(first), ext) {
			return text
		}
	}
	if last := strings.LastIndex(inner, `"`); last >= 0 {
		inner = inner[:last] + inner[last+1:]
	}
	return inner
}

// set sets a variable: NAME=VALUE, or "NAME=VALUE". A value that a person types (/p) or that is computed (/a) is not known.
func (b *batch) set(rest string) {
	known := !strings.HasPrefix(rest, "/")
	if !known {
		_, rest, _ = strings.Cut(rest, " ")
	}
	if strings.HasPrefix(rest, `"`) {
		rest = rest[1:]
		if end := strings.LastIndex(rest, `"`); end >= 0 {
			rest = rest[:end]
		}
	}
	name, value, found := strings.Cut(rest, "=")
	if !found {
		return
	}
	if !known {
		value = unknown(name)
	}
	b.variables[strings.ToUpper(name)] = value
}

// enter changes the current folder.
func (b *batch) enter(rest string) {
	if after, found := cutFold(rest, "/d"); found {
		rest = strings.TrimSpace(after)
	}
	if rest = strings.Trim(rest, `"`); rest != "" {
		b.folder = Join(b.folder, rest)
	}
}

// start strips what stands between start and its program: a title in quotation marks, and options.
func (b *batch) start(rest string) {
	folder := b.folder
	if strings.HasPrefix(rest, `"`) {
		_, rest = windowsWord(rest)
	}
	for {
		rest = strings.TrimLeft(rest, " \t")
		option, after := windowsWord(rest)
		if p, _, _ := parameterOf(option); p != nil || !strings.HasPrefix(option, "/") {
			break
		}
		rest = after
		in, isFolder := cutFold(option, "/d")
		if isFolder && in == "" {
			in, rest = windowsWord(strings.TrimLeft(rest, " \t"))
		}
		if isFolder {
			b.enter(in)
		}
	}
	b.run(rest)
	b.folder = folder
}

// cutFold cuts a word from the beginning of a text, in upper or lower case.
func cutFold(text, word string) (rest string, found bool) {
	if len(text) >= len(word) && strings.EqualFold(text[:len(word)], word) {
		return text[len(word):], true
	}
	return text, false
}

// stripCondition returns what follows the condition of if: [/i] [not] exist FILE, errorlevel N, defined NAME, or A==B.
func stripCondition(rest string) string {
	word, after := firstWord(rest)
	for strings.EqualFold(word, "/i") || strings.EqualFold(word, "not") {
		rest = after
		word, after = firstWord(rest)
	}
	switch strings.ToLower(word) {
	case "exist", "errorlevel", "defined", "cmdextversion":
		_, after = firstWord(after)
		return after
	}
	if strings.Contains(word, "==") && !strings.HasSuffix(word, "==") {
		return after
	}
	operator, behind := firstWord(after) // A == B, A equ B
	if strings.HasSuffix(word, "==") {
		return behind
	}
	if operator == "==" || len(operator) == 3 {
		_, behind = firstWord(behind)
		return behind
	}
	if strings.HasPrefix(operator, "==") {
		return behind
	}
	return after
}

// firstWord cuts the first word from a text; blanks within quotation marks do not end it.
func firstWord(text string) (word, rest string) {
	text = strings.TrimLeft(text, " \t")
	quoted := false
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ' ' || c == '\t'):
			return text[:i], text[i:]
		case !quoted && c == '(' && i > 0:
			return text[:i], text[i:]
		}
	}
	return text, ""
}

// stripLoop returns what follows do. The variable of the loop has no known value.
func stripLoop(rest string) string {
	lower := strings.ToLower(rest)
	i := strings.Index(lower, ") do")
	if i < 0 {
		return ""
	}
	name, _, _ := strings.Cut(strings.TrimSpace(rest), " ") // %f, as %%f has become
	body := rest[i+len(") do"):]
	if len(name) == 2 && name[0] == '%' {
		body = strings.ReplaceAll(body, name, unknown(name))
	}
	return body
}

// Join returns a path of Windows or Unix: name as it is when it begins at a root or a drive, else below folder.
func Join(folder, name string) string {
	isRooted := strings.HasPrefix(name, `\`) || strings.HasPrefix(name, "/") || len(name) > 1 && name[1] == ':'
	if isRooted || folder == "" {
		return name
	}
	separator := `\`
	if strings.Contains(folder, "/") {
		separator = "/"
	}
	return strings.TrimRight(folder, `\/`) + separator + name
}
