package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// Mailbox is a configured mailbox whose names are resolved. Only Resolve makes one.
type Mailbox struct {
	ID   int64
	Name string
	processor.References
}

// UnresolvedError lists the names of a mailbox's configuration that are not in the database.
type UnresolvedError struct {
	Mailbox string // "" if References resolved names without a mailbox
	Names   []UnresolvedName
}

// UnresolvedName is a name that the database does not have, or a tag that needs a name in the configuration.
type UnresolvedName struct {
	Tag  string // of the configuration
	Name string // "" if the configuration has none
	Hint string // the remedy
}

// Error returns everything that is missing, in one line.
func (e *UnresolvedError) Error() string {
	var parts []string
	for _, n := range e.Names {
		if n.Name == "" {
			parts = append(parts, n.Tag+" is missing")
		} else {
			parts = append(parts, fmt.Sprintf("%s %q is not in the database", n.Tag, n.Name))
		}
	}
	text := strings.Join(parts, "; ")
	if e.Mailbox == "" {
		return text
	}
	return "mailbox " + e.Mailbox + ": " + text
}

// Hint returns the remedy for each name, in one line.
func (e *UnresolvedError) Hint() string {
	var lines []string
	for _, n := range e.Names {
		lines = append(lines, n.Tag+": "+n.Hint)
	}
	return strings.Join(lines, "; ")
}

