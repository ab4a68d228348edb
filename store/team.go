package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor/template"
)

// Team has groups, priorities, sources and requests of its own in the database.
type Team struct {
	Number          int64  `json:"number"` // by which the command line of Octopus may name the team, in the order in which teams were added
	Name            string `json:"name"`
	Address         string `json:"address"`          // sender of the team's mail, "" when it has none
	Language        string `json:"language"`         // of mail to people whose language is not known, "" for English
	SitesMandatory  bool   `json:"sites_mandatory"`  // every incident needs a site
	DefaultPriority string `json:"default_priority"` // "" when there is none
	ServiceDesk     string `json:"service_desk"`     // the group that gets requests for which no other group is named
}

// TeamOptions are the optional settings of a new team.
type TeamOptions struct {
	Address        string // an addr-spec, or ""
	Language       string // such as en or fr, or ""
	SitesMandatory bool
}

// TeamChange holds the settings of a team that change; nil leaves one as it is.
type TeamChange struct {
	Name           *string
	Address        *string // an addr-spec, or ""
	Language       *string // such as en or fr, or ""
	SitesMandatory *bool
}

// The group and the source that AddTeam adds.
const (
	firstGroup  = "Service Desk"
	firstSource = "Email"
)

// AddTeam adds a team with the group Service Desk, the priorities High, Normal (the default) and Low, and the source
// Email.
func (s *Store) AddTeam(ctx context.Context, name string, opts TeamOptions) error {
	name, err := cleanName("team name", name)
	if err != nil {
		return err
	}
	address, err := cleanAddressOrNone(opts.Address)
	if err != nil {
		return fmt.Errorf("team %q: %w", name, err)
	}
	language, err := template.CleanLanguage(opts.Language)
	if err != nil {
		return fmt.Errorf("team %q: %w", name, err)
	}
	return s.inTx(ctx, func(tx pgx.Tx) error {
		var id int64
		err := tx.QueryRow(ctx, `
			INSERT INTO team (name, address, language, sites_mandatory) VALUES ($1, $2, $3, $4)
			ON CONFLICT DO NOTHING RETURNING id`, name, address, language, opts.SitesMandatory).Scan(&id)
		if errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("team %q %w", name, ErrExists)
		}
		if err == nil {
			err = equipTeam(ctx, tx, id)
		}
		if err != nil {
			return fmt.Errorf("add team %q: %w", name, err)
		}
		return nil
	})
}

// SetTeam changes settings of the named team, or of the only team when name is "".
func (s *Store) SetTeam(ctx context.Context, name string, change TeamChange) error {
	var mistakes []error
	set := func(value *string, clean func(string) (string, error)) *string {
		if value == nil {
			return nil
		}
		cleaned, err := clean(*value)
		if err != nil {
			mistakes = append(mistakes, err)
		}
		return &cleaned
	}
	address, language := set(change.Address, cleanAddressOrNone), set(change.Language, template.CleanLanguage)
	renamed := set(change.Name, func(name string) (string, error) { return cleanName("team name", name) })
	if err := errors.Join(mistakes...); err != nil {
		return fmt.Errorf("change a team: %w", err)
	}
	return s.inTx(ctx, func(tx pgx.Tx) error {
		id, _, err := findTeam(ctx, tx, name)
		if err == nil {
			_, err = tx.Exec(ctx, `UPDATE team SET address = coalesce($2, address), language = coalesce($3, language),
				sites_mandatory = coalesce($4, sites_mandatory), name = coalesce($5, name) WHERE id = $1`,
				id, address, language, change.SitesMandatory, renamed)
		}
		if pg, ok := pgError(err); ok && pg.Code == stateUnique {
			return fmt.Errorf("team %q %w", *renamed, ErrExists)
		}
		if err != nil {
			return fmt.Errorf("change a team: %w", err)
		}
		return nil
	})
}

// cleanAddressOrNone returns an addr-spec in the form that the database keeps, and "" for "".
func cleanAddressOrNone(address string) (string, error) {
	if strings.TrimSpace(address) == "" {
		return "", nil
	}
	return cleanAddress(address)
}

// equipTeam adds the group, the source and the priorities that a new team needs to open requests.
func equipTeam(ctx context.Context, tx pgx.Tx, id int64) error {
	_, err := tx.Exec(ctx, `
		WITH new_group AS (
			INSERT INTO support_group (team_id, name) VALUES ($1, $2) RETURNING id
		), new_source AS (
			INSERT INTO source (team_id, name) VALUES ($1, $3)
		), new_priority AS (
			INSERT INTO priority (team_id, name, rank)
			VALUES ($1, 'High', $4), ($1, 'Normal', 2 * $4), ($1, 'Low', 3 * $4) RETURNING id, name
		)
		UPDATE team SET
			service_desk_group_id = (SELECT id FROM new_group),
			default_priority_id   = (SELECT id FROM new_priority WHERE name = 'Normal')
		WHERE id = $1`, id, firstGroup, firstSource, rankStep)
	return err
}

// Teams lists the teams by name.
func (s *Store) Teams(ctx context.Context) ([]Team, error) {
	rows, _ := s.pool.Query(ctx, `
		SELECT t.id AS number, t.name, t.address, t.language, t.sites_mandatory, coalesce(p.name, '') AS default_priority, coalesce(g.name, '') AS service_desk
		FROM team t
		LEFT JOIN priority p ON p.id = t.default_priority_id
		LEFT JOIN support_group g ON g.id = t.service_desk_group_id
		ORDER BY lower(t.name)`)
	return readAll[Team](rows, "list the teams")
}

// TeamNamed returns the name, as the database spells it, of the team with a name or a number. A name goes before a number: a
// team may be called "2". The error is ErrUnknown if there is none.
func (s *Store) TeamNamed(ctx context.Context, nameOrNumber string) (name string, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT name FROM team WHERE lower(name) = lower($1) OR id::text = $1
			ORDER BY lower(name) = lower($1) DESC LIMIT 1`, clean(strings.TrimSpace(nameOrNumber))).Scan(&name)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		err = fmt.Errorf("team %q %w", nameOrNumber, ErrUnknown)
	}
	return name, err
}

// findTeam returns a team by name, or the only team when name is "", with its name as the database spells it.
func findTeam(ctx context.Context, tx pgx.Tx, name string) (id int64, written string, err error) {
	name = strings.TrimSpace(clean(name))
	rows, _ := tx.Query(ctx, `SELECT id, name FROM team WHERE $1 = '' OR lower(name) = lower($1) ORDER BY lower(name)`, name)
	type team struct {
		ID   int64
		Name string
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[team])
	switch {
	case err != nil:
		return 0, "", err
	case len(found) == 1:
		return found[0].ID, found[0].Name, nil
	case name != "":
		return 0, "", fmt.Errorf("team %q %w", name, ErrUnknown)
	case len(found) == 0:
		return 0, "", errors.New("there is no team yet: run mailintegration team add NAME")
	}
	names := make([]string, len(found))
	for i, t := range found {
		names[i] = t.Name
	}
	return 0, "", fmt.Errorf("there are several teams: specify one of %s", strings.Join(names, ", "))
}

// checkTeam returns ErrUnknown when name is not "" and no team has it.
func (s *Store) checkTeam(ctx context.Context, name string) error {
	if name == "" {
		return nil
	}
	var there bool
	err := s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM team WHERE lower(name) = lower($1))`, clean(name)).Scan(&there)
	if err == nil && !there {
		err = fmt.Errorf("team %q %w", name, ErrUnknown)
	}
	return err
}
