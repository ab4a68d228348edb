// Package pop3test is a small POP3 server (RFC 1939, 2449, 2595, 3206) on loopback with maildrops in memory. It follows
// the RFCs, and violates them where a test says so:
//
//	srv := pop3test.Run(t, pop3test.Options{})
//	srv.Add("helpdesk", octets)
//	srv.At("DELE 2").Drop()                            // cut the connection instead of answering
//	srv.At("RETR 1").Times(1).Reply("-ERR [SYS/TEMP] busy")
//	srv.At("RETR 2").Precede([]byte("-ERR stray\r\n")) // one answer too many, before the right one
//	srv.At("RETR 3").Truncate(100)                     // end the message early, as if it were complete
//	srv.At("CAPA").Endless([]byte("+OK\r\n\r\n"))      // send empty lines until the client leaves
//	srv.CutAfterOctets(117)                            // in every session, until Heal
//
// With Options.DeletesRetrieved the server removes retrieved messages at QUIT, also without DELE (EXPIRE 0).
//
// A step is a command line as received ("DELE 2"), a command's name ("DELE", any of them), "greeting", or "connect"
// (before TLS, where TLS comes first). When the server drops a connection, it releases the maildrop before the client
// can notice, so that the next session never finds the maildrop locked by the last; after the client dropped a
// connection, Idle waits for the release.
//
// # Files
//
//	server.go         Options, Start and Run; connections, the log of commands, capabilities
//	maildrop.go       users, their messages and passwords; the exclusive lock
//	fault.go          At and the faults of a step; faults of the whole server, and Heal
//	session.go        one session: its steps, and how a fault changes one
//	verbs.go          the commands of both states; Stuff
//	auth.go           AUTH PLAIN and AUTH XOAUTH2
//	conn.go           connections that are cut or delayed; Pipe
//	certificate.go    the server's certificate and its authority
package pop3test
