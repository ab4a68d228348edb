package entity

import (
	"bytes"
	"slices"
	"strings"
)

// isDelimiter reports whether a line ends the section because it delimits a multipart. The current field ends in any
// case: such a line continues none.
func (h *headerReader) isDelimiter(ln line) bool {
	if !ln.last || !bytes.HasPrefix(ln.text, []byte("--")) {
		return false
	}
	h.close()
	return h.delimits(ln.text)
}

// delimits reports whether a line delimits a multipart that encloses the section, or the one that the section itself
// declares (RFC 2046 §5.1.1): nothing of a header section follows such a line.
func (h *headerReader) delimits(text []byte) bool {
	if h.encloses == nil || !bytes.HasPrefix(text, []byte("--")) {
		return false
	}
	delimiter := trimRight(text[2:])
	is, _ := matchesBoundary(delimiter, h.ownBoundary())
	return is || h.encloses(delimiter)
}

// ownBoundary returns the boundary that the section declares so far, "" when it declares no multipart.
func (h *headerReader) ownBoundary() string {
	if h.contentType != "" {
		if mediaType, ps := parseMediaType(h.contentType); strings.HasPrefix(mediaType, "multipart/") {
			h.boundary = trimRight(ps.get("boundary"))
		}
		h.contentType = ""
	}
	return h.boundary
}

// junk handles a line that is no field: it skips the line when the section goes on after it. Otherwise the body begins
// with the line, or after it when it is white space.
func (h *headerReader) junk(ln line) (body int64, done bool) {
	h.close()
	offset, isSpace := ln.off, len(bytes.TrimSpace(ln.text)) == 0
	for !ln.last {
		var ok bool
		if ln, ok = h.lines.next(); !ok {
			return offset, true
		}
	}
	switch after := h.lines.offset(); {
	case h.goesOn(isSpace):
		h.note("line in the header section that is no field")
		return 0, false
	case isSpace:
		h.note("header section ends with a line of white space")
		return after, true
	case h.outer && !h.begun():
		h.note("no header section")
	default:
		h.note("header section ends without a blank line")
	}
	return offset, true
}

// goesOn reports whether the section goes on after a line that is no field. It remembers how far it has looked, so that
// no line is looked at twice.
func (h *headerReader) goesOn(isSpace bool) bool {
	at := h.lines.offset()
	switch {
	case at < h.until:
		return true
	case h.outer && !h.hasFrom && !isSpace:
		return h.commonFieldAhead(at) // hardly a section is complete without From: a text begins later
	}
	return h.fieldsAhead(at, isSpace)
}

// commonFieldAhead reports whether a field that most messages have follows before the next blank line.
func (h *headerReader) commonFieldAhead(at int64) bool {
	for window, i := h.lines.window(), 0; len(window) > 0; i++ {
		text, rest := h.lines.cutLine(window)
		if len(text) == 0 || h.delimits(text) {
			return false
		}
		if name, _, ok := splitField(text); ok && (IsCommonField(name) || i == 0 && strings.Contains(name, "-")) {
			h.until = at
			return true
		}
		at += int64(len(window) - len(rest))
		window = rest
	}
	return false
}

// fieldsAhead reports whether nothing but fields of mail that the section does not have yet follows, down to its end. The
// text has begun with a field that the section has already, or with another line that names no field.
func (h *headerReader) fieldsAhead(at int64, isSpace bool) bool {
	var names []string
	isSure := false
	for window := h.lines.window(); len(window) > 0; {
		text, rest := h.lines.cutLine(window)
		isEnd := len(bytes.TrimSpace(text)) == 0 || h.delimits(text) || mayDelimit(text, names)
		if isEnd || len(rest) == 0 && !h.lines.isAtEnd() {
			break
		}
		if isFolded := isBlank(text[0]) && len(names) > 0; !isFolded {
			name, _, ok := splitField(text)
			if !ok || !h.canFollow(name, names) {
				return false
			}
			isSure = isSure || h.isSureField(name, isSpace)
			names = append(names, name)
		}
		at += int64(len(window) - len(rest))
		window = rest
	}
	h.until = at
	return isSure
}

// mayDelimit reports whether a line may delimit a multipart that one of the fields before it declares.
func mayDelimit(text []byte, names []string) bool {
	isContentType := func(name string) bool { return strings.EqualFold(name, "Content-Type") }
	return bytes.HasPrefix(text, []byte("--")) && slices.ContainsFunc(names, isContentType)
}

// canFollow reports whether a line with that name can be a field of the section, and no line of text. names are those
// of the fields before it that are not read yet.
func (h *headerReader) canFollow(name string, names []string) bool {
	isContent := isContentField(name)
	switch {
	case !isContent && !h.outer: // RFC 2045 §5.1: only Content- fields have a meaning in a part
		return strings.Contains(name, "-")
	case isContent || IsCommonField(name) && !isTraceField(name): // RFC 5322 §3.6: at most once
		isSame := func(other string) bool { return strings.EqualFold(name, other) }
		return !h.header.Has(name) && !slices.ContainsFunc(names, isSame)
	case IsCommonField(name), strings.Contains(name, "-"):
		return true
	}
	switch strings.ToLower(name) {
	case "bcc", "comments", "importance", "keywords", "lines", "newsgroups", "organization", "precedence", "priority",
		"sensitivity", "status":
		return true
	}
	return false
}

// isSureField reports whether a name is surely that of a field, and not a word of a text with a hyphen. After a line of
// white space, which most often is the blank line, only the fields that most sections have are sure.
func (h *headerReader) isSureField(name string, isSpace bool) bool {
	switch {
	case isContentField(name):
		return true
	case isSpace:
		return h.outer && IsCommonField(name)
	}
	lower := strings.ToLower(name)
	begins := func(beginning string) bool { return strings.HasPrefix(lower, beginning) }
	return h.outer && IsCommonField(name) || slices.ContainsFunc(fieldBeginnings, begins)
}

// fieldBeginnings are the beginnings of names that only fields have.
var fieldBeginnings = []string{
	"x-", "list-", "thread-", "resent-", "arc-", "dkim-", "domainkey-", "authentication-", "received-", "auto-",
	"disposition-", "original-", "user-agent", "errors-to", "accept-language", "mailing-list", "msip_",
}

// isTraceField reports whether a common field may stand in a section several times.
func isTraceField(name string) bool {
	switch strings.ToLower(name) {
	case "received", "return-path", "delivered-to", "dkim-signature":
		return true
	}
	return false
}
