package processor

import (
	"slices"
	"strings"
	"time"
)

// Decision is what shall become of one message: OpenRequest, AddActivity, Refuse, Ignore or SetAside.
type Decision interface {
	Why() Reason
	decision() // closes the set
}

// Reason says why a decision was taken: Code for programs (log, database, tests), Clauses for people.
type Reason struct {
	Code    ReasonCode
	Clauses []string // each is a statement of its own and may hold any text, of other systems too
}

// NewReason returns the reason of these clauses.
func NewReason(code ReasonCode, clauses ...string) Reason { return Reason{code, clauses} }

// Detail returns the clauses as one sentence.
func (r Reason) Detail() string { return strings.Join(r.Clauses, "; ") }

// with returns the reason with more clauses.
func (r Reason) with(clauses ...string) Reason {
	return Reason{r.Code, slices.Concat(r.Clauses, clauses)}
}

// extended returns the reason with more words at the end of its last clause.
func (r Reason) extended(words string) Reason {
	clauses := slices.Clone(r.Clauses)
	if len(clauses) == 0 {
		return Reason{r.Code, []string{words}}
	}
	clauses[len(clauses)-1] += words
	return Reason{r.Code, clauses}
}

// as returns the same clauses under another code.
func (r Reason) as(code ReasonCode) Reason { return Reason{code, r.Clauses} }

// ReasonCode is one of the Reason… constants.
type ReasonCode string

// The reasons a decision can have.
const (
	ReasonNewMail       ReasonCode = "new_mail"        // nothing in the message names a request
	ReasonMonitoring    ReasonCode = "monitoring"      // the mailbox turns every message into an event
	ReasonSubject       ReasonCode = "subject"         // the subject names a request
	ReasonInReplyTo     ReasonCode = "in_reply_to"     // In-Reply-To names a message we know
	ReasonReferences    ReasonCode = "references"      // References names a message we know
	ReasonReport        ReasonCode = "report"          // a report of a mail system is about a message we know
	ReasonForward       ReasonCode = "forward"         // a message of a request is passed on: opened anew, linked
	ReasonStranger      ReasonCode = "stranger"        // a stranger quotes a request: opened anew, linked
	ReasonClosed        ReasonCode = "closed"          // the request is closed: opened anew, linked
	ReasonNoNewRequests ReasonCode = "no_new_requests" // CreateNewRequests is False
	ReasonAutomatic     ReasonCode = "automatic"       // automatic mail that names no request
	ReasonNoProcessor   ReasonCode = "no_processor"    // this version has no policy for the mailbox's processor
	ReasonTooLarge      ReasonCode = "too_large"       // the message is larger than MaxMessageSize: only its header was read
	ReasonPanic         ReasonCode = "panic"           // understanding the message failed in our own code
	ReasonBlock         ReasonCode = "block"           // a block of fields asks for a service request
	ReasonBadBlock      ReasonCode = "bad_block"       // the block of fields is missing or cannot be followed
	ReasonFilter        ReasonCode = "filter"          // a filter of the mailbox says so
	ReasonUnstorable    ReasonCode = "unstorable"      // PostgreSQL refused the message's rows
	ReasonTooSlow       ReasonCode = "too_slow"        // understanding the message took longer than it may
	ReasonKeepsFailing  ReasonCode = "keeps_failing"   // recording it failed again and again while other messages were recorded
	ReasonReconsidered  ReasonCode = "reconsidered"    // a message that was set aside has been recorded after all
)

// RequestKind is the ITIL kind of a request.
type RequestKind string

// The kinds; they share one number sequence.
const (
	Incident       RequestKind = "incident"
	ServiceRequest RequestKind = "service_request"
	Event          RequestKind = "event"
)

// Words returns the kind as people write it.
func (k RequestKind) Words() string { return strings.ReplaceAll(string(k), "_", " ") }

// OpenRequest opens a request from the message.
type OpenRequest struct {
	Reason    Reason
	Kind      RequestKind
	Subject   string // never empty
	Requester User
	User      User
	Site      Ref
	Source    Ref
	Priority  Ref
	Group     Ref
	Assignee  User
	LinkedTo  int64    // number of the request this one continues, 0 for none
	Filters   []string // names of those that have set one of these fields

	// Of a service request that a block of fields asks for:
	Type   Ref         // a service request type, zero for none
	Due    time.Time   // zero for none
	Fields []FormField // the fields that mean nothing to us, in their order
	Body   string      // replaces the text of the message as the request's; "" replaces nothing

	Attachments []Attachment // those to store, in order
	AttachRaw   bool         // also attach the raw message
}

// FormField is one line of a block that is kept as it is.
type FormField struct{ Name, Value string }

// AddActivity adds the message to a request that exists.
type AddActivity struct {
	Reason  Reason
	Request int64       // its number
	Kind    RequestKind // its kind
	Author  User        // the sender when known, else zero
	Reopen  bool        // a closed or resolved request is opened again
	Flagged bool        // the sender has no part in the request: a person should look

	Attachments []Attachment
	AttachRaw   bool
}

// Refuse opens nothing and, in a later step, answers the sender. The raw message is kept with its receipt.
type Refuse struct{ Reason Reason }

// Ignore records only the receipt. The raw message is kept with it.
type Ignore struct{ Reason Reason }

// SetAside keeps the raw message whole and opens an event that carries it.
type SetAside struct{ Reason Reason }

// Why returns the decision's reason.
func (d OpenRequest) Why() Reason { return d.Reason }

// Why returns the decision's reason.
func (d AddActivity) Why() Reason { return d.Reason }

// Why returns the decision's reason.
func (d Refuse) Why() Reason { return d.Reason }

// Why returns the decision's reason.
func (d Ignore) Why() Reason { return d.Reason }

// Why returns the decision's reason.
func (d SetAside) Why() Reason { return d.Reason }

func (OpenRequest) decision() {}
func (AddActivity) decision() {}
func (Refuse) decision()      {}
func (Ignore) decision()      {}
func (SetAside) decision()    {}
