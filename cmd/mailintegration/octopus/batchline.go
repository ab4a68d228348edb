package octopus

import "strings"

// scanner walks over a line of a batch file and knows which characters are quoted: by quotation marks, or by a caret.
type scanner struct {
	quoted bool // within quotation marks
	caret  bool // behind a caret
}

// next reads one octet and reports whether it counts as itself and not as an operator.
func (s *scanner) next(c byte) (isPlain bool) {
	switch {
	case s.caret:
		s.caret = false
		return true
	case c == '"':
		s.quoted = !s.quoted
		return true
	case c == '^' && !s.quoted:
		s.caret = true
		return false
	}
	return s.quoted
}

// endsInCaret reports whether the next line continues this one.
func endsInCaret(line string) bool {
	var s scanner
	for i := range len(line) {
		s.next(line[i])
	}
	return s.caret
}

// cutCommand cuts a line at the first operator (& && | ||), and at ) within parentheses.
func cutCommand(line string, inBlock bool) (command, rest string) {
	var s scanner
	for i := range len(line) {
		c := line[i]
		if s.next(c) {
			continue
		}
		isOperator := c == '&' && (i == 0 || line[i-1] != '>') || c == '|'
		if isOperator {
			return line[:i], strings.TrimLeft(line[i:], "&|")
		}
		if c == ')' && inBlock {
			return line[:i], line[i:]
		}
	}
	return line, ""
}

// plain returns a command without carets and redirections. Quotation marks stay: the program that is called splits its words.
func plain(command string) string {
	var s scanner
	var b strings.Builder
	for i := 0; i < len(command); i++ {
		c := command[i]
		switch isPlain := s.next(c); {
		case isPlain:
			b.WriteByte(c)
		case c == '^':
		case c == '>' || c == '<':
			kept := withoutHandle(b.String())
			b.Reset()
			b.WriteString(kept)
			i = skipRedirection(command, i) - 1
		default:
			b.WriteByte(c)
		}
	}
	return strings.TrimSpace(b.String())
}

// withoutHandle removes the digit of a redirection such as 2>nul from the end of a text.
func withoutHandle(text string) string {
	if n := len(text); n > 0 && (text[n-1] == '1' || text[n-1] == '2') && (n == 1 || text[n-2] == ' ') {
		return text[:n-1]
	}
	return text
}

// skipRedirection returns where a redirection that begins at i ends: behind &1, or behind the name of a file.
func skipRedirection(command string, i int) int {
	for i < len(command) && strings.IndexByte("<>& \t", command[i]) >= 0 {
		i++
	}
	var s scanner
	for i < len(command) {
		if !s.next(command[i]) && strings.IndexByte(" \t<>", command[i]) >= 0 {
			break
		}
		i++
	}
	return i
}
