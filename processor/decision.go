package processor

import (
	"slices"
	"strings"
	"time"
)

// Decision says what to do with one message: OpenRequest, AddActivity, Refuse, Ignore or SetAside.
type Decision interface {
	Why() Reason
	decision() // closes the set
}

// Reason says why a decision was taken: Code for programs (log, database, tests), Clauses for people.
type Reason struct {
	Code    ReasonCode
	Clauses []string // each is a statement of its own; it may quote any text, also that of other systems
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

// ReasonCode names a reason; it is one of the Reason… constants.
type ReasonCode string

// The reasons a decision can have.
const (
	ReasonNewMail       ReasonCode = "new_mail"        // nothing in the message names a request
	ReasonMonitoring    ReasonCode = "monitoring"      // the mailbox turns every message into an event
	ReasonSubject       ReasonCode = "subject"         // the subject names a request
	ReasonInReplyTo     ReasonCode = "in_reply_to"     // In-Reply-To names a message we know
	ReasonReferences    ReasonCode = "references"      // References names a message we know
	ReasonReport        ReasonCode = "report"          // a mail system reports on a message we know
	ReasonForward       ReasonCode = "forward"         // a stranger forwards a message of a request: opens a linked request
	ReasonStranger      ReasonCode = "stranger"        // a stranger names a request: opens a linked request
	ReasonClosed        ReasonCode = "closed"          // the request is closed: opens a linked request
	ReasonNoNewRequests ReasonCode = "no_new_requests" // CreateNewRequests is False
	ReasonAutomatic     ReasonCode = "automatic"       // automatic mail that names no request
	ReasonNoProcessor   ReasonCode = "no_processor"    // this version has no policy for the mailbox's processor
	ReasonTooLarge      ReasonCode = "too_large"       // the message is larger than MaxMessageSize: only its header was read
	ReasonPanic         ReasonCode = "panic"           // our own code failed on the message
	ReasonBlock         ReasonCode = "block"           // a block of fields asks for a service request
	ReasonBadBlock      ReasonCode = "bad_block"       // the block of fields is missing or has mistakes
	ReasonFilter        ReasonCode = "filter"          // a filter of the mailbox ignores the message
	ReasonUnstorable    ReasonCode = "unstorable"      // PostgreSQL refused the message's rows
	ReasonTooSlow       ReasonCode = "too_slow"        // parsing or deciding exceeded its time limit
	ReasonKeepsFailing  ReasonCode = "keeps_failing"   // recording it failed repeatedly while other messages were recorded
	ReasonLoop          ReasonCode = "loop"            // the sender has opened as many requests as MaxNewRequests allows
	ReasonReconsidered  ReasonCode = "reconsidered"    // a message that had been set aside was recorded later
	ReasonPerson        ReasonCode = "person"          // a person did it, from the command line
	ReasonTrouble       ReasonCode = "trouble"         // the daemon reports a trouble
	ReasonTroubleLasts  ReasonCode = "trouble_lasts"   // the trouble is not over yet
	ReasonTroubleOver   ReasonCode = "trouble_over"    // the trouble is over
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
	Filters   []string // names of the filters that set one of these fields
	Own       []string // addresses of our own among author and recipients, in lower case: they take no part in the request
	FromOwn   bool     // the message comes from one of them

	// Of a service request that a block of fields asks for:
	Type   Ref         // a service request type, zero for none
	Due    time.Time   // zero for none
	Fields []FormField // the fields that have no meaning to us, in their order
	Body   string      // the request's text instead of the message's, "" for the message's

	Attachments []Attachment // to store, in order
	AttachRaw   bool         // also attach the raw message

	Reply   *Reply // the acknowledgement to send, nil for none
	NoReply string // why an acknowledgement that is due is not sent, "" otherwise
}

// FormField is one field of a block, kept as written.
type FormField struct{ Name, Value string }

// AddActivity adds the message to an existing request.
type AddActivity struct {
	Reason  Reason
	Request int64       // its number
	Kind    RequestKind // its kind
	Author  User        // the sender if known, else zero
	Reopen  bool        // reopen the request if it is closed or resolved
	Flagged bool        // the sender does not take part in the request: a person should check
	FromOwn bool        // the message comes from an address of our own, which never takes part in a request
	Closed  bool        // the message answers a request that is closed, and stays so

	Attachments []Attachment
	AttachRaw   bool

	Reply   *Reply // to a message about a closed request, nil for none
	NoReply string // why an answer that is due is not given, "" otherwise
}

// Refuse opens nothing, and answers the sender. The raw message is kept with its receipt.
type Refuse struct {
	Reason  Reason
	Reply   *Reply // nil for none
	NoReply string // why the sender gets no answer, "" otherwise
}

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
