// Package tnef reads winmail.dat, the one part into which Outlook may put all that a message has (MS-OXTNEF): a stream
// of attributes, some of which hold properties (MS-OXCDATA §2.8).
//
// [Read] reads the stream once, in time linear in its length, and keeps a bounded amount of it: texts, names, and the
// places of the files' content. The content is read from its place when somebody opens the file.
//
// # Files
//
//	stream.go    Read: the attributes of a stream
//	property.go  the properties in an attribute
//	rtf.go       text in RTF, compressed or not, and the HTML in it
package tnef
