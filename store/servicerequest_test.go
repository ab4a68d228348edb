package store_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// formDesk returns a desk whose mailbox accepts service requests, and the decider of that mailbox.
func formDesk(t *testing.T) (*desk, store.Decider) {
	d := newDesk(t)
	d.exec(t, `
INSERT INTO service_request_type (team_id, name, priority_id, group_id) VALUES (1, 'Laptop', 2, 2), (1, 'Desk', NULL, NULL);
INSERT INTO service_request_type (team_id, name) VALUES (2, 'Leave');
INSERT INTO user_account (logon, name) VALUES ('smith1', 'John Smith'), ('smith2', 'John Smith'), ('Anna@Example.com', 'Somebody'), ('x', 'BOB');
INSERT INTO user_address VALUES ('bob@else.example', 6);`)
	rules := processor.Rules{Processor: processor.EndUserServiceRequest, EnclosingToken: "CreateSR", CreateNewRequests: true}
	return d, withEvents{processor.NewPolicy(rules, d.mailbox.References), d.mailbox}
}

func saying(text string) func(*processor.Message) {
	return func(m *processor.Message) { m.Text = text }
}

func TestAServiceRequestIsRecordedAsItsBlockSays(t *testing.T) {
	t.Parallel()
	d, policy := formDesk(t)
	got := d.accept(t, policy,
		mail("1", "a", saying("CreateSR\nType: laptop\nUser: BOB\nDue: 2026-12-24 17:00\nCost centre: 44\x0010\nEmpty:\nCost centre: 7\nDescription: It is\nold.\nCreateSR")),
		mail("2", "b", saying("CreateSR\nType: desk\nSite: MONTREAL\nCreateSR")),
		mail("3", "c", saying("CreateSR\nType: Leave\nCreateSR")),
		mail("4", "d", saying("Thank you.\nCreateSR\nType: Leave\nCreateSR"), answerTo("a")))
	want := []store.Outcome{
		{Result: store.Opened, Request: 1}, {Result: store.Opened, Request: 2},
		{Result: store.SetAside, Request: 3, Aside: 1}, {Result: store.Added, Request: 1, Activity: 1}}
	if diff := cmp.Diff(want, got, ignoreDecision); diff != "" {
		t.Fatalf("outcomes (-want +got):\n%s", diff)
	}
	r, err := d.store.Request(t.Context(), 1)
	must(t, err)
	equal(t, "service_request Laptop High Network Anna Bob It is\nold. 2026-12-24T17:00:00Z", strings.Join([]string{
		string(r.Kind), r.Type, r.Priority, r.Group, r.Requester.Name, r.User.Name, r.Body,
		r.DueAt.Format("2006-01-02T15:04:05Z07:00")}, " "))
	equal(t, []store.Field{{"Cost centre", "44\uFFFD10"}, {"Empty", ""}, {"Cost centre", "7"}}, r.Fields)
	r, err = d.store.Request(t.Context(), 2)
	must(t, err)
	equal(t, "Desk Normal Service Desk Montreal", strings.Join([]string{r.Type, r.Priority, r.Group, r.Site}, " "))
	aside, err := d.store.Request(t.Context(), 3)
	must(t, err)
	if part := `line 2: Type "Leave" does not exist (write one of Desk, Laptop)`; !strings.Contains(aside.Body, part) {
		t.Errorf("the event does not say %q:\n%s", part, aside.Body)
	}
}

