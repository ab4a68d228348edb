package octopus

import "strings"

// WindowsWords splits a command line as a program of Windows does (CommandLineToArgvW, and the C runtime): blanks separate words
// outside of quotation marks; \" is a quotation mark, and so is "" within quotation marks; a backslash counts as itself anywhere
// else.
func WindowsWords(line string) []string {
	var words []string
	for {
		line = strings.TrimLeft(line, " \t\n")
		if line == "" {
			return words
		}
		var word string
		word, line = windowsWord(line)
		words = append(words, word)
	}
}

// windowsWord returns the first word of a line that begins with one, and the rest.
func windowsWord(line string) (word, rest string) {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\':
			n := len(line[i:]) - len(strings.TrimLeft(line[i:], `\`))
			i += n - 1
			if i+1 < len(line) && line[i+1] == '"' {
				b.WriteString(strings.Repeat(`\`, n/2))
				if n%2 == 1 {
					b.WriteByte('"')
					i++
				}
				continue
			}
			b.WriteString(strings.Repeat(`\`, n))
		case c == '"' && quoted && i+1 < len(line) && line[i+1] == '"':
			b.WriteByte('"')
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && strings.IndexByte(" \t\n", c) >= 0:
			return b.String(), line[i:]
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}
