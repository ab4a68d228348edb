// Package dovecottest starts a throw-away Dovecot POP3 server on loopback for a test: a real server, to see that what
// holds with pop3test holds outside as well. It serves plain text with STLS on one port and implicit TLS on another,
// knows every user by one password unless told otherwise, and keeps maildirs in a directory that goes with the test.
// It runs as root or as a plain user, whichever the test does.
package dovecottest
