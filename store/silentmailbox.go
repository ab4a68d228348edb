package store

import "strconv"

// The rule of silence: a mailbox is silent when it used to have mail and has none any more.
const (
	silenceDays = 10 // it had mail on so many days: a weekend is among them
	silenceGaps = 3  // the silence is so many times longer than the longest gap before, and longer than two days
)

// isNewDay is the condition that a mailbox has its first mail of this day (of UTC).
const isNewDay = `coalesce((mail_at AT TIME ZONE 'UTC')::date <> (now() AT TIME ZONE 'UTC')::date, true)`

// noteMail notes in the row of a mailbox that messages were recorded. $2 says that not all of them were set aside, $3 is the
// address that they were delivered to, "" if none of them says so, $4 is the team.
const noteMail = `UPDATE mailbox SET recorded_at = CASE WHEN $2 THEN clock_timestamp() ELSE recorded_at END, mail_at = now(),
		mail_days = mail_days + (` + isNewDay + `)::integer,
		longest_gap = greatest(longest_gap * CASE WHEN ` + isNewDay + ` THEN 0.97 ELSE 1 END, now() - mail_at),
		delivered_to = coalesce(nullif(lower($3), ''), delivered_to), team_id = $4
	WHERE id = $1`

// watchedSince is the new value of lease.watched_since after a report: a report without success leaves it, and one that comes
// long after the last success begins anew. So neither an outage nor an older copy of the database counts as silence.
const watchedSince = `CASE WHEN NOT r.succeeded THEN l.watched_since
		WHEN l.succeeded_at > r.at - interval '25 h' THEN coalesce(l.watched_since, r.at) ELSE r.at END`

// silentSince is when a silent mailbox had mail last, NULL if it is not silent.
var silentSince = `CASE WHEN m.mail_days >= ` + strconv.Itoa(silenceDays) + ` AND l.watched_since IS NOT NULL
		AND now() - greatest(m.mail_at, l.watched_since) > greatest(interval '2 d', ` + strconv.Itoa(silenceGaps) + ` * m.longest_gap)
	THEN m.mail_at END`
