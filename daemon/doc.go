// Package daemon decides when each mailbox is polled and in what order the steps of a poll happen, so that
// every message is in the database exactly once or still in the mailbox.
//
// # One message's way
//
//	POP3 server ──RETR──▶ spool ──▶ processor.Parse ──▶ store.Accept( Policy.Decide ) ──▶ DELE … QUIT
//
// A poll of a mailbox (poll.go) is:
//
//  1. hold the mailbox: one poll at a time, over all daemons of a database
//  2. resolve the names of its configuration; a name that does not exist ends the poll, the mail stays
//  3. open a POP3 session and read the scan listing
//  4. where there is something to retrieve, note in the database that messages are in hand, and read what is known of
//     those that failed before
//  5. retrieve messages into a batch, each spooled, hashed and parsed
//  6. accept the batch: receipts, decisions and rows in one transaction, attachments durable before
//  7. DELE what was accepted, or was known from before
//  8. QUIT: the server deletes now (RFC 1939 §6, the UPDATE state)
//
// Where the server has PIPELINING (RFC 2449 §6.6), the next messages are asked for while a batch is accepted, and the
// answers to DELE are read with what follows. The order stays: DELE is sent only for what is committed, and QUIT only
// when every answer is accounted for.
//
// Steps 3 to 8 repeat in sessions of at most Options.MessagesPerSession messages, so that deletions take
// effect early in a large backlog.
//
// # Crash points
//
// Whatever stops a poll, and wherever, the next one finds one of these:
//
//	stopped …                     on the server         in the store        next poll
//	before the commit             mail                  nothing (1)         retrieves and accepts it
//	during the commit, answer     mail                  receipt + record,   knows the receipt and only deletes,
//	  lost                                                or nothing          or accepts
//	after the commit, before      mail                  receipt + record    knows the receipt, only deletes
//	  DELE, or before QUIT is
//	  answered
//	at QUIT, answer lost          mail or gone          receipt + record    only deletes, or nothing to do
//	after QUIT answered +OK       gone (2)              receipt + record    nothing to do
//
// (1) Attachment files that no row names may be left; they are harmless and collected later. So is the note that
// messages are in hand: the next poll reads the first ones singly (see below).
//
// (2) A server that forgets its deletions, or never honours them, shows the mail again: known, only deleted.
//
// # Servers that delete by themselves
//
// A server that announces EXPIRE 0 (RFC 2449 §6.7; Gmail does) may delete at QUIT whatever was retrieved in the session,
// whatever DELE said. There no message is asked for beyond the batch in hand, and QUIT is sent only when all that was
// retrieved is recorded and none of it is to stay. Otherwise the connection is dropped, which deletes nothing; what was
// recorded is known in the next session and deleted by it (sessionRun.quit). EXPIRE N deletes what stays with the server, such
// as messages that are too large: the log warns of it.
//
// # No message holds up another
//
// What goes wrong with one message is counted in the database, by its unique-id or else its digest (trouble.go), so that
// a restart forgets nothing; failures to retrieve, short answers, deaths of the process and failures to record are counted
// each for itself. A message that was tried in vain is tried last and alone, in a session of its own: one that
// the server refuses to give, one whose retrieval ends the session, one that does not fit into the spool, one that the
// store cannot record for a reason nobody knows. At the third attempt, while other messages are recorded, a message that
// was retrieved is set aside unparsed: as an event that carries its octets. Two such failures in a row are taken for the
// infrastructure's and end the poll. A database that is down, a row that somebody else has locked and a name that somebody
// removed count for no message, nor do an attachment directory that cannot be used and a constraint that refuses one
// message after another: what needs them waits in the mailbox, and the poll says so.
//
// A message on which parsing or deciding panics, or does not come back within its budget of time, is set aside at once.
// One that ends the process is found out by the next: a poll whose last one was never ended reads the first messages
// singly, and counts each before it is parsed.
//
// Messages without a unique-id are told by their place in the listing (progress.go); forgetting that costs time, never a
// message.
//
// # What is slow
//
// Every step has a limit. A session begins no batch after Options.SessionTime; it gives its place among the sessions that
// run at once back after Options.PlaceTime, or as soon as one message takes long to parse, so that it costs its own
// mailbox time and no other's. The pause after deletions is taken outside of the place.
//
// # Messages that the server does not give whole
//
// A message of which RETR gives far less than LIST says is not recorded: it is left, and counted. After its attempts what
// came of it is recorded with a defect, and the message is kept on the server. It is retrieved again once a day; should
// the server give all of it some day, it is recorded as another message and deleted.
//
// # Left on the server
//
// With Mailbox.LeaveOnServer a message that is recorded is not deleted. It is told by its unique-id and the octets that
// LIST says, as long as each listing has it, and not retrieved again, until it has been there for as long as it is to be
// left: then it is retrieved once more, and deleted when its digest is known. A unique-id that was gone, or whose octets
// differ, is retrieved: it may have returned with another message. A message whose server changes its header fields
// meanwhile is known by unique-id, Message-ID and body together. Where there are no unique-ids, a digest of the header
// (TOP) stands for them.
//
// # Too large
//
// A message that is larger than Mailbox.Account.MaxOctets, as LIST says, is not retrieved. Its header is read (TOP),
// recorded as an event, and the message is left where it is. It is recorded once: its receipt is found again by
// unique-id and size, or else by the digest of the size and the header's octets. Where there is no TOP, or where it has
// ended two sessions, the header is empty. The receipt is never that of the whole message: once the limit is raised, the
// message is accepted as a new one. One whose LIST lies is cut off at the limit, which ends the session, and dealt with in
// the next session of the poll; it needs a unique-id to be told again.
//
// # Collecting
//
// Every six hours, and sooner when more is left, receipts that were not met for Options.Retention are removed, then files
// that no row names (collect.go); for the first time six hours after the start, so that the owner of the attachment
// directory goes before a copy of its database. What was refused or ignored goes with its receipt. The store decides
// whether anything may be removed; a failure is logged when it is news, and a panic ends one run.
//
// # Whose fault is it?
//
// Errors have three classes (RFC 5321 §4.2.1, RFC 3206). Transient: the mail stays, the next poll tries again.
// Permanent for the message: set aside with an event that carries it, then deleted, so that it holds up no
// other. Permanent for the mailbox: polled ever more slowly until a person has acted; it recovers by itself.
// An unknown error is transient for its message, so no mail is dropped by ignorance and none waits behind it.
package daemon
