package template

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
	"time"

	"mailintegration/processor"
)

// functions are the functions that a text may call. None of them can make a text long, or take long.
var functions = []string{"and", "or", "not", "eq", "ne"}

// Mistakes are the mistakes of a text. Each names its part and, in the body, its line.
type Mistakes []error

// Error lists the mistakes, one per line.
func (m Mistakes) Error() string { return errors.Join(m...).Error() }

// Check reports every mistake of a text that a person wants to save for a kind of mail: its form, a field that does not
// exist (with its line), a subject of more than one line, a subject that does not name the request that the mail is about,
// and what fails when the text is filled with sample data. Its error is of the type Mistakes.
func Check(kind processor.ReplyKind, t Text) error {
	var mistakes Mistakes
	if !slices.Contains(processor.ReplyKinds, kind) {
		return Mistakes{fmt.Errorf("there is no mail of the kind %q: use one of %s", kind, kindNames())}
	}
	if strings.ContainsAny(strings.TrimSpace(t.Subject), "\r\n") {
		mistakes = append(mistakes, errors.New("the subject has more than one line"))
	}
	for _, part := range []struct{ name, text string }{{"subject", t.Subject}, {"body", t.Body}} {
		if strings.TrimSpace(part.text) == "" {
			mistakes = append(mistakes, fmt.Errorf("the %s is empty", part.name))
			continue
		}
		if _, err := parsed(part.name, part.text); err != nil {
			mistakes = append(mistakes, err)
		}
	}
	if len(mistakes) > 0 {
		return mistakes
	}
	for _, sample := range []Data{Sample(kind), {Number: 1, Kind: processor.Incident}} {
		f := fieldsOf(kind, "en", sample)
		subject, _, err := fill(t, f)
		if err != nil {
			return Mistakes{err}
		}
		if f.Tag != "" && kind != processor.ReplyDenied && !strings.HasPrefix(subject, f.Tag) {
			return Mistakes{errors.New("the subject does not begin with {{.Tag}}: answers could not be added to their request")}
		}
	}
	return nil
}

// Sample returns data to show a text with.
func Sample(kind processor.ReplyKind) Data {
	d := Data{
		Name: "Anna Tremblay", Subject: "The printer on the second floor", Team: "IT Montreal", TeamAddress: "helpdesk@example.com",
		Date: time.Date(2026, 11, 26, 9, 30, 0, 0, time.UTC), OpensRequests: kind != processor.ReplyDenied,
	}
	switch kind {
	case processor.ReplyNewEvent:
		d.Number, d.Kind, d.Group, d.Date = 4711, processor.Event, "Service Desk", time.Time{}
		d.Subject, d.Text = "mail.example.com: unreachable", "The server mail.example.com does not answer."
	case processor.ReplyDenied:
	default:
		d.Number, d.Kind = 4711, processor.Incident
	}
	return d
}

// checkTree returns an error for everything in a parsed text that a text may not contain, with its line.
func checkTree(part, text string, t *template.Template) error {
	w := walk{part: part, text: text}
	if len(t.Templates()) > 1 {
		w.mistakes = append(w.mistakes, fmt.Errorf("%s: define and block are not possible in a text", part))
	}
	if t.Tree != nil {
		w.list(t.Root)
	}
	return errors.Join(w.mistakes...)
}

// walk visits the nodes of a text and notes its mistakes.
type walk struct {
	part, text string
	mistakes   []error
}

func (w *walk) list(l *parse.ListNode) {
	if l == nil {
		return
	}
	for _, n := range l.Nodes {
		w.node(n)
	}
}

func (w *walk) node(n parse.Node) {
	switch n := n.(type) {
	case *parse.TextNode, *parse.CommentNode, *parse.StringNode, *parse.NumberNode, *parse.BoolNode:
	case *parse.ActionNode:
		w.pipe(n.Pipe)
	case *parse.IfNode:
		w.pipe(n.Pipe)
		w.list(n.List)
		w.list(n.ElseList)
	case *parse.PipeNode:
		w.pipe(n)
	case *parse.FieldNode:
		if name := strings.Join(n.Ident, "."); !slices.Contains(fieldNames(), name) {
			w.mistake(n, "there is no field .%s: use one of %s", name, strings.Join(fieldNames(), ", "))
		}
	case *parse.IdentifierNode:
		if !slices.Contains(functions, n.Ident) {
			w.mistake(n, "the function %s is not possible in a text: use only %s", n.Ident, strings.Join(functions, ", "))
		}
	default:
		w.mistake(n, "%s is not possible in a text: use {{.Field}} and {{if .Field}} … {{else}} … {{end}}", n)
	}
}

func (w *walk) pipe(p *parse.PipeNode) {
	if len(p.Decl) > 0 {
		w.mistake(p, "variables are not possible in a text")
		return
	}
	for _, command := range p.Cmds {
		for _, arg := range command.Args {
			w.node(arg)
		}
	}
}

func (w *walk) mistake(n parse.Node, format string, args ...any) {
	at := w.part
	if w.part != "subject" {
		at = fmt.Sprintf("%s, line %d", w.part, 1+strings.Count(w.text[:min(int(n.Position()), len(w.text))], "\n"))
	}
	w.mistakes = append(w.mistakes, fmt.Errorf("%s: %s", at, fmt.Sprintf(format, args...)))
}

// place finds where text/template says that an error is: "template: body:3:5: …".
var place = regexp.MustCompile(`^template: \w+:(\d+)(?::\d+)?: (?:executing "\w+" at )?`)

// plainError returns an error of text/template in the form of our own.
func plainError(part string, err error) error {
	text := err.Error()
	m := place.FindStringSubmatch(text)
	switch {
	case m == nil:
		return fmt.Errorf("%s: %w", part, err)
	case part == "subject":
		return fmt.Errorf("subject: %s", text[len(m[0]):])
	}
	return fmt.Errorf("%s, line %s: %s", part, m[1], text[len(m[0]):])
}

func kindNames() string {
	var names []string
	for _, k := range processor.ReplyKinds {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}
