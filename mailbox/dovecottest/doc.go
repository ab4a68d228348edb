// Package dovecottest starts a temporary Dovecot POP3 server on loopback for a test: a real server, to confirm the
// results of pop3test. It serves plain text with STLS on one port and implicit TLS on another, accepts one password for
// every user unless told otherwise, and keeps its maildirs in a directory that is removed with the test. It runs as
// root or as a plain user, like the test.
//
// # Files
//
//	server.go                   Options, Start; ports, the account that owns the mail
//	config.go                   Dovecot's directory, configuration and certificate
//	process.go, process_*.go    Dovecot's process and its log; it ends with the test
//	maildir.go                  Deliver and Count
//	change.go                   Stop, Restart; another certificate, other passwords
//	token.go                    access tokens that Dovecot accepts
//	host.go, remote.go          a Dovecot for tests of a system that has none: the host's side, and the test's
package dovecottest
