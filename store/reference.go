package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

// ErrExists says that a name is taken. Names are compared without regard to case.
var ErrExists = errors.New("already exists")

// ErrUnknown says that nothing has the name or number that was given.
var ErrUnknown = errors.New("does not exist")

// maxName is the greatest length of a name in characters.
const maxName = 200

// cleanName returns a name that a person typed in the form that the database keeps: on one line, without spaces around
// it. The parameter what says in errors which name it is, for instance "team name".
func cleanName(what, name string) (string, error) {
	name = strings.Join(strings.Fields(clean(name)), " ")
	switch {
	case name == "":
		return "", fmt.Errorf("the %s must not be empty", what)
	case utf8.RuneCountInString(name) > maxName:
		return "", fmt.Errorf("the %s may have at most %d characters", what, maxName)
	case strings.ContainsFunc(name, unicode.IsControl):
		return "", fmt.Errorf("the %s %q must not contain control characters", what, name)
	}
	return name, nil
}

// Site is a location that users work at.
type Site struct {
	Name string `json:"name"`
}

// AddSite adds a site.
func (s *Store) AddSite(ctx context.Context, name string) error {
	name, err := cleanName("site name", name)
	if err != nil {
		return err
	}
	return s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `INSERT INTO site (name) VALUES ($1) ON CONFLICT DO NOTHING`, name)
		if err != nil {
			return fmt.Errorf("add site %q: %w", name, err)
		}
		if tag.RowsAffected() == 0 {
			return fmt.Errorf("site %q %w", name, ErrExists)
		}
		return nil
	})
}

// Sites lists the sites by name.
func (s *Store) Sites(ctx context.Context) ([]Site, error) {
	rows, _ := s.pool.Query(ctx, `SELECT name FROM site ORDER BY lower(name)`)
	return readAll[Site](rows, "list the sites")
}

// Group is a group of a team that requests are assigned to.
type Group struct {
	Team        string `json:"team"`
	Name        string `json:"name"`
	ServiceDesk bool   `json:"service_desk"` // gets requests for which no other group is named
}

// AddGroup adds a group to the named team, or to the only team when team is "".
func (s *Store) AddGroup(ctx context.Context, team, name string) error {
	return s.addToTeam(ctx, team, "group", name, func(tx pgx.Tx, teamID int64, name string) (int64, error) {
		tag, err := tx.Exec(ctx, `INSERT INTO support_group (team_id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING`, teamID, name)
		return tag.RowsAffected(), err
	})
}

// Groups lists the groups of the named team, or of all teams when team is "".
func (s *Store) Groups(ctx context.Context, team string) ([]Group, error) {
	if err := s.checkTeam(ctx, team); err != nil {
		return nil, err
	}
	rows, _ := s.pool.Query(ctx, `
		SELECT t.name AS team, g.name, g.id IS NOT DISTINCT FROM t.service_desk_group_id AS service_desk
		FROM support_group g JOIN team t ON t.id = g.team_id
		WHERE $1 = '' OR lower(t.name) = lower($1)
		ORDER BY lower(t.name), lower(g.name)`, clean(team))
	return readAll[Group](rows, "list the groups")
}

// Source is a way by which requests reach a team.
type Source struct {
	Team string `json:"team"`
	Name string `json:"name"`
}

// AddSource adds a source to the named team, or to the only team when team is "".
func (s *Store) AddSource(ctx context.Context, team, name string) error {
	return s.addToTeam(ctx, team, "source", name, func(tx pgx.Tx, teamID int64, name string) (int64, error) {
		tag, err := tx.Exec(ctx, `INSERT INTO source (team_id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING`, teamID, name)
		return tag.RowsAffected(), err
	})
}

// Sources lists the sources of the named team, or of all teams when team is "".
func (s *Store) Sources(ctx context.Context, team string) ([]Source, error) {
	if err := s.checkTeam(ctx, team); err != nil {
		return nil, err
	}
	rows, _ := s.pool.Query(ctx, `
		SELECT t.name AS team, c.name
		FROM source c JOIN team t ON t.id = c.team_id
		WHERE $1 = '' OR lower(t.name) = lower($1)
		ORDER BY lower(t.name), lower(c.name)`, clean(team))
	return readAll[Source](rows, "list the sources")
}

// Priority is a priority of a team.
type Priority struct {
	Team    string `json:"team"`
	Name    string `json:"name"`
	Rank    int32  `json:"rank"` // the lower, the more urgent
	Default bool   `json:"default"`
}

// rankStep is the distance between the ranks that the store assigns; it leaves room for others between them.
const rankStep = 10

// AddPriority adds a priority to the named team, or to the only team when team is "". Rank 0 puts it after the others.
func (s *Store) AddPriority(ctx context.Context, team, name string, rank int32) error {
	return s.addToTeam(ctx, team, "priority", name, func(tx pgx.Tx, teamID int64, name string) (int64, error) {
		tag, err := tx.Exec(ctx, `
			INSERT INTO priority (team_id, name, rank)
			SELECT $1, $2, CASE WHEN $3 <> 0 THEN $3 ELSE coalesce(max(rank), 0) + $4 END FROM priority WHERE team_id = $1
			ON CONFLICT DO NOTHING`, teamID, name, rank, rankStep)
		return tag.RowsAffected(), err
	})
}

// Priorities lists the priorities of the named team, or of all teams when team is "", the most urgent first.
func (s *Store) Priorities(ctx context.Context, team string) ([]Priority, error) {
	if err := s.checkTeam(ctx, team); err != nil {
		return nil, err
	}
	rows, _ := s.pool.Query(ctx, `
		SELECT t.name AS team, p.name, p.rank, p.id IS NOT DISTINCT FROM t.default_priority_id AS "default"
		FROM priority p JOIN team t ON t.id = p.team_id
		WHERE $1 = '' OR lower(t.name) = lower($1)
		ORDER BY lower(t.name), p.rank, lower(p.name)`, clean(team))
	return readAll[Priority](rows, "list the priorities")
}

// addToTeam adds one row of reference data to a team. The parameter what names its kind in errors; insert returns the
// number of rows that it inserted, 0 if the name is taken.
func (s *Store) addToTeam(
	ctx context.Context, team, what, name string, insert func(tx pgx.Tx, teamID int64, name string) (int64, error),
) error {
	name, err := cleanName(what+" name", name)
	if err != nil {
		return err
	}
	return s.inTx(ctx, func(tx pgx.Tx) error {
		id, team, err := findTeam(ctx, tx, team)
		if err != nil {
			return fmt.Errorf("add %s %q: %w", what, name, err)
		}
		added, err := insert(tx, id, name)
		if err != nil {
			return fmt.Errorf("add %s %q: %w", what, name, err)
		}
		if added == 0 {
			return fmt.Errorf("%s %q of team %q %w", what, name, team, ErrExists)
		}
		return nil
	})
}

// readAll reads all rows into structs. It never returns a nil list, which would be null in JSON.
func readAll[T any](rows pgx.Rows, doing string) ([]T, error) {
	all, err := pgx.CollectRows(rows, pgx.RowToStructByNameLax[T])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	if all == nil {
		all = []T{}
	}
	return all, nil
}
