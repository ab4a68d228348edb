// Package processor turns the octets of a message into a [Message], and a [Message] into a [Decision].
//
// Parse never fails: what it cannot understand it reads as well as it can and notes as a [Defect]. It scans the
// octets once, in time linear in their number whatever they say, and keeps a bounded amount of them in memory
// ([Limits]); an attachment's octets are read again, as a stream, when it is stored.
//
// Deciding is pure: a [Policy] names the look-ups it will make ([Policy.Keys]), and [Policy.Decide] gives the same
// decision for the same message, directory and time. It sends, writes and logs nothing.
//
// The way of a message through the files of this package:
//
//	lines → header, walk        octets to entities: header fields and the extents of bodies
//	media, encodedword, charset what the fields of an entity say
//	address, date, messageid    what the fields of the message say
//	author                      who wrote it, although a list passed it on
//	transfer, base64, place     what an entity's octets stand for, from any place on
//	html, htmltext, flowed      what a text body says
//	uutext, signed, openpgp,    what is packed into a body
//	winmail, tnef, rtf
//	body, attachment            which entities are the text and which are attachments
//	reply, attribution,         what of the text its author wrote
//	shownheader, signature
//	automatic, bounce, report   whether a machine wrote the message, and which other one it is about
//	subject                     which request it names
//	enduser, monitoring,        what becomes of it
//	followup
//	explain                     all of that as programs read it
//	block, servicerequest       what a block of fields asks for
//	filter                      what the mailbox's filters change about it
//
// Which request a message is about is asked in this order: a report (a returned mail, a receipt) names the message that
// it is about; the subject names a request; In-Reply-To and References name messages that are known, the newest first.
// A message whose subject begins with the prefix of a forward (FW:, TR:, WG: …) is no answer, whatever it refers to: it
// opens a request that is linked to the one it names, or is kept with that one where nothing new is opened.
package processor
