package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// subjects returns the subjects of a page.
func subjects(page store.MessagePage) []string {
	list := []string{}
	for _, m := range page.Messages {
		list = append(list, m.Subject)
	}
	return list
}

// messages returns a page of messages, and fails the test if there is none.
func (d *desk) messages(t testing.TB, f store.MessageFilter) store.MessagePage {
	t.Helper()
	page, err := d.store.Messages(t.Context(), f)
	must(t, err)
	return page
}

// sorter returns a decider that refuses, ignores or sets aside a message as the first word of its subject says.
func (d *desk) sorter() clerk {
	c := d.clerk()
	c.instead = func(m *processor.Message, _ processor.Directory) processor.Decision {
		why := processor.NewReason(processor.ReasonAutomatic, "the test says so")
		switch word, _, _ := strings.Cut(m.Subject, " "); word {
		case "refuse":
			return processor.Refuse{Reason: why}
		case "ignore":
			return processor.Ignore{Reason: why}
		case "aside":
			return processor.SetAside{Reason: why}
		}
		return nil
	}
	return c
}

func about(subject string) func(*processor.Message) {
	return func(m *processor.Message) { m.Subject = subject }
}

func TestEachOutcomeOfAMessageIsListedAndShown(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.sorter(),
		mail("1", "open", about("a printer")),
		mail("2", "add", about("RE: a printer"), answerTo("open"), from("bob@example.com")),
		mail("3", "refuse", about("refuse me")),
		mail("4", "ignore", about("ignore me"), from("robot@example.com")),
		mail("5", "aside", about("aside with me")))
	for _, test := range []struct {
		outcome, subject, sender, detail string
		recorded, kept, isAside          bool
	}{
		{store.Opened, "a printer", "Anna@Example.com", "", true, false, false},
		{store.Added, "RE: a printer", "bob@example.com", "answers request 1, which is new and has 2 users and [helpdesk@example.com]", true, false, false},
		{store.Refused, "refuse me", "Anna@Example.com", "the test says so", false, true, false},
		{store.Ignored, "ignore me", "robot@example.com", "the test says so", false, true, false},
		{store.SetAside, "aside with me", "Anna@Example.com", "the test says so", true, true, true},
	} {
		page := d.messages(t, store.MessageFilter{Outcome: test.outcome})
		if len(page.Messages) != 1 || page.Next != nil {
			t.Fatalf("%s: %+v", test.outcome, page)
		}
		m, err := d.store.Message(t.Context(), store.MessageName{Digits: page.Messages[0].ID})
		must(t, err)
		listed := page.Messages[0]
		if m.Outcome != test.outcome || listed.Subject != test.subject || listed.Sender.Address != test.sender || m.Subject != test.subject {
			t.Errorf("%s: %+v", test.outcome, m)
		}
		if m.Detail != test.detail || (m.Request != nil) != test.recorded || m.HasOctets != test.kept || (m.WasAside != nil) != test.isAside {
			t.Errorf("%s: %+v", test.outcome, m)
		}
		if _, err := os.Stat(m.File); test.kept == (err != nil) {
			t.Errorf("%s: the octets are in %q: %v", test.outcome, m.File, err)
		}
		if !m.HasHeader || m.TimesSeen != 1 || m.Mailbox != "helpdesk" || m.UIDL == "" || !m.AcceptedAt.Equal(today.Truncate(time.Microsecond)) {
			t.Errorf("%s: %+v", test.outcome, m)
		}
	}
}

func TestAMessageThatWasReplayedTellsBothOutcomes(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	m := mail("1", "a", about("aside with me"))
	d.accept(t, d.sorter(), m)
	aside, err := d.store.OpenAside(t.Context(), 1)
	must(t, err)
	defer aside.Raw.Close()
	_, err = d.store.Reconsider(t.Context(), d.mailbox, aside, m.Message, d.clerk(), store.Reconsideration{})
	must(t, err)
	detail, err := d.store.Message(t.Context(), store.MessageName{Digits: fmt.Sprintf("%x", m.Raw.Digest())})
	must(t, err)
	if detail.Outcome != store.Opened || detail.Aside != nil || detail.WasAside == nil || detail.WasAside.State != store.Replayed {
		t.Errorf("%+v", detail)
	}
	equal(t, 1, len(d.messages(t, store.MessageFilter{Sender: "anna@example.com"}).Messages))
	equal(t, 0, len(d.messages(t, store.MessageFilter{Outcome: store.SetAside}).Messages))
}

