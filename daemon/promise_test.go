package daemon

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"mailintegration/mailbox/pop3test"
)

func TestOutagesAfterADeathSetNothingAside(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.poll()
	w.idle()
	w.add(withFile("CONTENT"))
	w.exec(`UPDATE mailbox SET working_since = now()`) // one death
	for range 2 {
		away := w.attachments + ".away"
		if err := os.Rename(w.attachments, away); err != nil {
			t.Fatal(err)
		}
		w.poll()
		w.idle()
		if err := os.Rename(away, w.attachments); err != nil {
			t.Fatal(err)
		}
	}
	w.poll()
	w.idle()
	if n := w.count(`SELECT count(*) FROM set_aside`); n != 0 {
		var detail string
		w.rows.QueryRow(t.Context(), `SELECT reason||': '||coalesce(detail,'') FROM receipt`).Scan(&detail)
		t.Errorf("%d set aside though the process died once and the directory was away twice: %s", n, detail)
	}
}

func TestRetrievalFailuresDoNotCountAsRecordingFailures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mail()
	w.maildrops.AtMessage("RETR", w.maildrops.Messages(helpdesk)[0].UIDL).Times(2).Reply("-ERR not now")
	for range 2 {
		w.poll()
		w.idle()
	}
	w.refuseSubject("Nr. 1", "XX000")
	w.mail()
	w.poll() // the first failure to record
	w.idle()
	if n := w.count(`SELECT count(*) FROM set_aside`); n != 0 {
		t.Errorf("%d set aside at the first failure to record it", n)
	}
}

func TestAConstraintThatRefusesEverythingStopsTheMailbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`ALTER TABLE request ADD CONSTRAINT silly CHECK (subject NOT LIKE 'Nr. %')`)
	for range 8 {
		w.mail()
	}
	d := w.daemon()
	for n := range 12 {
		r := w.pollTimes(d, 1)
		t.Logf("poll %d: %d set aside, err %v", n+1, w.count(`SELECT count(*) FROM set_aside`), r.Err)
	}
	if n := w.count(`SELECT count(*) FROM set_aside`); n > 2 {
		t.Errorf("%d set aside", n)
	}
}

func TestAShortMessageIsRetrievedAgainWithLeaveOnServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mailbox.LeaveOnServer = LeaveAlways
	now := time.Now()
	w.options.Now = func() time.Time { return now }
	w.add(large())
	w.mail()
	w.maildrops.AtMessage("RETR", w.maildrops.Messages(helpdesk)[0].UIDL).Truncate(200)
	for range 5 {
		w.poll()
		w.idle()
	}
	w.wantRecorded(2)
	w.maildrops.Heal()
	now = now.Add(retryKeptAfter + time.Hour)
	for range 3 {
		w.poll()
		w.idle()
	}
	w.wantRecorded(3)
}

func TestAMessageThatIsTooLargeIsRecordedOnceWhenTopFailsLater(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"drop", "refusal"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.mailbox.Account.MaxOctets = 10_000
			w.add(large())
			w.pollUntilGood()
			w.idle()
			if fault == "drop" {
				w.maildrops.At("TOP").Times(1).Drop()
			} else {
				w.maildrops.At("TOP").Times(1).Reply("-ERR not now")
			}
			w.poll() // a new process
			w.idle()
			if n := w.count(`SELECT count(*) FROM receipt WHERE reason = 'too_large'`); n != 1 {
				t.Errorf("%d events of one message", n)
			}
		})
	}
}

func TestPollsFailWhileNothingCanBeRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.refuseAll()
	for range 6 {
		w.mail()
	}
	d := w.daemon()
	for n := range 8 {
		r := w.pollTimes(d, 1)
		t.Logf("poll %d: failed %d err %v", n+1, r.Failed, r.Err)
		if r.Err == nil {
			t.Errorf("poll %d, in which nothing of 6 was recorded, went well", n+1)
		}
	}
}

func TestAShortMessageWithoutUniqueIDHoldsUpNoOtherWhereQuitDeletes(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, pop3test.Options{DeletesRetrieved: true, NoUIDL: true})
	w.options.MessagesPerSession = 5
	w.add(large())
	uidl := w.maildrops.Messages(helpdesk)[0].UIDL
	w.maildrops.AtMessage("RETR", uidl).Truncate(200)
	for range 12 {
		w.mail()
	}
	d := w.daemon()
	for n := range 8 {
		w.pollTimes(d, 1)
		t.Logf("poll %d: recorded %d, left %d", n+1, w.count(`SELECT count(*) FROM receipt`), w.maildrops.Count(helpdesk))
	}
	w.wantRecorded(13)
}

