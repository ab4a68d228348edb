package store_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"testing"
	"time"

	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// muchOfAll fills a desk: receipts of which the older half has no key of the sender, requests, the first of which has very much of
// all, closed problems, mails that were sent and mails that wait, messages that were set aside and settled.
const muchOfAll = `
	INSERT INTO request (team_id, kind, state, processed_at, subject, requester_id, user_id, opened_at, opened_by_id, sender_address, mailbox_id)
		SELECT 1, kind, CASE kind WHEN 'event' THEN 'processed' ELSE 'new' END, CASE kind WHEN 'event' THEN now() END, 'number ' || i, 3, 3,
			'2026-01-01'::timestamptz + i / 7 * interval '1 minute', 1, 'anna@example.com', 1
		FROM (SELECT i, CASE WHEN i % 10 = 0 THEN 'event' ELSE 'incident' END AS kind FROM generate_series(1, 20000) AS i) AS n ORDER BY i;
	INSERT INTO activity (request_id, sender_address, recorded_at, recorded_by_id)
		SELECT CASE WHEN i % 2 = 0 THEN 1 ELSE i END, '', now(), 1 FROM generate_series(1, 20000) AS i;
	INSERT INTO history (request_id, activity_id, at, author_id, what, reason)
		SELECT request_id, id, now(), 1, 'activity_added', 'subject' FROM activity;
	INSERT INTO participant (request_id, address) SELECT number, 'guest@example.com' FROM request;
	INSERT INTO attachment (request_id, activity_id, position, name, media_type, octets, sha256)
		SELECT number, NULL, 1, 'a', 'text/plain', 1, sha256(number::text::bytea) FROM request;
	INSERT INTO attachment (request_id, position, name, media_type, octets, sha256)
		SELECT 2, i, 'a', 'text/plain', 1, sha256(('file ' || i)::bytea) FROM generate_series(1, 1000) AS i;
	INSERT INTO receipt (mailbox_id, digest, message_id, octets, outcome, reason, request_id, raw_kept, accepted_at, last_seen_at, sender_key,
			from_name, from_address, subject)
		SELECT 1, sha256(i::text::bytea), i || '@example.com', 1, outcome, 'automatic',
			CASE WHEN outcome = 'opened' OR outcome = 'set_aside' AND i % 20 = 0 THEN 2 WHEN outcome = 'set_aside' THEN i END, outcome <> 'opened',
			'2026-01-01'::timestamptz + i / 7 * interval '1 second', now(),
			CASE WHEN i > 39900 THEN ('x' || left(encode(sha256('anna@example.com'), 'hex'), 16))::bit(64)::bigint WHEN i > 20000 THEN i END,
			words, words, words
		FROM (SELECT i, outcome, CASE outcome WHEN 'ignored' THEN 'robot@example.com' END AS words
			FROM (SELECT i, CASE WHEN i % 1000 = 5 THEN 'opened' WHEN i <= 20000 AND i % 10 = 0 THEN 'set_aside' ELSE 'ignored' END AS outcome
				FROM generate_series(1, 40000) AS i) AS n) AS n
		ORDER BY i;
	INSERT INTO set_aside (mailbox_id, digest, event_id, reason, at, state, settled_at, settled_by_id)
		SELECT 1, digest, request_id, 'automatic', now(), 'discarded', now(), 1 FROM receipt WHERE outcome = 'set_aside' ORDER BY accepted_at;
	INSERT INTO problem (kind, source, event_id, first_seen_at, last_seen_at, closed_at)
		SELECT 'message', 'source ' || i, 10, now(), now(), CASE WHEN i > 3 THEN now() END FROM generate_series(1, 20000) AS i;
	INSERT INTO problem_mailbox (problem_id, mailbox_id, since, last_seen_at) SELECT id, 1, now(), now() FROM problem;
	INSERT INTO outbox (kind, team_id, message_id, request_id, to_address, queued_at, due_at, sent_at, given_up_at)
		SELECT 'closed', 1, 'mail ' || i, 1, 'anna@example.com', now() - i * interval '1 minute', CASE WHEN i % 2 = 0 THEN now() END,
			CASE WHEN i % 2 = 1 AND i <> 19999 THEN now() END, CASE WHEN i = 19999 THEN now() END
		FROM generate_series(1, 20000) AS i;
	VACUUM ANALYZE`

