package store

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// viaSent is the value of thread.via for the Message-ID of a mail that is about a request.
const viaSent = "sent"

// Sending says what the store needs to know of the account that sends the service's mail.
type Sending struct {
	// Domain is the domain of the Message-IDs of mail from teams without an address.
	Domain string
	// Notifies has those who subscribed to a group notified of its new events: the account of the service can send.
	Notifies bool
}

// SetSending says how mail is sent from now on. Until then, nobody is notified of new events.
func (s *Store) SetSending(sending Sending) { s.sending.Store(&sending) }

// sendingNow returns how mail is sent.
func (s *Store) sendingNow() Sending {
	if sending := s.sending.Load(); sending != nil {
		return *sending
	}
	return Sending{}
}

// unknownDomain is the domain of Message-IDs where nobody has said which domain is ours (RFC 2606 §2).
const unknownDomain = "mailintegration.invalid"

// maxNotices is how many notifications of new events an address gets within a day. The others are noted as stopped: an
// event is always there for those who look.
const maxNotices = 100

// fuseTime is the time over which the fuse counts the mail of an address.
const fuseTime = "interval '1 day'"

// mailKey names the mails that the fuse counts together.
type mailKey struct {
	address string // in lower case
	kind    processor.ReplyKind
}

// queueMailCounts queues the count of the mail that addresses have got lately. The index outbox_fuse has it by address; a
// LATERAL subquery uses that also while PostgreSQL has no statistics.
func (f *findings) queueMailCounts(b *pgx.Batch, addresses []string) {
	if len(addresses) == 0 {
		return
	}
	b.Queue(`SELECT k.address, o.kind, o.count FROM unnest($1::text[]) AS k (address) CROSS JOIN LATERAL (
			SELECT kind, count(*) FROM outbox
			WHERE lower(to_address) = lower(k.address) AND queued_at > now() - `+fuseTime+` AND stopped_at IS NULL
			GROUP BY kind OFFSET 0) AS o`, addresses).
		Query(func(rows pgx.Rows) error {
			var key mailKey
			var count int
			_, err := pgx.ForEachRow(rows, []any{&key.address, &key.kind, &count}, func() error {
				f.mail[key] = count
				return nil
			})
			return err
		})
}

// MailCount implements processor.Directory. The answers of this batch count as if they were recorded.
func (d *directory) MailCount(addr string, kind processor.ReplyKind) int {
	key := mailKey{addressKey(addr), kind}
	return d.mail[key] + d.answered[key]
}

// outboxRows are answers for the table outbox, column by column.
type outboxRows struct {
	kind, name, address, language, subject, inReplyTo, refersTo []string
	request                                                     []int64
	writtenAt                                                   []*time.Time
	opens                                                       []bool
	most                                                        []int
}

func (t *outboxRows) add(r *record) {
	reply, _ := processor.ReplyOf(r.decision)
	if reply == nil {
		return
	}
	m := r.Message
	answered, thread := messageThread(m)
	t.kind = append(t.kind, string(reply.Kind))
	t.name = append(t.name, capped(reply.To.Name, maxLine))
	t.address = append(t.address, capped(reply.To.Addr, maxLine))
	t.language = append(t.language, storableLanguage(reply.Language))
	t.subject = append(t.subject, capped(reply.Subject, maxLine))
	t.inReplyTo = append(t.inReplyTo, answered)
	t.refersTo = append(t.refersTo, strings.Join(thread, " "))
	t.request = append(t.request, r.request)
	t.writtenAt = append(t.writtenAt, storableDate(m.Date))
	t.opens = append(t.opens, reply.OpensRequests)
	t.most = append(t.most, reply.Most)
}

// maxReferences is how many references an answer has at most: RFC 5322 §2.1.1 and many programs bound a line and a field.
const maxReferences = 20

// messageThread returns the Message-ID of a message and the references of an answer to it, the oldest first (RFC 5322
// §3.6.4): those that can stand in a header field. Of many references the first and the last ones count.
func messageThread(m *processor.Message) (id string, references []string) {
	id = mailID(m.MessageID)
	for _, ref := range append(slices.Clone(m.References), m.MessageID) {
		if ref = mailID(ref); ref != "" && !slices.Contains(references, ref) {
			references = append(references, ref)
		}
	}
	if n := len(references); n > maxReferences {
		references = slices.Delete(references, 1, 1+n-maxReferences)
	}
	return id, references
}

// mailID returns a msg-id as it may stand in a header field between angle brackets, "" for one that may not.
func mailID(id string) string {
	const longest = 250
	isOdd := func(r rune) bool { return r <= ' ' || r > '~' || r == '<' || r == '>' }
	if len(id) > longest || strings.ContainsFunc(id, isOdd) {
		return ""
	}
	return id
}

// storableLanguage returns a language as the database keeps it, "" for anything else.
func storableLanguage(language string) string {
	isOdd := func(r rune) bool { return r < 'a' || r > 'z' }
	if n := len(language); n < 2 || n > 3 || strings.ContainsFunc(language, isOdd) {
		return ""
	}
	return language
}

