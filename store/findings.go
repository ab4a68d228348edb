package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// findings holds everything that the decisions about a batch may look up, as the database had it. It does not change.
type findings struct {
	requests map[int64]*processor.Request
	threads  map[string]thread
	users    map[string]processor.User
	people   map[string][]processor.User // by a name that a message gives
	lists    map[processor.ListName][]processor.Listed

	now     time.Time // of the look-up, as PostgreSQL keeps it
	openers map[senderMoment]openings

	mail map[mailKey]int // how many mails an address has got lately
}

// LookUp returns a directory that answers look-ups of keys for one team. It changes nothing: its transaction is
// read-only.
func (s *Store) LookUp(ctx context.Context, team processor.Ref, keys processor.Keys) (processor.Directory, error) {
	var f *findings
	err := s.inTx(ctx, func(tx pgx.Tx) (err error) {
		defer recoverFault(&err)
		if _, err := tx.Exec(ctx, `SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY`); err != nil {
			return err
		}
		f, err = find(ctx, tx, team.ID, gathered([]processor.Keys{keys}), s.now().Truncate(time.Microsecond))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look up: %w", err)
	}
	return newDirectory(f), nil
}

// lookUp returns everything that the decisions about the messages may look up, and the users who have the addresses of
// their correspondents.
func (a *acceptance) lookUp(ctx context.Context, messages []*newMessage) (*findings, error) {
	var keys processor.Keys
	err := a.inTurn(func(t *turns) {
		var all []processor.Keys
		for _, m := range messages {
			t.begin(m)
			keys := a.keysOf(m)
			if len(keys.Senders) > 0 {
				m.sender = &keys.Senders[0]
			}
			all = append(all, keys, processor.Keys{Addresses: correspondents(m.Message)})
		}
		keys = gathered(all)
	})
	if err != nil {
		return nil, err
	}
	return find(ctx, a.tx, a.mailbox.Team.ID, keys, a.now)
}

// find looks up keys in two round trips, however many keys there are. It finds nothing that belongs to another team.
func find(ctx context.Context, tx pgx.Tx, team int64, keys processor.Keys, now time.Time) (*findings, error) {
	f := &findings{
		requests: map[int64]*processor.Request{}, threads: map[string]thread{}, users: map[string]processor.User{},
		people: map[string][]processor.User{}, lists: map[processor.ListName][]processor.Listed{},
		now: now, openers: map[senderMoment]openings{}, mail: map[mailKey]int{},
	}
	var b pgx.Batch
	f.queueThreads(&b, team, keys.MessageIDs)
	f.queueUsers(&b, keys.Addresses)
	f.queuePeople(&b, keys.People)
	f.queueLists(&b, team, keys.Lists)
	f.queueOpeners(&b, team, keys.Senders)
	f.queueMailCounts(&b, keys.MailTo)
	if b.Len() > 0 {
		if err := tx.SendBatch(ctx, &b).Close(); err != nil {
			return nil, fmt.Errorf("threads, users and senders: %w", err)
		}
	}
	numbers := keys.Numbers
	for _, t := range f.threads {
		numbers = append(numbers, t.request)
	}
	numbers = append(numbers, f.lastOpened()...)
	slices.Sort(numbers)
	if err := f.findRequests(ctx, tx, team, slices.Compact(numbers)); err != nil {
		return nil, fmt.Errorf("requests: %w", err)
	}
	return f, nil
}

// gathered returns the keys of several messages as one: each key once, in the form in which it is compared.
func gathered(all []processor.Keys) processor.Keys {
	numbers, ids, addresses := map[int64]bool{}, map[string]bool{}, map[string]bool{}
	people, lists, senders := map[string]bool{}, map[processor.ListName]bool{}, map[processor.SenderKey]bool{}
	mailTo := map[string]bool{}
	for _, keys := range all {
		for _, name := range keys.People {
			people[personKey(name)] = true
		}
		for _, list := range keys.Lists {
			lists[list] = true
		}
		for _, sender := range keys.Senders {
			senders[sender] = true
		}
		for _, n := range keys.Numbers {
			numbers[n] = true
		}
		for _, id := range keys.MessageIDs {
			ids[threadKey(id)] = true
		}
		for _, addr := range keys.Addresses {
			addresses[addressKey(addr)] = true
		}
		for _, addr := range keys.MailTo {
			mailTo[addressKey(addr)] = true
		}
	}
	delete(ids, "")
	delete(mailTo, "")
	delete(addresses, "")
	delete(people, "")
	return processor.Keys{
		People:     slices.Sorted(maps.Keys(people)),
		Lists:      slices.Sorted(maps.Keys(lists)),
		Numbers:    slices.Collect(maps.Keys(numbers)),
		MessageIDs: slices.Sorted(maps.Keys(ids)),
		Addresses:  slices.Sorted(maps.Keys(addresses)),
		Senders:    slices.Collect(maps.Keys(senders)),
		MailTo:     slices.Sorted(maps.Keys(mailTo)),
	}
}

// keysOf returns the decider's keys for a message. If the decider panics, keysOf returns none: Decide will likely panic
// too, and then the message is set aside.
func (a *acceptance) keysOf(m *newMessage) (keys processor.Keys) {
	defer func() {
		if v := recover(); v != nil {
			keys = processor.Keys{}
		}
	}()
	return a.decider.Keys(m.Message)
}

// threadQuery finds the request that each Message-ID leads to: a request that has the message itself before one that
// only refers to it, then the highest number, which is the newest unless its number was kept from an earlier batch. The
// index thread_lookup has this order, and LATERAL with LIMIT ends the search at its first row: thousands of requests may
// share a Message-ID.
const threadQuery = `SELECT k.id, t.request_id, t.via FROM unnest($1::text[]) AS k (id) CROSS JOIN LATERAL (
		SELECT request_id, via FROM thread WHERE message_id = k.id AND team_id = $2
		ORDER BY via = 'referenced', request_id DESC LIMIT 1) AS t`

func (f *findings) queueThreads(b *pgx.Batch, team int64, ids []string) {
	if len(ids) == 0 {
		return
	}
	b.Queue(threadQuery, ids, team).
		Query(func(rows pgx.Rows) error {
			var t thread
			_, err := pgx.ForEachRow(rows, []any{&t.messageID, &t.request, &t.via}, func() error {
				f.threads[t.messageID] = t
				return nil
			})
			return err
		})
}

func (f *findings) queueUsers(b *pgx.Batch, addresses []string) {
	if len(addresses) == 0 {
		return
	}
	b.Queue(`SELECT a.address, u.id, u.logon, u.name, coalesce(s.id, 0), coalesce(s.name, ''), u.language
		FROM user_address AS a JOIN user_account AS u ON u.id = a.user_id LEFT JOIN site AS s ON s.id = u.site_id
		WHERE a.address = ANY($1)`, addresses).
		Query(func(rows pgx.Rows) error {
			var addr string
			var u processor.User
			_, err := pgx.ForEachRow(rows, []any{&addr, &u.ID, &u.Logon, &u.Name, &u.Site.ID, &u.Site.Name, &u.Language}, func() error {
				f.users[addr] = u
				return nil
			})
			return err
		})
}

// findRequests finds requests with their participants. OFFSET 0 keeps PostgreSQL from reading all requests of the team,
// which it may prefer as long as it has no statistics.
func (f *findings) findRequests(ctx context.Context, tx pgx.Tx, team int64, numbers []int64) error {
	if len(numbers) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, `SELECT r.number, r.kind, r.state,
			array_remove(ARRAY[r.requester_id, r.user_id, r.assignee_id], NULL)
				|| ARRAY(SELECT p.user_id FROM participant AS p WHERE p.request_id = r.number AND p.user_id IS NOT NULL),
			ARRAY(SELECT p.address FROM participant AS p WHERE p.request_id = r.number AND p.address IS NOT NULL)
		FROM unnest($1::bigint[]) AS k (number) CROSS JOIN LATERAL (
			SELECT number, team_id, kind, state, requester_id, user_id, assignee_id FROM request
			WHERE number = k.number OFFSET 0) AS r
		WHERE r.team_id = $2`, numbers, team)
	if err != nil {
		return err
	}
	for rows.Next() {
		r := &processor.Request{}
		if err := rows.Scan(&r.Number, &r.Kind, &r.State, &r.Participants, &r.Addresses); err != nil {
			rows.Close()
			return err
		}
		f.requests[r.Number] = r
	}
	return rows.Err()
}

