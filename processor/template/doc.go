// Package template writes the texts of the mail that the program sends: subject and body, from the texts of a team or
// from those that come with the program in English and French (texts/).
//
// A text is a Go text/template with less in it, so that it always ends, says nothing by accident, and can be checked
// whole when it is saved: fields such as {{.Number}}, {{if .Group}} … {{else}} … {{end}}, and the functions and, or, not,
// eq and ne. [FieldList] names the fields. A subject is one line of bounded length, whatever the fields hold, so no text
// can begin another header field.
//
// # Files
//
//	template.go   Text, Compose, Check: one text, with the shipped one in reserve
//	check.go      what a text may contain, and its mistakes by line
//	fields.go     Data, and the fields that texts show of it
//	shipped.go    the texts that come with the program
//	textfile.go   a text as a person edits it: a line "Subject: …", an empty line, the body
//	language.go   names of languages
package template
