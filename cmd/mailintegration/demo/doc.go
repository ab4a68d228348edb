// Package demo has the parts of the verb demo: a mail server on the loopback interface, the configuration, and the sample
// messages.
//
// # Files
//
//	configuration.go  the configuration files and people of the demo
//	mailserver.go     a server that accepts mail over SMTP and puts it into maildrops
//	messages.go       the sample messages
package demo
