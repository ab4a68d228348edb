package octopus

import (
	"regexp"
	"strings"
)

// UnixWords splits a line of a shell into its commands and their words: with quotation marks of both kinds, backslashes, comments,
// and without redirections. It runs nothing. variable returns what stands for $NAME outside of single quotation marks; nil leaves
// variables as they are.
func UnixWords(line string, variable func(name string) string) [][]string {
	s := &shell{rest: line, variable: variable}
	for s.rest != "" {
		s.next()
	}
	s.endCommand()
	return s.commands
}

// shell is a line of a shell that is being split.
type shell struct {
	rest     string
	variable func(name string) string
	commands [][]string
	words    []string
	word     strings.Builder
	inWord   bool
	skips    bool // the next word is the file of a redirection
}

func (s *shell) endWord() {
	if s.inWord && !s.skips {
		s.words = append(s.words, s.word.String())
	}
	if s.inWord {
		s.skips = false
	}
	s.word.Reset()
	s.inWord = false
}

func (s *shell) endCommand() {
	s.endWord()
	if len(s.words) > 0 {
		s.commands = append(s.commands, s.words)
	}
	s.words = nil
}

// next reads one character, or one text in quotation marks.
func (s *shell) next() {
	c := s.rest[0]
	s.rest = s.rest[1:]
	switch {
	case c == '\'':
		s.quote(s.cutAt("'"))
	case c == '"':
		s.doubleQuote()
	case c == '\\' && s.rest != "":
		s.quote(s.rest[:1])
		s.rest = s.rest[1:]
	case c == '$' && s.variable != nil:
		s.quote(s.value())
	case c == ' ' || c == '\t':
		s.endWord()
	case c == '#' && !s.inWord:
		s.rest = ""
	case strings.IndexByte(";&|()\n", c) >= 0:
		s.endCommand()
	case c == '>' || c == '<':
		s.redirect()
	default:
		s.quote(string([]byte{c}))
	}
}

// quote adds a text to the word.
func (s *shell) quote(text string) {
	s.word.WriteString(text)
	s.inWord = true
}

// cutAt returns the rest up to a mark, and goes on behind it.
func (s *shell) cutAt(mark string) string {
	text, rest, _ := strings.Cut(s.rest, mark)
	s.rest = rest
	return text
}

// doubleQuote reads up to the closing quotation mark. A backslash counts only before " \ $ and ` (POSIX, Shell Command Language,
// 2.2.3).
func (s *shell) doubleQuote() {
	s.quote("")
	for s.rest != "" {
		c := s.rest[0]
		s.rest = s.rest[1:]
		switch {
		case c == '"':
			return
		case c == '\\' && s.rest != "" && strings.IndexByte("\"\\$`", s.rest[0]) >= 0:
			s.quote(s.rest[:1])
			s.rest = s.rest[1:]
		case c == '$' && s.variable != nil:
			s.quote(s.value())
		default:
			s.quote(string([]byte{c}))
		}
	}
}

// variableName matches what may follow $.
var variableName = regexp.MustCompile(`^(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))`)

// value returns what stands for a variable whose name follows. Any other $ stands for itself.
func (s *shell) value() string {
	m := variableName.FindStringSubmatch(s.rest)
	if m == nil {
		return "$"
	}
	s.rest = s.rest[len(m[0]):]
	return s.variable(m[1] + m[2])
}

// redirect skips a redirection: the digit before it, &1 behind it, or the file that follows.
func (s *shell) redirect() {
	if w := s.word.String(); w == "1" || w == "2" {
		s.word.Reset()
		s.inWord = false
	}
	s.endWord()
	s.rest = strings.TrimLeft(s.rest, "><")
	if after, isNumber := strings.CutPrefix(s.rest, "&"); isNumber {
		s.rest = strings.TrimLeft(after, "0123456789-")
		return
	}
	s.skips = true
}
