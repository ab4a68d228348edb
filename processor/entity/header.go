package entity

import (
	"bytes"
	"strings"
)

// Field is one header field, its value unfolded.
type Field struct{ Name, Value string }

// Header holds the fields of a header section in their order.
type Header []Field

// Get returns the value of the first field with that name, "" when there is none. Names are compared without regard to
// case.
func (h Header) Get(name string) string {
	for _, f := range h {
		if isField(f, name) {
			return f.Value
		}
	}
	return ""
}

// Values returns the values of all fields with that name, in their order.
func (h Header) Values(name string) []string {
	var values []string
	for _, f := range h {
		if isField(f, name) {
			values = append(values, f.Value)
		}
	}
	return values
}

// Has reports whether there is a field with that name.
func (h Header) Has(name string) bool {
	for _, f := range h {
		if isField(f, name) {
			return true
		}
	}
	return false
}

// isField reports whether a field has a name, without regard to case. Names are ASCII: names of different length
// differ.
func isField(f Field, name string) bool {
	return len(f.Name) == len(name) && strings.EqualFold(f.Name, name)
}

// headerReader reads one header section (RFC 5322 §2.2). After read, the next line is the first of the body. It unfolds
// the values and does not decode them.
type headerReader struct {
	lines    *lines
	limits   Limits
	budget   *int                        // octets that may still be kept, shared by the sections of a message
	keep     func(name string) bool      // reports whether a field is kept
	encloses func(delimiter []byte) bool // reports whether the text after "--" delimits an open multipart; nil for none
	note     func(what string)           // notes a defect
	outer    bool                        // the section is the message's own: junk before it is skipped
	header   Header
	value    []byte // of the current field
	name     string // of the current field
	open     bool   // there is a current field: its value may go on
	until    int64  // the section is known to go on up to this offset

	hasFrom     bool
	contentType string // the value of the first Content-Type field, until ownBoundary reads it
	boundary    string // of the multipart that the section declares
	hasType     bool   // contentType was set
}

// read returns the fields and the offset at which the body begins.
func (h *headerReader) read() (Header, int64) {
	for {
		ln, ok := h.lines.next()
		if !ok {
			break
		}
		if !ln.first {
			h.add(ln.text)
			continue
		}
		if body, done := h.line(ln); done {
			h.close()
			return h.header, body
		}
	}
	h.close()
	return h.header, h.lines.offset()
}

// line handles a line, or the first piece of one. done reports whether the section ends, and body is then the offset at
// which the body begins.
func (h *headerReader) line(ln line) (body int64, done bool) {
	text := ln.text
	if ln.off == 0 {
		text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	}
	if h.isDelimiter(ln) {
		h.note("header section ends without a blank line")
		h.lines.unread()
		return ln.off, true
	}
	if len(text) == 0 {
		if h.outer && !h.begun() {
			h.note("blank line before the header section")
			return 0, false
		}
		return h.lines.offset(), true
	}
	if !h.begun() {
		text = trimLeft(text) // a first field cannot be a continuation
	}
	if name, value, ok := splitField(text); ok {
		h.close()
		h.name, h.open = name, true
		h.add(trimLeft(value))
		return 0, false
	}
	if h.open && isBlank(text[0]) && len(bytes.TrimSpace(text)) > 0 {
		h.fold(text)
		return 0, false
	}
	return h.junk(ln)
}

// begun reports whether the section has a field so far.
func (h *headerReader) begun() bool { return h.open || len(h.header) > 0 }

// add appends text to the value of the current field, as far as the limits allow.
func (h *headerReader) add(text []byte) {
	if !h.open || !h.keep(h.name) {
		return
	}
	room := min(h.limits.Field-len(h.value), *h.budget-len(h.value)-len(h.name))
	if room < len(text) {
		h.note("header field cut off: too long")
		text = text[:max(room, 0)]
	}
	h.value = append(h.value, text...)
}

// fold appends a continuation line (RFC 5322 §2.2.3), its white space reduced to one space.
func (h *headerReader) fold(text []byte) {
	if len(h.value) > 0 {
		h.add([]byte{' '})
	}
	h.add(trimLeft(text))
}

// close completes the current field.
func (h *headerReader) close() {
	if !h.open {
		return
	}
	h.open = false
	if h.keep(h.name) {
		if len(h.header) < h.limits.Fields && *h.budget > len(h.name) {
			f := Field{Name: h.name, Value: string(trimRight(h.value))}
			h.header = append(h.header, f)
			h.closed(f)
			*h.budget -= len(h.name) + len(h.value)
		} else {
			h.note("header fields dropped: too many")
		}
	}
	h.value = h.value[:0]
}

// closed notes what tells where the section can end.
func (h *headerReader) closed(f Field) {
	switch {
	case len(f.Name) == 4 && isField(f, "From"):
		h.hasFrom = true
	case !h.hasType && isField(f, "Content-Type"):
		h.contentType, h.hasType = f.Value, true
	}
}

// FieldName returns the name of the header field that a line begins. ok is false when the line begins none.
func FieldName(line []byte) (name string, ok bool) {
	name, _, ok = splitField(line)
	return name, ok
}

// splitField splits "Name: value". It tolerates white space before the colon (RFC 5322 §4.5.8). A line that begins with a
// URL is no field.
func splitField(text []byte) (name string, value []byte, ok bool) {
	colon := bytes.IndexByte(text[:min(len(text), 256)], ':')
	if colon <= 0 || bytes.HasPrefix(text[colon+1:], []byte("//")) {
		return "", nil, false
	}
	field := trimRight(text[:colon])
	for _, c := range field {
		if c <= ' ' || c >= 0x7f {
			return "", nil, false
		}
	}
	if known, ok := fieldNames[string(field)]; ok {
		return known, text[colon+1:], true
	}
	return string(field), text[colon+1:], len(field) > 0
}

// fieldNames holds the names that most fields have, so that they need no memory of their own.
var fieldNames = func() map[string]string {
	names := make(map[string]string)
	for _, name := range []string{
		"From", "To", "Cc", "Subject", "Date", "Sender", "Reply-To", "Message-ID", "Message-Id", "In-Reply-To",
		"References", "Received", "Return-Path",
		"Delivered-To", "MIME-Version", "Mime-Version", "DKIM-Signature", "X-Mailer", "User-Agent", "Content-Type",
		"Content-Transfer-Encoding",
		"Content-Disposition", "Content-ID", "Content-Language", "Authentication-Results", "Received-SPF", "List-Id",
		"Precedence", "Auto-Submitted",
	} {
		names[name] = name
	}
	return names
}()

// IsCommonField reports whether a name is that of a field that most messages have.
func IsCommonField(name string) bool {
	switch strings.ToLower(name) {
	case "from", "to", "cc", "subject", "date", "sender", "reply-to", "message-id", "in-reply-to", "references", "received",
		"return-path", "delivered-to", "mime-version", "content-type", "content-transfer-encoding", "dkim-signature", "x-mailer":
		return true
	}
	return false
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// trimLeft returns s without spaces and tabs at its beginning.
func trimLeft[T string | []byte](s T) T {
	for len(s) > 0 && isBlank(s[0]) {
		s = s[1:]
	}
	return s
}

// trimRight returns s without spaces and tabs at its end.
func trimRight[T string | []byte](s T) T {
	for len(s) > 0 && isBlank(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}
