// Package processor turns the octets of a message into a [Message], and a [Message] into a [Decision].
//
// Parse never fails: what it cannot understand it reads as well as it can and notes as a [Defect]. It scans the
// octets once, in time linear in their number whatever they say, and keeps a bounded amount of them in memory
// ([Limits]); an attachment's octets are read again, as a stream, when it is stored.
//
// Deciding is pure: a [Policy] names the look-ups it will make ([Policy.Keys]), and [Policy.Decide] gives the same
// decision for the same message, directory and time. It sends, writes and logs nothing.
//
// Packages of their own read the octets; they know nothing of requests. The arrows are their imports:
//
//	charset             octets as text
//	htmltext → charset  HTML as text, and HTML that is safe to show
//	entity → charset    a message as a tree of parts, header fields and decoded bodies
//	tnef → entity       the content of a winmail.dat (and → charset)
//	smime               the content of a signed S/MIME object
//
// Which request a message is about is asked in this order: a report (a returned mail, a receipt) names the message that
// it is about; the subject names a request; In-Reply-To and References name messages that are known, the newest first.
// A message whose subject begins with the prefix of a forward (FW:, TR:, WG: …) is no answer, whatever it refers to: it
// opens a request that is linked to the one it names, or is kept with that one where nothing new is opened.
//
// # Files
//
// In the order in which a message passes through them:
//
//	message.go, limits.go            the types of a parsed message, and the bounds on what it can cost
//	parse.go                         Parse: from octets to a Message
//	address.go, date.go,             the values of the message's own header fields
//	messageid.go
//	author.go                        who wrote the message, although a list passed it on
//	body.go, attachment.go,          which parts are the text and which are attachments
//	attachedtext.go
//	flowed.go                        plain text in format=flowed
//	uutext.go, signed.go,            files and text that are packed into a body
//	winmail.go
//	reply.go, answer.go,             the part of the text that its author wrote
//	attribution.go, quotedheader.go,
//	signature.go
//	automatic.go, bounce.go,         whether a machine wrote the message, and which message it is about
//	report.go
//	subject.go, subjectprefix.go,    which request the subject names
//	gatewaytag.go
//	decision.go                      the decisions and their reasons
//	directory.go, offline.go         what deciding may look up
//	policy.go                        Policy: deciding for one mailbox
//	enduser.go, monitoring.go,       one processor each
//	servicerequest.go
//	followup.go                      messages about requests that exist
//	block.go                         a block of fields that asks for a service request
//	filter.go                        the mailbox's filters
//	explain.go                       messages and decisions as programs read them
package processor