// queuePeople queues the search for the users that messages name: by logon; if no logon matches, by address; if no
// address matches either, by display name.
func (f *findings) queuePeople(b *pgx.Batch, names []string) {
	if len(names) == 0 {
		return
	}
	b.Queue(`SELECT k.name, u.id, u.logon, u.name, coalesce(s.id, 0), coalesce(s.name, '')
		FROM unnest($1::text[]) AS k (name) CROSS JOIN LATERAL (
			SELECT id, 1 AS rank FROM user_account WHERE lower(logon) = lower(k.name)
			UNION ALL SELECT user_id, 2 FROM user_address WHERE address = lower(k.name)
			UNION ALL SELECT id, 3 FROM user_account WHERE lower(name) = lower(k.name)
			ORDER BY rank FETCH FIRST ROW WITH TIES) AS found
		JOIN user_account AS u ON u.id = found.id LEFT JOIN site AS s ON s.id = u.site_id
		ORDER BY k.name, lower(u.logon)`, names).
		Query(func(rows pgx.Rows) error {
			var name string
			var u processor.User
			_, err := pgx.ForEachRow(rows, []any{&name, &u.ID, &u.Logon, &u.Name, &u.Site.ID, &u.Site.Name}, func() error {
				f.people[name] = append(f.people[name], u)
				return nil
			})
			return err
		})
}

