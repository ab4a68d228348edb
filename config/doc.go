// Package config reads the XML files that configure MailIntegration: one mailbox file for each mailbox, and one service
// file for the daemon. It keeps three promises:
//
//   - It overlooks nothing: an unknown tag, a bad value, a missing or a repeated tag is a mistake with its line and
//     column, and the loader reports all mistakes of all files at once.
//   - It never prints a secret: passwords have the type Secret, and neither a mistake nor Mailbox.XML shows one.
//   - It reads exactly what the reference documents: the loader and the reference both take the tags from the fields of
//     Mailbox, Service, Filter and Smtp.
//
// # A tag is a field
//
// Each embedded struct of Mailbox, Service, Filter and Smtp is a section of the reference, headed by its struct tag section.
// Each of its fields with an xml tag is a tag of the file. The field's struct tag holds what the loader needs:
//
//	xml        the name of the tag
//	check      the kind of its values, else the field's type says it (kindOf in kind.go)
//	default    the value of an absent or empty tag
//	mandatory  "yes": the tag must be given in every file
//	repeats    "yes": the tag may be given more than once
//	restart    "yes": a change takes effect only when the daemon starts again
//	example    an example for messages and for the reference
//
// The field's comment is the tag's text in the reference. It begins with a verb, and may end with lines for what rules
// of the program do: "Default: …" in words, when the default depends on other tags, and "Mandatory: …" for the cases in
// which the tag is mandatory. Reference reads the comments from the embedded source; a test
// fails for a tag without one. make generate rewrites deploy/reference.md.
//
// # Files
//
//	mailbox.go, filter.go, service.go    the tags of each kind of file: their fields, and their text for the reference
//	smtp.go                              <Smtp>: its tags, and the rules between them
//	tag.go                               the description of a tag; which tags belong to which kind of file
//	documentation.go, reference.go       the reference, from the fields and their comments
//	manual.go                            … and the manual page, mailintegration.xml(5)
//	schema.go                            … and an XML schema for editors
//	settings.go                          the values in effect, and where each comes from
//	load.go, mailboxes.go                LoadService, LoadMailbox: from files to structs
//	readfile.go                          reads a file and decodes it to UTF-8
//	walk.go, root.go, closing.go,        XML into elements, going on after a mistake
//	doubled.go
//	cursor.go                            lines and columns
//	fill.go                              elements into fields
//	kind.go, quantity.go, days.go        the kinds of values: texts and lists; durations and sizes; numbers of days
//	limit.go                             … numbers of things within a time
//	endpoint.go, schedule.go             … servers, connections and passwords; schedules
//	listen.go                            … addresses of our own, at which we answer; the certificate and the key for them
//	processor.go                         … processors
//	rules.go                             the rules between the tags of a mailbox file
//	files.go                             the certificates and secrets that a mailbox file names
//	credential.go                        … and the secrets that systemd hands to the service
//	source.go                            the files that a configuration was read from
//	broken.go                            mailbox files with mistakes
//	watch.go                             Watcher: tells when files have changed
//	changes.go                           what differs between two configurations
//	hash.go                              tells two configurations apart, without their secrets
//	copies.go                            two files for one mailbox or account
//	exposed.go, exposed_*.go             secrets that other accounts can read
//	directory_*.go                       the usual data directory
//	mistake.go, nearest.go               mistakes and warnings; the known name that a wrong one stands for
//	secret.go, redact.go                 keep secrets out of every message
//	encrypt.go                           finds the secrets of a file, and encrypts them
//	keyring.go                           decrypts encrypted values; package key has the keys
//	xml.go                               a configuration back into XML
//	insert.go                            adds tags to a file that is copied
//	rewrite.go, rewriteplace.go,         changes tags of a file, and nothing else in it
//	extent.go
//	compose.go                           writes a new file, with the summary of each tag
//	draft.go                             reads a file that has not been written yet
package config
