// Package daemon decides when each mailbox is polled and in what order the steps of a poll happen, so that
// every message is in the database exactly once or still in the mailbox.
//
// # One message's way
//
//	POP3 server ──RETR──▶ spool ──▶ processor.Parse ──▶ Policy.Decide ──▶ store.Accept ──▶ DELE … QUIT
//
// A poll of a mailbox (poll.go) is:
//
//  1. hold the mailbox: one poll at a time, over all daemons of a database
//  2. resolve the names of its configuration; a name that does not exist ends the poll, the mail stays
//  3. open a POP3 session and read the scan listing
//  4. retrieve messages into a batch, each spooled, hashed and parsed
//  5. accept the batch: receipts, decisions and rows in one transaction, attachments durable before
//  6. DELE what was accepted, or was known from before
//  7. QUIT: the server deletes now (RFC 1939 §6, the UPDATE state)
//
// Where the server has PIPELINING (RFC 2449 §6.6), the next messages are asked for while a batch is accepted, and the
// answers to DELE are read with what follows. The order stays: DELE is sent only for what is committed.
//
// Steps 3 to 7 repeat in sessions of at most Options.MessagesPerSession messages, so that deletions take
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
// (1) Attachment files that no row names may be left; they are harmless and collected later.
//
// (2) A server that forgets its deletions, or never honours them, shows the mail again: known, only deleted.
//
// # No message holds up another
//
// A message that the server refuses to give is passed over. One whose retrieval ends the session is passed over in the
// next session of the poll, and from then on tried last and alone. Messages without a unique-id are told by their place
// in the listing (progress.go); forgetting any of that costs time, never a message. A message that PostgreSQL refuses,
// or on which our own code panics, is set aside; one whose request somebody else has locked is left for the next poll.
//
// # Left on the server
//
// With Mailbox.LeaveOnServer a message that is recorded is not deleted. It is told by its unique-id and its size, and
// not retrieved again, until it has been there for as long as it is to be left: then it is retrieved once more, and
// deleted when its digest is known. So a unique-id that returned with another message loses none.
//
// # Too large
//
// A message that is larger than Mailbox.Account.MaxOctets, as LIST says, is not retrieved. Its header is read (TOP),
// recorded as an event, and the message is left where it is. It is recorded once: its receipt is known by the digest of
// the size and the header's octets, or of the unique-id where there is no TOP; a worker remembers the unique-ids it has
// dealt with, so that a header is read once and after each restart. The receipt is never that of the whole message: once
// the limit is raised, the message is accepted as a new one. One whose LIST lies is cut off at the limit, which ends the
// session, and dealt with in the next session of the poll; it needs a unique-id to be told again.
//
// # Whose fault is it?
//
// Errors have three classes (RFC 5321 §4.2.1, RFC 3206). Transient: the mail stays, the next poll tries again.
// Permanent for the message: set aside with an event that carries it, then deleted, so that it holds up no
// other. Permanent for the mailbox: polled ever more slowly until a person has acted; it recovers by itself.
// An unknown error is transient, so no mail is dropped by ignorance.
package daemon
