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
//	transfer, html, flowed      what a text body says
//	uutext, winmail, tnef,      what is packed into a part
//	signed
//	reply                       what of the text its author wrote
//	body, attachment            which entities are the text and which are attachments
//	automatic, bounce, report   who wrote the message, and which other one it is about
//	subject                     what kind of message this is, and which request it names
//	enduser, monitoring         what becomes of it
//	explain                     all of that as programs read it
//	block, servicerequest       what a block of fields asks for
//	filter                      what the mailbox's filters change about it
package processor
