// Package tnef reads winmail.dat, the one part into which Outlook may put all that a message has (MS-OXTNEF). It reads
// the stream once and keeps the text, the names of the files and the places of their content, not the content itself.
package tnef
