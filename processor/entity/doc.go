// Package entity divides the octets of a message into its entities (RFC 2045 §2.4) and decodes their bodies.
//
// [Read] scans the octets once, in time linear in their number whatever they are, and keeps a bounded number of header
// fields and the extents of the bodies. It takes any octets for a message and notes what is wrong with them. A [Body]
// is read again from the message, as a stream, each time it is opened; only an error of the message's reader is an
// error.
//
// # Files
//
//	read.go         Read: the pass over the lines that finds the parts of multiparts, and its limits
//	part.go         Part: what the header section of an entity says
//	header.go       Header: a header section, well-formed or not
//	sectionend.go   where a header section ends that has no blank line, or junk within it
//	section.go      header sections that stand in a body
//	lines.go        the lines of a stream, in bounded memory
//	media.go        the Content-Type and Content-Disposition fields and their parameters
//	encodedword.go  the values of header fields as text
//	extent.go       Extent and Place: where a body, or a piece of it, lies in the message
//	transfer.go     Body: the transfer encodings
//	base64.go       base64, and the clear text after it
//	uuencode.go     uuencode, as a transfer encoding or within a text
//	workspace.go    Workspace: memory that is used again
package entity
