// Package config reads the XML files that say what MailIntegration shall do: a mailbox file for each mailbox,
// and one service file for the daemon. It keeps three promises:
//
//   - nothing is overlooked: an unknown tag, a bad value, a missing or a repeated tag is a mistake with its
//     line and column, and all mistakes of all files are reported at once;
//   - no secret is ever printed: passwords have the type Secret, and neither a mistake nor Mailbox.XML shows one;
//   - what is documented is what is read: the tags, their defaults and the reference come from the same
//     struct fields, those of Mailbox and Service.
package config
