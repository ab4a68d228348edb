package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
	"mailintegration/processor/template"
)

// ReplyTemplate is a text of a team's own, in place of the one that comes with the program.
type ReplyTemplate struct {
	Team      string              `json:"team"`
	Kind      processor.ReplyKind `json:"kind"`
	Language  string              `json:"language"`
	Subject   string              `json:"subject"`
	Body      string              `json:"body"`
	ChangedAt time.Time           `json:"changed_at"`
}

// SetReplyTemplate saves a text of the named team, or of the only team when team is "", in place of any earlier one. It
// saves nothing that template.Check finds a mistake in.
func (s *Store) SetReplyTemplate(ctx context.Context, team string, kind processor.ReplyKind, language string, text template.Text) error {
	if err := template.Check(kind, text); err != nil {
		return err
	}
	text = template.Text{Subject: clean(text.Subject), Body: clean(text.Body)}
	return s.onReplyTemplate(ctx, "save", team, language, func(tx pgx.Tx, teamID int64, _, language string) error {
		_, err := tx.Exec(ctx, `INSERT INTO reply_template (team_id, kind, language, subject, body) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (team_id, kind, language) DO UPDATE SET subject = excluded.subject, body = excluded.body, changed_at = now()`,
			teamID, string(kind), language, text.Subject, text.Body)
		return err
	})
}

// DropReplyTemplate removes a text of a team, so that the one that comes with the program is used again. The error is
// ErrUnknown if the team has none.
func (s *Store) DropReplyTemplate(ctx context.Context, team string, kind processor.ReplyKind, language string) error {
	return s.onReplyTemplate(ctx, "remove", team, language, func(tx pgx.Tx, teamID int64, team, language string) error {
		tag, err := tx.Exec(ctx, `DELETE FROM reply_template WHERE team_id = $1 AND kind = $2 AND language = $3`, teamID, string(kind), language)
		if err == nil && tag.RowsAffected() == 0 {
			err = fmt.Errorf("a text of team %q for %s in the language %s %w", team, kind, language, ErrUnknown)
		}
		return err
	})
}

// onReplyTemplate runs f with a team and a language, both as the database has them.
func (s *Store) onReplyTemplate(
	ctx context.Context, doing, team, language string, f func(tx pgx.Tx, teamID int64, team, language string) error,
) error {
	language, err := template.CleanLanguage(language)
	if err == nil && language == "" {
		err = fmt.Errorf("no language is given: use one such as en or fr")
	}
	if err != nil {
		return fmt.Errorf("%s a text: %w", doing, err)
	}
	return s.inTx(ctx, func(tx pgx.Tx) error {
		id, team, err := findTeam(ctx, tx, team)
		if err == nil {
			err = f(tx, id, team, language)
		}
		if err != nil {
			return fmt.Errorf("%s a text: %w", doing, err)
		}
		return nil
	})
}

// ReplyTemplates lists the own texts of the named team, or of all teams when team is "".
func (s *Store) ReplyTemplates(ctx context.Context, team string) ([]ReplyTemplate, error) {
	if err := s.checkTeam(ctx, team); err != nil {
		return nil, err
	}
	rows, _ := s.pool.Query(ctx, `
		SELECT t.name AS team, r.kind, r.language, r.subject, r.body, r.changed_at
		FROM reply_template r JOIN team t ON t.id = r.team_id
		WHERE $1 = '' OR lower(t.name) = lower($1)
		ORDER BY lower(t.name), r.kind, r.language`, clean(team))
	return readAll[ReplyTemplate](rows, "list the texts of mail")
}
