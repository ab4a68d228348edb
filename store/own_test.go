package store_test

import (
	"fmt"
	"strings"
	"testing"

	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// ownDecider returns the decider of the desk's mailbox, which reopens what is answered. It knows what Resolve finds now.
func (d *desk) ownDecider(t *testing.T) store.Decider {
	t.Helper()
	d.mailbox = d.resolve(t, "helpdesk", deskNames)
	rules := processor.Rules{
		Processor: processor.EndUserIncident, CreateNewRequests: true, UnknownFollowUp: processor.Accept, ClosedFollowUp: processor.Reopen,
		DeskAddresses: []string{"smtp@desk.example"},
	}
	return withEvents{processor.NewPolicy(rules, d.mailbox.References), d.mailbox}
}

// to returns a change that sends a message to these addresses.
func to(addresses ...string) func(*processor.Message) {
	return func(m *processor.Message) {
		m.To = nil
		for _, a := range addresses {
			m.To = append(m.To, processor.Address{Addr: a})
		}
	}
}

// withHeader returns a change that gives a message these fields.
func withHeader(fields ...processor.Field) func(*processor.Message) {
	return func(m *processor.Message) { m.Header = fields }
}

// deliveredTo returns the field in which a server says to whom it delivers a message.
func deliveredTo(addr string) processor.Field {
	return processor.Field{Name: "Delivered-To", Value: addr}
}

var received = processor.Field{Name: "Received", Value: "from mx.desk.example by mail.desk.example"}

// addressesOn returns the addresses that take part in a request and belong to no user.
func (d *desk) addressesOn(t *testing.T, request int64) string {
	t.Helper()
	return strings.Join(all[string](t, d, `SELECT address FROM participant
		WHERE request_id = $1 AND address IS NOT NULL ORDER BY address`, request), " ")
}

func TestAddressesOfOurOwnTakeNoPartInARequest(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.exec(t, `UPDATE team SET address = 'Team@desk.example' WHERE id = 1; UPDATE team SET address = 'hr@desk.example' WHERE id = 2`)
	d.accept(t, d.ownDecider(t),
		mail("1", "a", to("team@desk.example", "eve@else.example", "SMTP@desk.example", "pop@desk.example", "hr@desk.example"),
			withHeader(deliveredTo("pop@desk.example"), received)),
		mail("2", "b", from("team@desk.example"), to("bob@example.com", "eve@else.example")))
	equal(t, "eve@else.example hr@desk.example", d.addressesOn(t, 1))
	equal(t, "eve@else.example", d.addressesOn(t, 2))
	equal(t, "[false true]", fmt.Sprint(all[bool](t, d, `SELECT from_own FROM request ORDER BY number`)))
}

func TestMailFromAnAddressOfOurOwnIsAddedFlaggedAndReopensNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.exec(t, `UPDATE team SET address = 'team@desk.example' WHERE id = 1; INSERT INTO user_address VALUES ('smtp@desk.example', 4)`)
	d.accept(t, d.ownDecider(t), mail("1", "a"))
	d.exec(t, `UPDATE request SET state = 'closed'; INSERT INTO participant (request_id, address) VALUES (1, 'team@desk.example')`)
	got := d.accept(t, d.ownDecider(t),
		mail("2", "b", from("team@desk.example"), answerTo("a")),
		mail("3", "c", from("smtp@desk.example"), answerTo("a")),
		mail("4", "d", from("team@desk.example"), answerTo("b")))
	for _, o := range got {
		if o.Result != store.Added || o.Request != 1 {
			t.Errorf("outcome %+v", o)
		}
	}
	r, err := d.store.Request(t.Context(), 1)
	must(t, err)
	equal(t, processor.StateClosed, r.State)
	for _, a := range r.Activities {
		if !a.Flagged || !a.FromOwn {
			t.Errorf("activity %+v", a)
		}
	}
	equal(t, 0, d.count(t, `participant WHERE user_id = 4`)) // Bob, who has one of the addresses
	equal(t, store.Opened, d.accept(t, d.ownDecider(t), mail("5", "e"))[0].Result)
	equal(t, store.Added, d.accept(t, d.ownDecider(t), mail("6", "f", answerTo("a")))[0].Result)
	equal(t, "new", one[string](t, d, `SELECT state FROM request WHERE number = 2`))
	if state := one[string](t, d, `SELECT state FROM request WHERE number = 1`); state == "closed" {
		t.Error("Anna did not reopen her request")
	}
}

