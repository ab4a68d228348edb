package processor

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Filter is one rule of a mailbox: if all its conditions hold for a message, its actions take effect. A zero condition
// always holds. References.FilterSettings holds, at the same index, what the filter sets.
type Filter struct {
	Name           string
	Headers        []HeaderCondition // all must hold
	Sender         *regexp.Regexp    // matches the address or the name of the author
	Recipient      *regexp.Regexp    // matches an address or a name in To or Cc
	Subject        *regexp.Regexp
	LargerThan     int64          // octets of the raw message, 0 for any size
	AttachmentType *regexp.Regexp // matches the media type of an attachment
	AttachmentName *regexp.Regexp // matches the name of the same attachment

	Ignore bool // record only a receipt; do not try later filters
	Stop   bool // do not try later filters
}

// HeaderCondition holds if a field of that name has a matching value.
type HeaderCondition struct {
	Field   string
	Pattern *regexp.Regexp
}

// FilterResult is the outcome of one filter.
type FilterResult struct {
	Name   string
	Holds  bool
	Detail string // its actions, or the condition that does not hold
}

// FilterResults returns the result of each filter of the mailbox for a message, in their order.
func (p Policy) FilterResults(m *Message) []FilterResult { return p.filtered(m).results }

// filtering is the result of all filters together for a message.
type filtering struct {
	set       FilterReferences
	setBy     []string // clauses of a reason: which filter set what
	names     []string // names of the filters that set something
	ignoredBy string   // name of the filter that ignores the message
	results   []FilterResult
}

// filtered tries the filters in their order.
func (p Policy) filtered(m *Message) filtering {
	var all filtering
	stopped := ""
	for i, f := range p.Filters {
		result := FilterResult{Name: f.Name}
		switch failed := f.failedCondition(m); {
		case stopped != "":
			result.Detail = "not tried, because of " + stopped
		case failed != "":
			result.Detail = failed
		default:
			result.Holds = true
			result.Detail = all.add(f, p.settings(i))
			if f.Stop || f.Ignore {
				stopped = f.Name
			}
		}
		all.results = append(all.results, result)
	}
	return all
}

// settings returns what filter i sets.
func (p Policy) settings(i int) FilterReferences {
	if i < len(p.FilterSettings) {
		return p.FilterSettings[i]
	}
	return FilterReferences{}
}

// add adds the actions of a filter that holds, and returns a description of them.
func (all *filtering) add(f Filter, set FilterReferences) string {
	var did []string
	note := func(what, name string) {
		if name != "" {
			did = append(did, what+" "+name)
		}
	}
	note("group", set.Group.Name)
	note("priority", set.Priority.Name)
	note("assignee", set.Assignee.Name)
	note("site", set.Site.Name)
	if len(did) > 0 {
		all.names = append(all.names, f.Name)
		all.setBy = append(all.setBy, "filter "+f.Name+" sets "+strings.Join(did, ", "))
	}
	replace(&all.set.Group, set.Group)
	replace(&all.set.Priority, set.Priority)
	replace(&all.set.Assignee, set.Assignee)
	replace(&all.set.Site, set.Site)
	if f.Ignore {
		all.ignoredBy = f.Name
		did = append(did, "ignore")
	}
	if f.Stop {
		did = append(did, "stop")
	}
	return strings.Join(did, ", ")
}

// replace replaces a value unless the new one is zero.
func replace[T comparable](value *T, by T) {
	var none T
	if by != none {
		*value = by
	}
}

// applyTo returns a decision with what the filters set: they change only a request that the message opens.
func (all filtering) applyTo(d Decision) Decision {
	open, ok := d.(OpenRequest)
	if !ok || len(all.names) == 0 {
		return d
	}
	replace(&open.Group, all.set.Group)
	replace(&open.Priority, all.set.Priority)
	replace(&open.Assignee, all.set.Assignee)
	replace(&open.Site, all.set.Site)
	open.Filters = all.names
	open.Reason = open.Reason.with(all.setBy...)
	return open
}

// failedCondition describes the first condition that does not hold, "" if all hold.
func (f Filter) failedCondition(m *Message) string {
	for _, c := range f.Headers {
		if !slices.ContainsFunc(m.Header.Values(c.Field), c.Pattern.MatchString) {
			return fmt.Sprintf("Header: no %s matches %s", c.Field, shownPattern(c.Pattern))
		}
	}
	author := m.Author()
	switch {
	case !matchesAny(f.Sender, author):
		return fmt.Sprintf("Sender: %s does not match %s", quotedShort(author.Addr), shownPattern(f.Sender))
	case !matchesAny(f.Recipient, slices.Concat(m.To, m.Cc)...):
		return fmt.Sprintf("Recipient: nobody in To and Cc matches %s", shownPattern(f.Recipient))
	case f.Subject != nil && !f.Subject.MatchString(m.Subject):
		return fmt.Sprintf("Subject: %s does not match %s", quotedShort(m.Subject), shownPattern(f.Subject))
	case m.Octets <= f.LargerThan && f.LargerThan > 0:
		return fmt.Sprintf("LargerThan: the message has %d octets", m.Octets)
	case !f.holdsForAttachment(m):
		return "AttachmentType, AttachmentName: no attachment matches"
	}
	return ""
}

// holdsForAttachment reports whether one attachment meets both conditions on attachments.
func (f Filter) holdsForAttachment(m *Message) bool {
	if f.AttachmentType == nil && f.AttachmentName == nil {
		return true
	}
	return slices.ContainsFunc(m.Attachments, func(a Attachment) bool {
		return (f.AttachmentType == nil || f.AttachmentType.MatchString(a.MediaType)) &&
			(f.AttachmentName == nil || f.AttachmentName.MatchString(a.Name))
	})
}

// matchesAny reports whether a pattern matches one of the addresses or its name; a nil pattern always matches.
func matchesAny(pattern *regexp.Regexp, addresses ...Address) bool {
	return pattern == nil || slices.ContainsFunc(addresses, func(a Address) bool {
		return a.Addr != "" && pattern.MatchString(a.Addr) || a.Name != "" && pattern.MatchString(a.Name)
	})
}

// shownPattern returns a pattern as it was written.
func shownPattern(pattern *regexp.Regexp) string {
	return strings.TrimPrefix(pattern.String(), "(?i)")
}
