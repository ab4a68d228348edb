package store

import (
	"cmp"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// participant is a user who takes part in a request, or an address that no user has.
type participant struct {
	request int64
	user    int64
	address string
}

// maxParticipants is the greatest number of correspondents of one message who take part in its request.
const maxParticipants = 50

// correspondents returns the addresses that take part in a request opened by m, unless they are our own: its author and its
// recipients.
func correspondents(m *processor.Message) []string {
	var keys []string
	for _, list := range [][]processor.Address{{m.Author()}, m.To, m.Cc} {
		for _, addr := range list {
			if len(keys) == maxParticipants {
				return keys
			}
			if key := addressKey(addr.Addr); key != "" {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// recipients returns the participants of the request that m opens, beside its requester, user and assignee.
func recipients(m *processor.Message, open processor.OpenRequest, number int64, dir *directory) []participant {
	taken := map[participant]bool{{user: open.Requester.ID}: true, {user: open.User.ID}: true, {user: open.Assignee.ID}: true}
	var list []participant
	for _, addr := range correspondents(m) {
		p := dir.participant(addr)
		if !taken[p] && !slices.Contains(open.Own, addr) {
			taken[p] = true
			p.request = number
			list = append(list, p)
		}
	}
	return list
}

// participant returns the user that an address belongs to, or else the address.
func (d *directory) participant(addr string) participant {
	if u, ok := d.users[addr]; ok {
		return participant{user: u.ID}
	}
	return participant{address: addr}
}

// maxThreads is the greatest number of Message-IDs that are remembered for one message.
const maxThreads = 100

// threads returns the Message-IDs that lead to the request of m from now on and do not yet: its own, and those that it
// refers to, the newest first. The references are remembered so that two answers to a message that was never seen end
// up in one request.
func threads(m *processor.Message, request int64, dir *directory) []thread {
	var list []thread
	taken := map[string]bool{"": true}
	add := func(id, via string) {
		id = threadKey(id)
		if taken[id] || len(list) == maxThreads {
			return
		}
		taken[id] = true
		if old, ok := dir.thread(id); ok && old.request == request && (old.via == via || via == viaReferenced) {
			return
		}
		list = append(list, thread{messageID: id, request: request, via: via})
	}
	add(m.MessageID, viaSeen)
	for _, id := range m.InReplyTo {
		add(id, viaReferenced)
	}
	for i := len(m.References) - 1; i >= 0; i-- {
		add(m.References[i], viaReferenced)
	}
	return list
}

// NewRequest holds the values of a request to open. A zero Ref, User, time or number stands for none. Texts may hold any
// octets and have any length: the store makes them storable.
type NewRequest struct {
	Reason    processor.Reason // why it is opened, for the history
	Kind      processor.RequestKind
	Team      processor.Ref // mandatory; Source, Priority, Group and Type are the team's
	MailboxID int64         // of the mailbox that the request came from, or is about
	Subject   string
	Body      string
	HTML      string         // sanitised
	Requester processor.User // the author of the Journal if none is given
	User      processor.User // the same
	Site      processor.Ref
	Source    processor.Ref
	Priority  processor.Ref
	Group     processor.Ref
	Assignee  processor.User
	LinkedTo  int64 // number of the request that this one continues

	Sender Sender    // of the message behind the request
	SentAt time.Time // the same

	FromOwn bool // the message came from an address of our own

	Defects []string // the same

	Type   processor.Ref         // of a service request
	Due    time.Time             // the same
	Fields []processor.FormField // the same; a field without a name is left out

	Files []File // to attach, in their order

	Unannounced bool // nobody is notified of it, because it is about mail that cannot be sent
}

// requestRows are rows of the table request, column by column.
type requestRows struct {
	number, team, mailbox, requester, user, site, source, priority, group, assignee, linkedTo, typed []int64
	kind, subject, body, html, senderName, senderAddress                                             []string
	defects                                                                                          []string // one a line
	fromOwn                                                                                          []bool
	sentAt, dueAt                                                                                    []*time.Time
}

func (t *requestRows) add(number int64, r *NewRequest) {
	t.number = append(t.number, number)
	t.team = append(t.team, r.Team.ID)
	t.mailbox = append(t.mailbox, r.MailboxID)
	t.requester = append(t.requester, r.Requester.ID)
	t.user = append(t.user, r.User.ID)
	t.site = append(t.site, r.Site.ID)
	t.source = append(t.source, r.Source.ID)
	t.priority = append(t.priority, r.Priority.ID)
	t.group = append(t.group, r.Group.ID)
	t.assignee = append(t.assignee, r.Assignee.ID)
	t.linkedTo = append(t.linkedTo, r.LinkedTo)
	t.kind = append(t.kind, capped(string(r.Kind), maxLine))
	t.subject = append(t.subject, cmp.Or(subject(r.Subject), noSubject))
	t.body = append(t.body, capped(r.Body, maxText))
	t.html = append(t.html, capped(r.HTML, maxText))
	t.senderName = append(t.senderName, capped(r.Sender.Name, maxLine))
	t.senderAddress = append(t.senderAddress, capped(r.Sender.Address, maxLine))
	t.sentAt = append(t.sentAt, storableDate(r.SentAt))
	t.defects = append(t.defects, lines(r.Defects))
	t.fromOwn = append(t.fromOwn, r.FromOwn)
	t.typed = append(t.typed, r.Type.ID)
	t.dueAt = append(t.dueAt, storableDate(r.Due))
}

// queue queues the rows. A number below the first one (SetFirstNumber) becomes NULL, which the table refuses: see
// isNumberTaken.
func (t *requestRows) queue(b *pgx.Batch, j *Journal) {
	if len(t.number) == 0 {
		return
	}
	b.Queue(`INSERT INTO request (opened_by_id, opened_at, team_id, mailbox_id, number, kind, subject, body, html,
			requester_id, user_id, site_id, source_id, priority_id, group_id, assignee_id, linked_to_id,
			sender_name, sender_address, sent_at, type_id, due_at, defects, from_own)
		SELECT $1, $2, r.team_id, nullif(r.mailbox_id, 0), CASE WHEN r.number >= (SELECT seqmin FROM pg_sequence
				WHERE seqrelid = 'request_number'::regclass) THEN r.number END, r.kind, r.subject, r.body, r.html,
			nullif(r.requester, 0), nullif(r.user_id, 0), nullif(r.site, 0), nullif(r.source, 0), nullif(r.priority, 0),
			nullif(r.group_id, 0), nullif(r.assignee, 0), nullif(r.linked_to_id, 0), r.sender_name, r.sender_address, r.sent_at,
			nullif(r.type, 0), r.due_at, string_to_array(r.defects, E'\n'), r.from_own
		FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bigint[],
			$11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[],
			$18::text[], $19::text[], $20::timestamptz[], $21::bigint[], $22::timestamptz[], $23::text[], $24::boolean[])
			AS r (team_id, mailbox_id, number, kind, subject, body, html, requester, user_id, site, source, priority, group_id,
				assignee, linked_to_id, sender_name, sender_address, sent_at, type, due_at, defects, from_own)`,
		j.author.ID, j.now, t.team, t.mailbox, t.number, t.kind, t.subject, t.body, t.html, t.requester, t.user, t.site,
		t.source, t.priority, t.group, t.assignee, t.linkedTo, t.senderName, t.senderAddress, t.sentAt, t.typed, t.dueAt,
		t.defects, t.fromOwn)
}

// fieldRows are rows of the table request_field, column by column.
type fieldRows struct {
	request     []int64
	position    []int
	name, value []string
}

func (t *fieldRows) add(request int64, fields []processor.FormField) {
	for i, f := range fields {
		name := capped(f.Name, maxLine)
		if name == "" {
			continue
		}
		t.request = append(t.request, request)
		t.position = append(t.position, i+1)
		t.name = append(t.name, name)
		t.value = append(t.value, capped(f.Value, maxDetail))
	}
}

func (t *fieldRows) queue(b *pgx.Batch) {
	if len(t.request) == 0 {
		return
	}
	b.Queue(`INSERT INTO request_field (request_id, position, name, value)
		SELECT f.request_id, f.position, f.name, f.value
		FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::text[]) AS f (request_id, position, name, value)`,
		t.request, t.position, t.name, t.value)
}

// participantRows are rows of the table participant, column by column.
type participantRows struct {
	request, user []int64
	address       []string
}

func (t *participantRows) add(list []participant) {
	for _, p := range list {
		t.request = append(t.request, p.request)
		t.user = append(t.user, p.user)
		t.address = append(t.address, p.address)
	}
}

// queue has PostgreSQL turn the addresses into lower case, because the constraint follows PostgreSQL's rules.
func (t *participantRows) queue(b *pgx.Batch) {
	if len(t.request) == 0 {
		return
	}
	b.Queue(`INSERT INTO participant (request_id, user_id, address)
		SELECT p.request_id, nullif(p.user_id, 0), nullif(lower(p.address), '')
		FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS p (request_id, user_id, address)
		ON CONFLICT DO NOTHING`, t.request, t.user, t.address)
}

// threadRows are rows of the table thread, column by column.
type threadRows struct {
	messageID, via []string
	request        []int64
}

func (t *threadRows) add(list []thread) {
	for _, th := range list {
		t.messageID = append(t.messageID, th.messageID)
		t.request = append(t.request, th.request)
		t.via = append(t.via, th.via)
	}
}

// queue queues each Message-ID of a request once. A message that was itself seen counts for more than a reference to
// it, whichever came first.
func (t *threadRows) queue(b *pgx.Batch, team int64) {
	if len(t.request) == 0 {
		return
	}
	b.Queue(`INSERT INTO thread (team_id, message_id, request_id, via)
		SELECT DISTINCT ON (t.message_id, t.request_id) $4::bigint, t.message_id, t.request_id, t.via
		FROM unnest($1::text[], $2::bigint[], $3::text[]) AS t (message_id, request_id, via)
		ORDER BY t.message_id, t.request_id, t.via = 'referenced'
		ON CONFLICT (message_id, request_id) DO UPDATE SET via = excluded.via
			WHERE thread.via = 'referenced' AND excluded.via <> 'referenced'`, t.messageID, t.request, t.via, team)
}
