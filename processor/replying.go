package processor

// ReplyKind is the kind of a mail that the program sends.
type ReplyKind string

// The kinds.
const (
	ReplyDenied          ReplyKind = "denied"          // a message that names no request, where the mailbox opens none
	ReplyAcknowledgement ReplyKind = "acknowledgement" // a request was opened
	ReplyClosed          ReplyKind = "closed"          // a message was added to a closed request
	ReplyNewEvent        ReplyKind = "new_event"       // an event was opened, for those who subscribed; no answer to a message
)

// ReplyKinds holds all kinds.
var ReplyKinds = []ReplyKind{ReplyDenied, ReplyAcknowledgement, ReplyClosed, ReplyNewEvent}

// Reply is the answer to a message that a decision asks for. The store keeps it in its outbox, from which the daemon sends
// it.
type Reply struct {
	Kind          ReplyKind
	To            Address
	Language      string // two or three small letters, "" if nothing says which
	Subject       string // of the message, without reply prefixes and the number of a request
	OpensRequests bool   // a new message to the mailbox opens a request
}