// Resolve returns the mailbox of that name with its names resolved, and adds a row for it to the database if it is new.
// The error is an *UnresolvedError if names are missing.
func (s *Store) Resolve(ctx context.Context, name string, names processor.Names) (Mailbox, error) {
	mb := Mailbox{Name: clean(name)}
	var err error
	mb.References, err = s.References(ctx, names)
	var missing *UnresolvedError
	if errors.As(err, &missing) {
		missing.Mailbox = mb.Name
		return Mailbox{}, missing
	}
	if err != nil {
		return Mailbox{}, fmt.Errorf("resolve mailbox %s: %w", mb.Name, err)
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO mailbox (name) SELECT $1
			WHERE NOT EXISTS (SELECT FROM mailbox WHERE lower(name) = lower($1)) ON CONFLICT DO NOTHING`, mb.Name)
		if err != nil {
			return err
		}
		return tx.QueryRow(ctx, `SELECT id FROM mailbox WHERE lower(name) = lower($1)`, mb.Name).Scan(&mb.ID)
	})
	if err != nil {
		return Mailbox{}, fmt.Errorf("resolve mailbox %s: %w", mb.Name, err)
	}
	return mb, nil
}

// References resolves names and changes nothing. The error is an *UnresolvedError if names are missing.
func (s *Store) References(ctx context.Context, names processor.Names) (processor.References, error) {
	r := &resolution{names: names}
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		*r = resolution{names: names}
		return r.run(ctx, tx)
	})
	if err != nil {
		return processor.References{}, err
	}
	if len(r.missing) > 0 {
		return processor.References{}, &UnresolvedError{Names: r.missing}
	}
	return r.found, nil
}

// resolution is one attempt to resolve names.
type resolution struct {
	names     processor.Names
	found     processor.References
	needsSite bool
	missing   []UnresolvedName
}

func (r *resolution) run(ctx context.Context, tx pgx.Tx) error {
	if err := r.team(ctx, tx); err != nil {
		return err
	}
	team := r.found.Team.ID
	var b pgx.Batch
	r.user(&b, "Login", r.names.Login, true, &r.found.Login)
	r.user(&b, "IncidentFallbackUserLogon", r.names.FallbackUser, false, &r.found.FallbackUser)
	r.ref(&b, "IncidentFallbackSiteName", "site", r.names.FallbackSite, &r.found.FallbackSite, siteNamed)
	if team != 0 { // without the team, its names cannot be looked up
		r.teamRefs(&b)
	}
	r.deliveries(&b, team)
	r.user(&b, "Assignee", r.names.Assignee, false, &r.found.Assignee)
	r.filters(&b, team)
	if err := tx.SendBatch(ctx, &b).Close(); err != nil {
		return fmt.Errorf("names: %w", err)
	}
	// Monitoring mailboxes have no fallback user and open events, which need no site.
	if r.needsSite && r.names.FallbackSite == "" && r.names.FallbackUser != "" {
		r.miss("IncidentFallbackSiteName", "", fmt.Sprintf(
			"team %s requires a site on every incident: name one in IncidentFallbackSiteName", r.found.Team.Name))
	}
	return nil
}

// teamRefs queues the look-up of the team's source, priority and group.
func (r *resolution) teamRefs(b *pgx.Batch) {
	team := r.found.Team.ID
	r.ref(b, "IncidentSource", "source", r.names.Source, &r.found.Source, sourceNamed, team)
	r.ref(b, "IncidentPriority", "priority", r.names.Priority, &r.found.Priority, priorityNamed, team)
	r.ref(b, cmp.Or(r.names.GroupTag, "IncidentGroup"), "group", r.names.Group, &r.found.Group, groupNamed, team)
}

// deliveries queues the look-up of the addresses to which mail servers deliver the mail of the team's mailboxes. An address
// that got no mail for a year may be somebody else's by now.
func (r *resolution) deliveries(b *pgx.Batch, team int64) {
	b.Queue(`SELECT DISTINCT delivered_to FROM mailbox WHERE team_id = $1 AND delivered_to <> '' AND mail_at > now() - interval '1 year'
		ORDER BY delivered_to`, team).
		Query(func(rows pgx.Rows) (err error) {
			r.found.DeliveredTo, err = pgx.AppendRows([]string(nil), rows, pgx.RowTo[string])
			return err
		})
}

// Queries for reference data by name.
const (
	sourceNamed   = `SELECT id, name FROM source WHERE lower(name) = lower($1) AND team_id = $2`
	siteNamed     = `SELECT id, name FROM site WHERE lower(name) = lower($1)`
	priorityNamed = `SELECT id, name FROM priority WHERE lower(name) = lower($1) AND team_id = $2`
	groupNamed    = `SELECT id, name FROM support_group WHERE lower(name) = lower($1) AND team_id = $2`
)

// filters queues the look-up of the names that filters set.
func (r *resolution) filters(b *pgx.Batch, team int64) {
	if len(r.names.Filters) > 0 {
		r.found.FilterSettings = make([]processor.FilterReferences, len(r.names.Filters))
	}
	for i, f := range r.names.Filters {
		to, of := &r.found.FilterSettings[i], " of filter "+quoted(f.Filter)
		r.ref(b, "SetSite"+of, "site", f.Site, &to.Site, siteNamed)
		if team != 0 {
			r.ref(b, "SetPriority"+of, "priority", f.Priority, &to.Priority, priorityNamed, team)
			r.ref(b, "SetGroup"+of, "group", f.Group, &to.Group, groupNamed, team)
		}
		r.user(b, "SetAssignee"+of, f.Assignee, false, &to.Assignee)
	}
}

// team finds the team with its defaults.
func (r *resolution) team(ctx context.Context, tx pgx.Tx) error {
	f := &r.found
	err := tx.QueryRow(ctx, `SELECT t.id, t.name, t.sites_mandatory, coalesce(p.id, 0), coalesce(p.name, ''),
			coalesce(g.id, 0), coalesce(g.name, ''), t.address, t.language
		FROM team AS t LEFT JOIN priority AS p ON p.id = t.default_priority_id
		LEFT JOIN support_group AS g ON g.id = t.service_desk_group_id
		WHERE lower(t.name) = lower($1)`, clean(r.names.Team)).
		Scan(&f.Team.ID, &f.Team.Name, &r.needsSite, &f.DefaultPriority.ID, &f.DefaultPriority.Name, &f.ServiceDesk.ID, &f.ServiceDesk.Name,
			&f.TeamAddress, &f.TeamLanguage)
	switch {
	case errors.Is(err, pgx.ErrNoRows) && r.names.Team == "":
		r.miss("Team", "", "name the team in Team")
	case errors.Is(err, pgx.ErrNoRows):
		r.miss("Team", r.names.Team, "correct the name, or add it with: mailintegration team add "+quoted(r.names.Team))
	case err != nil:
		return fmt.Errorf("team: %w", err)
	}
	return nil
}

// user queues the look-up of a user by logon.
func (r *resolution) user(b *pgx.Batch, tag, logon string, mandatory bool, to *processor.User) {
	if logon == "" {
		if mandatory {
			r.miss(tag, "", "name a user in "+tag)
		}
		return
	}
	b.Queue(userWithLogon, clean(logon)).
		QueryRow(func(row pgx.Row) error {
			err := row.Scan(&to.ID, &to.Logon, &to.Name, &to.Site.ID, &to.Site.Name)
			return r.check(err, tag, logon, "correct the name, or add it with: mailintegration user add "+quoted(logon)+" --name NAME")
		})
}

// ref queues the look-up of reference data by name. The parameter noun is the command that adds such a row.
func (r *resolution) ref(b *pgx.Batch, tag, noun, name string, to *processor.Ref, sql string, args ...any) {
	if name == "" {
		return
	}
	hint := "correct the name, or add it with: mailintegration " + noun + " add " + quoted(name)
	if len(args) > 0 {
		hint += " --team " + quoted(r.found.Team.Name)
	}
	b.Queue(sql, append([]any{clean(name)}, args...)...).QueryRow(func(row pgx.Row) error {
		return r.check(row.Scan(&to.ID, &to.Name), tag, name, hint)
	})
}

// check notes a name that was not found. It returns any other error, because it is one of the database.
func (r *resolution) check(err error, tag, name, hint string) error {
	if errors.Is(err, pgx.ErrNoRows) {
		r.miss(tag, name, hint)
		return nil
	}
	return err
}

func (r *resolution) miss(tag, name, hint string) {
	r.missing = append(r.missing, UnresolvedName{Tag: tag, Name: name, Hint: hint})
}

// quoted returns a word as a shell takes it, in quotes if it needs them.
func quoted(word string) string {
	if word != "" && !strings.ContainsFunc(word, func(c rune) bool { return strings.ContainsRune(" \t\n'\"\\$&;|<>()*?#~`!", c) }) {
		return word
	}
	return `"` + strings.ReplaceAll(word, `"`, `\"`) + `"`
}
