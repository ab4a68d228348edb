package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// InUseError says that something is not removed, because recorded rows name it: what is recorded is never erased.
type InUseError struct {
	What   string   // such as user "ann"
	Uses   []string // such as "12 requests"
	Remedy string   // what a person can do instead
}

func (e *InUseError) Error() string {
	return fmt.Sprintf("%s is not removed: %s name it", e.What, strings.Join(e.Uses, ", "))
}

// Hint returns what a person can do instead.
func (e *InUseError) Hint() string { return e.Remedy }

// use counts the rows that name something, whose id is $1.
type use struct{ words, sql string }

var usesOfUser = []use{
	{"requests", `SELECT count(*) FROM request WHERE $1 IN (requester_id, user_id, assignee_id, opened_by_id)`},
	{"activities", `SELECT count(*) FROM activity WHERE $1 IN (sender_id, recorded_by_id)`},
	{"participations", `SELECT count(*) FROM participant WHERE user_id = $1`},
	{"entries of the history", `SELECT count(*) FROM history WHERE author_id = $1`},
	{"messages that were set aside", `SELECT count(*) FROM set_aside WHERE settled_by_id = $1`},
	{"service request types", `SELECT count(*) FROM service_request_type WHERE assignee_id = $1`},
}

// RemoveUser removes a user with addresses, subscriptions, password and tokens. The error is ErrUnknown if nobody has the logon, and an
// InUseError if anything that was recorded names the user.
func (s *Store) RemoveUser(ctx context.Context, logon string) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		var id int64
		err := tx.QueryRow(ctx, `SELECT id, logon FROM user_account WHERE lower(logon) = lower($1) FOR UPDATE`,
			clean(strings.TrimSpace(logon))).Scan(&id, &logon)
		if errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("user %q %w", logon, ErrUnknown)
		}
		remedy := fmt.Sprintf("keep the user; mail, log-in and notifications end with mailintegration user edit %[1]s --address '', "+
			"mailintegration user remove-password %[1]s and mailintegration user unsubscribe", logon)
		if err == nil {
			err = unused(ctx, tx, fmt.Sprintf("user %q", logon), remedy, id, usesOfUser)
		}
		if err == nil {
			_, err = tx.Exec(ctx, `DELETE FROM user_account WHERE id = $1`, id)
		}
		if err != nil {
			return fmt.Errorf("remove user: %w", err)
		}
		return nil
	})
}

var usesOfTeam = []use{
	{"requests", `SELECT count(*) FROM request WHERE team_id = $1`},
	{"mails", `SELECT count(*) FROM outbox WHERE team_id = $1`},
}

// RemoveTeam removes a team with its groups, priorities, sources, service request types, texts and the subscriptions to its groups. The
// error is ErrUnknown if there is no such team, and an InUseError if requests or mail belong to it.
func (s *Store) RemoveTeam(ctx context.Context, name string) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		if strings.TrimSpace(name) == "" {
			return errors.New("remove team: name the team")
		}
		id, name, err := findTeam(ctx, tx, name)
		if err == nil {
			_, err = tx.Exec(ctx, `SELECT FROM team WHERE id = $1 FOR UPDATE`, id)
		}
		if err == nil {
			remedy := fmt.Sprintf("keep the team, and poll nothing for it: remove the mailboxes with its name in Team. "+
				"mailintegration request list --team %q shows its requests", name)
			err = unused(ctx, tx, fmt.Sprintf("team %q", name), remedy, id, usesOfTeam)
		}
		for _, sql := range []string{
			`UPDATE team SET default_priority_id = NULL, service_desk_group_id = NULL WHERE id = $1`,
			`DELETE FROM reply_template WHERE team_id = $1`,
			`DELETE FROM service_request_type WHERE team_id = $1`,
			`DELETE FROM support_group WHERE team_id = $1`,
			`DELETE FROM priority WHERE team_id = $1`,
			`DELETE FROM source WHERE team_id = $1`,
			`DELETE FROM team WHERE id = $1`,
		} {
			if err == nil {
				_, err = tx.Exec(ctx, sql, id)
			}
		}
		if err != nil {
			return fmt.Errorf("remove team: %w", err)
		}
		return nil
	})
}

// unused returns an InUseError if rows name something.
func unused(ctx context.Context, tx pgx.Tx, what, remedy string, id int64, uses []use) error {
	var found []string
	for _, u := range uses {
		var n int64
		if err := tx.QueryRow(ctx, u.sql, id).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			found = append(found, fmt.Sprint(n, " ", u.words))
		}
	}
	if len(found) > 0 {
		return &InUseError{What: what, Uses: found, Remedy: remedy}
	}
	return nil
}
