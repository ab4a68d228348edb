package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor/template"
)

// User is a person, or the account that the daemon records under.
type User struct {
	Logon     string   `json:"logon"`
	Name      string   `json:"name"`      // display name; AddUser uses the logon when it is empty
	Addresses []string `json:"addresses"` // addr-specs, kept in lower case
	Site      string   `json:"site"`      // "" for none
	Language  string   `json:"language"`  // of mail to the user, such as en or fr; "" if it is not known

	Title      string `json:"title"`      // what the person does, "" if it is not known
	Department string `json:"department"` // "" if it is not known
	Phone      string `json:"phone"`      // as it was given, "" if it is not known

	HasPassword bool `json:"has_password"` // as Users tells; only SetPassword and RemovePassword change it
}

// cleaned returns the user in the form that the database keeps, or an error with every mistake.
func (u User) cleaned() (User, error) {
	var mistakes []error
	check := func(err error) {
		if err != nil {
			mistakes = append(mistakes, err)
		}
	}
	var err error
	u.Logon, err = cleanName("logon", u.Logon)
	check(err)
	if strings.TrimSpace(u.Name) == "" {
		u.Name = u.Logon
	} else {
		u.Name, err = cleanName("name of the user", u.Name)
		check(err)
	}
	for _, optional := range []struct {
		what  string
		value *string
	}{{"site name", &u.Site}, {"title", &u.Title}, {"department", &u.Department}, {"phone number", &u.Phone}} {
		if strings.TrimSpace(*optional.value) == "" {
			*optional.value = ""
			continue
		}
		*optional.value, err = cleanName(optional.what, *optional.value)
		check(err)
	}
	u.Language, err = template.CleanLanguage(u.Language)
	check(err)
	var addresses []string
	for _, a := range u.Addresses {
		a, err := cleanAddress(a)
		check(err)
		if err == nil && !slices.Contains(addresses, a) {
			addresses = append(addresses, a)
		}
	}
	u.Addresses = addresses
	return u, errors.Join(mistakes...)
}

// cleanAddress returns an addr-spec (RFC 5322 §3.4.1) in lower case, the form that the database keeps. It refuses only
// an address that no sender could match.
func cleanAddress(address string) (string, error) {
	cleaned := strings.ToLower(strings.TrimSpace(clean(address)))
	local, domain, ok := cutLast(cleaned, "@")
	odd := func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`<>,;|()"`, r)
	}
	if !ok || local == "" || domain == "" || strings.ContainsFunc(cleaned, odd) || len(cleaned) > 320 {
		return "", fmt.Errorf("%q is not a mail address (name@example.com)", address)
	}
	return cleaned, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// AddUser adds a user. The site must exist, and no address may be another user's.
func (s *Store) AddUser(ctx context.Context, u User) error {
	u, err := u.cleaned()
	if err != nil {
		return fmt.Errorf("add user: %w", err)
	}
	return s.inTx(ctx, func(tx pgx.Tx) error {
		p, err := lookUpPeople(ctx, tx, []User{u})
		if _, there := p.users[fold(u.Logon)]; there {
			return fmt.Errorf("user %q %w", u.Logon, ErrExists)
		}
		if err == nil {
			err = p.check(u, nil)
		}
		if err == nil {
			err = p.save(ctx, tx, []User{u}, allColumns)
		}
		if err != nil {
			return fmt.Errorf("add user %q: %w", u.Logon, err)
		}
		return nil
	})
}

// UserChange holds the values of a user that change; nil leaves one as it is.
type UserChange struct {
	Logon, Name, Site, Language, Title, Department, Phone *string

	Addresses *[]string // all addresses that the user has afterwards
}

// apply returns the user with the change.
func (c UserChange) apply(u User) User {
	for _, one := range []struct{ to, from *string }{
		{&u.Logon, c.Logon}, {&u.Name, c.Name}, {&u.Site, c.Site}, {&u.Language, c.Language}, {&u.Title, c.Title},
		{&u.Department, c.Department}, {&u.Phone, c.Phone},
	} {
		if one.from != nil {
			*one.to = *one.from
		}
	}
	if c.Addresses != nil {
		u.Addresses = *c.Addresses
	}
	return u
}

// EditUser changes a user, and returns the names of the columns that differ now. The error is ErrUnknown if nobody has the logon, and
// ErrExists if somebody else has the new one. Requests, their history and subscriptions stay the user's.
func (s *Store) EditUser(ctx context.Context, logon string, change UserChange) (changed []string, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		changed, err = editUser(ctx, tx, clean(strings.TrimSpace(logon)), change)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("edit user %q: %w", logon, err)
	}
	return changed, nil
}

func editUser(ctx context.Context, tx pgx.Tx, logon string, change UserChange) ([]string, error) {
	found, err := lookUpPeople(ctx, tx, []User{{Logon: logon}}) // and locks users until the end
	if err != nil {
		return nil, err
	}
	was, there := found.users[fold(logon)]
	if !there {
		return nil, fmt.Errorf("user %q %w", logon, ErrUnknown)
	}
	u, err := change.apply(was.User).cleaned()
	if err != nil {
		return nil, err
	}
	p, err := lookUpPeople(ctx, tx, []User{u})
	if err != nil {
		return nil, err
	}
	if other, taken := p.users[fold(u.Logon)]; taken && other.id != was.id {
		return nil, fmt.Errorf("user %q %w", u.Logon, ErrExists)
	}
	if err := p.check(u, map[string]bool{fold(was.Logon): true}); err != nil {
		return nil, err
	}
	if _, err := tx.Exec(ctx, `UPDATE user_account SET logon = $2 WHERE id = $1`, was.id, u.Logon); err != nil {
		return nil, err
	}
	return was.changes(u, allColumns), p.save(ctx, tx, []User{u}, allColumns)
}

// Users lists the users by logon.
func (s *Store) Users(ctx context.Context) ([]User, error) {
	rows, _ := s.pool.Query(ctx, `
		SELECT u.logon, u.name, u.language, coalesce(s.name, '') AS site, u.title, u.department, u.phone,
		       EXISTS (SELECT FROM user_password p WHERE p.user_id = u.id) AS has_password,
		       ARRAY(SELECT a.address FROM user_address a WHERE a.user_id = u.id ORDER BY a.address) AS addresses
		FROM user_account u LEFT JOIN site s ON s.id = u.site_id
		ORDER BY lower(u.logon)`)
	return readAll[User](rows, "list the users")
}