func TestMessagesAreFoundByWhatPeopleKnow(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.sorter(),
		mail("1", "open", about("Drucker 100% kaputt")),
		mail("2", "add", about("RE: Drucker"), answerTo("open"), from("bob@example.com")),
		mail("3", "refuse", about("refuse under_score")),
		mail("4", "ignore", about(`ignore back\slash`), from("robot@other.example")),
		mail("5", "aside", about("aside ÉTÉ"), from("zoé@example.com")))
	sales := d.resolve(t, "sales", deskNames)
	c := d.sorter()
	c.Mailbox = sales
	_, err := d.store.Accept(t.Context(), sales, []store.Delivery{
		mail("1", "other", about("elsewhere"), from("Zoe@Example.com")),
		mail("2", "shorter", about("of the shorter one"), from("zoe@example.co")),
	}, c)
	must(t, err)
	for _, test := range []struct {
		name   string
		filter store.MessageFilter
		want   []string
	}{
		{"an address in any case", store.MessageFilter{Sender: "BOB@example.COM"}, []string{"RE: Drucker"}},
		{"an address with a name", store.MessageFilter{Sender: "Robert <bob@example.com> "}, []string{"RE: Drucker"}},
		{"an address that wrote nothing", store.MessageFilter{Sender: "bobby@example.com"}, []string{}},
		{"the beginning of an address", store.MessageFilter{Sender: "bob@exam"}, []string{"RE: Drucker"}},
		{"the end of an address", store.MessageFilter{Sender: "ot@other.example"}, []string{`ignore back\slash`}},
		{"an address that is a part of another one", store.MessageFilter{Sender: "zoe@example.co"}, []string{"of the shorter one"}},
		{"a domain", store.MessageFilter{Sender: "@OTHER."}, []string{`ignore back\slash`}},
		{"a part of a name", store.MessageFilter{Sender: "anN"}, []string{"Drucker 100% kaputt", "refuse under_score"}},
		{"a part of a subject in another case", store.MessageFilter{Subject: "drUCKer"}, []string{"Drucker 100% kaputt", "RE: Drucker"}},
		{"letters with accents in another case", store.MessageFilter{Subject: "été"}, []string{"aside ÉTÉ"}},
		{"a percent sign stands for itself", store.MessageFilter{Subject: "0%"}, []string{"Drucker 100% kaputt"}},
		{"a percent sign is no wildcard", store.MessageFilter{Subject: "D%r"}, []string{}},
		{"an underscore stands for itself", store.MessageFilter{Subject: "r_s"}, []string{"refuse under_score"}},
		{"an underscore is no wildcard", store.MessageFilter{Subject: "D_ucker"}, []string{}},
		{"a backslash stands for itself", store.MessageFilter{Subject: `k\s`}, []string{`ignore back\slash`}},
		{"the Message-ID of a request", store.MessageFilter{MessageID: "<open@example.com>"}, []string{"Drucker 100% kaputt"}},
		{"the Message-ID of an activity", store.MessageFilter{MessageID: "add@example.com"}, []string{"RE: Drucker"}},
		{"the Message-ID of an ignored message", store.MessageFilter{MessageID: "ignore@example.com"}, []string{`ignore back\slash`}},
		{"the Message-ID of a message set aside", store.MessageFilter{MessageID: "aside@example.com"}, []string{"aside ÉTÉ"}},
		{"an unknown Message-ID", store.MessageFilter{MessageID: "none@example.com"}, []string{}},
		{"a request", store.MessageFilter{Request: 1}, []string{"Drucker 100% kaputt", "RE: Drucker"}},
		{"a request and an outcome", store.MessageFilter{Request: 1, Outcome: store.Added}, []string{"RE: Drucker"}},
		{"a request and a Message-ID", store.MessageFilter{Request: 1, MessageID: "open@example.com"}, []string{"Drucker 100% kaputt"}},
		{"a request and a sender", store.MessageFilter{Request: 1, Sender: "bob@example.com"}, []string{"RE: Drucker"}},
		{"a mailbox in another case", store.MessageFilter{Mailbox: "SALES"}, []string{"elsewhere", "of the shorter one"}},
		{"a mailbox and an outcome", store.MessageFilter{Mailbox: "sales", Outcome: store.Ignored}, []string{}},
		{"a sender and a mailbox", store.MessageFilter{Sender: "zoe@example.com", Mailbox: "sales"}, []string{"elsewhere"}},
		{"a sender of another mailbox", store.MessageFilter{Sender: "zoe@example.com", Mailbox: "helpdesk"}, []string{}},
		{"an outcome", store.MessageFilter{Outcome: store.Refused}, []string{"refuse under_score"}},
		{"set aside in a mailbox", store.MessageFilter{Outcome: store.SetAside, Mailbox: "helpdesk"}, []string{"aside ÉTÉ"}},
		{"before a time", store.MessageFilter{Until: today.Add(-time.Hour)}, []string{}},
		{"since a time", store.MessageFilter{Since: today.Add(-time.Hour), Subject: "elsewhere"}, []string{"elsewhere"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := subjects(d.messages(t, test.filter))
			slices.Sort(got)
			slices.Sort(test.want)
			equal(t, test.want, got)
		})
	}
}

