package config

import (
	"fmt"
	"regexp"
	"strings"
)

// Filter is one <Filter> of a mailbox file. Its tags are described like those of Mailbox.
type Filter struct {
	Line int // where it begins in the file

	When `section:"Filters"`
	Then `section:"Filters"`
}

// When is what has to be so for a filter to hold, all of it.
type When struct {
	Name           string   `xml:"Name" check:"name" otherwise:"its number" example:"newsletters" doc:"What the filter is called in reasons and in explain."`
	Headers        []string `xml:"Header" check:"header" repeats:"yes" example:"List-Id: newsletter" doc:"The message has a header field of this name whose value matches the pattern. May be given several times, and then each has to be so."`
	Sender         Pattern  `xml:"Sender" example:"@newsletter\\.example$" doc:"Matches the mail address, or the name, of who wrote the message."`
	Recipient      Pattern  `xml:"Recipient" example:"^accounts@" doc:"Matches the mail address, or the name, of somebody in To or Cc."`
	Subject        Pattern  `xml:"Subject" example:"^\\[?(urgent|wichtig)\\b" doc:"Matches the subject."`
	LargerThan     int64    `xml:"LargerThan" check:"size 1KB-2GB" example:"10MB" doc:"The message has more octets than this."`
	AttachmentType Pattern  `xml:"AttachmentType" example:"^text/calendar$" doc:"Matches the media type of an attachment."`
	AttachmentName Pattern  `xml:"AttachmentName" example:"\\.exe$" doc:"Matches the name of an attachment; of the same one as AttachmentType, when both are given."`
}

// Then is what a filter does when it holds.
type Then struct {
	SetGroup    string `xml:"SetGroup" example:"Infrastructure" doc:"Group of the request that the message opens."`
	SetPriority string `xml:"SetPriority" example:"High" doc:"Priority of the request that the message opens."`
	SetAssignee string `xml:"SetAssignee" example:"jtremblay" doc:"Logon of the assignee of the request that the message opens."`
	SetSite     string `xml:"SetSite" example:"Montréal" doc:"Site of the request that the message opens."`
	Ignore      bool   `xml:"Ignore" default:"False" example:"True" doc:"True: the message opens nothing and is added to nothing; a receipt and the raw message are kept. No later filter is tried."`
	Stop        bool   `xml:"Stop" default:"False" example:"True" doc:"True: no later filter is tried."`
}

// Pattern is a regular expression in RE2 syntax, which never takes more than linear time. Upper and lower case are the
// same to it, unless it says (?-i).
type Pattern string

// Regexp is the pattern, ready to match. It is one that was read from a file.
func (p Pattern) Regexp() *regexp.Regexp { return regexp.MustCompile("(?i)" + string(p)) }

const patternValues = "RE2 syntax; upper and lower case are the same unless it begins with (?-i)"

func patternKind() kind {
	return kind{
		noun: "a regular expression", values: patternValues,
		parse: func(text string) (any, string, bool) {
			fault, ok := checkPattern(text)
			return Pattern(text), fault, ok
		},
		format: func(v any) string { return string(v.(Pattern)) },
	}
}

// checkPattern says what is wrong with a pattern.
func checkPattern(text string) (fault string, ok bool) {
	if !isLine(text) {
		return "it holds a line break or a control character", false
	}
	if _, err := regexp.Compile(text); err != nil {
		return strings.TrimPrefix(err.Error(), "error parsing regexp: "), false
	}
	return "", true
}

// headerKind reads "Name: pattern" (RFC 5322 §2.2: a name is printable, without a colon).
func headerKind() kind {
	return kind{
		noun: "the name of a header field, a colon and a regular expression", values: "such as X-Spam-Flag: ^yes; " + patternValues,
		parse: func(text string) (any, string, bool) {
			name, pattern, found := strings.Cut(text, ":")
			name = strings.TrimSpace(name)
			isBad := func(r rune) bool { return r <= ' ' || r >= 0x7F }
			if !found || name == "" || strings.ContainsFunc(name, isBad) {
				return nil, "", false
			}
			pattern = strings.TrimSpace(pattern)
			fault, ok := checkPattern(pattern)
			return []string{name + ": " + pattern}, fault, ok
		},
		format: func(v any) string { return strings.Join(v.([]string), "\n") },
	}
}

// HeaderPattern cuts one of Headers into the name of the field and its pattern.
func HeaderPattern(header string) (name string, pattern Pattern) {
	name, text, _ := strings.Cut(header, ": ")
	return name, Pattern(text)
}

// filters reads the filters of the file.
func (c checking) filters() {
	lines := map[string]int{}
	for i, d := range c.document.filters {
		filter := Filter{Line: d.rootAt.line}
		d.quiet, d.secrets = c.quiet, c.secrets
		f := d.fill(&filter, c.set.filter)
		if filter.Name == "" {
			filter.Name = fmt.Sprint(i + 1)
		}
		if first, taken := lines[strings.ToLower(filter.Name)]; taken && f.good["Name"] {
			d.mistake(f.at("Name"), "Name", c.shown(filter.Name)+fmt.Sprintf(" is also the name of the filter in line %d (each filter has its own)", first))
		}
		lines[strings.ToLower(filter.Name)] = filter.Line
		if f.isIdle(filter) {
			d.mistake(d.rootAt, filterName, "does nothing (write SetGroup, SetPriority, SetAssignee, SetSite, Ignore or Stop)")
		}
		c.document.mistakes = append(c.document.mistakes, d.mistakes...)
		c.document.warnings = append(c.document.warnings, d.warnings...)
		c.Filters = append(c.Filters, filter)
	}
}

// isIdle says whether a filter has no effect, and no mistake that explains it.
func (f *filling) isIdle(filter Filter) bool {
	for name := range f.first {
		if isAction := f.first[name].tag.index[0] == 2; isAction && f.given(name) && !f.good[name] {
			return false
		}
	}
	for name := range f.meant {
		if tag := filterSet().lookup(name); tag != nil && tag.index[0] == 2 {
			return false
		}
	}
	return filter.Then == Then{}
}
