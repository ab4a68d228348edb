// Package charset turns octets into the text of a message. Its result is always valid UTF-8, whatever charset the octets
// are declared to have; text that was cleaned can be stored in PostgreSQL and shown on a terminal.
package charset
