package processor

// Automatic says what kind of machine wrote a message, by its header (RFC 3834 §2, RFC 3464, RFC 2919).
type Automatic string

// The kinds. Person is everything that no header marks as automatic.
const (
	Person      Automatic = ""
	AutoReply   Automatic = "auto_reply"  // out-of-office and the like
	Notice      Automatic = "auto_notice" // generated, not in answer to anything
	Bounce      Automatic = "bounce"      // delivery status notification, null reverse-path
	Receipt     Automatic = "disposition" // message disposition notification
	MailingList Automatic = "list"
)
