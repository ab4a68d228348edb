// Package htmltext turns the HTML of a message into text that reads well, and into HTML that is safe to show. Both work on
// tokens, in time linear in the length of the HTML, because mail nests elements deeply and closes them in any order.
package htmltext
