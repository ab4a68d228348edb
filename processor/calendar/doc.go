// Package calendar tells in words what an iCalendar object says (RFC 5545), such as an invitation or the answer to one
// (iTIP, RFC 5546).
//
// It reads what calendars of mail programs write, also where that is damaged: a line that cannot be read is skipped. It
// reads the octets once, and tells a bounded number of events, attendees and words, whatever it is given.
//
// # Files
//
//	line.go    content lines: unfolded, with their parameters
//	event.go   the events and tasks of an object
//	when.go    dates, times and durations in words
//	repeat.go  rules of recurrence in words
//	words.go   Words: an object in words
package calendar
