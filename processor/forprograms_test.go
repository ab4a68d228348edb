package processor

import (
	"strings"
	"testing"
)

func TestAFormOfTheTextForProgramsIsNoAttachment(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, fields, want string }{
		{"AMP", "Content-Type: text/x-amp-html", ""},
		{"HTML for a watch", "Content-Type: text/watch-html", ""},
		{"a reaction", "Content-Type: text/vnd.google.email-reaction+json", ""},
		{"JSON-LD", "Content-Type: application/ld+json", ""},
		{"XML that is called inline", "Content-Type: application/xml\nContent-Disposition: inline", ""},
		{"a calendar", "Content-Type: text/calendar", "part-2.ics"},
		{"a calendar in JSON", "Content-Type: application/calendar+json", "part-2.bin"},
		{"a card", "Content-Type: text/vcard", "part-2.vcf"},
		{"a table", "Content-Type: text/csv", "part-2.csv"},
		{"a document", "Content-Type: application/pdf", "part-2.pdf"},
		{"an image", "Content-Type: image/png", "part-2.png"},
		{"a drawing", "Content-Type: image/svg+xml", "part-2.svg"},
		{"octets of any kind", "Content-Type: application/octet-stream", "part-2.bin"},
		{"a form with a name", "Content-Type: application/json; name=a.json", "a.json"},
		{"a form that is called an attachment", "Content-Type: text/watch-html\nContent-Disposition: attachment", "part-2.bin"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := parseString("Content-Type: multipart/alternative; boundary=b\n\n--b\n\nhello\n--b\n" + tt.fields + "\n\nx\n--b--\n")
			if got := strings.Join(namesOf(m.Attachments), " "); got != tt.want || m.Text != "hello" {
				t.Errorf("got attachments %q and text %q, want %q and %q", got, m.Text, tt.want, "hello")
			}
		})
	}
}

func TestAFormForProgramsStaysWhereTheMessageSaysNothingElse(t *testing.T) {
	t.Parallel()
	m := parseString("Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/watch-html\n\nhello\n--b--\n")
	if len(m.Attachments) != 1 || m.Text != "hello" {
		t.Errorf("got attachments %+v and text %q, want the form and its text", m.Attachments, m.Text)
	}
}
