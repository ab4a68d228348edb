package store

import (
	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// personKey is the form that a name of a person is compared in, "" when it cannot be anybody's.
func personKey(name string) string {
	key := clean(name)
	if len(key) > maxLine {
		return ""
	}
	return key
}

// queuePeople finds the users that messages name: those with such a logon or, when there is none, with such an address
// or, when there is none either, with such a display name.
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

// listQueries read the lists: id, name, and the defaults that a row has. $1 is the team.
var listQueries = map[processor.ListName]string{
	processor.RequestTypes: `SELECT y.id, y.name, coalesce(p.id, 0), coalesce(p.name, ''), coalesce(g.id, 0), coalesce(g.name, '')
		FROM service_request_type AS y LEFT JOIN priority AS p ON p.id = y.priority_id
		LEFT JOIN support_group AS g ON g.id = y.group_id WHERE y.team_id = $1 ORDER BY lower(y.name)`,
	processor.Priorities: `SELECT id, name, 0, '', 0, '' FROM priority WHERE team_id = $1 ORDER BY rank, lower(name)`,
	processor.Groups:     `SELECT id, name, 0, '', 0, '' FROM support_group WHERE team_id = $1 ORDER BY lower(name)`,
	processor.Sites:      `SELECT id, name, 0, '', 0, '' FROM site WHERE $1::bigint IS NOT NULL ORDER BY lower(name)`,
}

func (f *findings) queueLists(b *pgx.Batch, team int64, lists []processor.ListName) {
	for _, list := range lists {
		f.lists[list] = nil // known, and empty so far
		b.Queue(listQueries[list], team).Query(func(rows pgx.Rows) error {
			var l processor.Listed
			_, err := pgx.ForEachRow(rows, []any{&l.ID, &l.Name, &l.Priority.ID, &l.Priority.Name, &l.Group.ID, &l.Group.Name}, func() error {
				f.lists[list] = append(f.lists[list], l)
				return nil
			})
			return err
		})
	}
}
