package store_test

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
