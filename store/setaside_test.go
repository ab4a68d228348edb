package store_test

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"mailintegration/processor"
	"mailintegration/store"
)

func read(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestAMessageThatCannotBeRecordedIsSetAsideAlone accepts it between two good messages; the last answers the first.
func TestAMessageThatCannotBeRecordedIsSetAsideAlone(t *testing.T) {
	t.Parallel()
	login := processor.User{ID: 1}
	bad := processor.OpenRequest{Kind: processor.Incident, Subject: "bad", Requester: login, User: login}
	tests := []struct {
		name   string
		decide func() processor.Decision
		code   processor.ReasonCode
		detail string
	}{
		{"a panic while its rows are written", func() processor.Decision { return unknown{} }, processor.ReasonPanic, "no reason"},
		{"a kind that does not exist", func() processor.Decision {
			bad := bad
			bad.Kind = "problem"
			return bad
		}, processor.ReasonUnstorable, "SQLSTATE 23514"},
		{"a request that does not exist", func() processor.Decision {
			return processor.AddActivity{Request: 99}
		}, processor.ReasonUnstorable, "request 99"},
		{"a panic while deciding", func() processor.Decision {
			var list []int
			_ = list[3]
			return nil
		}, processor.ReasonPanic, "index out of range [3] with length 0 (mailintegration/store_test."},
		{"a panic while an attachment is decoded", func() processor.Decision {
			bad := bad
			bad.Attachments = []processor.Attachment{processor.Attachment{Name: "x"}.WithContent(func(io.ReaderAt) io.Reader { panic("no decoder") })}
			return bad
		}, processor.ReasonPanic, "no decoder"},
		{"no decision", func() processor.Decision { return nothing{}.Decision }, processor.ReasonPanic, "nothing was decided"},
		{"a decision to set it aside", func() processor.Decision {
			return processor.SetAside{Reason: processor.NewReason("mine", "because")}
		}, "mine", "because"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			c := always{d.exceptFor("about bad", test.decide)}
			batch := []store.Delivery{mail("1", "a"), mail("2", "bad"), mail("3", "c", answerTo("a"))}
			got := d.accept(t, c, batch...)
			want := []store.Outcome{
				{Result: store.Opened, Request: 1}, {Result: store.SetAside, Request: 2}, {Result: store.Added, Request: 1, Activity: 1}}
			aside := got[1]
			if got[1].Aside == 0 {
				t.Error("the message has no number among those set aside")
			}
			got[1].Aside = 0
			got[2].Activity = min(got[2].Activity, 1) // a failed transaction uses up identities
			if diff := cmp.Diff(want, got, ignoreDecision); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
			why := aside.Decision.Why()
			if why.Code != test.code || !strings.Contains(why.Detail(), test.detail) {
				t.Errorf("set aside for %s: %s", why.Code, why.Detail())
			}
			event := one[string](t, d, `SELECT concat_ws('|', kind, state, subject, requester_id, user_id, group_id) FROM request WHERE number = $1`, aside.Request)
			if want := "event|new|Message set aside: about bad|1|1|1"; event != want {
				t.Errorf("the event is %s, want %s", event, want)
			}
			body := one[string](t, d, `SELECT body FROM request WHERE number = $1`, aside.Request)
			if !strings.Contains(body, test.detail) {
				t.Errorf("the event does not say %q:\n%s", test.detail, body)
			}
			attached := one[string](t, d, `SELECT concat_ws('|', name, media_type, octets, raw, encode(sha256, 'hex')) FROM attachment WHERE request_id = $1`, aside.Request)
			if want := "message.eml|message/rfc822|3|t|" + d.path("bad")[len(d.path("bad"))-64:]; attached != want {
				t.Errorf("attached is %s, want %s", attached, want)
			}
			if read(t, d.path("bad")) != "bad" {
				t.Error("the raw message is not kept")
			}
			if n := d.count(t, "set_aside WHERE event_id = $1 AND reason = $2", aside.Request, string(test.code)); n != 1 {
				t.Errorf("%d rows in set_aside", n)
			}
			for i, o := range d.accept(t, c, batch...) {
				if !o.Known || o.Result != want[i].Result {
					t.Errorf("message %d, seen again, is %+v", i, o)
				}
			}
			if n := d.count(t, "receipt"); n != 3 {
				t.Errorf("%d receipts", n)
			}
		})
	}
}

