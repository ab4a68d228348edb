package store_test

import (
	"cmp"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"mailintegration/store"
	"mailintegration/store/storetest"
)

// messagesFill makes receipts in the schema before that of messages: of each five, one opened a request, one added an activity,
// three were ignored, in 100 mailboxes from 20,000 senders.
const messagesFill = `
	DO $$ DECLARE k record; BEGIN
		FOR k IN SELECT conrelid::regclass AS of, conname AS name FROM pg_constraint
			WHERE contype = 'f' AND conrelid IN ('request'::regclass, 'activity'::regclass, 'thread'::regclass, 'receipt'::regclass)
		LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', k.of, k.name); END LOOP;
	END $$;
	SET synchronous_commit = off;
	SET maintenance_work_mem = '512MB';
	ALTER TABLE receipt DROP CONSTRAINT receipt_pkey CASCADE;
	DROP INDEX receipt_uidl, receipt_request_id, receipt_last_seen, receipt_listed, receipt_raw, receipt_sender;
	INSERT INTO mailbox (name) SELECT 'mailbox-' || n FROM generate_series(1, 100) AS n;
	INSERT INTO request (number, team_id, kind, subject, body, requester_id, user_id, sender_name, sender_address, opened_at, opened_by_id)
		SELECT n, 1, 'incident', 'Printer ' || md5(n::text), repeat(md5(n::text), 10), 1, 1, 'User ' || n % 20000,
			'user' || n % 20000 || '@example.com', now(), 1 FROM generate_series(1, $many::bigint / 5) AS n;
	INSERT INTO activity (request_id, subject, body, sender_address, recorded_at, recorded_by_id)
		SELECT 1 + n * 7919 % ($many / 5), 'RE: Printer', repeat(md5(n::text), 10), 'user' || n % 20000 || '@example.com', now(), 1
		FROM generate_series(1, $many::bigint / 5) AS n;
	INSERT INTO thread (team_id, message_id, request_id, via) SELECT 1, 'opened' || number || '@example.com', number, 'seen' FROM request;
	INSERT INTO receipt (mailbox_id, digest, uidl, message_id, octets, outcome, reason, request_id, activity_id, raw_kept, accepted_at,
			last_seen_at)
		SELECT 1 + n / 10 % 100, sha256(n::text::bytea), left(md5('u' || n), 20),
			CASE n % 5 WHEN 0 THEN 'opened' || n / 5 + 1 ELSE md5(n::text) END || '@example.com', 5000,
			CASE n % 5 WHEN 0 THEN 'opened' WHEN 1 THEN 'added' ELSE 'ignored' END, 'new_mail',
			CASE n % 5 WHEN 0 THEN n / 5 + 1 WHEN 1 THEN 1 + (n / 5 + 1) * 7919 % ($many / 5) END, CASE n % 5 WHEN 1 THEN n / 5 + 1 END,
			n % 5 > 1, '2026-01-01'::timestamptz + n / 10 * interval '1 second', now()
		FROM generate_series(0, $many::bigint - 1) AS n;
	ALTER TABLE receipt ADD PRIMARY KEY (mailbox_id, digest);
	CREATE INDEX receipt_uidl ON receipt (uidl, mailbox_id);
	CREATE INDEX receipt_request_id ON receipt (request_id);
	CREATE INDEX receipt_last_seen ON receipt (last_seen_at);
	CREATE INDEX receipt_listed ON receipt (mailbox_id) WHERE is_listed;
	CREATE INDEX receipt_raw ON receipt (digest) WHERE raw_kept;
	CREATE INDEX receipt_sender ON receipt (sender_team_id, sender_address, sent_at, request_id) WHERE sender_address IS NOT NULL;
	ALTER TABLE set_aside ADD FOREIGN KEY (mailbox_id, digest) REFERENCES receipt (mailbox_id, digest) ON DELETE CASCADE;
	RESET ALL`

// BenchmarkMessages measures the first page of each kind of list. MESSAGES says how many receipts there are. It also prints how
// long an upgrade takes that finds them.
func BenchmarkMessages(b *testing.B) {
	many, err := strconv.Atoi(cmp.Or(os.Getenv("MESSAGES"), "100000"))
	must(b, err)
	d := newOldDesk(b)
	started := time.Now()
	d.exec(b, strings.ReplaceAll(messagesFill, "$many", strconv.Itoa(many)))
	d.exec(b, `VACUUM (ANALYZE) receipt`)
	before := one[int64](b, d, `SELECT pg_total_relation_size('receipt')`)
	b.Logf("%d receipts, %d octets each, were made in %s", many, before/int64(many), time.Since(started))
	started = time.Now()
	_, err = store.Migrate(b.Context(), d.url)
	must(b, err)
	b.Logf("the upgrade took %s; now %d octets each", time.Since(started), one[int64](b, d, `SELECT pg_total_relation_size('receipt')`)/int64(many))
	b.Log(strings.Join(all[string](b, d, `SELECT indexrelid::regclass || ' ' || pg_relation_size(indexrelid) FROM pg_index
		WHERE indrelid = 'receipt'::regclass ORDER BY pg_relation_size(indexrelid)`), "; "))
	d.exec(b, `ANALYZE`)
	d.store = d.open(b, d.url)
	for _, test := range []struct {
		name   string
		filter store.MessageFilter
	}{
		{"newest", store.MessageFilter{}},
		{"of a mailbox", store.MessageFilter{Mailbox: "mailbox-7"}},
		{"ignored", store.MessageFilter{Outcome: store.Ignored}},
		{"set aside", store.MessageFilter{Outcome: store.SetAside}},
		{"opened", store.MessageFilter{Outcome: store.Opened}},
		{"of a request", store.MessageFilter{Request: 4711}},
		{"by Message-ID", store.MessageFilter{MessageID: "opened4711@example.com"}},
		{"by address", store.MessageFilter{Sender: "user4711@example.com"}},
		{"by part of a subject", store.MessageFilter{Subject: "printer"}},
		{"by a subject that does not exist", store.MessageFilter{Subject: "no such subject"}},
		{"long ago", store.MessageFilter{Until: time.Date(2026, 1, 1, 0, 10, 0, 0, time.UTC)}},
	} {
		b.Run(test.name, func(b *testing.B) {
			for b.Loop() {
				d.messages(b, test.filter)
			}
		})
	}
	b.Run("one of them", func(b *testing.B) {
		id := d.messages(b, store.MessageFilter{}).Messages[0].ID
		for b.Loop() {
			_, err := d.store.Message(b.Context(), store.MessageName{Digits: id})
			must(b, err)
		}
	})
}

// newOldDesk returns a desk, without a store, on a durable PostgreSQL with the schema before that of messages.
func newOldDesk(b *testing.B) *desk {
	b.Helper()
	d := &desk{url: durableServer(b)}
	migrateTo(b, &storetest.Database{URL: d.url}, 16)
	var err error
	d.pool, err = pgxpool.New(b.Context(), d.url)
	must(b, err)
	b.Cleanup(d.pool.Close)
	d.exec(b, deskSQL)
	return d
}