// listQueries select the rows of the lists: id, name, and the default priority, group and assignee. $1 is the team.
var listQueries = map[processor.ListName]string{
	processor.RequestTypes: `SELECT y.id, y.name, coalesce(p.id, 0), coalesce(p.name, ''), coalesce(g.id, 0), coalesce(g.name, ''),
			coalesce(u.id, 0), coalesce(u.logon, ''), coalesce(u.name, '')
		FROM service_request_type AS y LEFT JOIN priority AS p ON p.id = y.priority_id
		LEFT JOIN support_group AS g ON g.id = y.group_id LEFT JOIN user_account AS u ON u.id = y.assignee_id
		WHERE y.team_id = $1 ORDER BY lower(y.name)`,
	processor.Priorities: `SELECT id, name, 0, '', 0, '', 0, '', '' FROM priority WHERE team_id = $1 ORDER BY rank, lower(name)`,
	processor.Groups:     `SELECT id, name, 0, '', 0, '', 0, '', '' FROM support_group WHERE team_id = $1 ORDER BY lower(name)`,
	processor.Sites:      `SELECT id, name, 0, '', 0, '', 0, '', '' FROM site WHERE $1::bigint IS NOT NULL ORDER BY lower(name)`,
}

func (f *findings) queueLists(b *pgx.Batch, team int64, lists []processor.ListName) {
	for _, list := range lists {
		f.lists[list] = nil // known, and empty so far
		b.Queue(listQueries[list], team).Query(func(rows pgx.Rows) error {
			var l processor.Listed
			to := []any{&l.ID, &l.Name, &l.Priority.ID, &l.Priority.Name, &l.Group.ID, &l.Group.Name,
				&l.Assignee.ID, &l.Assignee.Logon, &l.Assignee.Name}
			_, err := pgx.ForEachRow(rows, to, func() error {
				f.lists[list] = append(f.lists[list], l)
				return nil
			})
			return err
		})
	}
}
