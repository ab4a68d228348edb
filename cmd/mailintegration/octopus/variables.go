package octopus

import (
	"path"
	"strings"
)

// usualVariables are variables of Windows, for batch files that are read on another system.
var usualVariables = map[string]string{
	"COMSPEC": `C:\Windows\System32\cmd.exe`, "SYSTEMDRIVE": "C:", "SYSTEMROOT": `C:\Windows`, "WINDIR": `C:\Windows`, "PROGRAMDATA": `C:\ProgramData`, "ALLUSERSPROFILE": `C:\ProgramData`,
	"PROGRAMFILES": `C:\Program Files`, "PROGRAMW6432": `C:\Program Files`, "PROGRAMFILES(X86)": `C:\Program Files (x86)`,
}

// variable returns the value of a variable of the system.
func (f *Finder) variable(name string) (string, bool) {
	if f.Environment != nil {
		if value, found := f.Environment(name); found {
			return value, true
		}
	}
	value, found := usualVariables[strings.ToUpper(name)]
	return value, found
}

// variable returns what stands for a variable in a line.
func (b *batch) variable(name string) string {
	if value, found := b.variables[strings.ToUpper(name)]; found {
		return value
	}
	if strings.EqualFold(name, "CD") && b.folder != "" {
		return b.folder
	}
	if value, found := b.Finder.variable(name); found {
		return value
	}
	return unknown(name)
}

// expand replaces the variables of a line, as cmd.exe does before it looks at anything else.
func (b *batch) expand(line string) string {
	var out strings.Builder
	for i := 0; i < len(line); {
		value, n := "", 0
		switch {
		case line[i] == '%':
			value, n = b.percent(line[i+1:])
		case line[i] == '!' && b.delayed:
			value, n = b.named(line[i+1:], "!")
		}
		if n == 0 {
			value, n = line[i:i+1], 0
		}
		out.WriteString(value)
		i += 1 + n
	}
	return out.String()
}

// percent returns what stands for the text behind a %, and how much of it that replaces; 0 for nothing.
func (b *batch) percent(rest string) (value string, n int) {
	switch {
	case rest == "":
		return "", 0
	case rest[0] == '%':
		return "%", 1
	case rest[0] == '*' || '0' <= rest[0] && rest[0] <= '9':
		return b.argument("", rest[:1]), 1
	case rest[0] == '~':
		letters := len(rest) - len(strings.TrimLeft(rest[1:], "fdpnxsatzFDPNXSATZ"))
		if letters < len(rest) && '0' <= rest[letters] && rest[letters] <= '9' {
			return b.argument(strings.ToLower(rest[1:letters]), rest[letters:letters+1]), letters + 1
		}
	}
	return b.named(rest, "%")
}

// named returns what stands for NAME% or NAME!, and how long that is.
func (b *batch) named(rest, mark string) (value string, n int) {
	name, _, closed := strings.Cut(rest, mark)
	if !closed || name == "" {
		return "", 0
	}
	if variable, change, isChanged := strings.Cut(name, ":"); isChanged {
		return changed(b.variable(variable), variable, change), len(name) + 1
	}
	return b.variable(name), len(name) + 1
}

// changed returns a variable with a replacement (%NAME:a=b%). A part of a variable (%NAME:~1,2%) counts as unknown.
func changed(value, name, change string) string {
	from, to, isReplacement := strings.Cut(change, "=")
	if !isReplacement || from == "" || from[0] == '*' || from[0] == '~' {
		return unknown(name)
	}
	return strings.ReplaceAll(value, from, to)
}

// argument returns what stands for an argument of the batch file. Only %0, the file itself, is known: letters choose its full
// path (f), drive (d), folder (p), name (n) and extension (x).
func (b *batch) argument(letters, digit string) string {
	if digit != "0" {
		return unknown("%" + digit)
	}
	if letters == "" || strings.Contains(letters, "f") {
		return b.at.File
	}
	file := b.at.File
	cut := strings.LastIndexAny(file, `\/`) + 1
	drive := ""
	if len(file) > 1 && file[1] == ':' {
		drive = file[:2]
	}
	folder, base := file[len(drive):cut], file[cut:]
	ext := path.Ext(base)
	var out string
	for _, part := range []struct{ letter, text string }{{"d", drive}, {"p", folder}, {"n", strings.TrimSuffix(base, ext)}, {"x", ext}} {
		if strings.Contains(letters, part.letter) {
			out += part.text
		}
	}
	return out
}
