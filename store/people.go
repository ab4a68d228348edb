package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// people holds the rows of the database that saving some users depends on.
type people struct {
	ids    map[string]int64  // of those users who exist, by folded logon
	owners map[string]string // logon of the user who has the address, by address
	sites  map[string]int64  // by folded name
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
	if p.ids, err = lookUp[int64](ctx, tx, `
		SELECT g.logon, u.id FROM unnest($1::text[]) AS g (logon)
		JOIN user_account u ON lower(u.logon) = lower(g.logon)`, logons); err != nil {
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

// save adds the new users, and updates the given fields of the others.
func (p people) save(ctx context.Context, tx pgx.Tx, users []User, f fields) error {
	batch := &pgx.Batch{}
	ids := make([]int64, len(users))
	for i, u := range users {
		var site *int64
		if id, there := p.sites[fold(u.Site)]; there {
			site = &id
		}
		queued := batch.Queue(`
			INSERT INTO user_account AS u (logon, name, site_id, language) VALUES ($1, $2, $3, $6)
			ON CONFLICT (lower(logon)) DO UPDATE SET
				logon   = excluded.logon,
				name    = CASE WHEN $4 THEN excluded.name ELSE u.name END,
				site_id = CASE WHEN $5 THEN excluded.site_id ELSE u.site_id END,
				language = CASE WHEN $7 THEN excluded.language ELSE u.language END
			RETURNING id`, u.Logon, u.Name, site, f.name, f.site, u.Language, f.language)
		queued.QueryRow(func(row pgx.Row) error { return row.Scan(&ids[i]) })
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil || !f.addresses {
		return err
	}
	return saveAddresses(ctx, tx, users, ids)
}

// saveAddresses replaces all addresses that the users had.
func saveAddresses(ctx context.Context, tx pgx.Tx, users []User, ids []int64) error {
	if _, err := tx.Exec(ctx, `DELETE FROM user_address WHERE user_id = ANY ($1)`, ids); err != nil {
		return err
	}
	var addresses []string
	var owners []int64
	for i, u := range users {
		for _, a := range u.Addresses {
			addresses = append(addresses, a)
			owners = append(owners, ids[i])
		}
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO user_address (address, user_id)
		SELECT * FROM unnest($1::text[], $2::bigint[])`, addresses, owners)
	return err
}

// fields says which fields of a user are given. The others keep their values.
type fields struct{ name, addresses, site, language bool }

var allFields = fields{name: true, addresses: true, site: true, language: true}
