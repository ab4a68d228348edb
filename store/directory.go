package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// thread is one row of the table of that name: a Message-ID leads to a request.
type thread struct {
	messageID string
	request   int64
	via       string
}

// How a Message-ID came to lead to a request.
const (
	viaSeen       = "seen"       // it is a message's own
	viaReferenced = "referenced" // a message that was seen refers to it
)

// findings are what the database knew of everything that deciding about a batch may ask for. They do not change.
type findings struct {
	requests map[int64]*processor.Request
	threads  map[string]thread
	users    map[string]processor.User
	people   map[string][]processor.User // by a name that a message gives
	lists    map[processor.ListName][]processor.Listed
}

// LookUp answers what deciding about a message may ask for, from the requests of one team, and changes nothing: its
// transaction is read-only.
func (s *Store) LookUp(ctx context.Context, team processor.Ref, keys processor.Keys) (processor.Directory, error) {
	var f *findings
	err := s.inTx(ctx, func(tx pgx.Tx) (err error) {
		defer recoverFault(&err)
		if _, err := tx.Exec(ctx, `SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY`); err != nil {
			return err
		}
		f, err = find(ctx, tx, team.ID, gathered([]processor.Keys{keys}))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look up: %w", err)
	}
	return newDirectory(f), nil
}

// lookUp finds all that deciding about the arrivals may ask for, and the addresses of those who will take part.
func (a *acceptance) lookUp(ctx context.Context, arrivals []*newMessage) (*findings, error) {
	var keys processor.Keys
	err := a.inTurn(func(t *turns) {
		var all []processor.Keys
		for _, arr := range arrivals {
			t.begin(arr)
			all = append(all, a.keysOf(arr), processor.Keys{Addresses: correspondents(arr.Message)})
		}
		keys = gathered(all)
	})
	if err != nil {
		return nil, err
	}
	return find(ctx, a.tx, a.mailbox.Team.ID, keys)
}

// find looks keys up, with two round trips however many they are. What belongs to another team is not found.
func find(ctx context.Context, tx pgx.Tx, team int64, keys processor.Keys) (*findings, error) {
	f := &findings{
		requests: map[int64]*processor.Request{}, threads: map[string]thread{}, users: map[string]processor.User{},
		people: map[string][]processor.User{}, lists: map[processor.ListName][]processor.Listed{},
	}
	var b pgx.Batch
	f.queueThreads(&b, team, keys.MessageIDs)
	f.queueUsers(&b, keys.Addresses)
	f.queuePeople(&b, keys.People)
	f.queueLists(&b, team, keys.Lists)
	if b.Len() > 0 {
		if err := tx.SendBatch(ctx, &b).Close(); err != nil {
			return nil, fmt.Errorf("threads and users: %w", err)
		}
	}
	numbers := keys.Numbers
	for _, t := range f.threads {
		numbers = append(numbers, t.request)
	}
	slices.Sort(numbers)
	if err := f.findRequests(ctx, tx, team, slices.Compact(numbers)); err != nil {
		return nil, fmt.Errorf("requests: %w", err)
	}
	return f, nil
}

// gathered joins what several messages ask for, each key once and in the form that it is compared in.
func gathered(all []processor.Keys) processor.Keys {
	numbers, ids, addresses := map[int64]bool{}, map[string]bool{}, map[string]bool{}
	people, lists := map[string]bool{}, map[processor.ListName]bool{}
	for _, keys := range all {
		for _, name := range keys.People {
			people[personKey(name)] = true
		}
		for _, list := range keys.Lists {
			lists[list] = true
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
	}
	delete(ids, "")
	delete(addresses, "")
	delete(people, "")
	return processor.Keys{
		People:     slices.Sorted(maps.Keys(people)),
		Lists:      slices.Sorted(maps.Keys(lists)),
		Numbers:    slices.Collect(maps.Keys(numbers)),
		MessageIDs: slices.Sorted(maps.Keys(ids)),
		Addresses:  slices.Sorted(maps.Keys(addresses)),
	}
}

// keysOf asks the decider. When that panics, Decide will hardly do better, and the message is set aside then.
func (a *acceptance) keysOf(arr *newMessage) (keys processor.Keys) {
	defer func() {
		if v := recover(); v != nil {
			keys = processor.Keys{}
		}
	}()
	return a.decider.Keys(arr.Message)
}

// threadQuery finds the request that each Message-ID leads to: one that has the message itself before one that only
// refers to it, then the newest. LATERAL with LIMIT has the index thread_lookup, whose order this is, end the search at
// the first row: thousands of requests may share an identifier.
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
	b.Queue(`SELECT a.address, u.id, u.logon, u.name, coalesce(s.id, 0), coalesce(s.name, '')
		FROM user_address AS a JOIN user_account AS u ON u.id = a.user_id LEFT JOIN site AS s ON s.id = u.site_id
		WHERE a.address = ANY($1)`, addresses).
		Query(func(rows pgx.Rows) error {
			var addr string
			var u processor.User
			_, err := pgx.ForEachRow(rows, []any{&addr, &u.ID, &u.Logon, &u.Name, &u.Site.ID, &u.Site.Name}, func() error {
				f.users[addr] = u
				return nil
			})
			return err
		})
}

// findRequests finds requests with those who take part in them. OFFSET 0 keeps PostgreSQL from reading all requests of
// the team, which it may prefer as long as it has no statistics.
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

// directory is what a decision may look up: the findings, and what the messages decided about before it in the same
// batch have changed since.
type directory struct {
	*findings
	changed    map[int64]*processor.Request
	newThreads map[string]thread
}

var _ processor.Directory = (*directory)(nil)

func newDirectory(f *findings) *directory {
	return &directory{findings: f, changed: map[int64]*processor.Request{}, newThreads: map[string]thread{}}
}

// Request implements processor.Directory.
func (d *directory) Request(number int64) (processor.Request, bool) {
	r, ok := d.changed[number]
	if !ok {
		r, ok = d.requests[number]
	}
	if !ok {
		return processor.Request{}, false
	}
	return *r, true
}

// RequestOf implements processor.Directory.
func (d *directory) RequestOf(messageID string) (processor.Request, bool) {
	t, ok := d.thread(threadKey(messageID))
	if !ok {
		return processor.Request{}, false
	}
	return d.Request(t.request)
}

// UserByAddress implements processor.Directory.
func (d *directory) UserByAddress(addr string) (processor.User, bool) {
	u, ok := d.users[addressKey(addr)]
	return u, ok
}

// UsersNamed implements processor.Directory.
func (d *directory) UsersNamed(name string) []processor.User { return d.people[personKey(name)] }

// List implements processor.Directory. A list that was not asked for is not known.
func (d *directory) List(name processor.ListName) ([]processor.Listed, bool) {
	list, ok := d.lists[name]
	return list, ok
}

// thread is where a Message-ID leads by the rule of threadQuery.
func (d *directory) thread(id string) (thread, bool) {
	found, ok := d.threads[id]
	added, isNew := d.newThreads[id]
	if !isNew || ok && added.via == viaReferenced && found.via != viaReferenced {
		return found, ok
	}
	return added, true
}

// isDone reports whether a request is in a state that reopening changes.
func (d *directory) isDone(number int64) bool {
	r, _ := d.Request(number)
	return r.State.IsDone()
}

// takesPart reports whether a participant may follow up already.
func (d *directory) takesPart(p participant) bool {
	r, _ := d.Request(p.request)
	if p.user != 0 {
		return slices.Contains(r.Participants, p.user)
	}
	return slices.Contains(r.Addresses, p.address)
}

// show makes the effects of a record visible to the messages that are decided about after it.
func (d *directory) show(r *record) {
	if r.request == 0 {
		return
	}
	request := d.after(r)
	for _, p := range r.participants {
		if p.user != 0 {
			request.Participants = append(request.Participants, p.user)
		} else {
			request.Addresses = append(request.Addresses, p.address)
		}
	}
	d.changed[r.request] = request
	for _, t := range r.threads {
		if old, ok := d.newThreads[t.messageID]; !ok || old.via == viaReferenced || t.via != viaReferenced {
			d.newThreads[t.messageID] = t
		}
	}
}

// after is the request of a record as the record leaves it, its participants aside.
func (d *directory) after(r *record) *processor.Request {
	if r.opens != nil {
		people := []int64{r.opens.Requester.ID, r.opens.User.ID}
		if r.opens.Assignee.ID != 0 {
			people = append(people, r.opens.Assignee.ID)
		}
		return &processor.Request{Number: r.request, Kind: r.opens.Kind, State: processor.StateNew, Participants: people}
	}
	request, _ := d.Request(r.request)
	request.Participants, request.Addresses = slices.Clip(request.Participants), slices.Clip(request.Addresses)
	if r.reopens {
		request.State = reopened(request.Kind)
	}
	return &request
}
