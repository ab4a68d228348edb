package daemon

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mailintegration/store"
)

func TestTheSentenceSaysWhatAPersonWantsToKnowFirst(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 26, 12, 4, 31, 0, time.UTC)
	good := func(name string) MailboxStatus { return MailboxStatus{Name: name, Held: true, PolledAt: noon} }
	elsewhere := MailboxStatus{Name: "away", Holder: store.Holder{ID: "other"}}
	bad := func(name string, c Cause) MailboxStatus {
		return MailboxStatus{Name: name, Held: true, PolledAt: noon, Cause: c, Err: errors.New("no"), Since: noon.Add(-time.Hour)}
	}
	live := func(change func(*Status)) Status {
		s := Status{At: noon, StartedAt: noon.Add(-time.Hour), Live: true, Ready: true, Database: DatabaseStatus{Since: noon.Add(-time.Hour)}}
		change(&s)
		return s
	}
	for _, c := range []struct {
		name   string
		status Status
		want   string
	}{
		{"before Run", Status{At: noon}, "starting"},
		{"after Run", Status{At: noon, StartedAt: noon}, "stopped"},
		{"before the database is open", live(func(s *Status) {
			s.Database.Since, s.Mailboxes = time.Time{}, []MailboxStatus{good("a")}
		}), "1 mailbox, opening the database"},
		{"all is well", live(func(s *Status) { s.Mailboxes = []MailboxStatus{good("a"), good("b"), good("c")} }),
			"3 mailboxes, last poll 12:04:31, all well"},
		{"nothing is configured", live(func(*Status) {}), "no mailbox is configured"},
		{"nothing is polled yet", live(func(s *Status) { s.Mailboxes = []MailboxStatus{{Name: "a"}} }), "1 mailbox, none polled yet"},
		{"another daemon polls everything", live(func(s *Status) { s.Mailboxes = []MailboxStatus{elsewhere} }),
			"1 mailbox, polled by another daemon, all well"},
		{"another daemon polls one", live(func(s *Status) { s.Mailboxes = []MailboxStatus{good("a"), elsewhere} }),
			"2 mailboxes, 1 of them polled by another daemon, last poll 12:04:31, all well"},
		{"the database is down", live(func(s *Status) {
			s.Mailboxes = []MailboxStatus{good("a")}
			s.Database = DatabaseStatus{CauseDatabase, errors.New("connection\nrefused"), noon.Add(-6 * time.Minute)}
		}), "database unreachable since 11:58:31: connection refused; mail waits on its servers"},
		{"the share has been away since yesterday", live(func(s *Status) {
			s.Database = DatabaseStatus{CauseAttachmentDirectory, errors.New("no marker"), noon.AddDate(0, 0, -1)}
		}), "attachment directory cannot be used since 2026-11-25 12:04:31: no marker; mail waits on its servers"},
		{"troubles", live(func(s *Status) {
			s.Mailboxes = []MailboxStatus{good("a"), bad("b", CauseLogin)}
			s.Configuration = []ConfigurationProblem{{File: "/etc/m/c.xml", Since: noon}}
			s.Sending = []SendingStatus{{Server: "smtp.lan:25"}, {Server: "relay.lan:587", Err: errors.New("no"), Since: noon}}
		}), "2 mailboxes, last poll 12:04:31; /etc/m/c.xml: mistakes in the configuration since 12:04:31; " +
			"b: log-in refused since 11:04:31; mail cannot be sent through relay.lan:587 since 12:04:31"},
		{"more troubles than a line holds", live(func(s *Status) {
			for _, name := range strings.Fields("a b c d e") {
				s.Mailboxes = append(s.Mailboxes, bad(name, CauseUnreachable))
			}
		}), "5 mailboxes, last poll 12:04:31; a: server unreachable since 11:04:31; b: server unreachable since 11:04:31; " +
			"c: server unreachable since 11:04:31; and 2 more"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.status.Sentence(); got != c.want {
				t.Errorf("the sentence is\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestTheSentenceShortensAnError(t *testing.T) {
	t.Parallel()
	noon := time.Now()
	s := Status{At: noon, StartedAt: noon, Live: true, Database: DatabaseStatus{CauseDatabase, errors.New(strings.Repeat("é", 1000)), noon}}
	if n := len([]rune(s.Sentence())); n > sentenceError+100 {
		t.Errorf("the sentence has %d characters", n)
	}
}

// TestEveryCauseOfAFailedPollHasWords keeps inWords complete.
func TestEveryCauseOfAFailedPollHasWords(t *testing.T) {
	t.Parallel()
	for _, c := range causes {
		switch c.cause {
		case CauseLease, CauseStopped, CauseDatabase, CauseSchema, CauseAttachmentDirectory, CauseConstraint, CauseLock, CauseSender:
			continue // no mailbox's
		}
		if inWords(c.cause) == inWords(CauseUnknown) {
			t.Errorf("the cause %s has no words", c.cause)
		}
	}
}
