package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// people holds the rows of the database that saving some users depends on.
type people struct {
	users  map[string]knownUser // those of the users who exist, by folded logon
	owners map[string]string    // logon of the user who has the address, by address
	sites  map[string]int64     // by folded name
}

// knownUser is a user who exists.
type knownUser struct {
	id int64
	User
}

// fold returns the form in which names are compared without regard to case.
func fold(name string) string { return strings.ToLower(name) }

// lookUpPeople reads the rows that saving the users depends on. It locks the tables of users, so that nobody else
// changes users until the transaction ends.
func lookUpPeople(ctx context.Context, tx pgx.Tx, users []User) (people, error) {
	if _, err := tx.Exec(ctx, `LOCK TABLE user_account, user_address IN SHARE ROW EXCLUSIVE MODE`); err != nil {
		return people{}, err
	}
	var logons, addresses, sites []string
	for _, u := range users {
		logons = append(logons, u.Logon)
		addresses = append(addresses, u.Addresses...)
		sites = append(sites, u.Site)
	}
	var p people
	var err error
	if p.users, err = lookUpUsers(ctx, tx, logons); err != nil {
		return people{}, err
	}
	if p.owners, err = lookUp[string](ctx, tx, `
		SELECT a.address, u.logon FROM user_address a
		JOIN user_account u ON u.id = a.user_id
		WHERE a.address = ANY ($1)`, addresses); err != nil {
		return people{}, err
	}
	p.sites, err = lookUp[int64](ctx, tx, `
		SELECT g.name, s.id FROM unnest($1::text[]) AS g (name)
		JOIN site s ON lower(s.name) = lower(g.name)`, sites)
	return p, err
}

// lookUpUsers returns the users with these logons, by the folded logon.
func lookUpUsers(ctx context.Context, tx pgx.Tx, logons []string) (map[string]knownUser, error) {
	rows, err := tx.Query(ctx, `
		SELECT g.logon, u.id, u.logon, u.name, coalesce(s.name, ''), u.language, u.title, u.department, u.phone,
		       ARRAY(SELECT a.address FROM user_address a WHERE a.user_id = u.id ORDER BY a.address)
		FROM unnest($1::text[]) AS g (logon)
		JOIN user_account u ON lower(u.logon) = lower(g.logon) LEFT JOIN site s ON s.id = u.site_id`, logons)
	if err != nil {
		return nil, err
	}
	found := map[string]knownUser{}
	var key string
	var u knownUser
	_, err = pgx.ForEachRow(rows, []any{
		&key, &u.id, &u.Logon, &u.Name, &u.Site, &u.Language, &u.Title, &u.Department, &u.Phone, &u.Addresses,
	}, func() error {
		found[fold(key)] = u
		u = knownUser{}
		return nil
	})
	return found, err
}

// lookUp runs a query for pairs of a key and a value, and returns the values by their folded keys.
func lookUp[T any](ctx context.Context, tx pgx.Tx, sql string, keys []string) (map[string]T, error) {
	rows, err := tx.Query(ctx, sql, keys)
	if err != nil {
		return nil, err
	}
	found := map[string]T{}
	var key string
	var value T
	_, err = pgx.ForEachRow(rows, []any{&key, &value}, func() error {
		found[fold(key)] = value
		return nil
	})
	return found, err
}

// check returns all mistakes that keep u from being saved. The users in moving give up their addresses first; u is one
// of them, or new.
func (p people) check(u User, moving map[string]bool) error {
	var mistakes []error
	if _, there := p.sites[fold(u.Site)]; u.Site != "" && !there {
		mistakes = append(mistakes, fmt.Errorf("site %q %w: run mailintegration site add %q", u.Site, ErrUnknown, u.Site))
	}
	for _, a := range u.Addresses {
		owner, taken := p.owners[a]
		if taken && !moving[fold(owner)] {
			mistakes = append(mistakes, fmt.Errorf("address %s belongs to user %q", a, owner))
		}
	}
	return errors.Join(mistakes...)
}

// save adds the new users, and updates the given columns of the others.
func (p people) save(ctx context.Context, tx pgx.Tx, users []User, c columns) error {
	if len(users) == 0 {
		return nil
	}
	var logons, names, languages, titles, departments, phones []string
	var sites []*int64
	for _, u := range users {
		var site *int64
		if id, there := p.sites[fold(u.Site)]; there {
			site = &id
		}
		logons, names, sites = append(logons, u.Logon), append(names, u.Name), append(sites, site)
		languages, titles = append(languages, u.Language), append(titles, u.Title)
		departments, phones = append(departments, u.Department), append(phones, u.Phone)
	}
	rows, err := tx.Query(ctx, `
		INSERT INTO user_account AS u (logon, name, site_id, language, title, department, phone)
		SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[])
		ON CONFLICT (lower(logon)) DO UPDATE SET
			logon      = excluded.logon,
			name       = CASE WHEN $8 THEN excluded.name ELSE u.name END,
			site_id    = CASE WHEN $9 THEN excluded.site_id ELSE u.site_id END,
			language   = CASE WHEN $10 THEN excluded.language ELSE u.language END,
			title      = CASE WHEN $11 THEN excluded.title ELSE u.title END,
			department = CASE WHEN $12 THEN excluded.department ELSE u.department END,
			phone      = CASE WHEN $13 THEN excluded.phone ELSE u.phone END
		RETURNING logon, id`, logons, names, sites, languages, titles, departments, phones,
		c["name"], c["site"], c["language"], c["title"], c["department"], c["phone"])
	if err != nil {
		return err
	}
	ids := make(map[string]int64, len(users))
	var logon string
	var id int64
	_, err = pgx.ForEachRow(rows, []any{&logon, &id}, func() error {
		ids[logon] = id
		return nil
	})
	if err != nil || !c["addresses"] {
		return err
	}
	return saveAddresses(ctx, tx, users, ids)
}

// saveAddresses replaces all addresses that the users had. ids has the users by their logons.
func saveAddresses(ctx context.Context, tx pgx.Tx, users []User, ids map[string]int64) error {
	var all, owners []int64
	var addresses []string
	for _, u := range users {
		all = append(all, ids[u.Logon])
		for _, a := range u.Addresses {
			addresses = append(addresses, a)
			owners = append(owners, ids[u.Logon])
		}
	}
	if _, err := tx.Exec(ctx, `DELETE FROM user_address WHERE user_id = ANY ($1)`, all); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO user_address (address, user_id)
		SELECT * FROM unnest($1::text[], $2::bigint[])`, addresses, owners)
	return err
}

// columns says which columns of a user are given. The others keep their values.
type columns map[string]bool

var allColumns = columnsOf(userColumns)

func columnsOf(names []string) columns {
	c := columns{}
	for _, name := range names {
		c[name] = true
	}
	return c
}

// changes returns the names of the given columns in which u differs from the user who exists.
func (k knownUser) changes(u User, c columns) []string {
	var changed []string
	differ := func(name string, differs bool) {
		if c[name] && differs {
			changed = append(changed, name)
		}
	}
	addresses := slices.Clone(u.Addresses)
	slices.Sort(addresses)
	differ("logon", k.Logon != u.Logon)
	differ("name", k.Name != u.Name)
	differ("addresses", !slices.Equal(k.Addresses, addresses))
	differ("site", fold(k.Site) != fold(u.Site))
	differ("language", k.Language != u.Language)
	differ("title", k.Title != u.Title)
	differ("department", k.Department != u.Department)
	differ("phone", k.Phone != u.Phone)
	return changed
}
