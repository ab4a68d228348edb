//go:build bench && linux

package bench

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The records of the seed, the oldest first, as mail comes: message i of $receipts came 2 seconds after the one before. Of each
// $each messages the last one opened a request, a third added activities to requests of the last days, one in ten such groups has a
// message that was set aside, and the rest were ignored. Digests, unique-ids and Message-IDs are spread over their indexes as those
// of real mail are. The older half is of a version that kept no sender with a receipt. One request has a hundredth of all activities.
var seedStatements = []string{
	`INSERT INTO mailbox (name) SELECT 'seed-' || n FROM generate_series(0, 99) n ORDER BY n`,
	`INSERT INTO user_account (logon, name) SELECT 'user' || n, 'User ' || n FROM generate_series(0, 19999) n ORDER BY n`,
	`INSERT INTO user_address (address, user_id) SELECT logon || '@customer.test', id FROM user_account WHERE logon LIKE 'user%'`,
	`INSERT INTO request (number, team_id, kind, state, processed_at, subject, body, requester_id, user_id, mailbox_id, sender_name,
			sender_address, sent_at, opened_at, opened_by_id)
		SELECT n, t.id, kind, state, CASE state WHEN 'processed' THEN at END, 'Printer ' || md5(n::text), repeat(md5(n::text) || ' ', 12),
			u.first + n % 20000, u.first + n % 20000, m.first + n * $each / 11 % 100, 'User ' || n % 20000,
			'user' || n % 20000 || '@customer.test', at, at, d.id
		FROM (SELECT n, now() - ($receipts - n * $each) * interval '2 seconds' AS at,
				CASE n % 10 WHEN 5 THEN 'event' WHEN 3 THEN 'service_request' ELSE 'incident' END AS kind,
				CASE WHEN n % 20 = 0 OR n % 1000 = 5 THEN 'new' WHEN n % 10 = 5 THEN 'processed' ELSE 'closed' END AS state
			FROM generate_series(1, $requests) n) r, (SELECT id FROM team LIMIT 1) t, ` + seedPeople + `
		ORDER BY n`,
	`SELECT setval('request_number', $requests)`,
	`INSERT INTO request_field (request_id, position, name, value)
		SELECT number, p, 'Field ' || p, md5(number::text) FROM request, generate_series(1, 2) p WHERE kind = 'service_request' ORDER BY number`,
	`INSERT INTO participant (request_id, address) SELECT number, 'guest' || number % 1000 || '@customer.test' FROM request ORDER BY number`,
	`INSERT INTO activity (request_id, body, subject, sender_id, sender_name, sender_address, sent_at, recorded_at, recorded_by_id)
		SELECT CASE WHEN n % 100 = 0 THEN $requests / 2 ELSE greatest(1, (n - 1) / $added - n * 7919 % 5000) END, repeat(md5(n::text) || ' ', 6),
			'Re: Printer', u.first + n % 20000, 'User ' || n % 20000, 'user' || n % 20000 || '@customer.test', at, at, d.id
		FROM (SELECT n, now() - ($receipts - (n - 1) / $added * $each - (n - 1) % $added - 1) * interval '2 seconds' AS at
			FROM generate_series(1, $requests::bigint * $added) n) a, ` + seedPeople + `
		ORDER BY n`,
	`INSERT INTO history (request_id, activity_id, at, author_id, what, reason)
		SELECT * FROM (
			SELECT number, NULL::bigint, opened_at AS at, opened_by_id, 'opened', 'new_message' FROM request
			UNION ALL SELECT request_id, id, recorded_at, recorded_by_id, 'activity_added', 'subject' FROM activity) h ORDER BY at`,
	`INSERT INTO attachment (request_id, activity_id, position, name, media_type, octets, sha256, raw)
		SELECT * FROM (
			SELECT number AS request_id, NULL::bigint AS activity_id, 1, 'message.eml', 'message/rfc822', 5000, sha256(('f' || number)::bytea), true
			FROM request
			UNION ALL SELECT request_id, id, 1, 'picture.png', 'image/png', 20000, sha256(('a' || id)::bytea), false FROM activity WHERE id % 3 = 0) f
		ORDER BY request_id, activity_id`,
	`INSERT INTO thread (message_id, request_id, via, team_id)
		SELECT md5('m' || number * $each) || '@customer.test', number, 'seen', team_id FROM request
		UNION ALL SELECT md5('m' || (a.id - 1) / $added * $each + (a.id - 1) % $added + 1) || '@customer.test', a.request_id, 'seen', r.team_id
			FROM activity a JOIN request r ON r.number = a.request_id`,
	`INSERT INTO receipt (mailbox_id, digest, uidl, message_id, octets, outcome, reason, request_id, activity_id, raw_kept,
			accepted_at, last_seen_at, listed, sender_key, from_name, from_address, subject)
		SELECT m.first + i / 11 % 100, sha256(('m' || i)::bytea), left(md5('u' || i), 20), md5('m' || i) || '@customer.test', 5000, outcome,
			'new_message', CASE outcome WHEN 'opened' THEN i / $each WHEN 'added' THEN a.request_id WHEN 'set_aside' THEN i / $each + 5 END, a.id,
			outcome IN ('ignored', 'set_aside'), at, at, 5000,
			CASE WHEN is_new THEN ('x' || left(encode(sha256(('user' || i % 20000 || '@customer.test')::bytea), 'hex'), 16))::bit(64)::bigint END,
			CASE WHEN is_new AND outcome = 'ignored' THEN 'User ' || i % 20000 END,
			CASE WHEN is_new AND outcome = 'ignored' THEN 'user' || i % 20000 || '@customer.test' END,
			CASE WHEN is_new AND outcome = 'ignored' THEN 'News ' || i END
		FROM (SELECT i, i > $receipts / 2 AS is_new, now() - ($receipts - i) * interval '2 seconds' AS at,
				CASE WHEN i % $each = 0 AND i / $each <= $requests THEN 'opened'
					WHEN i % $each BETWEEN 1 AND $added AND i / $each < $requests THEN 'added'
					WHEN i % ($each * 10) = $added + 1 AND i / $each + 5 <= $requests THEN 'set_aside' ELSE 'ignored' END AS outcome
			FROM generate_series(1, $receipts::bigint) i) r
		LEFT JOIN activity a ON outcome = 'added' AND a.id = i / $each * $added + i % $each, (SELECT min(id) AS first FROM mailbox) m
		ORDER BY i`,
	`INSERT INTO set_aside (mailbox_id, digest, event_id, reason, at, subject, sender_name, sender_address, state, settled_at, settled_by_id)
		SELECT mailbox_id, digest, request_id, reason, accepted_at, 'Set aside', 'User', 'user@customer.test', state,
			CASE state WHEN 'discarded' THEN accepted_at END, CASE state WHEN 'discarded' THEN d.id END
		FROM (SELECT *, CASE WHEN request_id % 100 = 5 THEN 'waiting' ELSE 'discarded' END AS state FROM receipt WHERE outcome = 'set_aside') r,
			` + seedPeople + ` ORDER BY accepted_at`,
	`INSERT INTO problem (kind, source, event_id, first_seen_at, last_seen_at, closed_at)
		SELECT 'message', 'seed ' || number, number, opened_at, opened_at, CASE WHEN number % 1000 <> 5 THEN opened_at END
		FROM request WHERE kind = 'event' ORDER BY number`,
	`INSERT INTO problem_mailbox (problem_id, mailbox_id, since, last_seen_at, recovered_at)
		SELECT p.id, r.mailbox_id, opened_at, opened_at, closed_at FROM problem p JOIN request r ON r.number = p.event_id ORDER BY p.id`,
	`INSERT INTO outbox (kind, team_id, mailbox_id, request_id, message_id, to_address, queued_at, due_at, sent_at, given_up_at, last_error)
		SELECT 'acknowledgement', team_id, mailbox_id, number, md5('o' || number) || '@desk.test', sender_address, opened_at,
			CASE WHEN number % 50 = 0 THEN now() + interval '1 day' END, CASE WHEN number % 50 <> 0 AND number % 1000 <> 1 THEN opened_at END,
			CASE WHEN number % 1000 = 1 THEN opened_at END, CASE WHEN number % 1000 = 1 THEN '550 5.1.1 no such user' ELSE '' END
		FROM request ORDER BY number`,
}