// textless is a decider that panics when the store asks it for the event of a message.
type textless struct{ clerk }

func (textless) SetAside(store.Delivery, processor.Reason) processor.OpenRequest { panic("no text") }

func TestAPanicWhileAnEventIsMadeLeavesAPlainEvent(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := textless{d.exceptFor("about bad", func() processor.Decision {
		return processor.SetAside{Reason: processor.NewReason("mine", "because")}
	})}
	got := d.accept(t, c, batchOf("a", "bad", "c")...)
	if fates(got) != "RSR" || got[1].Decision.Why().Code != "mine" {
		t.Fatalf("outcomes %s: %+v", fates(got), got[1])
	}
	event := one[string](t, d, `SELECT concat_ws('|', kind, subject, requester_id, group_id, body) FROM request WHERE number = $1`, got[1].Request)
	if want := "event|Message set aside|1|1|because\nthe program failed on the message: no text"; !strings.HasPrefix(event, want) {
		t.Errorf("the event is %s, want %s", event, want)
	}
	if read(t, d.path("bad")) != "bad" {
		t.Error("the raw message is not kept")
	}
}

// eventless is a decider that returns no event.
type eventless struct{ clerk }

func (eventless) SetAside(store.Delivery, processor.Reason) processor.OpenRequest {
	return processor.OpenRequest{}
}

func TestAMessageWithoutAnEventOfTheDeciderIsSetAsideWithAPlainOne(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := eventless{d.exceptFor("about bad", func() processor.Decision {
		return processor.SetAside{Reason: processor.NewReason("mine", "because")}
	})}
	got := d.accept(t, c, batchOf("a", "bad", "c")...)
	if fates(got) != "RSR" {
		t.Fatalf("outcomes %s: %v", fates(got), got[1].Err)
	}
	event := one[string](t, d, `SELECT concat_ws('|', kind, subject, requester_id, group_id, body) FROM request WHERE number = $1`, got[1].Request)
	if want := "event|Message set aside|1|1|because\n"; event != want {
		t.Errorf("the event is %q, want %q", event, want)
	}
}

type nothing struct{ processor.Decision }

// unknown is a decision that panics when the store asks for its reason.
type unknown struct{ processor.Ignore }

func (unknown) Why() processor.Reason { panic("no reason") }

// always is a clerk that returns the decision of instead about a bad message even when that is nil.
type always struct{ clerk }

func (a always) Decide(m *processor.Message, dir processor.Directory, now time.Time) processor.Decision {
	if m.Subject == "about bad" {
		return a.instead(m, dir)
	}
	return a.clerk.Decide(m, dir, now)
}

func TestAMessageThatCannotEvenBeSetAsideStaysInTheMailbox(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := d.exceptFor("about bad", func() processor.Decision { return processor.OpenRequest{Kind: "problem", Subject: "x"} })
	d.exec(t, `ALTER TABLE request ADD CHECK (kind <> 'event')`)
	got := d.accept(t, c, mail("1", "a"), mail("2", "bad"), mail("3", "c"))
	if got[0].Err != nil || got[2].Err != nil || got[1].Err == nil {
		t.Errorf("outcomes are %+v", got)
	}
	if n := d.count(t, "receipt"); n != 2 {
		t.Errorf("%d receipts, want 2", n)
	}
}

func TestARefusalThatIsNotAboutValuesLeavesTheMessageInTheMailbox(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.exec(t, `
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$;
		CREATE TRIGGER refuse BEFORE INSERT ON request FOR EACH ROW WHEN (NEW.subject = 'about bad') EXECUTE FUNCTION refuse()`)
	got := d.accept(t, d.clerk(), mail("1", "a"), mail("2", "bad"), mail("3", "c"))
	if got[0].Err != nil || got[2].Err != nil || got[1].Err == nil || !strings.Contains(got[1].Err.Error(), "not today") {
		t.Errorf("outcomes are %+v", got)
	}
}

func TestAPanicInKeysDoesNoHarm(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	got := d.accept(t, keyless{d.clerk()}, mail("1", "a"), store.Delivery{UIDL: "2", Raw: octets("no message")})
	if got[0].Result != store.Opened || got[1].Result != store.Opened {
		t.Errorf("outcomes are %+v", got)
	}
}

