package processor

import (
	"strings"

	"mailintegration/processor/entity"
)

// isForPrograms reports whether a part of a multipart/alternative is a form of the text that programs read: AMP, HTML for
// a watch, a reaction in JSON. People open other parts as files, also one that its author has named or called an attachment.
func isForPrograms(p *entity.Part) bool {
	if p.IsMultipart() || p.HasName() || p.Disposition == "attachment" || isBodyText(p) {
		return false
	}
	kind, sub, _ := strings.Cut(p.MediaType, "/")
	switch kind {
	case "text":
		return !isTextDocument(sub)
	case "application":
		return isData(sub)
	}
	return false
}

// isTextDocument reports whether text of this subtype is a file for people: a calendar, a card, a table, a document.
func isTextDocument(sub string) bool {
	switch sub {
	case "calendar", "x-vcalendar", "vcard", "x-vcard", "directory", "csv", "tab-separated-values", "rtf", "plain", "html":
		return true
	}
	return false
}

// isData reports whether a subtype of application is that of data: JSON or XML in any vocabulary (RFC 6839 §3.1,
// RFC 7303 §4.2). Calendars are files in these forms, too.
func isData(sub string) bool {
	base, suffix, isStructured := strings.Cut(sub, "+")
	if !isStructured {
		suffix = base
	}
	if base == "calendar" || base == "vcard" || strings.Contains(base, "document") {
		return false
	}
	return suffix == "json" || suffix == "xml" || suffix == "x-json" || suffix == "javascript"
}
