// Package smtp sends the program's own mail over SMTP (RFC 5321), message by message, through the server at which a
// service desk submits its mail (RFC 6409). A Session is one connection; Send returns nil only when the server has
// answered that it is responsible for the message from now on (RFC 5321 §4.2.5).
//
// # What a session promises
//
//   - It never sends credentials or mail without the configured TLS: there is no fall-back to plain text. It never sends
//     an access token without TLS at all, except to this machine.
//   - Every step has a deadline (Account.StepTimeout; the answer to a whole message ten times that, RFC 5321 §4.5.3.2.6).
//     Cancelling the context ends the step at once. No goroutine outlives a call.
//   - A message is sent at least once. When the connection ends between the end of the message and its answer, nobody
//     knows whether the server took it (RFC 1047): Send returns an error, and the caller sends it again with the same
//     Message-ID.
//   - No field of a Message adds a line to the header or a command to the session. An address with a line break is
//     refused before anything is sent; other texts lose their control characters.
//   - It does not trust the server: answers have a limit, and no secret or control character reaches an error.
//
// # What a message looks like
//
// It is automatic mail, and says so (RFC 3834 §5, Auto-Submitted), so that no other program answers it.
// X-Auto-Response-Suppress says the same to Exchange. It names everything but NDR, since a bounce is how the service desk
// learns that a reply did not arrive.
//
// Precedence: bulk is for responders older than RFC 3834, which know no other sign. The RFC permits it and recommends
// nothing (§3.1.8); a mail that an old responder answers costs a service desk more than one that a filter sorts late.
//
// The reverse-path is the address in From. The null reverse-path is one of two ways that RFC 3834 §3.3 names, and
// submission servers refuse it (Exchange Online with 5.7.60: it requires an address that the account may use). The other
// way is an address that never answers automatic mail, and the service desk's never does. Bounces come back to it and
// find their request.
//
// # Errors
//
// Every error is an *Error. Its class is one of this package's variables Err…, or one of mailbox's: see errors.go.
// IsMessageFault reports whether this message or its recipient is at fault; every other error concerns the account, and
// the mail waits. After an error for which SessionBroken is false the session goes on.
//
// The commands are those of github.com/wneessen/go-mail/smtp, and the message is written by github.com/wneessen/go-mail.
//
// # Files
//
//	account.go        Account: the settings of one server, their defaults and checks
//	session.go        Open, Check, Close: from the connection to the log-in; how a step runs
//	authenticate.go   access token, AUTH XOAUTH2, PLAIN and LOGIN
//	send.go           Send: the envelope and the message
//	message.go        Message, and the octets that are sent for it
//	connection.go     the connection below go-mail, its limits and deadlines
//	errors.go         the classes of errors, and the class of a refusal
//	hint.go           what a person can do
package smtp
