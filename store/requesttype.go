package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// RequestType is a kind of service request that the users of a team can make.
type RequestType struct {
	Team     string `json:"team"`
	Name     string `json:"name"`
	Priority string `json:"priority"` // default of such requests; "" means the team's default priority
	Group    string `json:"group"`    // default of such requests; "" means the service desk
	Assignee string `json:"assignee"` // logon of who gets such requests; "" means nobody
}

// AddRequestType adds a service request type to y.Team, or to the only team if that is "". The priority, the group
// and the assignee must exist.
func (s *Store) AddRequestType(ctx context.Context, y RequestType) error {
	return s.addToTeam(ctx, y.Team, "service request type", y.Name, func(tx pgx.Tx, team int64, name string) (int64, error) {
		priority, err := optionalID(ctx, tx, `SELECT id FROM priority WHERE team_id = $1 AND lower(name) = lower($2)`,
			"priority", team, y.Priority)
		if err != nil {
			return 0, err
		}
		group, err := optionalID(ctx, tx, `SELECT id FROM support_group WHERE team_id = $1 AND lower(name) = lower($2)`, "group", team, y.Group)
		if err != nil {
			return 0, err
		}
		assignee, err := optionalID(ctx, tx, `SELECT id FROM user_account WHERE $1::bigint > 0 AND lower(logon) = lower($2)`, "user", team, y.Assignee)
		if err != nil {
			return 0, err
		}
		tag, err := tx.Exec(ctx, `INSERT INTO service_request_type (team_id, name, priority_id, group_id, assignee_id)
			VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`, team, name, priority, group, assignee)
		return tag.RowsAffected(), err
	})
}

// optionalID returns the id of the row with the name, which the query finds in the team ($1), nil if the name is "".
func optionalID(ctx context.Context, tx pgx.Tx, sql, what string, team int64, name string) (*int64, error) {
	if name == "" {
		return nil, nil
	}
	var id int64
	err := tx.QueryRow(ctx, sql, team, clean(name)).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("%s %q %w", what, name, ErrUnknown)
	}
	return &id, err
}

// RequestTypes lists the service request types of the named team, or of all teams when team is "".
func (s *Store) RequestTypes(ctx context.Context, team string) ([]RequestType, error) {
	if err := s.checkTeam(ctx, team); err != nil {
		return nil, err
	}
	rows, _ := s.pool.Query(ctx, `
		SELECT t.name AS team, y.name, coalesce(p.name, '') AS priority, coalesce(g.name, '') AS "group",
			coalesce(u.logon, '') AS assignee
		FROM service_request_type y JOIN team t ON t.id = y.team_id
		LEFT JOIN priority p      ON p.id = y.priority_id
		LEFT JOIN support_group g ON g.id = y.group_id
		LEFT JOIN user_account u  ON u.id = y.assignee_id
		WHERE $1 = '' OR lower(t.name) = lower($1)
		ORDER BY lower(t.name), lower(y.name)`, clean(team))
	return readAll[RequestType](rows, "list the service request types")
}
