package template

import (
	"reflect"
	"strconv"
	"strings"
	"time"

	"mailintegration/processor"
)

// Data holds what a mail is about. Zero values stand for what is not known or does not apply.
type Data struct {
	Name          string // of the recipient
	Subject       string // of the message that is answered or of the request, without prefixes and number
	Number        int64  // of the request
	Kind          processor.RequestKind
	Team          string
	TeamAddress   string
	Date          time.Time // of the message that is answered
	OpensRequests bool      // a new message to the mailbox opens a request
	Group         string    // of a new event
	Text          string    // of a new event
}

// Fields holds the values that a text can show. A field that has no value is empty.
type Fields struct {
	Name          string // name of the person who gets the mail
	Subject       string // subject of the message that is answered, or of the event, without Re: and number
	Number        string // number of the request
	Kind          string // kind of the request, in the language of the text: incident, service request, event
	Tag           string // what the subject must begin with so that answers find their request: [Incident] IT Montreal #4711
	Team          string // name of the team
	TeamAddress   string // address of the team
	Date          string // when the message that is answered was written
	OpensRequests bool   // whether a new message to the same address opens a request; only for {{if}}
	Group         string // group of a new event
	Text          string // text of a new event
}

// FieldHelp says what a field shows.
type FieldHelp struct {
	Name  string `json:"name"`
	Shows string `json:"shows"`
}

// FieldList returns the fields that a text can show, for people who write one.
func FieldList() []FieldHelp {
	return []FieldHelp{
		{"Name", "the name of the person who gets the mail"},
		{"Subject", "the subject of the message that is answered or of the event, without Re: and number"},
		{"Number", "the number of the request"},
		{"Kind", "the kind of the request, in the language of the text"},
		{"Tag", "what names the request in a subject: [Incident] IT Montreal #4711"},
		{"Team", "the name of the team"},
		{"TeamAddress", "the address of the team"},
		{"Date", "when the message that is answered was written"},
		{"OpensRequests", "only for {{if .OpensRequests}}: a new message to the same address opens a request"},
		{"Group", "the group of a new event"},
		{"Text", "the text of a new event"},
	}
}

func fieldNames() []string {
	var names []string
	for f := range reflect.TypeFor[Fields]().Fields() {
		names = append(names, f.Name)
	}
	return names
}

// fieldsOf returns the fields for a text in a language.
func fieldsOf(kind processor.ReplyKind, language string, d Data) Fields {
	f := Fields{
		Name: oneLine(d.Name), Subject: oneLine(d.Subject), Team: oneLine(d.Team), TeamAddress: oneLine(d.TeamAddress),
		OpensRequests: d.OpensRequests, Group: oneLine(d.Group), Text: strings.TrimSpace(readable(d.Text)),
	}
	if f.Subject == "" {
		f.Subject = wordsFor(language).noSubject
	}
	if !d.Date.IsZero() {
		f.Date = d.Date.Format("2006-01-02 15:04 MST")
	}
	if d.Number != 0 && kind != processor.ReplyDenied {
		f.Number = strconv.FormatInt(d.Number, 10)
		f.Kind = wordsFor(language).kinds[d.Kind]
		f.Tag = oneLine("[" + capital(f.Kind) + "] " + f.Team + " #" + f.Number)
	}
	return f
}
