// Package processor turns the octets of a message into a [Message], and a [Message] into a [Decision].
//
// Parse never fails: it reads a damaged message as well as it can and records each fault as a [Defect]. It scans the
// octets once, in time linear in their number for any input, and keeps a bounded amount of them in memory ([Limits]).
// Storing an attachment reads its octets again, as a stream.
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
//	calendar → htmltext calendars in words (and → charset)
//	language            the words that mail programs write in each language, as data
//
// The package template writes the texts of the mail that the program sends.
//
// Policy.Decide finds the request that a message is about in this order: by the message that a report (a bounce, a
// receipt) is about; by the number in the subject; by the known messages in In-Reply-To and References, the newest
// first. A message whose subject begins with the prefix of a forward (FW:, TR:, WG: …) is an activity when its author takes
// part in the request that it names. From anybody else it opens a request that is linked to that one, or is added to it where
// the mailbox opens none.
//
// A message that would open a request is added to its sender's last one when the sender has opened as many as
// MaxNewRequests allows (loop.go): two robots that answer each other must not fill the list of the service desk.
//
// # Files
//
// In the order in which a message passes through them:
//
//	message.go, limits.go            the types of a parsed message, and the bounds on what it can cost
//	parse.go                         Parse: from octets to a Message
//	address.go, date.go,             the values of the message's own header fields
//	messageid.go
//	author.go, reachable.go          who wrote the message, although a list passed it on
//	unmarked.go                      the charset of octets about which nothing is declared
//	addressform.go                   one address in both forms of its domain
//	spoofing.go                      what makes an author look like another
//	body.go, attachment.go,          which parts are the text and which are attachments
//	attachedtext.go
//	forprograms.go                   forms of a text that only programs read, which are no attachments
//	stub.go, words.go, blank.go      which plain text says nothing
//	flowed.go                        plain text in format=flowed
//	uutext.go, signed.go,            files and text that are packed into a body
//	winmail.go
//	reply.go, answer.go,             the part of the text that its author wrote
//	attribution.go, quotedheader.go,
//	quotetitle.go, signature.go
//	automatic.go, absencenote.go,    whether a machine wrote the message, and which message it is about
//	bounce.go, report.go
//	subject.go, subjectnumber.go     which request the subject names
//	subjectprefix.go, gatewaytag.go  prefixes of replies, forwards, absence notes and bounces; marks of gateways
//	forward.go                       whether a message passes another one on
//	decision.go                      the decisions and their reasons
//	directory.go, offline.go         what deciding may look up
//	policy.go                        Policy: deciding for one mailbox
//	enduser.go, monitoring.go,       one processor each
//	servicerequest.go
//	followup.go                      messages about requests that exist
//	block.go                         a block of fields that asks for a service request
//	filter.go                        the mailbox's filters
//	replying.go, language.go         answers to messages, and in which language
//	loop.go                          a sender that opens too many requests
//	own.go                           mail from and to addresses of our own
//	explain.go                       messages and decisions as programs read them
package processor
