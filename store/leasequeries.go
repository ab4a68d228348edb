package store

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// beginLeases queues the beginning of a transaction about leases, which the caller ends with COMMIT in the same batch.
//
// It fails when the schema is not this program's: the division by zero says so without another round trip. READ COMMITTED is
// necessary: a daemon that waits for its row sees what another one has taken meanwhile. Nothing waits for the disk: what a
// crash of the server undoes, each daemon finds out at its next beat.
//
// The first statement has everything that may be long, and locks nothing. So the server hardly ever waits for the rest of a
// batch while it holds locks, whenever this process is stopped. The statements below find the values in settings.
func (s *Store) beginLeases(b *pgx.Batch, k Keeping) error {
	reports, err := reportsOf(k.Reports)
	if err != nil {
		return err
	}
	b.Queue(`BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE`)
	b.Queue(`SELECT set_config('mailintegration.mailboxes', $1::text[]::text, true), set_config('mailintegration.release', $2::text[]::text, true),
			set_config('mailintegration.reports', $3, true), set_config('mailintegration.unnoted', '{}', true),
			set_config('lock_timeout', $4, true), set_config('statement_timeout', $5, true),
			set_config('idle_in_transaction_session_timeout', $5, true), set_config('synchronous_commit', 'off', true)`,
		cleaned(k.Mailboxes), cleaned(k.Release), reports, milliseconds(min(s.leaseLockTime, s.lockTime)), milliseconds(s.statementTime))
	b.Queue(`SELECT 1 / (max(version_id) = $1)::integer FROM goose_db_version WHERE is_applied`, programSchema())
	return nil
}

// programSchema returns the number of the newest migration in this program.
func programSchema() (newest int64) {
	known, _ := knownMigrations() // a test reads them all
	for _, m := range known {
		newest = max(newest, m.number)
	}
	return newest
}

// orSchema returns ErrSchemaNewer or ErrSchemaOlder instead of err when the schema explains it.
func (s *Store) orSchema(ctx context.Context, err error) error {
	const divisionByZero = "22012"
	pg, ok := pgError(err)
	if !ok || pg.Code != divisionByZero && class(pg) != classAccess {
		return err
	}
	schema := s.brief(ctx, func(ctx context.Context) error { return CheckSchema(ctx, s.pool) })
	if errors.Is(schema, ErrSchemaNewer) || errors.Is(schema, ErrSchemaOlder) {
		return schema
	}
	return err
}

// cleaned returns names in the form in which the database compares them; it is never nil.
func cleaned(names []string) []string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = clean(n)
	}
	return list
}

// reportRow is a PollReport as noteReports reads it, with times in milliseconds.
type reportRow struct {
	Name      string `json:"name"`
	Ago       int64  `json:"ago"`
	Succeeded bool   `json:"succeeded"`
	Due       int64  `json:"due"`
	NotBefore int64  `json:"not_before"`
	Backlog   int32  `json:"backlog"`
	Problem   string `json:"problem"`
	Cause     string `json:"cause"`
}

// reportsOf returns the reports in JSON, only the last one about each mailbox.
func reportsOf(reports []PollReport) (string, error) {
	rows, index := []reportRow{}, map[string]int{}
	for _, r := range reports {
		row := reportRow{
			Name: clean(r.Mailbox), Ago: r.Ago.Milliseconds(), Succeeded: r.Succeeded, Due: r.DueIn.Milliseconds(),
			NotBefore: r.NotBeforeIn.Milliseconds(), Backlog: int32(max(0, min(r.Backlog, math.MaxInt32))), Problem: capped(r.Problem, maxProblem),
		}
		if row.Problem != "" {
			row.Cause = capped(r.Cause, maxProblem)
		}
		key := strings.ToLower(row.Name)
		if i, ok := index[key]; ok {
			rows[i] = row
			continue
		}
		index[key] = len(rows)
		rows = append(rows, row)
	}
	text, err := json.Marshal(rows)
	return string(text), err
}

