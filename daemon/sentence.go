package daemon

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

const (
	// sentenceTroubles is how many troubles a sentence names.
	sentenceTroubles = 3
	// sentenceError is how many characters of an error a sentence has.
	sentenceError = 160
)

// Sentence returns the status in one line for a person, as service managers show it: what is polled, when that was done last,
// and what is wrong.
func (s Status) Sentence() string {
	switch {
	case !s.Live && s.StartedAt.IsZero():
		return "starting"
	case !s.Live:
		return "stopped"
	case s.Database.Since.IsZero():
		return counted(len(s.Mailboxes), "mailbox") + ", opening the database"
	case s.Database.Err != nil:
		return s.outage()
	}
	text, known := s.polled()
	troubles := s.troubles()
	switch {
	case len(troubles) == 0 && known:
		return text + ", all well"
	case len(troubles) == 0:
		return text
	}
	if more := len(troubles) - sentenceTroubles; more > 0 {
		troubles = append(troubles[:sentenceTroubles], fmt.Sprintf("and %d more", more))
	}
	return text + "; " + strings.Join(troubles, "; ")
}

// outage returns what is wrong with the database, and what that means for mail.
func (s Status) outage() string {
	what := "database cannot be used"
	switch s.Database.Cause {
	case CauseDatabase:
		what = "database unreachable"
	case CauseSchema:
		what = "schema of the database does not fit"
	case CauseAttachmentDirectory:
		what = "attachment directory cannot be used"
	}
	return fmt.Sprintf("%s since %s: %s; mail waits on its servers", what, s.clock(s.Database.Since), shortError(s.Database.Err))
}

// polled returns how many mailboxes there are, who polls them, and when the last poll ended. It returns false while nobody knows
// yet how the polls go.
func (s Status) polled() (text string, known bool) {
	var last time.Time
	elsewhere := 0
	for _, m := range s.Mailboxes {
		if m.PolledAt.After(last) {
			last = m.PolledAt
		}
		if !m.Held && m.Holder.ID != "" {
			elsewhere++
		}
	}
	text = counted(len(s.Mailboxes), "mailbox")
	switch {
	case len(s.Mailboxes) == 0:
		return "no mailbox is configured", false
	case elsewhere == len(s.Mailboxes):
		return text + ", polled by another daemon", true
	case elsewhere > 0:
		text += fmt.Sprintf(", %d of them polled by another daemon", elsewhere)
	}
	if last.IsZero() {
		return text + ", none polled yet", false
	}
	return text + ", last poll " + s.clock(last), true
}

// troubles returns what is wrong, first what a person must mend in files, then the mailboxes, then the accounts that send.
func (s Status) troubles() (all []string) {
	for _, p := range s.Configuration {
		all = append(all, cmp.Or(p.Mailbox, p.File)+": mistakes in the configuration since "+s.clock(p.Since))
	}
	for _, m := range s.Mailboxes {
		if m.Err != nil {
			all = append(all, m.Name+": "+inWords(m.Cause)+" since "+s.clock(m.Since))
		}
	}
	for _, a := range s.Sending {
		if a.Err != nil {
			all = append(all, "mail cannot be sent through "+a.Server+" since "+s.clock(a.Since))
		}
	}
	return all
}

// clock returns the time of day, with the day if that is not the day of the status.
func (s Status) clock(t time.Time) string {
	if t.Format(time.DateOnly) == s.At.Format(time.DateOnly) {
		return t.Format(time.TimeOnly)
	}
	return t.Format(time.DateTime)
}

// inWords returns a cause as the trouble of a mailbox.
func inWords(c Cause) string {
	words := map[Cause]string{
		CauseConfiguration: "its settings do not work", CauseNames: "a name in its configuration is unknown",
		CauseUnreachable: "server unreachable", CauseConnection: "connection lost", CauseTLS: "no TLS", CauseCertificate: "certificate not valid",
		CauseLogin: "log-in refused", CauseToken: "no access token", CauseInUse: "maildrop in use", CauseLoginDelay: "log-in too early",
		CauseServer: "trouble of the server", CauseMessage: "no message could be recorded", CauseSpool: "messages cannot be spooled",
	}
	return cmp.Or(words[c], "polls fail")
}

// shortError returns the beginning of an error's text.
func shortError(err error) string {
	text := []rune(strings.Join(strings.Fields(err.Error()), " "))
	if len(text) > sentenceError {
		return string(text[:sentenceError]) + "…"
	}
	return string(text)
}