func TestAServiceRequestIsAssignedAsItsTypeSays(t *testing.T) {
	t.Parallel()
	d, policy := formDesk(t)
	must(t, d.store.AddRequestType(t.Context(), store.RequestType{Team: "IT", Name: "Phone", Group: "Network", Assignee: "SMITH1"}))
	must(t, d.store.AddRequestType(t.Context(), store.RequestType{Team: "IT", Name: "Badge", Assignee: "smith2"}))
	if err := d.store.AddRequestType(t.Context(), store.RequestType{Team: "IT", Name: "Chair", Assignee: "nobody"}); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("a type with an unknown assignee: %v", err)
	}
	d.accept(t, policy,
		mail("1", "a", saying("CreateSR\nType: phone\nCreateSR")),
		mail("2", "b", saying("CreateSR\nType: phone\nAssignee: smith2\nCreateSR")),
		mail("3", "c", saying("CreateSR\nType: phone\nGroup: Service Desk\nCreateSR")),
		mail("4", "d", saying("CreateSR\nType: badge\nGroup: Network\nCreateSR")))
	for number, want := range map[int64]string{1: "smith1", 2: "smith2", 3: "", 4: "smith2"} {
		r, err := d.store.Request(t.Context(), number)
		must(t, err)
		got := ""
		if r.Assignee != nil {
			got = r.Assignee.Logon
		}
		if got != want {
			t.Errorf("request %d is assigned to %q, want %q", number, got, want)
		}
	}
	types, err := d.store.RequestTypes(t.Context(), "IT")
	must(t, err)
	equal(t, store.RequestType{Team: "IT", Name: "Phone", Group: "Network", Assignee: "smith1"}, types[len(types)-1])
}

func TestATypeIsOnlyForServiceRequestsOfItsTeam(t *testing.T) {
	t.Parallel()
	d, _ := formDesk(t)
	open := processor.OpenRequest{
		Kind: processor.Incident, Subject: "bad", Requester: processor.User{ID: 1}, User: processor.User{ID: 1}, Type: processor.Ref{ID: 1},
	}
	ofOtherTeam := open
	ofOtherTeam.Kind, ofOtherTeam.Type.ID = processor.ServiceRequest, 3
	decides := func(bad processor.OpenRequest) clerk {
		c := d.clerk()
		c.instead = func(*processor.Message, processor.Directory) processor.Decision { return bad }
		return c
	}
	got := d.accept(t, decides(open), mail("1", "mail 1"))
	if why := got[0].Decision.Why(); got[0].Result != store.SetAside || why.Code != processor.ReasonUnstorable {
		t.Errorf("a type with an incident: %+v", got[0])
	}
	// A person may have removed the type from the team just now, and that must set no message aside.
	_, err := d.store.Accept(t.Context(), d.mailbox, []store.Delivery{mail("2", "mail 2")}, decides(ofOtherTeam))
	if !errors.Is(err, store.ErrReferenceGone) || d.count(t, "request WHERE subject = 'bad'") != 0 {
		t.Errorf("a type of another team: %v", err)
	}
}

func TestLookUpFindsPeopleByLogonThenAddressThenName(t *testing.T) {
	t.Parallel()
	d, _ := formDesk(t)
	names := []string{"bob", "john smith", "anna@example.com", "anna@home.example", "nobody", "x\x00"}
	dir, err := d.store.LookUp(t.Context(), d.mailbox.Team, processor.Keys{People: names,
		Lists: []processor.ListName{processor.RequestTypes, processor.Sites}})
	must(t, err)
	var got []string
	for _, name := range names {
		var logons []string
		for _, u := range dir.UsersNamed(name) {
			logons = append(logons, u.Logon)
		}
		got = append(got, strings.Join(logons, " "))
	}
	equal(t, []string{"bob", "smith1 smith2", "Anna@Example.com", "anna", "", ""}, got)
	types, isKnown := dir.List(processor.RequestTypes)
	equal(t, []processor.Listed{
		{Ref: processor.Ref{ID: 2, Name: "Desk"}},
		{Ref: processor.Ref{ID: 1, Name: "Laptop"}, Priority: processor.Ref{ID: 2, Name: "High"}, Group: processor.Ref{ID: 2, Name: "Network"}},
	}, types)
	if _, other := dir.List(processor.Groups); !isKnown || other {
		t.Errorf("types are known: %t; groups, which nobody asked for: %t", isKnown, other)
	}
}

func TestAReadOnlyStoreChangesNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.clerk(), mail("1", "a"))
	files := filepath.Join(t.TempDir(), "none", "none")
	s, err := store.Open(t.Context(), store.Options{URL: d.url, AttachmentDirectory: files, ReadOnly: true})
	must(t, err)
	defer s.Close()
	dir, err := s.LookUp(t.Context(), d.mailbox.Team, processor.Keys{Numbers: []int64{1}, MessageIDs: []string{"a@example.com"}, Addresses: []string{"ANNA@example.com"}})
	must(t, err)
	_, byNumber := dir.Request(1)
	r, byID := dir.RequestOf("a@example.com")
	u, byAddress := dir.UserByAddress("anna@example.com")
	if !byNumber || !byID || !byAddress || r.Number != 1 || u.Logon != "anna" {
		t.Errorf("found by number %t, Message-ID %t, address %t: %+v, %+v", byNumber, byID, byAddress, r, u)
	}
	if err := s.AddSite(t.Context(), "Nowhere"); err == nil || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("AddSite: %v", err)
	}
	if _, err := s.Accept(t.Context(), d.mailbox, []store.Delivery{mail("2", "b")}, d.clerk()); err == nil {
		t.Error("a message was accepted")
	}
}

func TestRequestTypesAreAddedAndListed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ctx := t.Context()
	must(t, d.store.AddRequestType(ctx, store.RequestType{Team: "it", Name: " New  laptop ", Priority: "HIGH", Group: "network"}))
	must(t, d.store.AddRequestType(ctx, store.RequestType{Team: "HR", Name: "Leave"}))
	fails(t, d.store.AddRequestType(ctx, store.RequestType{Team: "IT", Name: "NEW LAPTOP"}), store.ErrExists, `service request type "NEW LAPTOP" of team "IT"`)
	fails(t, d.store.AddRequestType(ctx, store.RequestType{Team: "IT", Name: "x", Group: "People"}), store.ErrUnknown, `group "People"`)
	fails(t, d.store.AddRequestType(ctx, store.RequestType{Team: "IT", Name: "x", Priority: "Never"}), store.ErrUnknown, `priority "Never"`)
	all, err := d.store.RequestTypes(ctx, "")
	must(t, err)
	equal(t, []store.RequestType{{Team: "HR", Name: "Leave"}, {Team: "IT", Name: "New laptop", Priority: "High", Group: "Network"}}, all)
	_, err = d.store.RequestTypes(ctx, "nobody")
	fails(t, err, store.ErrUnknown)
}

func TestAReceiptSaysWhyAMessageWasIgnored(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	why := processor.NewReason(processor.ReasonFilter, "filter mass\x00 mail says to ignore the message")
	ignore := d.exceptFor("about b", func() processor.Decision { return processor.Ignore{Reason: why} })
	d.accept(t, ignore, mail("1", "a"), mail("2", "b"))
	equal(t, []string{"opened new_mail ", "ignored filter filter mass\uFFFD mail says to ignore the message"},
		all[string](t, d, `SELECT outcome || ' ' || reason || ' ' || detail FROM receipt ORDER BY uidl`))
}

// TestManyServiceRequestsTakeAsManyStatementsAsOne counts the statements that the server completes: Accept looks up
// names for the whole batch. It draws no number of a request, because a batch that was not committed left enough.
func TestManyServiceRequestsTakeAsManyStatementsAsOne(t *testing.T) {
	t.Parallel()
	d, policy := formDesk(t)
	proxy := storetest.NewProxy(t, d.url)
	proxied := d.open(t, proxy.URL)
	var counts []int
	d.breakDatabase(t)
	for round, n := range []int{50, 1, 1, 40} { // the first rounds open the connection and prepare its statements
		var batch []store.Delivery
		for i := range n {
			id := fmt.Sprintf("%d.%d", round, i)
			text := fmt.Sprintf("CreateSR\nType: Laptop\nUser: %s\nAssignee: bob\nSite: montreal\nGroup: network\nPriority: high\nNo: %d\nCreateSR",
				[]string{"anna", "smith1", "smith2"}[i%3], i)
			batch = append(batch, mail(id, id, saying(text)))
		}
		proxy.Pass()
		outcomes, err := proxied.Accept(t.Context(), d.mailbox, batch, policy)
		if round == 0 {
			d.mendDatabase(t)
			continue
		}
		must(t, err)
		for _, o := range outcomes {
			if o.Result != store.Opened {
				t.Fatalf("%+v", o)
			}
		}
		_, completed := proxy.Counts()
		counts = append(counts, completed)
	}
	if counts[1] != counts[2] {
		t.Errorf("%d statements for one service request, %d for forty", counts[1], counts[2])
	}
}
