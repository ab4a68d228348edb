// Package htmltext turns the HTML of a message into text that reads well, and into HTML that is safe to show.
//
// Both functions work on tokens, in time linear in the length of the HTML, however deeply its elements are nested and
// in whatever order they are closed. What they return is clean as package charset defines it, when the HTML is.
//
// # Files
//
//	text.go        HTML as plain text: lines, lists, links, quotes
//	table.go       the cells of tables in that text
//	bracketed.go   words in angle brackets that are text, not tags
//	sanitise.go    HTML without anything active, remote or hidden
//	verdict.go     what becomes of a tag in it, judged once
//	link.go        plain links, which need no judge
//	hidden.go      what the sender hid, and where it ends
//	open.go        the open elements
//	elements.go    the elements that end others
//	attributes.go  the attributes of a tag
package htmltext
