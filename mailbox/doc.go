// Package mailbox reads one configured maildrop over POP3. A Session is one RFC 1939 session. The server deletes only
// messages for which Delete was called, and only at Quit; when Quit returns nil, they are gone.
//
// The states of RFC 1939 and what a Session does in each:
//
//	AUTHORIZATION  Open: connection, TLS (implicit or STLS), greeting, CAPA, UTF8, AUTH (XOAUTH2, PLAIN) or USER and PASS
//	TRANSACTION    List, Retrieve, Delete; the server holds the maildrop's exclusive lock
//	UPDATE         Quit: STAT as a proof, QUIT; only now the server removes the messages that Delete marked
//
// A session that finds an empty maildrop sends nothing but STAT and QUIT after its log-in, and CAPA if the server
// announces LOGIN-DELAY.
//
// A connection that ends without Quit, by Close, by an error or by the death of either side, deletes nothing. A server
// that announces EXPIRE 0 (RFC 2449 §6.7, Capabilities.Expire) may remove every retrieved message at QUIT: there the
// caller must not call Quit before it has recorded all messages that it retrieved or prefetched.
//
// # What a session promises
//
//   - It passes octets on as the server sent them and removes only the byte-stuffing. A message ends at CRLF "." CRLF
//     only; a connection that ends earlier is an error, never a shorter message.
//   - Every step has a deadline (Account.StepTimeout) that a message or a listing renews only while octets arrive
//     at a minimum rate. Cancelling the context ends the step at once. No goroutine outlives a call.
//   - It sends QUIT only when every answer is accounted for. One answer too many would shift all later ones, and the
//     server would delete a message that nobody has read. So Quit sends a STAT behind all other commands, whose answer
//     no other resembles, and receives all answers. With PIPELINING this STAT does not wait for the answers to DELE.
//     A refused RETR is followed by the same proof, as the refusal may be the answer too many; from then on messages
//     are retrieved one by one.
//   - A message that is far shorter than listed is returned with ErrShort, so that the caller does not take it for the
//     message.
//   - It takes a fixed amount of memory, whatever the server sends: a message beyond Account.SpoolMemory, or far larger
//     than listed, goes to a file; a listing is read line by line; List returns 100,000 messages at most.
//   - It never sends credentials without the configured TLS: there is no fall-back to plain text. It never sends an
//     access token without TLS at all, except to this machine.
//   - A handshake resumes the account's last TLS session (RFC 8446 §2.2) with the same server, user and trusted
//     certificates, and none that began with a full handshake more than an hour ago: so a server's new certificate is
//     looked at within that time. A server that does not resume costs a full handshake.
//   - When a server does not greet, a second connection finds out whether it waits for TLS.
//   - It does not trust the server: status lines, counts, message-numbers and unique-ids are checked, and no secret,
//     control character or mark that reverses or hides text reaches an error.
//
// # Errors
//
// Every error is an *Error of one of the classes in the variables Err…. IsTransient, IsPermanentForMailbox and
// IsPermanentForMessage say whose fault it is and whether waiting helps; Hint says in one sentence what a person
// can do. After an error for which SessionBroken is false the session goes on: the server only refused one command.
//
// The commands are github.com/knadh/go-pop3's. It uses a connection of this package (connection.go) that adds TLS,
// deadlines, limits, strict replies and streamed messages.
//
// # Files
//
//	account.go                   Account: the settings of one maildrop, their defaults and checks
//	resumption.go                TLSSessions: the TLS sessions of an account, resumed by its next session
//	session.go                   Open, Close: from the connection to the log-in; how a step runs
//	greet.go                     Greet: a session up to its log-in, for those who only look
//	greeting.go                  the server's first line, and whether a silent server waits for TLS
//	findsecurity.go              FindSecurity: whether a server wants TLS at once, STLS or no TLS; without a log-in
//	capability.go                CAPA
//	authenticate.go              access token, AUTH XOAUTH2, AUTH PLAIN, USER and PASS
//	listing.go, crosscheck.go    List: STAT, LIST and UIDL, and how they are checked against each other
//	retrieve.go                  Prefetch, Retrieve, Top, Delete, Quit
//	pipeline.go                  commands in flight and messages requested ahead (PIPELINING)
//	prove.go                     the proof that no answer is too many or missing
//	connection.go, pace.go       the connection below go-pop3, its limits and deadlines
//	reply.go                     status lines, and the class of a refusal
//	unstuff.go                   the end of a message, and byte-stuffing
//	spool.go, spool_*.go         the octets of one message, in memory or in a file
//	redact.go                    texts of the server without secrets and control characters
//	errors.go                    the classes of errors
//	hint.go                      what a person can do: certificate, TLS, log-in, network
//	hintanswer.go                … another program than a mail server, a chain with a gap, POP3 switched off
//	refused_*.go                 … and whether a server refused the connection
//	grace.go                     a context that outlives a stop for a moment
package mailbox
