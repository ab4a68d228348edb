package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// EventReferences holds the rows that an event of the daemon itself names. References has only Team, TeamAddress,
// TeamLanguage, Login, Source, Priority, Group, DefaultPriority and ServiceDesk.
type EventReferences struct {
	processor.References
	MailboxID int64            // of the mailbox that the event is about, 0 if the database does not know it
	Missing   []UnresolvedName // names that the database does not have, so that something else took their place
}

// Event returns the values of an event of the daemon, for the group and with the priority of the configuration or else of
// the team. Write with Login as the author opens it.
func (r EventReferences) Event(why processor.Reason, subject, body string) NewRequest {
	return NewRequest{
		Reason: why, Kind: processor.Event, Team: r.Team, MailboxID: r.MailboxID, Subject: subject, Body: body,
		Requester: r.Login, User: r.Login, Source: r.Source,
		Priority: cmp.Or(r.Priority, r.DefaultPriority), Group: cmp.Or(r.Group, r.ServiceDesk),
	}
}

// EventReferences returns the rows for an event about a mailbox, or about the whole service if mailbox is "". An event must
// be possible even if the configuration is wrong, so each reference is the first of these that the database has:
//
//	Team              the Team of one of the names, in their order; else the team that was added first
//	Login             the Login of one of the names, in their order; else the account that opened the newest request
//	Source, Priority  that of one of the names, in their order, in the team; else none
//	Group             that of one of the names, in their order, in the team; else none, and ServiceDesk is the team's
//
// The names are those of the mailbox and then those of the service. EventReferences changes nothing. The error is an
// *UnresolvedError if the database has no team or no account to record with.
func (s *Store) EventReferences(ctx context.Context, mailbox string, names ...processor.Names) (EventReferences, error) {
	var e eventResolution
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		e = eventResolution{}
		return e.run(ctx, tx, mailbox, names)
	})
	if err != nil {
		return EventReferences{}, fmt.Errorf("names for an event: %w", err)
	}
	if missing := e.lacking(); len(missing) > 0 {
		return EventReferences{}, &UnresolvedError{Mailbox: mailbox, Names: missing}
	}
	return e.found, nil
}

// eventResolution is one attempt to resolve the names for an event.
type eventResolution struct {
	found  EventReferences
	author processor.User // of the newest request
}

func (e *eventResolution) run(ctx context.Context, tx pgx.Tx, mailbox string, names []processor.Names) error {
	team, err := e.team(ctx, tx, names)
	if err != nil {
		return err
	}
	tries := make([]resolution, len(names))
	var b pgx.Batch
	for i, n := range names {
		r := &tries[i]
		r.names, r.found = processor.Names{Login: n.Login, Source: n.Source, Priority: n.Priority, Group: n.Group, GroupTag: n.GroupTag}, team
		r.user(&b, "Login", n.Login, false, &r.found.Login)
		if team.Team.ID != 0 {
			r.teamRefs(&b)
		}
	}
	e.queueOthers(&b, mailbox)
	if err := tx.SendBatch(ctx, &b).Close(); err != nil {
		return err
	}
	e.found.References = team
	for _, r := range tries {
		e.take(&r)
	}
	e.found.Login = cmp.Or(e.found.Login, e.author)
	return nil
}

// team returns the team for the event with its defaults, and no team if the database has none.
func (e *eventResolution) team(ctx context.Context, tx pgx.Tx, names []processor.Names) (processor.References, error) {
	for _, n := range names {
		if n.Team == "" {
			continue
		}
		r := resolution{names: n}
		if err := r.team(ctx, tx); err != nil {
			return processor.References{}, err
		}
		e.note(r.missing)
		if r.found.Team.ID != 0 {
			return r.found, nil
		}
	}
	var first string
	err := tx.QueryRow(ctx, `SELECT name FROM team ORDER BY id LIMIT 1`).Scan(&first)
	if errors.Is(err, pgx.ErrNoRows) {
		return processor.References{}, nil
	}
	r := resolution{names: processor.Names{Team: first}}
	if err == nil {
		err = r.team(ctx, tx)
	}
	return r.found, err
}

// queueOthers queues the look-up of the mailbox and of the account that opened the newest request.
func (e *eventResolution) queueOthers(b *pgx.Batch, mailbox string) {
	ifAny := func(err error) error {
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	}
	b.Queue(`SELECT id FROM mailbox WHERE lower(name) = lower($1)`, clean(mailbox)).
		QueryRow(func(row pgx.Row) error { return ifAny(row.Scan(&e.found.MailboxID)) })
	b.Queue(`SELECT u.id, u.logon, u.name FROM (SELECT opened_by_id FROM request ORDER BY number DESC LIMIT 1) AS newest
		JOIN user_account AS u ON u.id = newest.opened_by_id`).
		QueryRow(func(row pgx.Row) error { return ifAny(row.Scan(&e.author.ID, &e.author.Logon, &e.author.Name)) })
}

// take takes what the names before did not give.
func (e *eventResolution) take(r *resolution) {
	to := &e.found.References
	to.Login = cmp.Or(to.Login, r.found.Login)
	to.Source = cmp.Or(to.Source, r.found.Source)
	to.Priority = cmp.Or(to.Priority, r.found.Priority)
	to.Group = cmp.Or(to.Group, r.found.Group)
	e.note(r.missing)
}

// note notes names that the database does not have, each once.
func (e *eventResolution) note(missing []UnresolvedName) {
	for _, n := range missing {
		if !slices.Contains(e.found.Missing, n) {
			e.found.Missing = append(e.found.Missing, n)
		}
	}
}

// lacking returns what is mandatory and was not found.
func (e *eventResolution) lacking() []UnresolvedName {
	var list []UnresolvedName
	if e.found.Team.ID == 0 {
		list = append(list, e.found.missing("Team", "add a team with: mailintegration team add NAME"))
	}
	if e.found.Login.ID == 0 {
		list = append(list, e.found.missing("Login", "add the account of the daemon with: mailintegration user add LOGON --name NAME, and name it in Login"))
	}
	return list
}

// missing returns the first missing name with the tag, or a name with this hint if the configuration has none.
func (r EventReferences) missing(tag, hint string) UnresolvedName {
	for _, n := range r.Missing {
		if n.Tag == tag {
			return n
		}
	}
	return UnresolvedName{Tag: tag, Hint: hint}
}
