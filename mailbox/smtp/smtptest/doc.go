// Package smtptest is an SMTP server on loopback, for tests, that records the messages it takes over. The server is
// github.com/emersion/go-smtp; a part of this package between it and the client follows the dialogue line by line, speaks
// TLS, and violates the rules where a test says so:
//
//	srv := smtptest.Run(t, smtptest.Options{})
//	srv.At("RCPT").Times(1).Reply("450 4.2.0 try again later")
//	srv.At("RCPT TO:<a@example.com>").Reply("550 5.1.1 no such user")
//	srv.At(".").DropReply()              // takes the message and cuts the connection instead of answering
//	srv.At("AUTH").Reply("550 5.7.30 Basic authentication is not supported for Client Submission")
//	srv.At("MAIL").Call(func() { … })    // waits, or looks, before the command is executed
//
// A step is a command line as received ("RCPT TO:<a@example.com>"), its verb ("RCPT"), "connect" (before TLS), "greeting",
// "response" (a line of AUTH after the first) or "." (the end of a message). With the reply 421 the server closes the
// connection.
//
// # Files
//
//	server.go     Options, Run, Start; connections, what was received
//	fault.go      At and the faults of a step, Heal
//	dialogue.go   one connection: the lines in both directions
//	backend.go    the session of go-smtp: users, XOAUTH2, LOGIN, the messages
package smtptest