type keyless struct{ clerk }

func (keyless) Keys(*processor.Message) processor.Keys { panic("no keys") }

// asideFor returns a decider that sets aside every message whose subject begins with "bad", for the reason that fault
// returns.
func (d *desk) asideFor(fault func(m *processor.Message) processor.Reason) clerk {
	c := d.clerk()
	c.instead = func(m *processor.Message, _ processor.Directory) processor.Decision {
		if strings.HasPrefix(m.Subject, "about bad") {
			return processor.SetAside{Reason: fault(m)}
		}
		return nil
	}
	return c
}

// TestTheSameFaultFiftyTimesIsOneEvent sets them aside in batches that have good messages in between.
func TestTheSameFaultFiftyTimesIsOneEvent(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	n := 0
	c := d.asideFor(func(*processor.Message) processor.Reason {
		n++
		return processor.NewReason(processor.ReasonPanic, fmt.Sprintf(`index out of range [%d] with length 3 in "word %d" (x.f, line 12)`, n, n))
	})
	var all []store.Delivery
	for i := range 50 {
		all = append(all, mail(fmt.Sprint(2*i), fmt.Sprint("good", i)), mail(fmt.Sprint(2*i+1), fmt.Sprint("bad", i)))
	}
	for batch := range slices.Chunk(all, 20) {
		if got := fates(d.accept(t, c, batch...)); got != strings.Repeat("RS", 10) {
			t.Fatalf("outcomes %s", got)
		}
	}
	events := d.count(t, "request WHERE kind = 'event'")
	activities := d.count(t, "activity")
	if events != 1 || activities != 49 || d.count(t, "receipt WHERE outcome = 'set_aside'") != 50 {
		t.Errorf("%d events with %d activities", events, activities)
	}
	asides, err := d.store.Asides(t.Context(), store.AsideFilter{Waiting: true})
	must(t, err)
	if len(asides) != 50 {
		t.Fatalf("%d messages are set aside", len(asides))
	}
	event, err := d.store.Request(t.Context(), asides[0].Event)
	must(t, err)
	for i, a := range asides {
		opened, err := d.store.OpenAside(t.Context(), a.ID)
		must(t, err)
		octets, err := io.ReadAll(io.NewSectionReader(opened.Raw, 0, opened.Raw.Size()))
		must(t, err)
		opened.Raw.Close()
		equal(t, fmt.Sprint("bad", i), string(octets))
		equal(t, fmt.Sprint("about bad", i), a.Subject)
		carried := event.Attachments
		if i > 0 {
			activity := event.Activities[i-1]
			carried = activity.Attachments
			if a.Activity == nil || *a.Activity != activity.ID {
				t.Errorf("message %d is on activity %v, want %d", a.ID, a.Activity, activity.ID)
			}
			if text := fmt.Sprintf("Message %d, as on event %d: ", a.ID, a.Event); !strings.HasPrefix(activity.Body, text) ||
				activity.Sender.Address != "Anna@Example.com" || activity.Author.Logon != "mailintegration" {
				t.Errorf("the activity says %q from %+v", activity.Body, activity.Sender)
			}
		}
		if len(carried) != 1 || carried[0].SHA256 != a.SHA256 || !carried[0].Raw {
			t.Errorf("message %d is carried by %+v", a.ID, carried)
		}
	}
	problems, err := d.store.Problems(t.Context(), true)
	if err != nil || len(problems) != 1 || problems[0].Count != 50 || problems[0].Source != `helpdesk: panic: index out of range [N] with length N in "…" (x.f, line 12)` ||
		len(problems[0].Mailboxes) != 0 {
		t.Errorf("problems are %+v, %v", problems, err)
	}
}

