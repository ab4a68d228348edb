package template

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"text/template"
	"unicode"

	"mailintegration/processor"
)

// Text is the text of a mail with its fields not filled in. The zero Text stands for the one that comes with the program.
type Text struct{ Subject, Body string }

// How long a composed mail may be. Longer ones are cut.
const (
	maxSubject = 250      // runes; a few header lines once it is encoded (RFC 2047 §2)
	maxBody    = 64 << 10 // octets
)

// Compose writes a mail of a kind in a language from a team's own text, or from the shipped text if own is zero. If the own
// text fails, Compose uses the shipped text as well, and the error says why: the mail can be sent in any case. A language
// without a shipped text gets the English one. The subject is one line without control characters; lines of the body end
// with LF.
func Compose(kind processor.ReplyKind, language string, own Text, data Data) (subject, body string, err error) {
	if own != (Text{}) {
		if subject, body, err = fill(own, fieldsOf(kind, language, data)); err == nil {
			return subject, body, nil
		}
		err = fmt.Errorf("the team's text for %s in the language %s cannot be used: %w", kind, language, err)
	}
	text, language := shippedText(kind, language)
	subject, body, failure := fill(text, fieldsOf(kind, language, data))
	return subject, body, errors.Join(err, failure)
}

// fill fills the fields of a text in.
func fill(t Text, f Fields) (subject, body string, err error) {
	if subject, err = fillOne("subject", t.Subject, f); err != nil {
		return "", "", err
	}
	if body, err = fillOne("body", t.Body, f); err != nil {
		return "", "", err
	}
	subject = oneLine(subject)
	if subject == "" {
		return "", "", errors.New("the subject is empty")
	}
	return subject, cutOctets(readable(body), maxBody), nil
}

func fillOne(part, text string, f Fields) (string, error) {
	t, err := parsed(part, text)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, f); err != nil {
		return "", plainError(part, err)
	}
	return b.String(), nil
}

// parsed parses the subject or the body of a text and checks that it has only what a text may contain.
func parsed(part, text string) (*template.Template, error) {
	if len(text) > maxBody {
		return nil, fmt.Errorf("the %s is longer than %d octets", part, maxBody)
	}
	t, err := template.New(part).Parse(text)
	if err != nil {
		return nil, plainError(part, err)
	}
	if err := checkTree(part, text, t); err != nil {
		return nil, err
	}
	return t, nil
}

// oneLine returns a subject without control and formatting characters, its words joined by one space, and cut to its
// longest length.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r) || r == '\u2028' || r == '\u2029':
			return ' '
		case unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	runes := []rune(strings.Join(strings.Fields(s), " "))
	if len(runes) > maxSubject {
		return string(runes[:maxSubject-1]) + "…"
	}
	return string(runes)
}

// readable returns a body in UTF-8 whose lines end with LF, without control characters and with one line end at its end.
func readable(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
	return strings.Trim(s, "\n") + "\n"
}

// cutOctets cuts s between two lines so that it has at most limit octets.
func cutOctets(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	cut := strings.ToValidUTF8(s[:limit], "")
	if end := strings.LastIndexByte(cut, '\n'); end > 0 {
		cut = cut[:end+1]
	}
	return cut
}
