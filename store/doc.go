// Package store keeps requests, activities, attachments and receipts in PostgreSQL.
// Accept records a batch of messages in one transaction together with their receipts, so that a message
// whose receipt is there is recorded, and one whose receipt is not there has left no trace.
//
// # Tables
//
// A request (incident, service request or event) has activities, participants, attachments and a history; a service
// request may have a service_request_type and, in request_field, the fields of the form that it was asked for by;
// thread says which Message-IDs lead to it. A receipt says that a message was accepted and what became of it;
// set_aside names the event, or the activity on it, that carries a message which could not be recorded as what it is. Rules that must always
// hold are constraints of the schema (migrations/), not of this code.
//
// A row of outbox is a mail to send: an answer to a message, or a notification of a new event for those who have a row of
// subscription. reply_template has the texts of a team's own.
//
// A row of mailbox says when a message was recorded last, and since when which daemon has been reading the mailbox; attempt
// counts how often a message could not be recorded. A row of lease says which daemon polls the mailbox, and what became of
// the last poll; daemon has the programs that poll and until when their leases last.
//
// A row of problem says that a daemon has opened an event for a trouble, which one, and whether it is over; problem_mailbox
// names the mailboxes that it affects.
//
// # The receipt rule
//
// A receipt is known by the mailbox and the SHA-256 of the raw octets. The unique-id of the server does not decide:
// RFC 1939 §7 lets it return once its message is gone, and a migrated server gives new ones. The same Message-ID with
// other octets is another message, with one exception: in a mailbox that leaves messages on the server, a delivery with
// the unique-id, the Message-ID and the body of a receipt is that message, whose header fields the server has changed.
//
// # Order within Accept
//
//  1. Begin, and set the limits of the server for locks, statements and idle time.
//  2. Share the lock that the collector of files takes alone, and lock the row of the mailbox (receipt.go): two daemons
//     that poll the same mailbox accept one after the other.
//  3. Look up the receipts. A message that has one is known, and only counted.
//  4. Look up everything that deciding may ask for, for the whole batch at once.
//  5. Decide message by message, each once; each decision shows in the directory that the next one sees. When a decision
//     opens a request and no number is left, numbers are drawn, some of them ahead. Unused numbers are kept for the
//     next batch of this process, and so are the numbers of a transaction that rolled back. After a COMMIT without an
//     answer, its numbers are never used again.
//  6. Make the files of the attachments durable.
//  7. Write all rows and commit.
//
// A crash before the commit leaves at most files that no row names; CollectOrphans removes them. Nobody knows whether a
// commit whose answer was lost took effect (transaction.go): Accept fails, the daemon sends no DELE, and the next poll
// either finds the receipt or does the work again.
//
// Reconsider takes back the receipt of a message that was set aside and then takes the same steps, in one transaction:
// the message either stays set aside or is recorded as something else.
//
// # Set aside
//
// A message is set aside in step 5: the decision, the event or the activity that carries it, the row of set_aside and the
// receipt are one transaction. The fault is the reason without what differs from message to message (fault.go); mailbox and
// fault are the key of a problem of kind message. While that is open, a message with the same fault becomes an activity on
// its event. Writers of one key take turns, in the order: row of the mailbox, lock of the key, row of the event.
//
//	a crash before …                 leaves                                    then
//	the commit of Accept             the message in its mailbox                the next poll sets it aside, with another number
//	the answer to that commit        receipt, event or activity, set_aside     the next poll knows the message
//	the commit of a replay           the message set aside                     a person replays it again
//	the answer to that commit        the message recorded, its row replayed    a second replay says so (SettledError)
//	the commit of the last one       the event and its problem open            the same: all of it is that transaction
//
// # The journal
//
// A Journal writes requests, activities, changes of state, their files and their history within one transaction, from plain
// values. Accept is one of its callers: each decision becomes a NewRequest or a NewActivity (record.go), and the rows of a
// whole batch go to PostgreSQL together (write.go), with the receipts. Set-aside messages, messages that are too large and
// reconsiderations take that way too. Write is for callers without a message, such as events about the daemon itself. It
// takes no lock of a mailbox. Its order is
//
//  1. Begin with the same limits, and share the lock that the collector of files takes alone.
//  2. For each entry: make its files durable, then draw its number, then write its rows.
//  3. Commit.
//
// Every row of history names an author, which is the account of Login or a person, and a reason. When the files of an entry
// cannot be kept, the entry is not written and the caller decides whether to write it without them (ErrFilesNotKept). A crash
// leaves what a crash within Accept leaves. There is no receipt, so a caller that may try again writes a row with a unique
// key in the same transaction. EventReferences finds the rows that an event of the daemon names, also where the
// configuration is wrong.
//
// # Problems
//
// A problem is a trouble with its event (problem.go). Opening the event, adding to it and closing it take place in one
// transaction with the row of problem, so that a writer that tries again after a lost answer finds what it has written:
//
//	stopped …                     in the database                  the next attempt
//	before the commit             nothing                          opens the event
//	during the commit, answer
//	  lost: it took effect        event and open problem           FindProblem returns it: the trouble is seen again
//	  lost: it did not            nothing                          opens the event
//	after the closing             event processed, problem closed  has nothing to do
//
// A unique index allows one open problem for a kind and a source. FindProblem takes an advisory lock of the key, so that two
// daemons take turns instead of running into the index. The methods work within Write and within Accept. A problem stays open
// when a person marks its event as processed: the next activity reopens the event, and the closing leaves it processed.
//
// # When Decide runs again
//
// One transaction decides about each new message once. Decide runs again for the same message when another transaction
// tries to record it, over what the database holds then:
//
//   - inTx repeats the whole transaction after a serialisation failure or a deadlock (SQLSTATE 40001 and 40P01), and when
//     another request has a number already; it tries five times at most (transaction.go).
//   - If the batch failed for a reason that may lie in one message, each message is tried alone (singly.go). Only the one
//     that is known to be at fault is set aside without another decision.
//   - The next poll decides again about what was not recorded, and Reconsider about what was set aside.
//
// So a Decider must depend only on its arguments and change nothing. Only the decision of the transaction that commits is
// in the Outcome. A Decide that took too long may still run in its goroutine while the next one runs.
//
// # Prose
//
// The prose of events is the caller's: the Decider returns the event of a message that is set aside with its text. If
// the Decider panics or returns no event, the event is a plain one.
//
// # Leases
//
// Any number of daemons share the mailboxes of a database: each mailbox has one holder, the daemon that polls it. A lease
// needs no connection of its own. It ends at a time by the database's clock, the same time for all leases of a daemon, so
// that one update of the daemon's row renews them all. Every few seconds a daemon calls KeepLeases, which makes one
// transaction in one round trip, waits for no acceptance and writes nothing about a mailbox that was not polled. Nothing is
// recorded twice without leases either: they keep daemons from disturbing each other.
//
// A daemon takes what is free, at first only its share. When it has fewer mailboxes than another, it asks for some of them
// (wanted_by_id), and the holder gives them back when it does not poll them; a mailbox that was given back is kept some
// seconds for the daemon that asked. Only moves that make the numbers more equal are asked for, so that they come to an end.
//
// A row of lease that is locked, as by the beat of another daemon, is passed over. The caller learns which reports were not
// noted for that reason and repeats them; until then their leases are not given back, because the next holder has to know
// when the server allows a log-in. ReleaseLeases tries again for some seconds.
//
// A holder counts the time of its leases from before it sent the request, so it stops before others may begin. A daemon that
// was paused learns at its next call what it has lost; the one that takes its leases locks its row, so that it cannot renew
// them at the same moment.
//
//	a daemon is killed …            leaves                             then
//	before or within KeepLeases     its leases as they were            they end by themselves, and others take them
//	after KeepLeases                leases                             the same
//	within a poll                   the lease, and working_since       the next holder begins at due_at, and is careful (BeginWork)
//	before ReleaseLeases, within    all leases                         they end by themselves
//	the server crashes …
//	after a COMMIT about leases     perhaps not what it has changed    each daemon learns at its next call what it holds; until then
//	                                                                   two may poll a mailbox, and both record it once
//
// # The outbox
//
// A mail that is to be sent is a row of outbox, written in the transaction of the message or event that it is about. So a
// message that is met again is not answered again. Whoever sends the mail claims it for some time (outbox.go), sends it, and
// says so. A mail is sent at least once, always with the same Message-ID, which thread has as well: an answer finds its
// request.
//
//	a crash …                      leaves                           then
//	before the commit              nothing                          the next poll decides again, and answers once
//	after it, before ClaimMail     a mail that is due               any daemon sends it
//	between claim and sending      a mail that is due after the     any daemon sends it then
//	                               lease
//	between sending and MailSent   the same                         it is sent again, with the same Message-ID
//
// # The attachment directory has one owner
//
// The row of attachment_directory and a marker file in the directory hold the same identity. Open claims a directory for
// a database that has none (owner.go). From then on the store writes nothing where the marker is missing, as below the
// mount point of a share, or where it is another database's. Accept reads the marker for each batch that has files. Only a
// person adopts a directory (Options.Adopt); this gives the row and the marker a new identity.
//
// A copy of the database has the same row. So the store removes nothing when the server or the database differs from the one
// that claimed (instance.go: numbers, timeline, address, port, directory), or when the marker has another generation. Each
// collection changes the generation, and removes only files that are older than several collections: a copy cannot remove
// what the owner has written since the copy was made, even if all else is equal. None of this ever stops mail.
//
// # Removal
//
// A file is removed when no row names it, by the clocks of the file system and the database, in bounded amounts
// (orphans.go). One program at a time collects; its lease is a row with a time. It looks up the digests of files without a
// lock. For those that no row names, it takes the lock that acceptances share, alone, looks again, and notes those that
// still no row names in the table removal. It removes the files without any lock, so that a file system that hangs holds up
// nobody. An acceptance reads the notes behind its lock and names no noted file: its message waits for the next poll.
// While a backup is made, nothing is noted (backup.go).
//
//	a crash before …      leaves                                          the next collection, by any program
//	read marker           the lease, which ends by itself                 begins when it has ended, here and below
//	announce generation   the same
//	write marker          a next_generation that no marker has            writes it into the marker
//	follow marker         a marker with next_generation                   takes it over, then announces another
//	list                  a changed generation
//	note removals         the same
//	unlink                notes, and files that acceptances do not name   removes the files and the notes
//	forget removals       notes without a file                            removes the notes
//	note folder           the folder where the last collection ended      sweeps from there once more
//	release lease         the lease
//
// # A share that hangs
//
// No call into a file system can be interrupted. Work on files runs in goroutines of its own, with a limit that grows with
// the octets (filerunner.go). A goroutine that does not return in time is abandoned: it has copies of its data and can no
// longer read the messages, the batch fails, and all other work on files fails at once until the goroutine has returned.
// While a removal is abandoned, its notes and its lease stay.
//
// # Other programs
//
// The schema service_desk is the interface for other programs (deploy/database.md): views, and functions that write what the Journal
// writes for the same purpose. A test does each change both ways and compares the rows. A trigger on history sends the
// notifications, because every change of a request writes history, whoever makes it; so an acceptance needs no statement for them.
//
// # Isolation
//
// READ COMMITTED is enough: the lock of step 2 comes before any look-up, rows of other mailboxes are only added to
// under unique indexes, and a state is changed by an UPDATE that names the states it may change from. After a deadlock
// or a serialisation failure the whole transaction runs again, decisions included; its requests keep their numbers.
// When another request has one of the numbers already, as after a crash that set the sequence back, the transaction runs
// again with others (numbers.go). The same happens to numbers that SetFirstNumber has made void (firstnumber.go).
//
// # Whose fault
//
// An error is explained by the database (ErrUnavailable: the connection is gone, or the SQLSTATE says that the server
// or the schema cannot do it), by the attachment directory (ErrDirectory), by another transaction (ErrLocked), by
// somebody who removed what the configuration names (ErrReferenceGone) or by a stop. These fail a batch at once and blame
// no message; but a directory that cannot be used and a lock of a request's row fail only the messages that need them.
//
// Every other error may be one message's fault, so each message of the batch is then tried alone. A message is set aside
// if PostgreSQL refuses it (SQLSTATE class 22, 23 or 54), if our own code panics on it, or if deciding about it takes too
// long. A message that fails for an unknown reason stays in the mailbox with its error; the caller counts its attempts.
// Two such messages in a row end the batch, because they likely share the reason. So a constraint that has refused two
// messages in a row has no third message set aside.
//
// # Connections
//
// A store opens no more connections than Options.MaxConns, whatever calls it; a call waits for one. A single statement
// examines each new connection (connection.go): it sets the limits of TCP and the compression, and finds out whether the
// server is a standby and whether a pooler is in between. A standby is refused: where the address names several servers,
// the next one is tried, otherwise the database counts as unreachable. An error that says that the server has turned
// read-only replaces all connections.
//
// A pooler in transaction mode (pgbouncer) gives each transaction another session of PostgreSQL. So every limit is set
// within its transaction, every advisory lock ends with its transaction, and nothing listens. Statements are prepared in
// the session only without a pooler; with one, the driver keeps their descriptions. The store tells by itself, because
// PostgreSQL's process has another number than the pooler told when the connection was made. A store that is ReadOnly
// makes PostgreSQL refuse changes in each transaction and batch there, not for a whole session.
//
// Open needs one connection and reads in one round trip what it checks; Recheck does the same after the database was
// away. Migrations are applied only when the schema is older.
//
// # Waiting
//
// Every wait has a limit (limits.go): the server's answer, a lock, a statement, a decision, the files of a batch, a batch
// as a whole. The server has limits of its own, which hold even when this process is gone. A decision that does not
// return and a share that hangs cannot be ended: they are left to their goroutine, and nothing that it holds is used
// again.
//
// # Files
//
//	store.go                             Store, Options, Open
//	accept.go                            Accept: the steps of one batch
//	journal.go, write.go                 Journal, Write: entries from plain values; the rows of entries and of batches
//	receipt.go                           receipts: which messages of a batch are known
//	firstnumber.go                       the number at which requests begin
//	record.go, numbers.go                one decision per message; the numbers of requests
//	directory.go, findings.go            what a decision may look up, and the queries for it
//	sender.go, loop.go                   how many requests the sender of a message has opened; the problem of one with too many
//	request.go, activity.go              NewRequest, NewActivity: their rows, with participants and threads
//	history.go, state.go                 rows of the history; changes of states
//	handle.go                            what a person does to a request: process, resolve, close, reopen, assign
//	singly.go, setaside.go               the messages of a failed batch one by one; messages set aside
//	fault.go                             which messages are set aside for the same fault
//	reconsider.go, settle.go             another decision about a message that was set aside; discarding it; the end of its event
//	asides.go                            messages that were set aside, for a person
//	search.go                            queries of lists by pages, which never read a whole table
//	message.go, messagequery.go          what became of messages, for a person: a list by pages, its query
//	messagesearch.go                     … a search that goes on until it has found enough
//	messagedetail.go                     all that is known of one message, and how it is named
//	blame.go, refusals.go, errors.go     whose fault an error is
//	hint.go, filehint.go                 what a person can do about an error
//	address.go                           where a database is, without its password
//	transaction.go, limits.go, budget.go transactions, limits of waiting, the time for each decision
//	connection.go, connection_*.go       connections that notice a silent server, a pooler and a standby
//	lease.go, leasequeries.go            which daemon polls which mailbox
//	silentmailbox.go                     when a mailbox that used to have mail is silent
//	mailboxstate.go                      the state of mailboxes and daemons, for a person
//	figures.go                           what a monitoring system counts
//	problem.go                           troubles of the daemons and their events
//	troublepage.go                       … those that are open, with what their events say, page by page
//	day.go                               the messages of the last 24 hours, by mailbox and hour
//	attempt.go, known.go                 failed attempts at messages; unique-ids that are known
//	outbox.go, outboxrows.go             mail that waits to be sent; the answers and notifications of a transaction
//	outboxlist.go                        … shown: what waits, what is never sent, and why
//	replytemplate.go, subscription.go    the own texts of teams; who is notified of new events
//	oversize.go, purge.go                receipts of messages that are too large; removal of old receipts
//	text.go                              text as PostgreSQL stores and compares it
//	attachment.go, storedfile.go         attachments and raw messages: rows and durable files
//	rawfile.go                           a raw message in a file
//	filerunner.go, filesystem_*.go       work on files of a share that may hang; errors of file systems
//	owner.go, marker.go, instance.go     the database that owns the attachment directory
//	attachmentstate.go                   what an acceptance must find before it names files
//	orphans.go, removal.go               removal of files that no row names
//	collectionlease.go                   which program removes them
//	backup.go, restore.go                the snapshot of a backup and its files; a restore (store/backup has the archive)
//	restoretarget.go, restoreplace.go    what the database and the attachment directory of a restore hold, and to whom they belong
//	inspect.go                           the state of the attachment directory, for a person
//	resolve.go, eventreferences.go       names of the configuration to rows; fall-backs for events of the daemon
//	reference.go, requesttype.go         groups, sites, priorities, sources and service request types
//	team.go, user.go, people.go          teams and users
//	inuse.go                             … removed, unless recorded rows name them
//	password.go, passwordhash.go         passwords of users; their hashes
//	pagetoken.go                         tokens that let people log in to the page of a daemon
//	import.go                            reference data from CSV
//	show.go                              requests and events for a person
//	requestlist.go, requestview.go       … as a list in parts, and one in parts of bounded size
//	octets.go                            files of the attachment directory for a person
//	migrate.go, schema.go                the schema (migrations/): how it changes, and which one a database has
//	roles.go                             the roles of other programs and of the daemon (roles.sql)
//	functionrights.go                    who may call the functions of the interface, also after a restore
package store