// TestTheAddressThatMailIsDeliveredToIsOurs lets another mailbox of the team, whose user name is no address, get mail first.
func TestTheAddressThatMailIsDeliveredToIsOurs(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fields processor.Header
		age    string
		team   processor.Names
		want   string
	}{
		"above the Received of our own server":   {processor.Header{{Name: "delivered-to", Value: "<Sales@desk.example>"}, received}, "0", deskNames, ""},
		"below it, it is another server's":       {processor.Header{received, deliveredTo("sales@desk.example")}, "0", deskNames, "sales@desk.example"},
		"without a Received, it is the sender's": {processor.Header{deliveredTo("sales@desk.example")}, "0", deskNames, "sales@desk.example"},
		"it is no address":                       {processor.Header{deliveredTo("sales"), received}, "0", deskNames, "sales@desk.example"},
		"a year ago":                             {processor.Header{deliveredTo("sales@desk.example"), received}, "367 days", deskNames, "sales@desk.example"},
		"for another team": {processor.Header{deliveredTo("sales@desk.example"), received}, "0",
			processor.Names{Team: "HR", Login: "mailintegration", FallbackUser: "guest"}, "sales@desk.example"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.mailbox = d.resolve(t, "sales", tc.team)
			d.accept(t, d.clerk(),
				mail("1", "a", withHeader(tc.fields...)), mail("2", "b"))
			d.exec(t, `UPDATE mailbox SET mail_at = mail_at - interval '`+tc.age+`'`)
			o := d.accept(t, d.ownDecider(t), mail("3", "c", to("sales@desk.example")))
			equal(t, tc.want, d.addressesOn(t, o[0].Request))
		})
	}
}

func TestAMessageWithoutDeliveredToLeavesTheAddressOfTheMailbox(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for i, addr := range []string{"old@desk.example", "new@desk.example", ""} {
		d.accept(t, d.clerk(), mail(fmt.Sprint(i), fmt.Sprint("mail ", i), withHeader(deliveredTo(addr), received)))
	}
	equal(t, []string{"new@desk.example"}, d.resolve(t, "helpdesk", deskNames).DeliveredTo)
}

// TestTheAddressOfTheTeamTakesNoPartInRequestsOfAnOlderSchema migrates requests in which the addresses of both teams take part.
func TestTheAddressOfTheTeamTakesNoPartInRequestsOfAnOlderSchema(t *testing.T) {
	t.Parallel()
	db := storetest.Empty(t)
	migrateTo(t, db, 14)
	db.Exec(t, deskSQL+`
		UPDATE team SET address = 'Desk@example.com' WHERE id = 1; UPDATE team SET address = 'hr@example.com' WHERE id = 2;
		INSERT INTO request (team_id, kind, subject, requester_id, user_id, opened_at, opened_by_id)
			SELECT team, 'incident', 'x', 3, 3, now(), 1 FROM unnest(ARRAY[1, 2]) AS team;
		INSERT INTO participant (request_id, address) SELECT r, a FROM unnest(ARRAY[1, 2]) AS r,
			unnest(ARRAY['desk@example.com', 'hr@example.com', 'eve@else.example']) AS a;
		INSERT INTO participant (request_id, user_id) VALUES (1, 4);
		INSERT INTO activity (request_id, flagged, recorded_at, recorded_by_id) VALUES (1, false, now(), 1)`)
	_, err := store.Migrate(t.Context(), db.URL)
	must(t, err)
	d := &desk{pool: db.Pool(t)}
	equal(t, "eve@else.example hr@example.com", d.addressesOn(t, 1))
	equal(t, "desk@example.com eve@else.example", d.addressesOn(t, 2))
	equal(t, 1, d.count(t, `participant WHERE user_id = 4`))
	equal(t, 0, d.count(t, `activity WHERE from_own`))
}