// fuses returns the keys of the advisory locks that make the fuse of each address and kind strict, each once and in one
// order, so that no two transactions wait for each other.
func (t *outboxRows) fuses() []int32 {
	var keys []int32
	for i := range t.kind {
		h := fnv.New32a()
		_, _ = h.Write([]byte(t.kind[i] + " " + strings.ToLower(t.address[i])))
		keys = append(keys, int32(h.Sum32()))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// queue queues the answers, and their Message-IDs, which lead to their requests. Acceptances that answer the same address
// take turns from here to the end of their transactions, and count what the others have committed; so this comes last. An
// answer that another daemon's have left no room for is noted as stopped.
func (t *outboxRows) queue(b *pgx.Batch, a *acceptance) {
	if len(t.kind) == 0 {
		return
	}
	const outboxLock = 0x6f757462 // "outb"
	b.Queue(`SELECT pg_advisory_xact_lock($1::integer, k) FROM unnest($2::integer[]) AS k`, outboxLock, t.fuses())
	domain := cmp.Or(mailDomain(a.mailbox.TeamAddress), a.store.sendingNow().Domain, unknownDomain)
	b.Queue(`WITH wanted AS (
			SELECT w.*, row_number() OVER (PARTITION BY w.kind, lower(w.address) ORDER BY w.position) + (
				SELECT count(*) FROM outbox AS o WHERE lower(o.to_address) = lower(w.address) AND o.kind = w.kind
					AND o.queued_at > now() - `+fuseTime+` AND o.stopped_at IS NULL) <= w.most AS fits
			FROM unnest($4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::timestamptz[], $11::boolean[],
				$12::text[], $13::text[], $14::integer[]) WITH ORDINALITY
				AS w (kind, request_id, name, address, language, subject, written_at, opens, in_reply_to, refers_to, most, position)),
		queued AS (
			INSERT INTO outbox (team_id, mailbox_id, message_id, kind, request_id, to_name, to_address, language, subject, written_at,
				opens_requests, in_reply_to, refers_to, due_at, stopped_at)
			SELECT $1, $2, 'mailintegration.' || gen_random_uuid() || '@' || $3::text, w.kind, nullif(w.request_id, 0), w.name, w.address,
				w.language, w.subject, w.written_at, w.opens, w.in_reply_to, coalesce(string_to_array(nullif(w.refers_to, ''), ' '), '{}'),
				CASE WHEN w.fits THEN now() END, CASE WHEN NOT w.fits THEN now() END
			FROM wanted AS w ORDER BY w.position RETURNING message_id, request_id, team_id, due_at)
		INSERT INTO thread (team_id, message_id, request_id, via)
		SELECT team_id, message_id, request_id, '`+viaSent+`' FROM queued WHERE request_id IS NOT NULL AND due_at IS NOT NULL`,
		a.mailbox.Team.ID, a.mailbox.ID, domain, t.kind, t.request, t.name, t.address, t.language, t.subject, t.writtenAt, t.opens,
		t.inReplyTo, t.refersTo, t.most)
}

// isAnnounced reports whether those who subscribed to the group of a request are notified of it: it is a new event that
// is assigned to no person.
func (r *NewRequest) isAnnounced() bool {
	return r.Kind == processor.Event && r.Group.ID != 0 && r.Assignee.ID == 0 && !r.Unannounced
}

// queueNotices queues the notifications of new events for those who subscribed to their groups, each to the first of the
// user's addresses. The events' rows come before.
func queueNotices(b *pgx.Batch, j *Journal, events []int64) {
	sending := j.store.sendingNow()
	if len(events) == 0 || !sending.Notifies {
		return
	}
	b.Queue(`WITH wanted AS (
			SELECT r.number, r.team_id, u.name, a.address, u.language,
				coalesce(lower(substring(t.address FROM '@([A-Za-z0-9.-]+)$')), $2) AS domain,
				(SELECT count(*) FROM outbox AS o WHERE lower(o.to_address) = lower(a.address) AND o.kind = 'new_event'
					AND o.queued_at > now() - `+fuseTime+` AND o.stopped_at IS NULL) < $3 AS fits
			FROM unnest($1::bigint[]) AS e (number) JOIN request AS r ON r.number = e.number JOIN team AS t ON t.id = r.team_id
			JOIN subscription AS s ON s.group_id = r.group_id JOIN user_account AS u ON u.id = s.user_id
			CROSS JOIN LATERAL (SELECT min(address) AS address FROM user_address WHERE user_id = u.id) AS a
			WHERE a.address IS NOT NULL),
		queued AS (
			INSERT INTO outbox (kind, team_id, message_id, request_id, to_name, to_address, language, due_at, stopped_at)
			SELECT 'new_event', w.team_id, 'mailintegration.' || gen_random_uuid() || '@' || w.domain, w.number, w.name, w.address, w.language,
				CASE WHEN w.fits THEN now() END, CASE WHEN NOT w.fits THEN now() END
			FROM wanted AS w ORDER BY w.number, w.address RETURNING message_id, request_id, team_id, due_at)
		INSERT INTO thread (team_id, message_id, request_id, via)
		SELECT team_id, message_id, request_id, '`+viaSent+`' FROM queued WHERE due_at IS NOT NULL`,
		events, cmp.Or(sending.Domain, unknownDomain), maxNotices)
}