// Parts of the statements below, whose parameter $1 is the holder's id.
var (
	isAlive    = `alive_until BETWEEN now() AND now() + ` + interval(MaxLease)
	configured = `configured AS MATERIALIZED (SELECT id FROM mailbox WHERE ` + isNamedIn("mailboxes") + `)`
	alive      = `alive AS MATERIALIZED (SELECT id FROM daemon WHERE ` + isAlive + ` AND NOT is_single_run)`
	// share is an equal part of the configured mailboxes for each daemon that is alive.
	share = `ceil((SELECT count(*) FROM configured) / greatest(1, (SELECT count(*) FROM alive))::float8)`
)

// isNamedIn returns the condition that the name of a mailbox is in one of the lists that beginLeases has set.
func isNamedIn(list string) string {
	return `lower(name) IN (SELECT lower(n) FROM unnest(current_setting('mailintegration.` + list + `')::text[]) AS n)`
}

// interval returns a duration as SQL.
func interval(d time.Duration) string {
	return `interval '` + strconv.FormatInt(d.Milliseconds(), 10) + ` ms'`
}

// registerDaemon adds or renews the row of a daemon, and so all of its leases. It waits only while another daemon takes the
// leases of this one, because they had ended.
const registerDaemon = `INSERT INTO daemon (id, host, process, version, is_single_run, alive_until)
	VALUES ($1::text::uuid, $2, $3, $4, $5, now() + $6::bigint * interval '1 ms')
	ON CONFLICT (id) DO UPDATE SET alive_until = excluded.alive_until`

// noteReports notes a daemon's reports in the rows of the leases that it holds. It passes over a row that another transaction
// has locked, and returns the names of those mailboxes; releaseSome and releaseAll, in the same transaction, keep their leases.
const noteReports = `WITH reported AS MATERIALIZED (SELECT l.mailbox_id, now() - r.ago * interval '1 ms' AS at, r.*
		FROM jsonb_to_recordset(current_setting('mailintegration.reports')::jsonb) AS r (name text, ago bigint, succeeded boolean,
			due bigint, not_before bigint, backlog integer, problem text, cause text)
		JOIN mailbox AS m ON lower(m.name) = lower(r.name) JOIN lease AS l ON l.mailbox_id = m.id
		WHERE l.holder_id = $1::text::uuid),
	locked AS MATERIALIZED (SELECT mailbox_id FROM lease WHERE mailbox_id IN (SELECT mailbox_id FROM reported)
		AND holder_id = $1::text::uuid FOR NO KEY UPDATE SKIP LOCKED),
	noted AS (UPDATE lease AS l SET polled_at = r.at,
			succeeded_at = CASE WHEN r.succeeded THEN r.at ELSE l.succeeded_at END, watched_since = ` + watchedSince + `,
			due_at = CASE WHEN r.due <> 0 THEN now() + r.due * interval '1 ms' ELSE l.due_at END,
			not_before = CASE WHEN r.not_before <> 0 THEN now() + r.not_before * interval '1 ms' END,
			backlog = r.backlog, problem = r.problem, cause = r.cause,
			problem_since = CASE WHEN r.problem <> '' THEN coalesce(l.problem_since, r.at) END
		FROM reported AS r JOIN locked ON locked.mailbox_id = r.mailbox_id
		WHERE l.mailbox_id = r.mailbox_id RETURNING l.mailbox_id)
	SELECT set_config('mailintegration.unnoted', coalesce(array_agg(mailbox_id), '{}')::text, true), coalesce(array_agg(name), '{}')
	FROM reported WHERE mailbox_id NOT IN (SELECT mailbox_id FROM noted)`

// isNoted is the condition that no report about the mailbox of a lease was passed over in this transaction.
const isNoted = `mailbox_id <> ALL (current_setting('mailintegration.unnoted')::bigint[])`

// releaseSome gives back leases by name, and those of mailboxes that the daemon does not name any more: one whose row was
// locked when the daemon gave it back would otherwise last as long as the daemon. The daemon that wants a lease finds it free.
var releaseSome = `UPDATE lease SET holder_id = NULL, free_since = now() FROM (SELECT mailbox_id AS id FROM lease
		WHERE holder_id = $1::text::uuid AND (mailbox_id IN (SELECT id FROM mailbox WHERE ` + isNamedIn("release") + `)
			OR mailbox_id NOT IN (SELECT id FROM mailbox WHERE ` + isNamedIn("mailboxes") + `))
			AND ` + isNoted + `
		FOR NO KEY UPDATE SKIP LOCKED) AS given
	WHERE mailbox_id = given.id`

