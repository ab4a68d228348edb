// Package mailbox reads one configured maildrop over POP3. A Session is one RFC 1939 session; nothing that it
// retrieves is deleted unless Delete was called for it and Quit was answered +OK.
//
// The states of RFC 1939 and what a Session does in each:
//
//	AUTHORIZATION  Open: connection, TLS (implicit or STLS), greeting, CAPA, UTF8, AUTH (XOAUTH2, PLAIN) or USER and PASS
//	TRANSACTION    List, Retrieve, Delete; the server holds the maildrop's exclusive lock
//	UPDATE         Quit: STAT as a proof, QUIT; the server removes what Delete marked, and only then
//
// A connection that ends without Quit, by Close, by an error or by the death of either side, deletes nothing. A server
// that announces EXPIRE 0 (RFC 2449 §6.7, Capabilities.Expire) may remove at QUIT whatever was retrieved: there the caller
// must not call Quit before it has recorded all that it retrieved or prefetched.
//
// # What a session promises
//
//   - Octets are handed on as the server sent them, byte-stuffing removed and nothing else: a message ends at
//     CRLF "." CRLF only, and a connection that ends before is an error, never a shorter message.
//   - Every step has a deadline (Account.StepTimeout) that a message or a listing renews only while octets arrive
//     at a minimum rate. Cancelling the context ends the step at once. No goroutine outlives a call.
//   - QUIT is sent only when every answer is accounted for. An answer too many shifts all that follow, and a message
//     would be deleted that nobody has read: Quit receives all answers and sends a STAT behind them, whose answer looks
//     like no other's. It travels with the last DELE. A refused RETR is followed by the same proof, as the refusal may be
//     the answer too many; messages are retrieved one by one from then on.
//   - A message that comes far shorter than listed is handed out with ErrShort, and is not taken for the message.
//   - A session takes a fixed amount of memory, whatever the server sends: a message beyond Account.SpoolMemory, or far
//     larger than listed, goes to a file; a listing is read line by line; List returns 100,000 messages at most.
//   - Credentials are never sent without the TLS that was asked for: there is no fall-back to plain text. An access token
//     is not sent without TLS at all, except to this machine.
//   - A server that does not greet, because it waits for TLS, is found out by a second connection.
//   - What the server says is not trusted: status lines, counts, message-numbers and unique-ids are checked, and no
//     secret, control character or mark that turns or hides text reaches an error from it.
//
// # Errors
//
// Every error is an *Error, of one of the classes in the variables Err…. IsTransient, IsPermanentForMailbox and
// IsPermanentForMessage say whose fault it is and whether waiting helps; Hint says in one sentence what a person
// can do. After an error for which SessionBroken is false the session goes on: the server only refused one command.
//
// github.com/knadh/go-pop3 speaks the commands. It is given a connection of ours (wire.go) that does what it does
// not do itself: TLS, deadlines, limits, strict replies, and messages that are streamed.
package mailbox