func TestAFilterThatNamesNothingSaysSo(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.clerk(), mail("1", "a"))
	if _, err := d.store.Messages(t.Context(), store.MessageFilter{Mailbox: "nowhere"}); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("an unknown mailbox: %v", err)
	}
	if _, err := d.store.Messages(t.Context(), store.MessageFilter{Outcome: "lost"}); !errors.Is(err, store.ErrOutcome) {
		t.Errorf("an unknown outcome: %v", err)
	}
	if _, err := d.store.Message(t.Context(), store.MessageName{Digits: "abcdef"}); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("a message that does not exist: %v", err)
	}
	for _, digits := range []string{"", "12345", "12345g", strings.Repeat("1", 65)} {
		if _, err := d.store.Message(t.Context(), store.MessageName{Digits: digits}); !errors.Is(err, store.ErrMessageName) {
			t.Errorf("%q: %v", digits, err)
		}
	}
}

func TestAMessageIsNamedByTheFirstDigitsOfItsDigest(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	sales := d.resolve(t, "sales", deskNames)
	both := mail("1", "both")
	for _, mb := range []store.Mailbox{d.mailbox, sales} {
		_, err := d.store.Accept(t.Context(), mb, []store.Delivery{both, mail("2", "only of "+mb.Name)}, clerk{Mailbox: mb})
		must(t, err)
	}
	digits := fmt.Sprintf("%X", mail("", "only of sales").Raw.Digest())
	for _, length := range []int{6, 7, 12, 64} {
		m, err := d.store.Message(t.Context(), store.MessageName{Digits: digits[:length]})
		must(t, err)
		equal(t, "about only of sales", m.Subject)
		equal(t, strings.ToLower(digits[:12]), m.ID)
	}
	digits = fmt.Sprintf("%x", both.Raw.Digest())
	several := new(store.AmbiguousMessageError)
	if _, err := d.store.Message(t.Context(), store.MessageName{Digits: digits}); !errors.As(err, &several) || len(several.Found) != 2 {
		t.Errorf("the same octets in two mailboxes: %v", err)
	}
	m, err := d.store.Message(t.Context(), store.MessageName{Digits: digits, Mailbox: "Sales"})
	must(t, err)
	equal(t, "sales", m.Mailbox)
}

// copyReceipts makes many ignored receipts of the first one, a few at each moment, older ones first.
func (d *desk) copyReceipts(t testing.TB, many int, finish string) {
	t.Helper()
	d.exec(t, fmt.Sprintf(`
		INSERT INTO receipt (mailbox_id, digest, message_id, octets, outcome, reason, raw_kept, accepted_at, last_seen_at, sender_key,
				from_name, from_address, subject)
			SELECT 1, sha256(i::text::bytea), i || '@example.com', 1, 'ignored', 'automatic', true,
				'2026-01-01'::timestamptz + i / 7 * interval '1 second', now(), i, 'Robot', 'robot@example.com', 'number ' || i
			FROM generate_series(1, %d) AS i;
		%s`, many, finish))
}

func TestPagesHaveEachMessageOnceAlsoAtEqualTimes(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	const many = 100
	d.copyReceipts(t, many, "")
	seen := map[string]bool{}
	f, last := store.MessageFilter{Limit: 9}, time.Time{}
	for {
		page := d.messages(t, f)
		for _, m := range page.Messages {
			if seen[m.ID] || !last.IsZero() && m.AcceptedAt.After(last) {
				t.Errorf("%s at %s comes twice or too late", m.Subject, m.AcceptedAt)
			}
			seen[m.ID], last = true, m.AcceptedAt
		}
		if f.Before = page.Next; f.Before == nil {
			break
		}
	}
	equal(t, many, len(seen))
}

