package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Subscription says that a user gets a mail for each new event of a group that is assigned to no person.
type Subscription struct {
	Logon   string `json:"logon"`
	Name    string `json:"name"`
	Address string `json:"address"` // where the mail goes: the first of the user's addresses, "" if there is none
	Team    string `json:"team"`
	Group   string `json:"group"`
}

// Subscribe subscribes a user to the new events of a group of the named team, or of the only team when team is "". The
// error is ErrExists if the user is subscribed already, and ErrUnknown if there is no such user or group.
func (s *Store) Subscribe(ctx context.Context, logon, team, group string) error {
	return s.onSubscription(ctx, "subscribe", logon, team, group, ErrExists,
		`INSERT INTO subscription (user_id, group_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`)
}

// Unsubscribe ends a subscription. The error is ErrUnknown if there is none.
func (s *Store) Unsubscribe(ctx context.Context, logon, team, group string) error {
	return s.onSubscription(ctx, "unsubscribe", logon, team, group, ErrUnknown, `DELETE FROM subscription WHERE user_id = $1 AND group_id = $2`)
}

// onSubscription runs a statement about the subscription of a user to a group. The error is otherwise if it changes nothing.
func (s *Store) onSubscription(ctx context.Context, doing, logon, team, group string, otherwise error, sql string) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		teamID, team, err := findTeam(ctx, tx, team)
		if err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
		var user, groupID int64
		err = tx.QueryRow(ctx, `SELECT coalesce((SELECT id FROM user_account WHERE lower(logon) = lower($1)), 0),
			coalesce((SELECT id FROM support_group WHERE lower(name) = lower($2) AND team_id = $3), 0)`,
			clean(logon), clean(group), teamID).Scan(&user, &groupID)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", doing, err)
		case user == 0:
			return fmt.Errorf("%s: user %q %w", doing, logon, ErrUnknown)
		case groupID == 0:
			return fmt.Errorf("%s: group %q of team %q %w", doing, group, team, ErrUnknown)
		}
		tag, err := tx.Exec(ctx, sql, user, groupID)
		if err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
		if tag.RowsAffected() == 0 {
			return fmt.Errorf("the subscription of user %q to group %q of team %q %w", logon, group, team, otherwise)
		}
		return nil
	})
}

// Subscriptions lists the subscriptions by team, group and logon.
func (s *Store) Subscriptions(ctx context.Context) ([]Subscription, error) {
	rows, _ := s.pool.Query(ctx, `
		SELECT u.logon, u.name, coalesce((SELECT min(address) FROM user_address WHERE user_id = u.id), '') AS address,
		       t.name AS team, g.name AS "group"
		FROM subscription n JOIN user_account u ON u.id = n.user_id
		JOIN support_group g ON g.id = n.group_id JOIN team t ON t.id = g.team_id
		ORDER BY lower(t.name), lower(g.name), lower(u.logon)`)
	return readAll[Subscription](rows, "list the subscriptions")
}
