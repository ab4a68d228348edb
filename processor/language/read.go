package language

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// list is an element that holds words, separated by line ends or semicolons.
type list []string

// UnmarshalText splits the content of an element into its words.
func (l *list) UnmarshalText(text []byte) error {
	for entry := range strings.FieldsFuncSeq(string(text), func(r rune) bool { return r == '\n' || r == ';' }) {
		if entry = strings.TrimSpace(entry); entry != "" {
			*l = append(*l, entry)
		}
	}
	return nil
}

// file is a file of the folder data.
type file struct {
	XMLName xml.Name   `xml:"Language"`
	Code    string     `xml:"code,attr"`
	Name    string     `xml:"name,attr"`
	Others  []xml.Attr `xml:",any,attr"`
	Sources []Source   `xml:"Source"`

	Words, Greetings                                                                           list
	Replies, Forwards, Absences, Returned, Receipts, Invitations, Gateways, AbsenceSentences   list
	From, Sent, Date, To, Cc, Subject, Other, Openers, Wrote, Original, Forwarded, Salutations list
	NoHTML, Elsewhere, Communications                                                          list
	Unknown                                                                                    []unknown `xml:",any"`
	Text                                                                                       string    `xml:",chardata"`
}

// unknown is an element that no file may have.
type unknown struct{ XMLName xml.Name }

// read reads one file. Whatever it does not know is an error: a list under a misspelt name would be lost.
func read(octets []byte) (Language, error) {
	var f file
	if err := xml.Unmarshal(octets, &f); err != nil {
		return Language{}, err
	}
	switch {
	case len(f.Unknown) > 0:
		return Language{}, fmt.Errorf("unknown element %s", f.Unknown[0].XMLName.Local)
	case len(f.Others) > 0:
		return Language{}, fmt.Errorf("unknown attribute %s", f.Others[0].Name.Local)
	case strings.TrimSpace(f.Text) != "":
		return Language{}, fmt.Errorf("text outside of the lists: %q", strings.TrimSpace(f.Text))
	case f.Code == "" || f.Name == "":
		return Language{}, fmt.Errorf("a language needs a code and a name")
	}
	return Language{
		Code: f.Code, Name: f.Name, Sources: f.Sources,
		Words: f.Words, Greetings: f.Greetings,
		Replies: f.Replies, Forwards: f.Forwards, Absences: f.Absences, Returned: f.Returned, Receipts: f.Receipts,
		Invitations: f.Invitations, Gateways: f.Gateways, AbsenceSentences: f.AbsenceSentences,
		From: f.From, Sent: f.Sent, Date: f.Date, To: f.To, Cc: f.Cc, Subject: f.Subject, Other: f.Other,
		Openers: f.Openers, Wrote: f.Wrote, Original: f.Original, Forwarded: f.Forwarded,
		Salutations: f.Salutations, NoHTML: f.NoHTML, Elsewhere: f.Elsewhere,
		Communications: f.Communications,
	}, nil
}