// seedPeople has d, the daemon, u, the first user, and m, the first mailbox.
const seedPeople = `(SELECT id FROM user_account WHERE logon = 'daemon') d,
			(SELECT min(id) AS first FROM user_account WHERE logon LIKE 'user%') u, (SELECT min(id) AS first FROM mailbox) m`

// seeded has the tables of the seed.
const seeded = `'{mailbox, user_account, user_address, request, request_field, participant, activity, history, attachment, thread, receipt,
	set_aside, problem, problem_mailbox, outbox}'::regclass[]`

// seed fills the database. Indexes and foreign keys are made again afterwards, which is much faster.
func (g *growth) seed(in *installed) {
	g.Helper()
	ctx, started := g.Context(), time.Now()
	each := g.receipts / g.requests
	numbers := strings.NewReplacer("$requests", strconv.Itoa(g.requests), "$receipts", strconv.Itoa(g.receipts),
		"$each", strconv.Itoa(each), "$added", strconv.Itoa((each-1)/3))
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
	exec(`ALTER TABLE history DISABLE TRIGGER USER`) // it looks up each request, which has no index now
	for _, statement := range drop {
		exec(statement)
	}
	for _, statement := range seedStatements {
		exec(statement)
	}
	for _, statement := range create {
		exec(statement)
	}
	exec(`ALTER TABLE history ENABLE TRIGGER USER`)
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