func TestAnEXPIREAnnouncedBeforeLogInCounts(t *testing.T) {
	t.Parallel()
	for which, o := range map[string]pop3test.Options{"": {DeletesRetrieved: true}, "one by one": {DeletesRetrieved: true, Without: []string{"PIPELINING"}}} {
		t.Run(which, func(t *testing.T) {
			t.Parallel()
			w := newWorldOn(t, o)
			for range 4 {
				w.mail()
			}
			w.maildrops.At("CAPA").After(1).Reply("-ERR not in this state")
			w.exec(`ALTER TABLE receipt RENAME TO receipt_gone`)
			w.poll()
			w.idle()
			w.exec(`ALTER TABLE receipt_gone RENAME TO receipt`)
			w.wantNoneLost()
		})
	}
}

func TestTwoMessagesThatAreTooLargeWithoutUniqueIDsAreBothRecorded(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, pop3test.Options{NoUIDL: true})
	w.mailbox.Account.MaxOctets = 10_000
	d := w.daemon()
	w.maildrops.At("TOP").Times(1).Drop()
	w.add(large())
	w.pollTimes(d, 1)
	w.add(strings.Replace(large(), "holiday pictures", "PAYROLL OVERDUE!", 1))
	w.pollTimes(d, 2)
	if n := w.count(`SELECT count(*) FROM receipt WHERE reason = 'too_large'`); n != 2 {
		t.Errorf("%d events of 2 messages", n)
	}
}

func TestReceiptsOfMessagesOnTheServerSurviveThePurge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mailbox.LeaveOnServer = LeaveAlways
	w.mail()
	w.mail()
	w.poll()
	w.idle()
	w.exec(`UPDATE receipt SET last_seen_at = now() - interval '31 days'`)
	if _, err := w.store.PurgeReceipts(t.Context(), 30*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	w.poll()
	w.idle()
	if n := w.count(`SELECT count(*) FROM request`); n != 2 {
		t.Errorf("%d requests of 2 messages", n)
	}
}

func TestAReusedUniqueIDIsNoticedByNewProcesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mailbox.LeaveOnServer = LeaveAlways
	w.maildrops.AddUIDL(helpdesk, "u", []byte("From: ann@acme.example\r\nSubject: one\r\n\r\n"))
	w.poll()
	w.idle()
	w.maildrops.Replace(helpdesk, "u", nil)
	w.poll()
	w.idle()
	w.maildrops.AddUIDL(helpdesk, "u", []byte("From: ann@acme.example\r\nSubject: two\r\n\r\n"))
	for range 3 {
		w.poll()
		w.idle()
	}
	w.wantRecorded(2)
}

// A daemon that has seen the mailbox empty asks the database no more about it, until it, or another one, sees a message.
func TestAReusedUniqueIDIsNoticedByADaemonThatGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mailbox.LeaveOnServer = LeaveAlways
	d := w.daemon()
	next := func(subject string) {
		w.maildrops.AddUIDL(helpdesk, "u", []byte("From: ann@acme.example\r\nSubject: "+subject+"\r\n\r\n"))
	}
	empty := func() {
		w.maildrops.Replace(helpdesk, "u", nil)
		w.pollTimes(d, 2)
	}
	w.pollTimes(d, 2)
	next("one")
	w.pollTimes(d, 1)
	empty()
	next("two")
	w.pollTimes(d, 2) // the first may only learn that the unique-id has returned
	empty()
	next("three")
	w.poll()
	w.poll()
	w.idle()
	empty()
	next("four")
	w.pollTimes(d, 2)
	w.wantRecorded(4)
}

func TestMessagesWithoutFilesAreRecordedWhileTheShareIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mail()
	w.add(withFile("CONTENT"))
	w.mail()
	if err := os.Rename(w.attachments, w.attachments+".away"); err != nil {
		t.Fatal(err)
	}
	w.poll()
	w.idle()
	if n := w.count(`SELECT count(*) FROM request`); n != 2 {
		t.Errorf("%d of 2 messages that need no file are recorded while the share is away", n)
	}
}

func TestASlowStopDoesNotCountAsADeath(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.StopGrace = time.Nanosecond
	w.mail()
	ctx, stop := context.WithCancel(t.Context())
	w.maildrops.At("RETR").Times(1).Call(stop)
	w.maildrops.At("RETR").Times(1).Stall()
	w.pollUnder(ctx)
	if n := w.count(`SELECT count(*) FROM mailbox WHERE working_since IS NOT NULL`); n != 0 {
		t.Error("a stop leaves the mark of a process that died")
	}
}