func TestAPlaceInTheListTravelsInALink(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.copyReceipts(t, 20, "")
	next := d.messages(t, store.MessageFilter{Limit: 9}).Next
	text, err := next.MarshalText()
	must(t, err)
	var read store.MessageCursor
	must(t, read.UnmarshalText(text))
	equal(t, subjects(d.messages(t, store.MessageFilter{Before: next})), subjects(d.messages(t, store.MessageFilter{Before: &read})))
	for _, wrong := range []string{"", "1", "1-2-3", "1-2-zz", strings.Repeat("9", 40) + "-1-" + strings.Repeat("00", 32)} {
		if err := read.UnmarshalText([]byte(wrong)); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}

func TestASearchGoesOnWhereALongOneStopped(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.copyReceipts(t, 6_000, "ANALYZE")
	f := store.MessageFilter{Subject: "number 17"}
	f.Since = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var found []string
	pages := 0
	for ; pages == 0 || f.Before != nil; pages++ {
		page := d.messages(t, f)
		found, f.Before = append(found, subjects(page)...), page.Next
	}
	if want := d.count(t, `receipt WHERE subject LIKE 'number 17%'`); len(found) != want || pages < 3 {
		t.Errorf("%d of %d were found on %d pages", len(found), want, pages)
	}
}

func TestASearchEndsWhenItHasFoundEnoughOrItsTimeIsOver(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.copyReceipts(t, 6_000, "ANALYZE")
	find := func(subject string, limit int, within time.Duration) store.MessagePage {
		page, err := d.store.FindMessages(t.Context(), store.MessageFilter{Subject: subject, Limit: limit}, within)
		must(t, err)
		return page
	}
	equal(t, 1, len(find("number 1000", 1, 0).Messages))
	if page := find("number 17", 10_000, 0); page.Next != nil || len(page.Messages) != d.count(t, `receipt WHERE subject LIKE 'number 17%'`) {
		t.Errorf("without a limit: %d were found, next %v", len(page.Messages), page.Next)
	}
	page := find("number 2", 10_000, time.Nanosecond)
	if page.Next == nil || !page.Next.At().After(time.Date(2026, 1, 1, 0, 5, 0, 0, time.UTC)) {
		t.Errorf("the time is over: %d were found, next %v", len(page.Messages), page.Next)
	}
}

func TestMessagesThatComeWhileSomebodyTurnsPagesHideNone(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	const many = 200
	d.copyReceipts(t, many, "")
	ctx, stop := context.WithCancel(t.Context())
	var group errgroup.Group
	first := make(chan struct{})
	group.Go(func() error {
		for n := 0; ctx.Err() == nil; n++ {
			batch := []store.Delivery{mail(fmt.Sprint("new", n), fmt.Sprint("new", n), about("ignore it"))}
			if _, err := d.store.Accept(context.WithoutCancel(ctx), d.mailbox, batch, d.sorter()); err != nil {
				return err
			}
			if n == 0 {
				close(first)
			}
		}
		return nil
	})
	storetest.Await(t, "the first message has come", first)
	seen := map[string]int{}
	for f := (store.MessageFilter{Limit: 7}); ; {
		page := d.messages(t, f)
		for _, s := range page.Messages {
			seen[s.ID]++
		}
		if f.Before = page.Next; f.Before == nil {
			break
		}
	}
	stop()
	must(t, group.Wait())
	for _, id := range all[string](t, d, `SELECT left(encode(digest, 'hex'), 12) FROM receipt WHERE subject LIKE 'number%'`) {
		if seen[id] != 1 {
			t.Errorf("message %s was seen %d times", id, seen[id])
		}
	}
}

// TestNoListOfMessagesReadsAllReceipts counts the rows that each kind of query reads.
func TestNoListOfMessagesReadsAllReceipts(t *testing.T) {
	t.Parallel()
	const many = 30_000
	for _, finish := range []string{"VACUUM ANALYZE", ""} {
		d := newDesk(t)
		d.accept(t, d.sorter(), mail("1", "open"), mail("2", "add", answerTo("open")), mail("3", "aside", about("aside")))
		d.copyReceipts(t, many, "")
		if finish != "" {
			d.exec(t, finish)
		}
		for _, test := range []struct {
			name   string
			filter store.MessageFilter
			most   float64
		}{
			{"the first page", store.MessageFilter{}, 100},
			{"a later page", store.MessageFilter{Before: d.messages(t, store.MessageFilter{Limit: 500}).Next}, 700},
			{"a request", store.MessageFilter{Request: 1}, 100},
			{"a mailbox", store.MessageFilter{Mailbox: "helpdesk"}, 100},
			{"an address", store.MessageFilter{Sender: "anna@example.com"}, 100},
			{"an address that wrote nothing", store.MessageFilter{Sender: "nobody@example.com"}, 6_000},
			{"the Message-ID of a request", store.MessageFilter{MessageID: "open@example.com"}, 100},
			{"the Message-ID of an ignored message", store.MessageFilter{MessageID: "17@example.com"}, 100},
			{"messages set aside", store.MessageFilter{Outcome: store.SetAside}, 100},
			{"ignored messages", store.MessageFilter{Outcome: store.Ignored}, 100},
			{"a part of a name that nobody has", store.MessageFilter{Sender: "nobody"}, 6_000},
			{"a subject that no message has", store.MessageFilter{Subject: "nothing"}, 6_000},
			{"an outcome that most messages do not have", store.MessageFilter{Outcome: store.Opened}, 6_000},
		} {
			sql, args, err := d.store.MessageQuery(t.Context(), test.filter)
			must(t, err)
			var plans []struct{ Plan plan }
			text := one[string](t, d, `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) `+sql, args...)
			must(t, json.Unmarshal([]byte(text), &plans))
			if n := plans[0].Plan.read("receipt"); n > test.most {
				t.Errorf("%q, %s: %v rows were read:\n%s", finish, test.name, n, text)
			}
		}
	}
}

func TestReceiptsOfAnOlderSchemaAreListed(t *testing.T) {
	t.Parallel()
	db := storetest.Empty(t)
	migrateTo(t, db, 16)
	db.Exec(t, deskSQL+`
		INSERT INTO mailbox (name) VALUES ('helpdesk');
		INSERT INTO request (team_id, kind, subject, requester_id, user_id, opened_at, opened_by_id, sender_address)
			VALUES (1, 'incident', 'Printer', 1, 1, now(), 1, 'Anna@example.com');
		INSERT INTO thread (team_id, message_id, request_id, via) VALUES (1, 'one@x', 1, 'seen');
		INSERT INTO receipt (mailbox_id, digest, message_id, octets, outcome, reason, detail, request_id, raw_kept, accepted_at, last_seen_at) VALUES
			(1, sha256('1'), 'one@x', 1, 'opened', 'new_mail', '', 1, false, '2026-01-01', now()),
			(1, sha256('2'), 'two@x', 1, 'ignored', 'automatic', 'a newsletter', NULL, true, '2026-01-02', now())`)
	_, err := store.Migrate(t.Context(), db.URL)
	must(t, err)
	s, err := store.Open(t.Context(), store.Options{URL: db.URL})
	must(t, err)
	defer s.Close()
	d := &desk{store: s}
	page := d.messages(t, store.MessageFilter{})
	if len(page.Messages) != 2 || page.Messages[0].HasHeader || page.Messages[0].Detail != "a newsletter" || !page.Messages[1].HasHeader {
		t.Errorf("%+v", page)
	}
	for _, f := range []store.MessageFilter{{Sender: "anna@example.com"}, {MessageID: "one@x"}, {Mailbox: "helpdesk", Subject: "print"}} {
		equal(t, []string{"Printer"}, subjects(d.messages(t, f)))
	}
	equal(t, 1, len(d.messages(t, store.MessageFilter{MessageID: "two@x"}).Messages))
	detail, err := s.Message(t.Context(), store.MessageName{Digits: page.Messages[0].ID})
	if err != nil || detail.Detail != "a newsletter" || detail.File != "" {
		t.Errorf("%+v, %v", detail, err)
	}
}

func TestAPurgedMessageIsListedNoMore(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.sorter(), mail("1", "ignore", about("ignore me")), mail("2", "open"))
	d.exec(t, `UPDATE receipt SET last_seen_at = now() - interval '2 days' WHERE outcome = 'ignored'`)
	n, err := d.store.PurgeReceipts(t.Context(), 24*time.Hour)
	must(t, err)
	equal(t, 1, n)
	equal(t, []string{"about open"}, subjects(d.messages(t, store.MessageFilter{})))
}
