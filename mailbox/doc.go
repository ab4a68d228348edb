// Package mailbox reads one configured maildrop over POP3. A Session is one RFC 1939 session; nothing that it
// retrieves is deleted unless Delete was called for it and Quit was answered +OK.
//
// The states of RFC 1939 and what a Session does in each:
//
//	AUTHORIZATION  Open: connection, TLS (implicit or STLS), greeting, CAPA, AUTH (XOAUTH2, PLAIN) or USER and PASS
//	TRANSACTION    List, Retrieve, Delete; the server holds the maildrop's exclusive lock
//	UPDATE         Quit: the server removes what Delete marked, and only then
//
// A connection that ends without Quit, by Close, by an error or by the death of either side, deletes nothing.
//
// # What a session promises
//
//   - Octets are handed on as the server sent them, byte-stuffing removed and nothing else: a message ends at
//     CRLF "." CRLF only, and a connection that ends before is an error, never a shorter message.
//   - Every step has a deadline (Account.StepTimeout) that a message or a listing renews only while octets arrive
//     at a minimum rate. Cancelling the context ends the step at once. No goroutine outlives a call.
//   - A message takes a fixed amount of memory: what exceeds Account.SpoolMemory goes to a file.
//   - Credentials are never sent without the TLS that was asked for: there is no fall-back to plain text.
//   - What the server says is not trusted: status lines, counts, message-numbers and unique-ids are checked.
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
