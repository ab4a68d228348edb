package store

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// beginLeases queues the beginning of a transaction about leases, which the caller ends with COMMIT in the same batch. It
// fails when the schema is not this program's: the division by zero says so without another round trip. READ COMMITTED is
// necessary: a daemon that waits for its row sees what another one has taken meanwhile. Nothing waits for the disk: what a
// crash of the server undoes, the next beat of each daemon finds out.
func (s *Store) beginLeases(b *pgx.Batch) {
	b.Queue(`BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE`)
	b.Queue(`SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true),
			set_config('idle_in_transaction_session_timeout', $2, true), set_config('synchronous_commit', 'off', true)`,
		milliseconds(min(leaseLockTime, s.lockTime)), milliseconds(s.statementTime))
	b.Queue(`SELECT 1 / (max(version_id) = $1)::integer FROM goose_db_version WHERE is_applied`, programSchema())
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

// queueReports queues the notes of a daemon's reports, the last one about each mailbox, in the rows of the leases that it
// holds. It passes over a row that
// another transaction has locked, which happens for milliseconds only: the next report replaces this one.
func queueReports(b *pgx.Batch, h Holder, reports []PollReport) {
	last := map[string]PollReport{}
	for _, r := range reports {
		last[strings.ToLower(r.Mailbox)] = r
	}
	if len(last) == 0 {
		return
	}
	var names, problems, causes []string
	var ago, dueIn, notBeforeIn []int64
	var succeeded []bool
	var backlog []int32
	for _, r := range last {
		if r.Problem == "" {
			r.Cause = ""
		}
		names, problems, causes = append(names, clean(r.Mailbox)), append(problems, capped(r.Problem, maxProblem)), append(causes, capped(r.Cause, maxProblem))
		ago, dueIn, notBeforeIn = append(ago, r.Ago.Milliseconds()), append(dueIn, r.DueIn.Milliseconds()), append(notBeforeIn, r.NotBeforeIn.Milliseconds())
		succeeded, backlog = append(succeeded, r.Succeeded), append(backlog, int32(max(0, min(r.Backlog, math.MaxInt32))))
	}
	b.Queue(noteReports, h.ID, names, ago, succeeded, dueIn, notBeforeIn, backlog, problems, causes)
}

// Parts of the statements below. The holder's id is their parameter $1, the names of mailboxes are $2.
var (
	isAlive    = `alive_until BETWEEN now() AND now() + ` + interval(MaxLease)
	configured = `configured AS MATERIALIZED (SELECT m.id FROM mailbox AS m
		WHERE lower(m.name) IN (SELECT lower(n) FROM unnest($2::text[]) AS n))`
	alive = `alive AS MATERIALIZED (SELECT id FROM daemon WHERE ` + isAlive + ` AND NOT is_single_run)`
	// share is an equal part of the configured mailboxes for each daemon that is alive.
	share = `ceil((SELECT count(*) FROM configured) / greatest(1, (SELECT count(*) FROM alive))::float8)`
)

// interval returns a duration as SQL.
func interval(d time.Duration) string {
	return `interval '` + strconv.FormatInt(d.Milliseconds(), 10) + ` ms'`
}

// registerDaemon adds or renews the row of a daemon, and so all of its leases. It waits only while another daemon takes the
// leases of this one, because they had ended.
const registerDaemon = `INSERT INTO daemon (id, host, process, version, is_single_run, alive_until)
	VALUES ($1::text::uuid, $2, $3, $4, $5, now() + $6::bigint * interval '1 ms')
	ON CONFLICT (id) DO UPDATE SET alive_until = excluded.alive_until`

const noteReports = `UPDATE lease AS l SET polled_at = r.at,
		succeeded_at = CASE WHEN r.succeeded THEN r.at ELSE l.succeeded_at END,
		due_at = CASE WHEN r.due_in <> 0 THEN now() + r.due_in * interval '1 ms' ELSE l.due_at END,
		not_before = CASE WHEN r.not_before_in <> 0 THEN now() + r.not_before_in * interval '1 ms' END,
		backlog = r.backlog, problem = r.problem, cause = r.cause,
		problem_since = CASE WHEN r.problem <> '' THEN coalesce(l.problem_since, r.at) END
	FROM (SELECT l.mailbox_id, now() - r.ago * interval '1 ms' AS at, r.succeeded, r.due_in, r.not_before_in, r.backlog, r.problem, r.cause
		FROM unnest($2::text[], $3::bigint[], $4::boolean[], $5::bigint[], $6::bigint[], $7::integer[], $8::text[], $9::text[])
			AS r (name, ago, succeeded, due_in, not_before_in, backlog, problem, cause)
		JOIN mailbox AS m ON lower(m.name) = lower(r.name) JOIN lease AS l ON l.mailbox_id = m.id
		WHERE l.holder_id = $1::text::uuid FOR NO KEY UPDATE OF l SKIP LOCKED) AS r
	WHERE l.mailbox_id = r.mailbox_id`

// releaseSome gives back leases by name. The daemon that wants one of them finds it free.
const releaseSome = `UPDATE lease SET holder_id = NULL, free_since = now() FROM (SELECT l.mailbox_id AS id
		FROM lease AS l JOIN mailbox AS m ON m.id = l.mailbox_id WHERE l.holder_id = $1::text::uuid
			AND lower(m.name) IN (SELECT lower(n) FROM unnest($2::text[]) AS n) FOR NO KEY UPDATE OF l SKIP LOCKED) AS given
	WHERE mailbox_id = given.id`

const releaseAll = `UPDATE lease SET holder_id = NULL, free_since = now() FROM (SELECT mailbox_id AS id FROM lease
		WHERE holder_id = $1::text::uuid FOR NO KEY UPDATE SKIP LOCKED) AS given
	WHERE mailbox_id = given.id`

// takeLeases takes free leases, except those that the same call gives back. The lock on the row of a dead daemon keeps the
// daemon from renewing its leases while they are taken from it: if it was only paused, it waits and then finds them taken.
// A row that another transaction has locked is left to that one.
var takeLeases = `WITH ` + configured + `, ` + alive + `,
	dead AS MATERIALIZED (SELECT id, alive_until FROM daemon WHERE NOT (` + isAlive + `) FOR UPDATE SKIP LOCKED),
	free AS (SELECT l.mailbox_id, coalesce(l.wanted_by_id = $1::text::uuid, false) AS is_mine,
			coalesce(CASE WHEN l.holder_id IS NULL THEN l.free_since WHEN dead.alive_until < now() THEN dead.alive_until END, '-infinity')
				< now() - ` + interval(handOver) + ` AS is_anyones,
			l.holder_id IS NULL AND coalesce(l.wanted_by_id IN (SELECT id FROM alive), false) AS is_kept
		FROM configured JOIN lease AS l ON l.mailbox_id = configured.id LEFT JOIN dead ON dead.id = l.holder_id
		WHERE (l.holder_id IS NULL OR dead.id IS NOT NULL)
			AND l.mailbox_id NOT IN (SELECT m.id FROM mailbox AS m WHERE lower(m.name) IN (SELECT lower(n) FROM unnest($3::text[]) AS n))),
	ranked AS (SELECT mailbox_id, is_mine, is_anyones, row_number() OVER (ORDER BY is_mine DESC, mailbox_id) AS rank
		FROM free WHERE is_anyones OR is_mine OR NOT is_kept OR $4),
	chosen AS MATERIALIZED (SELECT l.mailbox_id FROM lease AS l WHERE l.mailbox_id IN (SELECT mailbox_id FROM ranked
			WHERE $4 OR is_anyones OR is_mine OR rank + (SELECT count(*) FROM lease WHERE holder_id = $1::text::uuid) <= ` + share + `)
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
	loads AS (SELECT holder_id, count(*) AS load FROM others GROUP BY holder_id),
	mine AS MATERIALIZED (SELECT count(*) AS load FROM lease
		WHERE holder_id = $1::text::uuid AND (wanted_by_id IS NULL OR wanted_by_id NOT IN (SELECT id FROM alive))
			OR holder_id IS NULL AND wanted_by_id = $1::text::uuid),
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
		` + fromNow("d.alive_until") + `, ` + fromNow("l.due_at") + `, ` + fromNow("l.not_before") + `,
		coalesce(d.id::text, ''), coalesce(d.host, ''), coalesce(d.process, 0), coalesce(d.version, '')
	FROM unnest($2::text[]) WITH ORDINALITY AS n (name, position) LEFT JOIN mailbox AS m ON lower(m.name) = lower(n.name)
	LEFT JOIN lease AS l ON l.mailbox_id = m.id LEFT JOIN daemon AS d ON d.id = l.holder_id ORDER BY n.position`

// fromNow returns the SQL for the milliseconds from now to a time, NULL if there is none.
func fromNow(column string) string {
	return `(extract(epoch FROM ` + column + ` - now()) * 1000)::bigint`
}
