package store

import (
	"strings"
	"time"
	"unicode/utf8"
)

// How much of a message's text the store keeps in rows. The raw message has the rest.
const (
	maxSubject   = 10_000   // runes of a subject
	maxText      = 4 << 20  // octets of a body, and of its HTML
	maxDetail    = 16 << 10 // octets of the reason of a decision
	maxLine      = 1000     // octets of a name or an address that is only shown
	maxAddress   = 320      // octets of an addr-spec that is compared: RFC 3696 §3, 64 + "@" + 255
	maxMessageID = 998      // octets of a msg-id: a line of RFC 5322 §2.1.1
	ellipsis     = "…"
)

// clean returns text from outside in a form that PostgreSQL can store: valid UTF-8 without U+0000. Everything else
// becomes U+FFFD, the replacement character, so that a reader sees that something was there.
func clean(text string) string {
	if utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 {
		return text
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// capped returns s made storable and no longer than limit octets, cut between two characters.
func capped(s string, limit int) string {
	s = clean(s)
	if len(s) <= limit {
		return s
	}
	end := limit - len(ellipsis)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + ellipsis
}

// lines returns texts as the lines of one, each made storable and of a bounded length.
func lines(texts []string) string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = strings.Join(strings.Fields(capped(text, maxLine)), " ")
	}
	return strings.Join(all, "\n")
}

// noSubject stands for the subject of a request, or of a message, that has none.
const noSubject = "(no subject)"

// subject returns a subject made storable and of a bounded length.
func subject(s string) string {
	s = clean(s)
	if utf8.RuneCountInString(s) > maxSubject {
		s = string([]rune(s)[:maxSubject-1]) + ellipsis
	}
	return s
}

// addressKey returns the form in which an addr-spec is compared, "" for one that is too long to be anybody's.
func addressKey(addr string) string {
	key := strings.ToLower(strings.TrimSpace(clean(addr)))
	if len(key) > maxAddress {
		return ""
	}
	return key
}

// threadKey returns the form in which a msg-id is compared, "" for one that is too long to lead to a request.
func threadKey(id string) string {
	key := clean(id)
	if len(key) > maxMessageID {
		return ""
	}
	return key
}

// storableDate returns the date, or nil when it is absent or when programs that read the database could not read it:
// RFC 3339 §5 has years of four digits.
func storableDate(t time.Time) *time.Time {
	if u := t.UTC(); t.IsZero() || u.Year() < 1 || u.Year() > 9999 {
		return nil
	}
	return &t
}

// personKey returns the form in which a person's name is compared, "" for one that is too long to be anybody's.
func personKey(name string) string {
	key := clean(name)
	if len(key) > maxLine {
		return ""
	}
	return key
}