const releaseAll = `UPDATE lease SET holder_id = NULL, free_since = now() FROM (SELECT mailbox_id AS id FROM lease
		WHERE holder_id = $1::text::uuid AND ` + isNoted + ` FOR NO KEY UPDATE SKIP LOCKED) AS given
	WHERE mailbox_id = given.id`

// removeDaemon removes the row of a daemon that holds no lease any more: its foreign key would wait for the row
// of a lease that is locked.
const removeDaemon = `DELETE FROM daemon WHERE id = $1::text::uuid AND NOT EXISTS (SELECT FROM lease WHERE holder_id = $1::text::uuid)`

// takeLeases takes free leases, except those that the same call gives back. The lock on the row of a dead daemon keeps that
// daemon from renewing its leases while they are taken: if it was only paused, it waits, and then finds them taken. A daemon
// that has been dead for longer is not waited for: its host may have died within a batch, whose locks the server keeps until it
// notices. A row of a lease that another transaction has locked is left to that one.
var takeLeases = `WITH ` + configured + `, ` + alive + `,
	ended AS MATERIALIZED (SELECT id, alive_until FROM daemon WHERE NOT (` + isAlive + `) FOR UPDATE SKIP LOCKED),
	dead AS MATERIALIZED (SELECT id, alive_until FROM ended UNION
		SELECT id, alive_until FROM daemon WHERE alive_until < now() - ` + interval(longDead) + `),
	free AS (SELECT l.mailbox_id, coalesce(l.wanted_by_id = $1::text::uuid, false) AS is_mine,
			coalesce(CASE WHEN l.holder_id IS NULL THEN l.free_since WHEN dead.alive_until < now() THEN dead.alive_until END, '-infinity')
				NOT BETWEEN now() - ` + interval(handOver) + ` AND now() AS is_anyones,
			l.holder_id IS NULL AND coalesce(l.wanted_by_id IN (SELECT id FROM alive), false) AS is_kept
		FROM configured JOIN lease AS l ON l.mailbox_id = configured.id LEFT JOIN dead ON dead.id = l.holder_id
		WHERE (l.holder_id IS NULL OR dead.id IS NOT NULL)
			AND l.mailbox_id NOT IN (SELECT id FROM mailbox WHERE ` + isNamedIn("release") + `)),
	ranked AS (SELECT mailbox_id, is_mine, is_anyones, row_number() OVER (ORDER BY is_mine DESC, mailbox_id) AS rank
		FROM free WHERE is_anyones OR is_mine OR NOT is_kept OR $2),
	chosen AS MATERIALIZED (SELECT l.mailbox_id FROM lease AS l WHERE l.mailbox_id IN (SELECT mailbox_id FROM ranked
			WHERE $2 OR is_anyones OR is_mine OR rank + (SELECT count(*) FROM lease WHERE holder_id = $1::text::uuid) <= ` + share + `)
		AND (l.holder_id IS NULL OR l.holder_id IN (SELECT id FROM dead)) ORDER BY l.mailbox_id FOR NO KEY UPDATE SKIP LOCKED)
	UPDATE lease SET holder_id = $1::text::uuid, free_since = NULL, wanted_by_id = NULL FROM chosen
	WHERE lease.mailbox_id = chosen.mailbox_id`

// mayAsk lets one daemon ask at a time, so that two do not ask for the same; another one asks at its next beat. It is a
// statement of its own, because askForLeases must see what the daemon before has asked for.
var mayAsk = `SELECT set_config('mailintegration.may_ask', pg_try_advisory_xact_lock(` + strconv.Itoa(askingLock) + `)::text, true)`

