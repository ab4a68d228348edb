// Package page shows people in a browser how the mailboxes are and what became of mail.
//
// The server makes whole pages of HTML; they work without a script. page.js only replaces the parts of a page that have changed:
// it hears of changes by server-sent events (live.go), and asks for the page again. At most maxStreams pages are told, a reader who
// does not read loses the connection, and what the script does makes no session last longer.
//
// # What a page may do to the intake of mail
//
// Nothing. At most maxAsking visits ask the database at the same time, each for a limited time; the others wait, and are turned
// away if that lasts. Besides, one message at a time is explained, and one is replayed. A visit gives its turn back before it
// writes to a reader, who may be slow. While the database is away, the page says so, and the section of the mailboxes shows what
// the daemon itself knows.
//
// # What mail may do to a page
//
// Nothing. All that comes from mail goes through mailLine or mailText, which keep its direction to itself, show its control
// characters and cut it. The Content-Security-Policy loads only our own style, script and pictures, and nothing inline.
//
// # Who may see a page
//
// Whoever has logged in with a token (mailintegration page token). A session is in the memory of one daemon, and its cookie is
// random: it ends after 30 minutes without a request, after 12 hours, and within seconds once its token is revoked or expires. The
// tokens are asked for all at once, at most every second, so that a flood of wrong ones costs the database nothing; the right one
// is never refused. Browsers send the cookies of a host to all its ports, so that another web server of the same machine may see
// the one of a person who visits it: on a machine with several people, an address of its own (127.77.0.1:9464) prevents that.
//
// A form counts if the browser says that it comes from here (Sec-Fetch-Site, Origin) and it has the value of its session. Each
// change is in the log with the name of the token, and in the history with its user.
//
// # A section
//
// A section has a file NAME.go with its routes, its models and its interface of the database, which Desk embeds; templates/NAME.html,
// which defines "title" and "content"; texts/NAME.xml, with every text in each language; and an entry in sections(). A handler
// reads through visit.desk, which fails while the database cannot be used, and ends with visit.render or visit.redirect, or returns
// an error (fault.go). The menu shows the text NAME.menu. An element with an id and data-live is kept current.
//
// What changes something is a form with method=post and {{csrf}}, and its route has the right toAct.
//
// # Files
//
//	page.go       Page, its routes and its header fields
//	section.go    sections and routes, in the order of the menu
//	session.go    who has logged in, and what they may do
//	cookie.go     … the cookie of a session
//	tokens.go     the tokens that people log in with, as the database knows them
//	login.go      logging in and out
//	refusals.go   … and how often that was refused
//	author.go     who does what, for the history and the log
//	visit.go      one request: reads the database in turn, renders
//	answer.go     … notes when its answer begins
//	form.go       forms come from a page of their session
//	notice.go     a text that the page after a form shows once
//	fault.go      the pages about errors
//	desk.go       the part of the database that the page asks
//	templates.go  parses the templates; their functions
//	texts.go      the texts in each language
//	moment.go     times, durations and sizes in words
//	mail.go       text from mail
//	live.go       tells the script of a page that something has changed
//	static.go     style, script and icon
//	mailboxes.go  the section of the mailboxes
//	chart.go      … the messages of the day, counted beside the visits and drawn
//	messages.go   the section of the messages: the list, and the search in it
//	message.go    … what became of one message
//	explain.go    … and what would be decided about it now
//	trouble.go    the section of the troubles
//	outbox.go     the section of the outbox
//	requests.go   the section of the requests and events: the list
//	request.go    … one of them, its files, and the HTML of its mail in a frame
//	setaside.go   the section of the messages that were set aside
//	replay.go     … records one after all
//	discard.go    … or decides that it is not recorded
//	download.go   sends stored files
package page
