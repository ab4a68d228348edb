package template

import (
	"errors"
	"strings"
)

// ParseFile reads a text from the form in which a person edits it: a line that begins with "Subject:", an empty line, and
// the body.
func ParseFile(content string) (Text, error) {
	content = strings.ReplaceAll(strings.TrimPrefix(content, "\uFEFF"), "\r\n", "\n")
	first, rest, _ := strings.Cut(strings.TrimLeft(content, "\n"), "\n")
	const field = "subject:"
	if len(first) < len(field) || !strings.EqualFold(first[:len(field)], field) {
		return Text{}, errors.New(`line 1: the file must begin with a line "Subject: …", followed by an empty line and the text`)
	}
	empty, body, _ := strings.Cut(rest, "\n")
	if strings.TrimSpace(empty) != "" {
		return Text{}, errors.New("line 2: an empty line must follow the subject; a subject has one line")
	}
	return Text{Subject: strings.TrimSpace(first[len(field):]), Body: strings.Trim(body, "\n") + "\n"}, nil
}

// File returns a text in the form that ParseFile reads.
func (t Text) File() string {
	return "Subject: " + t.Subject + "\n\n" + strings.Trim(t.Body, "\n") + "\n"
}