// askForLeases notes which leases of others this daemon wants, and takes back what it no longer wants. It asks for one lease
// after another, always of the daemon that would have the most left, as long as that one would not end up with fewer than
// this daemon; a daemon that has not got its share yet asks for no more than that. mayAsk decides whether it asks now.
var askForLeases = `WITH ` + configured + `, ` + alive + `,
	others AS MATERIALIZED (SELECT l.mailbox_id, l.holder_id, l.wanted_by_id = $1::text::uuid AND l.wanted_by_id IS NOT NULL AS asked
		FROM lease AS l WHERE l.holder_id <> $1::text::uuid AND l.holder_id IN (SELECT id FROM alive)
			AND (l.wanted_by_id IS NULL OR l.wanted_by_id = $1::text::uuid OR l.wanted_by_id NOT IN (SELECT id FROM alive))),
	mine AS MATERIALIZED (SELECT count(*) AS load FROM lease
		WHERE holder_id = $1::text::uuid AND (wanted_by_id IS NULL OR wanted_by_id NOT IN (SELECT id FROM alive))
			OR holder_id IS NULL AND wanted_by_id = $1::text::uuid),
	loads AS (SELECT holder_id, count(*) AS load FROM others GROUP BY holder_id
		HAVING count(*) >= (SELECT load + 2 FROM mine) OR bool_or(asked)),
	candidates AS (SELECT o.mailbox_id, o.asked,
			loads.load - row_number() OVER (PARTITION BY o.holder_id ORDER BY o.asked DESC, o.mailbox_id) AS left_there
		FROM configured JOIN others AS o ON o.mailbox_id = configured.id JOIN loads ON loads.holder_id = o.holder_id),
	ordered AS (SELECT mailbox_id, asked, left_there, row_number() OVER (ORDER BY left_there DESC, asked DESC, mailbox_id) AS n FROM candidates),
	judged AS (SELECT mailbox_id, asked,
			left_there >= mine.load + n AND (mine.load >= ` + share + ` OR mine.load + n <= ` + share + `) AS wanted FROM ordered, mine),
	changed AS MATERIALIZED (SELECT l.mailbox_id, j.wanted FROM judged AS j JOIN lease AS l ON l.mailbox_id = j.mailbox_id
		WHERE current_setting('mailintegration.may_ask') = 'true' AND j.wanted <> j.asked FOR NO KEY UPDATE OF l SKIP LOCKED)
	UPDATE lease SET wanted_by_id = CASE WHEN changed.wanted THEN $1::text::uuid END FROM changed
	WHERE lease.mailbox_id = changed.mailbox_id`

// forgetDaemons removes the rows of daemons that died long ago.
var forgetDaemons = `DELETE FROM daemon WHERE id IN (SELECT id FROM daemon
	WHERE alive_until < now() - ` + interval(daemonKept) + ` AND id NOT IN (SELECT holder_id FROM lease WHERE holder_id IS NOT NULL)
	FOR UPDATE SKIP LOCKED)`

// readLeases returns a row for each name, in their order. Times are in milliseconds from now.
var readLeases = `WITH ` + alive + ` SELECT coalesce(m.id, 0), l.mailbox_id IS NOT NULL,
		coalesce(l.holder_id = $1::text::uuid, false),
		coalesce(l.holder_id = $1::text::uuid AND l.wanted_by_id <> $1::text::uuid AND l.wanted_by_id IN (SELECT id FROM alive), false),
		` + fromNow("d.alive_until") + `, ` + fromNow("l.due_at") + `, ` + fromNow("l.not_before") + `, ` + fromNow("("+silentSince+")") + `,
		coalesce(d.id::text, ''), coalesce(d.host, ''), coalesce(d.process, 0), coalesce(d.version, '')
	FROM unnest($2::text[]) WITH ORDINALITY AS n (name, position) LEFT JOIN mailbox AS m ON lower(m.name) = lower(n.name)
	LEFT JOIN lease AS l ON l.mailbox_id = m.id LEFT JOIN daemon AS d ON d.id = l.holder_id ORDER BY n.position`

// readClock returns the time by the clock of the database.
const readClock = `SELECT now()`

// fromNow returns the SQL for the milliseconds from now to a time, NULL if there is none.
func fromNow(column string) string {
	return `(extract(epoch FROM ` + column + ` - now()) * 1000)::bigint`
}
