// Package mailbody makes the document in which a browser shows the HTML of a mail, in a frame of its own (<iframe sandbox="">).
//
// The HTML is a stranger's. Four things keep it harmless, each without the others: package htmltext judges every tag, once more than
// when the mail was stored, because other programs may have written the row; what is left has no address at all, so that nothing can
// be loaded and no link be followed; Policy forbids the browser scripts, forms, frames and every load; and the sandbox gives the
// document an origin of its own, without cookies, from where it cannot reach the page around it.
//
// A link is text, with the address behind it, so that a reader sees where it would lead. An image is shown if it came with the mail
// and its header says PNG, GIF or JPEG, and is then part of the document: the frame has no session with which to ask for it. Remote
// images are never shown, since they tell the sender who reads the mail, and when.
//
// A document is bounded in octets, elements, nesting and images; a note says where it was cut.
//
// # Files
//
//	document.go   Document, its policy and its bounds
//	writer.go     what is written of each tag
//	picture.go    which images are shown
//	address.go    the address of a link, in letters that cannot deceive
package mailbody
