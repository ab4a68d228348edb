// Package pop3test is a small POP3 server (RFC 1939, 2449, 2595, 3206) on loopback with maildrops in memory. It keeps
// to the rules, and breaks them where it is told to:
//
//	srv := pop3test.Run(t, pop3test.Options{})
//	srv.Add("helpdesk", octets)
//	srv.At("DELE 2").Drop()                             // the connection is cut instead of an answer
//	srv.At("RETR 1").Times(1).Reply("-ERR [SYS/TEMP] busy")
//	srv.At("RETR 2").Precede([]byte("-ERR stray\r\n")) // an answer too many, before the right one
//	srv.At("RETR 3").Truncate(100)                      // the message ends early, as though it were whole
//	srv.At("CAPA").Endless([]byte("+OK\r\n\r\n"))       // empty lines until the client leaves
//	srv.CutAfterOctets(117)                             // in every session, until Heal
//
// Options.DeletesRetrieved makes a server that removes at QUIT what RETR handed out, whatever DELE said (EXPIRE 0).
//
// A step is a command line as it was received ("DELE 2"), a command's name ("DELE", any of them), "greeting", or
// "connect" (before TLS, where it comes first). When the server drops a connection it has released the maildrop before
// the client can notice, so that the next session never finds it locked by the last; when the client drops it, Idle
// waits for the same.
package pop3test