// TestNoPageReadsATableWhole asks all that the pages of a daemon ask, and has PostgreSQL count the rows that it read of each large
// table: an index that is missing, or that a query cannot use, shows in them.
func TestNoPageReadsATableWhole(t *testing.T) {
	t.Parallel()
	storetest.NeedsSession(t) // a pooler's session counts later
	d := newDesk(t)
	for _, sql := range splitStatements(muchOfAll) {
		d.exec(t, sql)
	}
	digest := one[string](t, d, `SELECT encode(digest, 'hex') FROM receipt ORDER BY accepted_at DESC LIMIT 1`)
	d.exec(t, `SELECT pg_stat_force_next_flush()`) // what was read so far counts before the first question
	old := store.MessageFilter{Sender: "nobody@example.com", Limit: 30}
	const few, search = 500, 8_000
	for _, test := range []struct {
		name string
		most int64
		ask  func(context.Context, *store.Store) error
	}{
		{"mailboxes", few, func(ctx context.Context, s *store.Store) error { _, err := s.MailboxStates(ctx); return err }},
		{"the day", few, func(ctx context.Context, s *store.Store) error { _, err := s.Day(ctx); return err }},
		{"figures", 11_000, func(ctx context.Context, s *store.Store) error { _, err := s.Figures(ctx); return err }},
		{"messages", few, messagesLike(store.MessageFilter{Limit: 30})},
		{"messages of a sender with a key", 3_000, messagesLike(store.MessageFilter{Sender: "anna@example.com", Limit: 30})},
		{"messages of an address among receipts without a key", search, messagesLike(old)},
		{"messages by subject", search, messagesLike(store.MessageFilter{Subject: "nothing", Limit: 30})},
		{"set aside", few, messagesLike(store.MessageFilter{Outcome: store.SetAside, Limit: 30})},
		{"messages by Message-ID", few, messagesLike(store.MessageFilter{MessageID: "7@example.com", Limit: 30})},
		{"messages of a request", few, messagesLike(store.MessageFilter{Request: 30, Limit: 30})},
		{"messages of a request with very many", few, messagesLike(store.MessageFilter{Request: 2, Limit: 30})},
		{"a message", few, func(ctx context.Context, s *store.Store) error {
			_, err := s.Message(ctx, store.MessageName{Digits: digest[:12]})
			return err
		}},
		{"requests", few, requestsLike(store.RequestFilter{Limit: 30, CountTo: 100})},
		{"events", few, requestsLike(store.RequestFilter{Kinds: []processor.RequestKind{processor.Event}, Limit: 30, CountTo: 100})},
		{"requests by subject", search, requestsLike(store.RequestFilter{Subject: "nothing", Limit: 30, CountTo: 100})},
		{"a request", few, viewOf(17_001, store.ViewFrom{})},
		{"a request with very much", 3_000, viewOf(1, store.ViewFrom{})}, // it counts to 1,000
		{"a later part of it", 3_000, viewOf(1, store.ViewFrom{Activity: 10_000, History: 10_000})},
		{"files of a request", few, func(ctx context.Context, s *store.Store) error { _, _, err := s.RequestFiles(ctx, 5, 0); return err }},
		{"the text of a request", few, func(ctx context.Context, s *store.Store) error { _, _, err := s.RequestText(ctx, 5, 0); return err }},
		{"all of a request", few, func(ctx context.Context, s *store.Store) error { _, err := s.Request(ctx, 17_001); return err }},
		{"troubles", few, func(ctx context.Context, s *store.Store) error { _, err := s.Troubles(ctx, 0, 9); return err }},
		{"waiting mail", few, func(ctx context.Context, s *store.Store) error { _, err := s.WaitingMail(ctx, 0, 31); return err }},
		{"a later part of it", few, func(ctx context.Context, s *store.Store) error { _, err := s.WaitingMail(ctx, 9_000, 31); return err }},
		{"unsent mail", few, func(ctx context.Context, s *store.Store) error { _, err := s.UnsentMail(ctx, 30); return err }},
		{"what waits of the messages set aside", few, asidesLike(store.AsideFilter{Waiting: true, Limit: 31})},
		{"all messages set aside", few, asidesLike(store.AsideFilter{After: 900, Limit: 31})},
		{"all messages set aside, after those that wait", few, func(ctx context.Context, s *store.Store) error {
			return errors.Join(asidesLike(store.AsideFilter{Waiting: true, Limit: 31})(ctx, s), asidesLike(store.AsideFilter{Limit: 31})(ctx, s))
		}},
		{"a message set aside", few, asidesLike(store.AsideFilter{ID: 700})},
		{"others of its event", few, asidesLike(store.AsideFilter{Event: 7_010, Waiting: true, Limit: 1})},
	} {
		before := d.rowsRead(t)
		d.askAlone(t, test.ask)
		for table, n := range d.rowsRead(t) {
			if n -= before[table]; n > test.most*asked {
				t.Errorf("%s, asked %d times: %d rows of %s were read, want at most %d each time", test.name, asked, n, table, test.most)
			}
		}
	}
}

