package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"mailintegration/store"
)

// openProblem is a trouble that a daemon has opened an event for, and that is not over.
type openProblem struct {
	Kind       store.ProblemKind `json:"kind"`
	Source     string            `json:"source"` // what it is about: a server, a mailbox, a folder, a file, an address
	Since      time.Time         `json:"since"`
	Event      int64             `json:"event"` // its number
	EventState string            `json:"event_state"`
	Mailboxes  []string          `json:"mailboxes"` // that it affects now
}

// openProblems returns what the database says about open problems.
func openProblems(known []store.Problem) []openProblem {
	problems := []openProblem{}
	for _, p := range known {
		o := openProblem{
			Kind: p.Kind, Source: p.Source, Since: p.FirstSeenAt, Event: p.Event, EventState: string(p.EventState), Mailboxes: []string{},
		}
		for _, m := range p.Mailboxes {
			if m.RecoveredAt.IsZero() {
				o.Mailboxes = append(o.Mailboxes, m.Mailbox)
			}
		}
		problems = append(problems, o)
	}
	return problems
}

// affects reports whether the problem affects a mailbox, or is about it: then its source begins with the mailbox's name.
func (p openProblem) affects(mailbox string) bool {
	about, _, _ := strings.Cut(p.Source, ": ")
	return slices.ContainsFunc(append(p.Mailboxes, about), func(name string) bool { return strings.EqualFold(name, mailbox) })
}

// shownMailboxes is how many mailboxes a line names.
const shownMailboxes = 5

// someMailboxes returns the first names of mailboxes, and how many there are besides.
func someMailboxes(names []string) string {
	some := strings.Join(names[:min(len(names), shownMailboxes)], ", ")
	if more := len(names) - shownMailboxes; more > 0 {
		some += fmt.Sprintf(" and %d more", more)
	}
	return some
}

// line returns the line that says what the problem is and which event to read.
func (p openProblem) line() string {
	affected := ""
	if len(p.Mailboxes) > 0 {
		affected = " (" + someMailboxes(p.Mailboxes) + ")"
	}
	return fmt.Sprintf("event %d: %s, %s, since %s%s", p.Event, inWords(string(p.Kind)), p.Source, dayOf(&p.Since), affected)
}

// inWords returns a word for programs, such as login_delay, as people read it.
func inWords(word string) string { return strings.ReplaceAll(word, "_", " ") }