func TestAnotherFaultOrAnotherMailboxIsAnotherEvent(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	reasons := []processor.Reason{
		processor.NewReason(processor.ReasonUnstorable, "PostgreSQL refused it (SQLSTATE 22001)"),
		processor.NewReason(processor.ReasonUnstorable, "PostgreSQL refused it (SQLSTATE 23514)"),
		processor.NewReason(processor.ReasonUnstorable, `it violates check constraint "request_kind_check"`),
		processor.NewReason(processor.ReasonUnstorable, `it violates check constraint "request_state_check"`),
		processor.NewReason(processor.ReasonTooSlow, "PostgreSQL refused it (SQLSTATE 22001)"),
		processor.NewReason(processor.ReasonPanic, "it failed (x.f, line 12)"),
		processor.NewReason(processor.ReasonPanic, "it failed (x.f, line 13)"),
		processor.NewReason(processor.ReasonPanic, strings.Repeat("a very long reason ", 100)+"of one kind"),
		processor.NewReason(processor.ReasonPanic, strings.Repeat("a very long reason ", 100)+"of another kind"),
		processor.NewReason(processor.ReasonPanic),
		processor.NewReason(processor.ReasonBadBlock, `line 2: Type "a" does not exist (write one of New laptop)`, "line 3: no date"),
	}
	for round := range 2 {
		for i, why := range reasons {
			c := d.asideFor(func(*processor.Message) processor.Reason { return why })
			got := d.accept(t, c, mail(fmt.Sprint(round, i), fmt.Sprint("bad", round, i)))
			if got[0].Request != int64(i+1) {
				t.Errorf("round %d, fault %d: event %d", round, i+1, got[0].Request)
			}
		}
	}
	same := processor.NewReason(processor.ReasonBadBlock, `line 4: Type "b c" does not exist (write one of New desk, New laptop)`, "line 9: no date")
	got := d.accept(t, d.asideFor(func(*processor.Message) processor.Reason { return same }), mail("same", "bad-same"))
	equal(t, int64(len(reasons)), got[0].Request)
	other := d.resolve(t, "sales", deskNames)
	got, err := d.store.Accept(t.Context(), other, []store.Delivery{mail("1", "bad")},
		d.asideFor(func(*processor.Message) processor.Reason { return reasons[0] }))
	if err != nil || got[0].Request != int64(len(reasons)+1) {
		t.Errorf("in another mailbox: %+v, %v", got, err)
	}
}

// TestADecisionWithoutATextGetsAPlainActivity has a decider that panics when the store asks it for the text of the activity.
func TestADecisionWithoutATextGetsAPlainActivity(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := wordless{d.asideFor(func(*processor.Message) processor.Reason { return because("because") })}
	if got := fates(d.accept(t, c, batchOf("bad1", "bad2", "c")...)); got != "SSR" {
		t.Fatalf("outcomes %s", got)
	}
	body := one[string](t, d, `SELECT body FROM activity`)
	if want := "Another message was set aside: because\nthe program failed on the message: no words"; !strings.HasPrefix(body, want) {
		t.Errorf("the activity says %q", body)
	}
}

// wordless is a decider that panics when the store asks it for the text of an activity.
type wordless struct{ clerk }

func (wordless) SetAsideAgain(store.Delivery, processor.Reason, int64) string { panic("no words") }

// TestTwoDaemonsThatSetAsideTheSameFaultOpenOneEvent accepts for one mailbox with two stores at once.
func TestTwoDaemonsThatSetAsideTheSameFaultOpenOneEvent(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	stores := []*store.Store{d.store, d.open(t, d.url)}
	c := d.asideFor(func(*processor.Message) processor.Reason { return because("because") })
	var group errgroup.Group
	for i, s := range stores {
		for k := range 5 {
			group.Go(func() error {
				name := fmt.Sprint("bad", i, k)
				got, err := s.Accept(t.Context(), d.mailbox, []store.Delivery{mail(name, name), mail(name+"x", name+"x")}, c)
				if err == nil && fates(got) != "SS" {
					err = fmt.Errorf("outcomes %s", fates(got))
				}
				return err
			})
		}
	}
	must(t, group.Wait())
	if events, activities := d.count(t, "request"), d.count(t, "activity"); events != 1 || activities != 19 {
		t.Errorf("%d events with %d activities", events, activities)
	}
}

func TestAnEventThatAPersonHasProcessedIsReopenedByTheSameFault(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	event := d.setAside(t, mail("1", "a"))
	done, err := d.handle(t, event, store.Process, "")
	must(t, err)
	equal(t, 1, done.Aside)
	equal(t, event, d.setAside(t, mail("2", "b")))
	equal(t, "new", one[string](t, d, `SELECT state FROM request`))
}
