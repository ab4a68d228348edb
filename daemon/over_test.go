package daemon

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"mailintegration/mailbox"
	"mailintegration/processor"
	"mailintegration/store"
)

// aServer is the mail server of the mailbox m.
const aServer = "mail.example.com:995"

// openedOf returns a problem that is open for two hours and was seen a minute ago, for the mailbox m unless there is no name.
func openedOf(kind store.ProblemKind, source, mailbox string) store.Problem {
	p := store.Problem{
		ProblemKey: store.ProblemKey{Kind: kind, Source: source}, EventState: processor.StateNew, Count: 1, Began: 1,
		OpenedAt: aMoment.Add(-2 * time.Hour), FirstSeenAt: aMoment.Add(-2 * time.Hour), LastSeenAt: aMoment.Add(-time.Minute),
		TellAt: aMoment.Add(4 * time.Hour),
	}
	if mailbox != "" {
		p.Mailboxes = []store.ProblemMailbox{{Mailbox: mailbox, Since: p.FirstSeenAt, LastSeenAt: p.LastSeenAt, Told: true}}
	}
	return p
}

// polling returns the view of a daemon that has polled the mailbox m for long, now with an error or with success.
func polling(err error) view {
	m := MailboxStatus{
		Name: "m", File: "/etc/m.xml", Server: aServer, Held: true, Err: err, Cause: CauseOf(err), PolledAt: aMoment,
		SucceededAt: aMoment.Add(-3 * time.Hour), CertificateExpires: aMoment.AddDate(1, 0, 0),
	}
	if err != nil {
		m.Failures, m.Since = 3, aMoment.Add(-time.Minute)
	}
	v := observe(Status{At: aMoment, Mailboxes: []MailboxStatus{m}}, "/files")
	v.watching = aMoment.Add(-24 * time.Hour)
	return v
}

func TestAProblemIsOverOnlyWhenAPollComesPastItsStep(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind store.ProblemKind
		err  error
		over bool
	}{
		{store.ProblemLogin, nil, true},
		{store.ProblemLogin, mailbox.ErrUnreachable, false},
		{store.ProblemLogin, mailbox.ErrCertificate, false},
		{store.ProblemLogin, mailbox.ErrSpool, true},
		{store.ProblemCertificate, mailbox.ErrUnreachable, false},
		{store.ProblemCertificate, mailbox.ErrConnection, false},
		{store.ProblemCertificate, mailbox.ErrCredentials, true},
		{store.ProblemToken, mailbox.ErrCertificate, false},
		{store.ProblemToken, mailbox.ErrCredentials, true},
		{store.ProblemProtocol, mailbox.ErrUnreachable, false},
		{store.ProblemUnreachable, mailbox.ErrCredentials, true},
		{store.ProblemUnreachable, &ProblemError{errors.New("no ClientId")}, false},
		{store.ProblemUnreachable, store.ErrUnavailable, false},
		{store.ProblemDisk, mailbox.ErrCredentials, false},
	} {
		t.Run(fmt.Sprintf("%s, then %v", tt.kind, tt.err), func(t *testing.T) {
			t.Parallel()
			_, s := plan(openedOf(tt.kind, aServer, "m"), polling(tt.err))
			if s.close != tt.over {
				t.Errorf("the problem is over: %t, want %t", s.close, tt.over)
			}
		})
	}
}

func TestAFileThatIsWrongOnAnotherMachineStaysAProblem(t *testing.T) {
	t.Parallel()
	p := openedOf(store.ProblemConfiguration, "/etc/m.xml", "") // another daemon has seen it a minute ago
	if _, s := plan(p, polling(nil)); s.close {
		t.Error("the problem is over, because the file of the same name on this machine is right")
	}
	p.LastSeenAt = aMoment.Add(-problemForgotten)
	if _, s := plan(p, polling(nil)); !s.close {
		t.Error("the problem is not over, although no daemon has seen it again")
	}
}

func TestASilenceThatAPersonHasExplainedIsNotToldAgain(t *testing.T) {
	t.Parallel()
	v := polling(nil)
	v.sightings = []sighting{{
		key: store.ProblemKey{Kind: store.ProblemSilence, Source: "m"}, guide: guideName(store.ProblemSilence), mailbox: "m", confirmed: true,
	}}
	p := openedOf(store.ProblemSilence, "m", "m")
	p.TellAt = aMoment
	if _, s := plan(p, v); !s.tell {
		t.Error("a silence that lasts is not told")
	}
	p.EventState = processor.StateProcessed
	if _, s := plan(p, v); s.tell || s.close {
		t.Errorf("the event that a person has marked as processed is told again (%t) or closed (%t)", s.tell, s.close)
	}
}

func TestASingleRunForgetsWhatNoRunHasSeenForADay(t *testing.T) {
	t.Parallel()
	v := polling(nil)
	v.watching = time.Time{}
	for _, name := range []string{"removed", ""} {
		p := openedOf(store.ProblemProgram, "removed", name)
		for silence, over := range map[time.Duration]bool{12 * time.Hour: false, 25 * time.Hour: true} {
			p.LastSeenAt = aMoment.Add(-silence)
			for i := range p.Mailboxes {
				p.Mailboxes[i].LastSeenAt = p.LastSeenAt
			}
			if _, s := plan(p, v); s.close != over {
				t.Errorf("after %s without a sighting, the problem is over: %t, want %t", silence, s.close, over)
			}
		}
	}
}

func TestACertificateThatHasEndedIsAnotherProblemThanOneThatEndsSoon(t *testing.T) {
	t.Parallel()
	m := MailboxStatus{
		Name: "m", Server: aServer, Held: true, SucceededAt: aMoment.Add(-time.Hour), CertificateExpires: aMoment.Add(-time.Minute),
		Err: mailbox.ErrCertificate, Cause: CauseCertificate, Since: aMoment, Failures: 2,
	}
	v := observe(Status{At: aMoment, Mailboxes: []MailboxStatus{m}}, "/files")
	if keys := v.keys(); len(keys) != 2 {
		t.Fatalf("the problems are %v, want two", keys)
	}
	for _, key := range v.keys() {
		r := report{key, v, v.of(key)}
		want := "Certificate of mail server " + aServer + " is not valid (mailbox m)"
		if r.guide().daily {
			want = "Certificate of mail server " + aServer + " expires soon (mailbox m)"
		}
		if r.subject() != want {
			t.Errorf("the subject is %q, want %q", r.subject(), want)
		}
	}
}

func TestAMailboxThatComesAndGoesDoesNotFillAnEventThatIsOpenForOthers(t *testing.T) {
	t.Parallel()
	key := store.ProblemKey{Kind: store.ProblemLogin, Source: aServer}
	v := polling(nil)
	v.sightings = []sighting{{key: key, mailbox: "other", confirmed: true}, {key: key, mailbox: "m", confirmed: true}}
	for _, tt := range []struct {
		quiet time.Duration // since the mailbox had recovered; 0: it is affected for the first time
		want  time.Duration // until the next activity
	}{{0, gatherTime}, {10 * time.Minute, time.Hour}, {2 * time.Hour, gatherTime}} {
		p := openedOf(store.ProblemLogin, aServer, "other")
		if tt.quiet > 0 {
			p.Mailboxes = append(p.Mailboxes, store.ProblemMailbox{Mailbox: "m", RecoveredAt: aMoment.Add(-tt.quiet), Told: true})
		}
		next, _ := plan(p, v)
		if got := next.TellAt.Sub(aMoment); got != tt.want {
			t.Errorf("a mailbox that was quiet for %s is told after %s, want %s", tt.quiet, got, tt.want)
		}
	}
}
