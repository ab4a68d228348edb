//go:build bench && linux

package bench

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The records of the seed. Digests, unique-ids and Message-IDs are spread over their indexes as those of real mail are.
// Each request has a receipt; of the other receipts, a third added an activity and the rest were ignored.
var seedStatements = []string{
	`INSERT INTO mailbox (name) SELECT 'seed-' || n FROM generate_series(1, 100) n`,
	`INSERT INTO user_account (logon, name) SELECT 'user' || n, 'User ' || n FROM generate_series(1, 20000) n`,
	`INSERT INTO user_address (address, user_id) SELECT logon || '@customer.test', id FROM user_account WHERE logon LIKE 'user%'`,
	`INSERT INTO request (number, team_id, kind, state, subject, body, requester_id, user_id, mailbox_id, sender_address,
			sent_at, opened_at, opened_by_id)
		SELECT nextval('request_number'), t.id, 'incident', CASE WHEN n % 20 = 0 THEN 'new' ELSE 'closed' END, 'Printer ' || md5(n::text),
			repeat(md5(n::text) || ' ', 12), u.first + n % 20000, u.first + n % 20000, m.first + n % 100, 'user' || n % 20000 || '@customer.test',
			now() - n * interval '20 seconds', now() - n * interval '20 seconds', d.id
		FROM generate_series(1, $requests) n, (SELECT id FROM team LIMIT 1) t, (SELECT id FROM user_account WHERE logon = 'daemon') d,
			(SELECT min(id) AS first FROM user_account WHERE logon LIKE 'user%') u, (SELECT min(id) AS first FROM mailbox) m`,
	`INSERT INTO activity (request_id, body, subject, sender_address, sent_at, recorded_at, recorded_by_id)
		SELECT 1 + n % $requests, repeat(md5(n::text) || ' ', 6), 'Re: Printer', 'user' || n % 20000 || '@customer.test', now(), now(), d.id
		FROM generate_series(1, ($receipts - $requests) / 3) n, (SELECT id FROM user_account WHERE logon = 'daemon') d`,
	`INSERT INTO history (request_id, activity_id, at, author_id, what, reason)
		SELECT number, NULL, opened_at, opened_by_id, 'opened', 'new_message' FROM request
		UNION ALL SELECT request_id, id, recorded_at, recorded_by_id, 'activity_added', 'subject' FROM activity`,
	`INSERT INTO thread (message_id, request_id, via, team_id)
		SELECT md5('opened' || number) || '@customer.test', number, 'seen', team_id FROM request
		UNION ALL SELECT md5('added' || a.id) || '@customer.test', a.request_id, 'seen', r.team_id
			FROM activity a JOIN request r ON r.number = a.request_id`,
	`INSERT INTO receipt (mailbox_id, digest, uidl, message_id, octets, outcome, reason, request_id, activity_id, raw_kept,
			accepted_at, last_seen_at, listed)
		SELECT m.first + n % 100, sha256(('m' || n)::bytea), left(md5('u' || n), 20), md5('m' || n) || '@customer.test', 5000,
			kind, 'new_message', request_id, activity_id, kind = 'ignored', now() - n * interval '2 seconds', now() - n * interval '2 seconds', 5000
		FROM (SELECT number AS n, 'opened' AS kind, number AS request_id, NULL::bigint AS activity_id FROM request
			UNION ALL SELECT $requests + id, 'added', request_id, id FROM activity
			UNION ALL SELECT n, 'ignored', NULL, NULL FROM generate_series($requests + ($receipts - $requests) / 3 + 1, $receipts) n) r,
			(SELECT min(id) AS first FROM mailbox) m`,
}

// seeded has the tables of the seed.
const seeded = `'{mailbox, user_account, user_address, request, activity, history, thread, receipt}'::regclass[]`

// seed fills the database. Indexes and foreign keys are made again afterwards, which is much faster.
func (g *growth) seed(in *installed) {
	g.Helper()
	ctx, started := g.Context(), time.Now()
	numbers := strings.NewReplacer("$requests", strconv.Itoa(g.requests), "$receipts", strconv.Itoa(g.receipts))
	exec := func(statement string) {
		g.Helper()
		if _, err := in.rows.Exec(ctx, numbers.Replace(statement)); err != nil {
			g.Fatalf("%v in %s", err, statement)
		}
	}
	exec(`SET synchronous_commit = off`)
	exec(`SET maintenance_work_mem = '1GB'`)
	exec(`SET work_mem = '256MB'`)
	drop, create, err := in.definitions(ctx)
	if err != nil {
		g.Fatal(err)
	}
	for _, statement := range drop {
		exec(statement)
	}
	for _, statement := range seedStatements {
		exec(statement)
	}
	for _, statement := range create {
		exec(statement)
	}
	exec(`VACUUM ANALYZE`)
	exec(`RESET ALL`)
	var receipts, requests, octets int
	err = in.rows.QueryRow(ctx, `SELECT (SELECT count(*) FROM receipt), (SELECT count(*) FROM request), pg_database_size(current_database())`).
		Scan(&receipts, &requests, &octets)
	if err != nil || receipts != g.receipts || requests != g.requests {
		g.Fatalf("%d receipts and %d requests were made: %v", receipts, requests, err)
	}
	g.Logf("%s receipts and %s requests, %.1f GB, were made in %.0f s",
		thousands(receipts), thousands(requests), float64(octets)/1e9, time.Since(started).Seconds())
}

// definitions returns the statements that drop the constraints and indexes of the seed's tables, and those that make them
// again: foreign keys go first and come last.
func (in *installed) definitions(ctx context.Context) (drop, create []string, err error) {
	rows, err := in.rows.Query(ctx, `
		SELECT 'ALTER TABLE ' || conrelid::regclass || ' DROP CONSTRAINT ' || quote_ident(conname),
			'ALTER TABLE ' || conrelid::regclass || ' ADD CONSTRAINT ' || quote_ident(conname) || ' ' || pg_get_constraintdef(oid),
			CASE contype WHEN 'f' THEN 1 ELSE 2 END AS turn
		FROM pg_constraint
		WHERE contype IN ('f', 'p', 'u') AND (conrelid = ANY (`+seeded+`) OR contype = 'f' AND confrelid = ANY (`+seeded+`))
		UNION ALL
		SELECT 'DROP INDEX ' || indexrelid::regclass, pg_get_indexdef(indexrelid), 3
		FROM pg_index
		WHERE indrelid = ANY (`+seeded+`) AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
		ORDER BY turn`)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var dropping, creating string
		var turn int
		if err := rows.Scan(&dropping, &creating, &turn); err != nil {
			return nil, nil, err
		}
		drop, create = append(drop, dropping), append([]string{creating}, create...)
	}
	if rows.Err() != nil {
		return nil, nil, fmt.Errorf("read the definitions: %w", rows.Err())
	}
	return drop, create, nil
}
