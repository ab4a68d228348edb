package daemon

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mailintegration/mailbox"
	"mailintegration/store"
)

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

var deadServer = store.ProblemKey{Kind: store.ProblemUnreachable, Source: "mail.example.com:995"}

// words returns a step in words.
func (s step) words() string {
	var list []string
	add := func(is bool, word string) {
		if is {
			list = append(list, word)
		}
	}
	add(s.close, "close")
	add(s.tell, "tell")
	add(s.seen, "seen")
	add(s.planned, "planned")
	for _, m := range s.rows {
		state := "affected"
		if !m.RecoveredAt.IsZero() {
			state = "recovered"
		}
		list = append(list, m.Mailbox+" "+state)
	}
	return strings.Join(list, ", ")
}

func TestWhatBecomesOfAnOpenProblem(t *testing.T) {
	t.Parallel()
	good := func(name string) MailboxStatus { return MailboxStatus{Name: name, SucceededAt: noon} }
	seen := func(name string, confirmed bool) sighting {
		return sighting{key: deadServer, mailbox: name, since: noon, confirmed: confirmed}
	}
	own := sighting{key: deadServer}
	affected := func(ago time.Duration) []store.ProblemMailbox {
		return []store.ProblemMailbox{{Mailbox: "a", LastSeenAt: noon.Add(-ago), Told: true}}
	}
	hour := noon.Add(-time.Hour)
	for _, tt := range []struct {
		name      string
		problem   store.Problem
		sightings []sighting
		mailboxes []MailboxStatus
		watching  time.Time
		want      string
	}{
		{"its only mailbox can be read", store.Problem{Mailboxes: affected(0)}, nil, []MailboxStatus{good("A")}, hour, "close, a recovered"},
		{"its only mailbox cannot be read", store.Problem{Mailboxes: affected(0), TellAt: noon.Add(1)},
			[]sighting{seen("a", false)}, nil, hour, ""},
		{"the database is told again after five minutes", store.Problem{Mailboxes: affected(5 * time.Minute), LastSeenAt: noon.Add(-5 * time.Minute)},
			[]sighting{seen("a", false)}, nil, hour, "seen, a affected"},
		{"an activity is due", store.Problem{Mailboxes: affected(0), TellAt: noon, OpenedAt: hour}, []sighting{seen("a", true)}, nil, hour, "tell, planned"},
		{"another mailbox has failed once", store.Problem{Mailboxes: affected(0)}, []sighting{seen("a", true), seen("b", false)}, nil, hour, ""},
		{"another mailbox has failed twice", store.Problem{Mailboxes: affected(0), TellAt: noon.Add(time.Hour)},
			[]sighting{seen("a", true), seen("b", true)}, nil, hour, "planned, b affected"},
		{"one of two has recovered", store.Problem{Mailboxes: append(affected(0), store.ProblemMailbox{Mailbox: "b", LastSeenAt: noon})},
			[]sighting{seen("a", true)}, []MailboxStatus{good("b")}, hour, "b recovered"},
		{"the mailbox was not polled yet", store.Problem{Mailboxes: affected(time.Minute)}, nil, []MailboxStatus{{Name: "a"}}, hour, ""},
		{"another daemon polls the mailbox", store.Problem{Mailboxes: affected(10 * time.Minute)}, nil, nil, hour, ""},
		{"nobody polls the mailbox any more", store.Problem{Mailboxes: affected(15 * time.Minute)}, nil, nil, hour, "close, a recovered"},
		{"this daemon has just begun", store.Problem{Mailboxes: affected(5 * time.Hour)}, nil, nil, noon, ""},
		{"a single run concludes nothing from a silence of hours", store.Problem{Mailboxes: affected(5 * time.Hour)}, nil, nil, time.Time{}, ""},
		{"the trouble of no mailbox lasts", store.Problem{LastSeenAt: noon.Add(-time.Minute)}, []sighting{own}, nil, hour, "seen"},
		{"the trouble of no mailbox was seen just now by another daemon", store.Problem{LastSeenAt: noon.Add(-time.Minute)}, nil, nil, hour, ""},
		{"nobody sees the trouble of no mailbox", store.Problem{LastSeenAt: noon.Add(-2 * time.Minute)}, nil, nil, hour, "close"},
		{"it comes and goes, and is quiet", store.Problem{Mailboxes: affected(0), Began: 3}, nil, []MailboxStatus{good("a")}, hour, "planned, a recovered"},
		{"it comes and goes, and was quiet for an hour", store.Problem{Began: 3, QuietSince: hour, LastSeenAt: hour}, nil, nil, hour, "close"},
		{"it comes and goes, and is back", store.Problem{Mailboxes: affected(0), Began: 3, QuietSince: noon.Add(-time.Minute)},
			[]sighting{seen("a", true)}, nil, hour, "planned"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := tt.problem
			p.ProblemKey = deadServer
			if p.LastSeenAt.IsZero() {
				p.LastSeenAt = noon
			}
			v := view{at: noon, watching: tt.watching, sightings: tt.sightings, mailboxes: map[string]MailboxStatus{}}
			for _, m := range tt.mailboxes {
				v.mailboxes[strings.ToLower(m.Name)] = m
			}
			before := fmt.Sprint(tt.problem.Mailboxes)
			if _, s := plan(p, v); s.words() != tt.want {
				t.Errorf("got %q, want %q", s.words(), tt.want)
			}
			if fmt.Sprint(tt.problem.Mailboxes) != before {
				t.Error("plan has changed its argument")
			}
		})
	}
}

