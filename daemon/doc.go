// Package daemon decides when each mailbox is polled and in which order the steps of a poll happen. It keeps the
// promise of the program: every message is in the database exactly once, or is still in the mailbox.
//
// Read this page first. The section Files says where each thing is done.
//
// # One message's way
//
//	POP3 server ──RETR──▶ spool ──▶ processor.Parse ──▶ store.Accept ──commit──▶ DELE … QUIT ──▶ POP3 server
//	                                                    │ is there a receipt?
//	                                                    │ look up people and requests
//	                                                    └ Policy.Decide: a value, with its reason
//
// The decision is made within the transaction of store.Accept, because it depends on what the database holds. Decide
// runs again when the transaction is repeated after a serialisation failure or a deadlock (SQLSTATE 40001 and 40P01),
// and when a failed batch is tried message by message. Deciding has no side effects, so only the last decision counts.
//
// A poll of a mailbox (poll.go, session.go) takes these steps:
//
//  1. Begin only while this daemon holds the lease of the mailbox (the section More than one daemon), and ask again
//     before each session and each batch.
//  2. Open a POP3 session and ask for the number of messages. If there are none, the poll sends QUIT and is done: it has
//     asked the database nothing.
//  3. Read the scan listing, and look up the names in the mailbox's configuration unless that was done in the last
//     minute. A name that does not exist ends the poll, and the mail stays. The first poll after a start or a change
//     looks the names up in any case, so that a wrong one is reported at once.
//  4. If there is something to retrieve, note in the database that messages are in hand, and read which messages
//     failed before.
//  5. Retrieve messages into a batch. Each one is spooled, hashed and parsed.
//  6. Accept the batch: receipts, decisions and rows in one transaction. Attachments are durable before the commit.
//  7. Send DELE for each message that was accepted now or before.
//  8. Send QUIT. Only then does the server delete (RFC 1939 §6, the UPDATE state).
//
// Where the server has PIPELINING (RFC 2449 §6.6), the session requests messages ahead, and reads the answers to DELE
// together with what follows. The order stays the same: DELE is sent only for committed messages, and QUIT only when every
// answer is accounted for.
//
// Steps 2 to 8 repeat in sessions of at most Options.MessagesPerSession messages, so that deletions take effect early
// in a large backlog.
//
// # Two batches at once
//
// While the store records one batch, the session retrieves the next one, and has up to two of its messages parsed at a
// time (recording.go):
//
//	session  retrieve 1 │ retrieve 2       │ DELE 1 │ retrieve 3       │ DELE 2 │                  │ DELE 3 │ QUIT
//	parsing     parse 1 │    parse 2       │        │    parse 3       │        │                  │        │
//	store               │ record 1, commit │        │ record 2, commit │        │ record 3, commit │        │
//
// Only the call of the store has a goroutine of its own. The session's goroutine waits for it, then counts, logs and
// deletes (conclude), before the store begins to record the next batch. So no batch overtakes another, and two are in
// memory at most.
//
// If a batch fails, or what fails hardly lies in its messages, the next batch is given back: its messages stay on the
// server and count as not looked at. Whatever is not the plain retrieval of a whole message waits until the pending batch is
// concluded: a refusal, a short message, one that is too large, a message that was in hand when a process died, a spool
// that fails. A stop finishes both batches. One batch is concluded before the next message is retrieved where QUIT may
// delete every retrieved message, and as long as nobody knows which message ended the last process.
//
// # Crash points
//
// Whatever stops a poll, and wherever, the next poll finds one of these:
//
//	stopped …                     on the server         in the store        next poll
//	before the commit             mail                  nothing (1)         retrieves and accepts it
//	during the commit, answer
//	  lost: it took effect        mail                  receipt + record    knows the receipt, only deletes
//	  lost: it did not            mail                  nothing             retrieves and accepts it
//	after the commit, before      mail                  receipt + record    knows the receipt, only deletes
//	  DELE, or before QUIT is
//	  answered
//	at QUIT, answer lost          mail or gone          receipt + record    only deletes, or nothing to do
//	after QUIT answered +OK       gone (2)              receipt + record    nothing to do
//
// A poll that has lost its lease is stopped like this too, and another daemon makes the next poll: the table holds for any
// number of daemons. What the beat had not reported is forgotten, which costs a poll too many.
//
// The row holds for each message of both batches: while one is recorded, "before the commit" holds for the next one.
//
// (1) Attachment files that no row names may remain; they do no harm and are collected later. The note that messages
// are in hand may remain too: then the next poll reads the first messages singly (see the section No message holds up
// another).
//
// (2) A server that forgets its deletions, or never honours them, lists the mail again. The next poll knows the receipt
// and only deletes.
//
// A test stops a poll as each row says (doc_test.go). The crash matrix (crash_test.go) cuts a poll at every command, at
// every octet from the server and at every message of the database's protocol, and checks that each message is recorded
// once in the end.
//
// # Servers that delete by themselves
//
// A server that announces EXPIRE 0 (RFC 2449 §6.7; Gmail does) may delete at QUIT every message that was retrieved in
// the session, whether DELE was sent or not. On such a server the session requests no message beyond the batch in hand.
// It sends QUIT only when every retrieved message is recorded and none of them has to stay. Otherwise it drops the
// connection, which deletes nothing; the next session knows the recorded messages and deletes them (sessionRun.quit).
//
// A server that announces EXPIRE N deletes the messages that stay there, for example those that are too large. The log
// warns of that (pacing.go).
//
// # No message holds up another
//
// The database counts what goes wrong with each message, by its unique-id or else its digest, so that a restart forgets
// nothing (trouble.go). There are four counts, which are independent: failures to retrieve, short answers, deaths of
// the process, and failures to record.
//
// A message that failed before is tried last and alone, in a session of its own. That holds for a message that the
// server refuses to send, one whose retrieval ends the session, one that does not fit into the spool, and one that the
// store cannot record for a reason nobody knows. Once it has waited for ten minutes, it goes first for one attempt.
// When a retrieved message fails for the third time while other messages are recorded, it is set aside unparsed, as an
// event that carries its octets. Further messages of the mailbox that fail for the same reason are added to that event as
// activities, in the transaction of their receipts, until all of its messages are replayed or discarded.
//
// Two failures in a row, to record for an unknown reason or to write into the spool, are blamed on the infrastructure
// and end the poll. Some failures count for no message: a database that is down, a row that somebody else has locked, a
// name that somebody has removed, an attachment directory that cannot be used, and a constraint that refuses one
// message after another. The messages that need these wait in the mailbox, and the poll reports it.
//
// A message on which parsing or deciding panics, or exceeds its time budget, is set aside at once (guard.go).
//
// A message that ends the whole process is found by the next process. If the last poll of a mailbox never ended, this
// one reads the first messages singly and counts each one before it is parsed.
//
// Messages without a unique-id are recognised by their place in the listing (progress.go). Forgetting that place costs
// time, never a message.
//
// # More than one daemon
//
// Any number of daemons share the mailboxes of a database (beat.go, tenure.go). Each mailbox has a lease, which says which
// daemon polls it. Every 5 s a daemon beats: in one round trip for all its mailboxes it renews its leases, reports what
// became of the polls, takes free leases and gives back those that a daemon with less to do asks for. So a poll of an
// empty mailbox costs the database nothing, and workers never wait for a beat.
//
// A lease lasts 30 s from the moment before the beat was sent, by the monotonic and by the wall clock: a process that was
// paused, or a host that was suspended, begins no poll with a lease that has run out. A session under way ends after its
// batch, as at a stop. A batch that such a daemon still records does no harm: its receipts keep the other one from recording
// the messages again. A stop gives the leases back at once; those of a daemon that died are taken within some 40 s.
//
// Whoever takes a mailbox goes on with its timetable: the next poll and the earliest next log-in (LOGIN-DELAY) are in the
// database. Where a server wants time between log-ins, a beat also reports the poll that comes next as if it had begun. A
// daemon that dies has therefore announced its last log-in. A report that a beat could not note, because another daemon had
// locked the lease for a moment, is made again by the next one, and no lease is given back without it.
//
// # Without the database
//
// Run needs no database to begin: it is live, not ready, and waits until the store can be opened. From the first beat that
// fails until one goes well, no POP3 session begins (outage.go): it could only log in and leave the mail where it is. A
// session under way goes on; if it finds mail, its poll fails and leaves the mail in the mailbox. So an outage deletes nothing
// and sets nothing aside. Once the database answers again, the daemon makes sure that schema and attachment directory are
// still the right ones, and the polls that are due begin at once; where the leases have run out meanwhile, after the beat
// that takes them again. Mailboxes that failed because of the database are polled soon. A schema for another version of the
// program ends the polls under way too.
//
// The log tells once that an outage is new, tells as an error that it has outlasted a retry, and repeats that after 5 min,
// 15 min, 1 h, 6 h and then daily; it tells the end with the duration.
//
// # Mail that is sent
//
// A reply is a row of the outbox, written in the transaction of the message that it answers, and sent after the commit
// (sender.go). Whoever claims the row sends the mail, with the Message-ID that the row has, and notes that it was sent:
//
//	stopped …                       in the outbox           at the SMTP server   then
//	before the commit               nothing                 –                    the message is still in its mailbox
//	after the commit, before the    due                     –                    the next look sends it
//	  claim
//	after the claim, before the     claimed for 26 min      –                    due when the claim ends: is sent
//	  end of the mail
//	after the end of the mail,      claimed for 26 min      taken, or not        is sent again, with the same Message-ID
//	  before its answer
//	after the answer, before the    claimed for 26 min      taken                is sent again, with the same Message-ID
//	  mark
//	after the mark                  sent                    taken                nothing to do
//
// So a mail is sent at least once, and more than once only where nobody can know whether the server took it (RFC 1047) or
// the process died in between. Several daemons share the outbox by their claims. A stop finishes the mail in hand and gives
// the others back.
//
// A daemon looks into the outbox when it has queued mail itself, and otherwise once a minute, which costs one query; without
// an account to send through, none. Each account has one session at a time, on which it sends its mails one after another;
// accounts do not wait for each other.
//
// Whose fault is it? A recipient or a content that is refused for ever (5xx) concerns one mail: it is given up, with an event
// in the same transaction that says what the mail says. Refused for now (4xx), it is tried again, after a minute at first and
// after four hours at most. Everything else concerns the account: its mail waits, the status says why (Status.Sending), and
// after five days each mail is given up. A session that breaks over a mail may be the mail's fault or the server's: that mail
// is tried later, and the others at once in a new session.
//
// A claim lasts as long as the slowest session may take with the StepTimeout that is configured: 26 minutes with the default
// of 60 seconds. Mail that nobody claims, because its mailbox or its <Smtp> is not configured any more, is given up by any daemon
// once it is five days old and has been due for a day (unsent.go).
//
// # Changed settings
//
// Apply replaces mailboxes and limits while the daemon runs (apply.go). A poll under way ends as it began. What the worker
// has learnt about a maildrop stays where server, port and user name are the same.
//
// # What is slow
//
// Every step has a time limit. A session begins no batch after Options.SessionTime.
//
// A session needs a slot to begin (slots.go); there are Options.MaxPolls slots, of which Options.MaxSessionsPerServer may
// be one server's. Sessions that wait get theirs in the order of asking, and never wait for a server other than their own.
// A session releases its slot when it ends, after Options.SlotTime, when it has not logged in after ten seconds, or as
// soon as one message takes long to parse, so that a slow server or message costs its own mailbox time and no other's. The
// server's own limit counts it until it ends. The pause after deletions is made without a slot.
//
// Within its session, each batch needs one of Options.MaxBatches slots from its first retrieval to its commit, in the
// order of asking. They bound what batches take of memory, processors and database connections, whatever the number of
// sessions, and a backlog of any size delays another mailbox's message by a batch at most. A slow batch releases its slot
// after ten seconds.
//
// # Messages that the server does not send whole
//
// When RETR yields far less than LIST says, the message is not recorded: it stays in the mailbox and is counted. After
// its attempts, the part that came is recorded with a defect, and the message stays on the server. It is retrieved
// again once a day. If the server sends all of it one day, it is recorded as another message and deleted.
//
// # Messages left on the server
//
// With Mailbox.LeaveOnServer, a recorded message is not deleted (leaveonserver.go). As long as each listing shows its
// unique-id with the same number of octets, it is not retrieved again. When its time on the server is over, it is
// retrieved once more, and deleted if its digest is known.
//
// A unique-id that was gone in between, or whose octets differ, is retrieved, since it may have returned with another
// message. If a server changes header fields of a message that it keeps, the message is recognised by unique-id,
// Message-ID and body together. Where there are no unique-ids, a digest of the header (TOP) takes their place.
//
// # Messages that are too large
//
// A message that is larger than Mailbox.Account.MaxOctets, as LIST says, is not retrieved (oversize.go). Its header is
// read with TOP and recorded as an event; the message itself stays in the mailbox.
//
// It is recorded once: its receipt is found again by unique-id and size, or else by a digest of the size and the
// header. Where there is no TOP, or where TOP has ended two sessions, the header is empty. This receipt never matches
// the whole message, so the message is accepted as a new one once the limit is raised.
//
// A message whose size LIST understates is cut off at the limit, which ends the session. The next session of the poll
// treats it as too large; to be recognised there, it needs a unique-id.
//
// # Self-diagnosis
//
// The daemon reports its own troubles as events, so that nobody has to read the log (diagnosis.go). Every ten seconds it looks
// at its Status, which knows everything and waits for nobody, and turns it into sightings (sighting.go): a key, which is a kind
// and a source, a mailbox, since when, and the error. All mailboxes with the same key share one problem with one event: those of
// a server, of a tenant's tokens, of a folder. A trouble becomes an event when it has outlasted a retry. Then the open problems
// in the database decide what is written (reconcile.go): which mailboxes join, which have recovered, whether an activity is due
// (5 min, 15 min, 1 h, 6 h after the opening, then daily), whether it is over. A trouble that begins for the third time within
// an hour stays one event until there has been quiet for an hour.
//
// Only the daemon that holds the lease of a mailbox speaks about it. One that has died leaves its problems to whoever takes
// the mailboxes; a mailbox of which no daemon speaks for 15 min is polled by none any more. A trouble of no mailbox is over when
// nobody has noted for two minutes that it lasts. A daemon concludes that from silence only if it has watched for so long itself:
// after a start, a pause or an outage of the database it has not. A single run concludes it after a day. A problem is over for
// a mailbox only when a poll has come past the step that failed: a server that cannot be reached accepts no password.
//
//	stopped …                          in the database             the next look, of this daemon or another
//	before the commit that opens       nothing                     opens the event
//	during a commit, answer lost       event and problem, or none  finds the problem open, or opens it
//	while the trouble lasts            an open problem             goes on with the same event
//	before the commit that closes      an open problem             closes it when the mailbox has been polled well
//	after that commit                  a closed problem            has nothing to do
//
// A daemon that starts while the attachment directory is away cannot open its store. It opens one without files for the event
// (Options.OpenWithoutFiles), and waits for the directory.
//
// While the database cannot be used, nothing can be written. When it is back, one event tells of the outage, whichever daemon
// is first (downtime.go), and other troubles of that time are reported then. If the database comes and goes, the third event
// within an hour carries the outages that follow. No poll, no beat and no stop waits for the
// diagnosis: it has a goroutine of its own, and what it writes has a limit. While nothing is wrong, it reads the open problems
// once a minute and asks nothing else. A single run (Once) looks once, after its polls; the lease tells whether a mailbox
// had failed in an earlier run, too.
//
// # Collecting
//
// The daemon removes receipts of messages that no poll has met for Options.Retention, and then files that no row names
// (collect.go). It does so every six hours, and after one hour when more is left. The first run comes six hours after
// the start, so that the owner of the attachment directory collects before a copy of its database does. The original of
// a refused or ignored message goes with its receipt. The store decides whether anything may be removed. A failure is
// logged when it is new, and a panic ends one run only.
//
// # A mailbox that falls silent
//
// The database keeps, for each mailbox, on how many days it had mail and the longest time between two messages
// (store/silentmailbox.go); an acceptance updates both where it notes the time anyway. The answer to a beat says which
// mailboxes are silent: they had mail on ten days at least, and now have had none for longer than two days and three times
// their longest gap, while their polls went well. A weekend, an outage or an older copy of the database is no silence. The
// status says so only while nothing else is wrong with the mailbox.
//
// # Whose fault is it?
//
// Errors have three classes (RFC 5321 §4.2.1, RFC 3206):
//
//   - Transient: the mail stays, and the next poll tries again.
//   - Permanent for the message: it is set aside with an event that carries it, then deleted, so that it holds up no
//     other message.
//   - Permanent for the mailbox: it is polled ever more slowly until a person has acted. It recovers by itself.
//
// An unknown error is transient for its message: no mail is dropped out of ignorance, and no other mail waits behind
// it.
//
// # The log
//
// All events are functions in events.go. Debug shows the course of a poll, info what an operator counts, warn what the
// daemon will try again or what is worth a look, and error what a person must act on. deploy/log.md lists them; it is
// generated from their names, fields, hints and comments, which package vocabulary reads. A poll that finds nothing but messages that it knows, such as one that is too large
// and stays in its mailbox, is told at debug.
//
// # Files
//
//	daemon.go           Mailbox, Options and Daemon: start, stop, slots for sessions
//	once.go             polls of a single run
//	beat.go, tenure.go  the leases of the mailboxes: the daemon's side, and the workers'
//	outage.go           a database that cannot be used: the polls pause, the log tells again and again
//	diagnosis.go        self-diagnosis: looks at the status, and writes events about troubles
//	sighting.go         … the troubles that a status shows; pure
//	reconcile.go        … what becomes of an open problem; pure
//	instructions.go     … what happened, what it means, what to do: a table for every kind of trouble
//	report.go           … the texts of events and activities
//	downtime.go         … outages of the database, reported when they are over
//	apply.go            replacing mailboxes and limits while the daemon runs
//	status.go, cause.go the state of daemon and mailboxes as a value; the causes of errors
//	worker.go           one mailbox's polls over time, and its failures
//	schedule.go         when the next poll is due; many mailboxes are spread over their schedule
//	poll.go             one poll: its sessions, and the Report
//	security.go         what a server wants whose mailbox file says nothing about TLS: a hint
//	slots.go            how many sessions and batches run at once, and whose turn it is
//	session.go          one POP3 session, from the listing to QUIT
//	batch.go            retrieving and parsing a batch
//	recording.go        the batch that is recorded while the next one is retrieved
//	accept.go           concluding a batch: counting, and deleting what was recorded
//	guard.go            parsing and deciding with limits on time and panics
//	trouble.go          messages that failed: counting, setting aside
//	progress.go         what a worker remembers of a maildrop between sessions
//	pacing.go           pauses, LOGIN-DELAY, EXPIRE
//	leaveonserver.go    messages that stay on the server after they were recorded
//	oversize.go         messages that are too large
//	rawmessage.go       the last message in trouble in a file (Debug)
//	notice.go           the texts of events about messages that are set aside or too large, and about loops
//	collect.go          removing old receipts and files that no row names
//	replay.go           one message outside of a poll: Replay, Reconsider, Preview
//	lending.go          … ends when the daemon closes its store
//	sender.go           emptying the outbox: claiming, sending, noting, trying again
//	sendingaccount.go   the accounts through which mail is sent, and their state
//	unsent.go           mail that no daemon sends: it is given up after five days
//	undelivered.go      mail that is given up: its event, and the end of that
//	sentence.go         the status in a sentence
//	meter.go            what is measured, and the figures of the database, for a monitoring system
//	stuck.go            whether every loop makes progress: for the watchdog of the service manager
//	errors.go           who has to act on an error; Hint asks mailbox, then store
//	events.go           every log event
package daemon
