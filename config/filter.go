package config

import (
	"fmt"
	"regexp"
	"strings"
)

// Filter is one <Filter> of a mailbox file. Its fields describe tags like the fields of Mailbox.
type Filter struct {
	Line int // of its opening tag

	When `section:"Filters"`
	Then `section:"Filters"`
}

// When holds the conditions of a filter. The filter holds when all of them do.
type When struct {
	// Names the filter in reasons and in explain.
	//
	// Default: its number
	Name string `xml:"Name" check:"name" example:"newsletters"`

	// The message has a header field of this name whose value matches the pattern. May be given several times; then
	// every one of them must match.
	Headers []string `xml:"Header" check:"header" repeats:"yes" example:"List-Id: newsletter"`

	// Matches the mail address or the name of the person who wrote the message.
	Sender Pattern `xml:"Sender" example:"@newsletter\\.example$"`

	// Matches the mail address or the name of a recipient in To or Cc.
	Recipient Pattern `xml:"Recipient" example:"^accounts@"`

	// Matches the subject.
	Subject Pattern `xml:"Subject" example:"^\\[?(urgent|wichtig)\\b"`

	// The message has more octets than this.
	LargerThan int64 `xml:"LargerThan" check:"size 1KB-2GB" example:"10MB"`

	// Matches the media type of an attachment.
	AttachmentType Pattern `xml:"AttachmentType" example:"^text/calendar$"`

	// Matches the name of an attachment; when AttachmentType is given too, one attachment must match both.
	AttachmentName Pattern `xml:"AttachmentName" example:"\\.exe$"`
}

// Then holds the actions of a filter.
type Then struct {
	// Sets the group of the request that the message opens.
	SetGroup string `xml:"SetGroup" example:"Infrastructure"`

	// Sets the priority of the request that the message opens.
	SetPriority string `xml:"SetPriority" example:"High"`

	// Sets the assignee of the request that the message opens, by logon.
	SetAssignee string `xml:"SetAssignee" example:"jtremblay"`

	// Sets the site of the request that the message opens.
	SetSite string `xml:"SetSite" example:"Montréal"`

	// True: the message opens nothing and is added to nothing; the daemon keeps a receipt and the raw message, and tries
	// no later filter.
	Ignore bool `xml:"Ignore" default:"False" example:"True"`

	// True: the daemon tries no later filter.
	Stop bool `xml:"Stop" default:"False" example:"True"`
}

// Pattern is a regular expression in RE2 syntax, which never takes more than linear time. It ignores case unless it
// says (?-i).
type Pattern string

// Regexp compiles the pattern. It panics unless the loader has checked the pattern.
func (p Pattern) Regexp() *regexp.Regexp { return regexp.MustCompile("(?i)" + string(p)) }

// patternValues describes the good values of a pattern.
const patternValues = "RE2 syntax; case does not matter unless it begins with (?-i)"

// patternKind reads a regular expression.
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

// checkPattern reports whether text is a regular expression, and why not.
func checkPattern(text string) (fault string, ok bool) {
	if !isLine(text) {
		return "it contains a line break or a control character", false
	}
	if _, err := regexp.Compile(text); err != nil {
		return strings.TrimPrefix(err.Error(), "error parsing regexp: "), false
	}
	return "", true
}

// headerKind reads "Name: pattern". A name is printable and has no colon (RFC 5322 §2.2).
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

// HeaderPattern splits one of When.Headers into the name of the header field and the pattern.
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
			d.mistake(f.at("Name"), "Name", c.shown(filter.Name)+
				fmt.Sprintf(" is also the Name of the filter on line %d (give each filter its own)", first))
		}
		lines[strings.ToLower(filter.Name)] = filter.Line
		if f.isIdle(filter) {
			d.mistake(d.rootAt, filterName, "does nothing (add SetGroup, SetPriority, SetAssignee, SetSite, Ignore or Stop)")
		}
		c.document.mistakes = append(c.document.mistakes, d.mistakes...)
		c.document.warnings = append(c.document.warnings, d.warnings...)
		c.Filters = append(c.Filters, filter)
	}
}

// isIdle reports whether a filter has no action, and no mistake that explains why.
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