func TestALoopIsOverAfterAnHourOfQuiet(t *testing.T) {
	t.Parallel()
	for ago, want := range map[time.Duration]string{59 * time.Minute: "", time.Hour: "close"} {
		p := store.Problem{ProblemKey: store.ProblemKey{Kind: store.ProblemLoop, Source: "IT: robot@example.com"}, LastSeenAt: noon.Add(-ago)}
		if _, s := plan(p, view{at: noon}); s.words() != want {
			t.Errorf("after %s: %q, want %q", ago, s.words(), want)
		}
	}
}

func TestProblemsOfMessagesThatWereSetAsideAreNotTheDiagnosis(t *testing.T) {
	t.Parallel()
	aside := store.Problem{ProblemKey: store.ProblemKey{Kind: store.ProblemMessage, Source: "helpdesk: panic"}}
	seen := aside
	seen.Mailboxes = []store.ProblemMailbox{{Mailbox: "helpdesk"}}
	if isManaged(aside) || !isManaged(seen) || isManaged(store.Problem{ProblemKey: store.ProblemKey{Kind: store.ProblemReply}}) {
		t.Error("the wrong problems are managed")
	}
}

func TestTheTimesOfTheActivities(t *testing.T) {
	t.Parallel()
	var got []string
	for now := noon; len(got) < 7; {
		next := nextTell(noon, now, false)
		got, now = append(got, next.Sub(noon).String()), next
	}
	if want := "[5m0s 15m0s 1h0m0s 6h0m0s 24h0m0s 48h0m0s 72h0m0s]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
	for _, due := range []time.Duration{5 * time.Minute, 15 * time.Minute, 24 * time.Hour, 48 * time.Hour} {
		now := noon.Add(due)
		read := noon.Add(2 * time.Second) // when the event was opened, as a slow database says it
		if next := nextTell(read, now, false); next.Sub(now) < 5*time.Minute {
			t.Errorf("what was told %s after the opening is told again %s later", due, next.Sub(now))
		}
	}
	if at := nextTell(noon, noon, true); at != noon.Add(24*time.Hour) {
		t.Errorf("what is told daily is told at %s", at)
	}
}

func TestAServerThatTakesNoMailIsASighting(t *testing.T) {
	t.Parallel()
	s := Status{At: noon, Sending: []SendingStatus{
		{Server: "good.example:587"},
		{Server: "smtp.example:587", Err: mailbox.ErrCredentials, Since: noon.Add(-time.Minute), Failures: 2, Waiting: 3},
		{Server: "slow.example:587", Err: mailbox.ErrUnreachable, Since: noon, Failures: 1},
	}}
	var got []string
	for _, o := range observe(s, "").sightings {
		got = append(got, fmt.Sprintf("%s %t %q", o.key, o.confirmed, o.detail))
	}
	want := []string{
		`smtp smtp.example:587 true "` + mailbox.ErrCredentials.Error() + `\n3 mails waiting at the last attempt."`,
		`smtp slow.example:587 false "` + mailbox.ErrUnreachable.Error() + `"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestASilentMailboxIsASighting(t *testing.T) {
	t.Parallel()
	m := MailboxStatus{Name: "sales", Held: true, SucceededAt: noon, SilentSince: noon.Add(-100 * time.Hour)}
	list := observe(Status{At: noon, Mailboxes: []MailboxStatus{m}}, "").sightings
	if len(list) != 1 || list[0].key != (store.ProblemKey{Kind: store.ProblemSilence, Source: "sales"}) || !list[0].confirmed || !isDaily(list) {
		t.Errorf("got %+v", list)
	}
	m.Held = false
	if list := observe(Status{At: noon, Mailboxes: []MailboxStatus{m}}, "").sightings; len(list) != 0 {
		t.Errorf("of another daemon's mailbox: %+v", list)
	}
}

func TestEachKindHasItsInstructions(t *testing.T) {
	t.Parallel()
	own := map[guideName]bool{ // whose events others open
		guideName(store.ProblemLoop): true,
	}
	for name, g := range guides {
		if own[name] {
			continue
		}
		if g.title == "" || g.what == "" || len(g.steps) < 2 || g.meaning == "" && name != guideFile {
			t.Errorf("%s lacks a text: %+v", name, g)
		}
		if g.over == "" && name != guideOutage {
			t.Errorf("%s does not say when it is over", name)
		}
	}
	for _, cause := range causes {
		m := MailboxStatus{Name: "helpdesk", Held: true, Cause: cause.cause, Err: cause.class}
		key, guide := placeOf(Status{}, m, "")
		if key.Kind != "" && guides[guide].title == "" {
			t.Errorf("there are no instructions for the cause %s: %s", cause.cause, guide)
		}
	}
}