// splitStatements returns the statements of a text: VACUUM cannot run with others.
func splitStatements(text string) []string {
	i := len(text) - len("VACUUM ANALYZE")
	return []string{text[:i], text[i:]}
}

func messagesLike(f store.MessageFilter) func(context.Context, *store.Store) error {
	return func(ctx context.Context, s *store.Store) error { _, err := s.Messages(ctx, f); return err }
}

func requestsLike(f store.RequestFilter) func(context.Context, *store.Store) error {
	return func(ctx context.Context, s *store.Store) error { _, err := s.RequestPage(ctx, f); return err }
}

func viewOf(number int64, from store.ViewFrom) func(context.Context, *store.Store) error {
	return func(ctx context.Context, s *store.Store) error {
		_, err := s.RequestView(ctx, number, from)
		return err
	}
}

func asidesLike(f store.AsideFilter) func(context.Context, *store.Store) error {
	return func(ctx context.Context, s *store.Store) error { _, err := s.Asides(ctx, f); return err }
}

// rowsRead returns how many rows of each large table were read since the database was made.
func (d *desk) rowsRead(t testing.TB) map[string]int64 {
	t.Helper()
	read := map[string]int64{}
	for _, table := range []string{
		"receipt", "request", "activity", "history", "participant", "attachment", "thread", "outbox", "problem", "problem_mailbox", "set_aside",
	} {
		read[table] = one[int64](t, d, `SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables WHERE relname = $1`, table)
	}
	return read
}

// asked is how often each question is asked: after five executions of a statement, PostgreSQL may choose a plan for all values.
const asked = 12

// askAlone asks a store that is opened for it. The sessions of the store have ended when it returns, and their counts are complete.
func (d *desk) askAlone(t testing.TB, ask func(context.Context, *store.Store) error) {
	t.Helper()
	const name = "asking"
	u, err := url.Parse(d.url)
	must(t, err)
	q := u.Query()
	q.Set("application_name", name)
	u.RawQuery = q.Encode()
	s, err := store.Open(t.Context(), store.Options{URL: u.String(), AttachmentDirectory: d.files, Now: time.Now, MaxConns: 2})
	must(t, err)
	for range asked {
		must(t, ask(t.Context(), s))
	}
	s.Close()
	for one[int](t, d, fmt.Sprintf(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = '%s'`, name)) > 0 {
		continue // the sessions end by themselves
	}
}
