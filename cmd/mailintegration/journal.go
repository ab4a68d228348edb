package main

import (
	"crypto/sha1" // for UUIDs made from names (RFC 9562 §5.5); it protects nothing
	"encoding/hex"
	"io"
	"os"
	"strings"

	"github.com/coreos/go-systemd/v22/journal"
)

// isJournal reports whether w is the journal of systemd.
func isJournal(w io.Writer) bool {
	f, is := underlying(w).(*os.File)
	return is && isStream(f, os.Getenv("JOURNAL_STREAM"))
}

// journalWriter gives lines of the log to the journal with their fields, so that "journalctl MAILBOX=helpdesk" finds them.
type journalWriter struct {
	send   func(message string, p journal.Priority, fields map[string]string) error
	stderr io.Writer // the journal's too: gets what send does not take, as lines with priorities
}

// newJournalWriter returns the journalWriter for the journal of this machine.
func newJournalWriter(stderr io.Writer) *journalWriter {
	return &journalWriter{send: journal.Send, stderr: stderr}
}

// write gives a line in JSON to the journal.
func (w *journalWriter) write(line []byte) error {
	l, is := parseLogLine(line)
	if is && w.send(inOneLine(l.message()), journal.Priority(priority(l.level)), journalFields(l)) == nil {
		return nil
	}
	_, err := w.stderr.Write(append([]byte{'<', '0' + byte(priority(l.level)), '>'}, line...))
	return err
}

// journalFields returns the fields of a line in the journal beside MESSAGE and PRIORITY (systemd.journal-fields(7)).
func journalFields(l logLine) map[string]string {
	fields := map[string]string{}
	for _, f := range l.fields {
		if name := journalField(f.name); name != "" {
			fields[name] = f.value
		}
	}
	fields["SYSLOG_IDENTIFIER"] = "mailintegration"
	fields["MESSAGE_ID"] = messageID(l.event)
	fields["LOG_EVENT"] = l.event
	if l.logger != "" {
		fields["LOGGER"] = l.logger
	}
	return fields
}

// journalField returns the name that a field has in the journal: in upper case. The Message-ID of a mail has another name,
// since MESSAGE_ID is the journal's word for the kind of an event.
func journalField(name string) string {
	if name == "message_id" {
		return "MAIL_MESSAGE_ID"
	}
	valid := strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
	valid = strings.TrimLeft(valid, "_0123456789") // the journal refuses these at the beginning
	return valid[:min(len(valid), 64)]
}

// eventSpace is the name space of the identifiers of events.
var eventSpace = [16]byte{0x5b, 0x0e, 0x3c, 0x91, 0xd2, 0x6a, 0x4f, 0x77, 0x9c, 0x15, 0x8e, 0x02, 0xaf, 0x43, 0x60, 0xbd}

// messageID returns the identifier of an event in the journal: the same for each line of that name, in every version. It is a
// UUID made from the name (RFC 9562 §5.5).
func messageID(event string) string {
	sum := sha1.Sum(append(eventSpace[:], event...))
	id := sum[:16]
	id[6] = id[6]&0x0f | 0x50
	id[8] = id[8]&0x3f | 0x80
	return hex.EncodeToString(id)
}
