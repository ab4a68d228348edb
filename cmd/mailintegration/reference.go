package main

import (
	"cmp"
	"errors"
	"fmt"

	"mailintegration/store"
)

// change opens the installation, makes one change, and prints what f returns about it.
func change(e *env, f func(*store.Store) (string, error)) error {
	return withStore(e, func(s *store.Store) error {
		done, err := f(s)
		if err == nil {
			fmt.Fprintln(e.stdout, done)
		}
		return err
	})
}

// withStore opens the installation for writing, and calls f.
func withStore(e *env, f func(*store.Store) error) error {
	in, err := open(e, logWarnings)
	if err != nil {
		return err
	}
	defer in.close()
	return f(in.store)
}

// inTeam holds the flag of verbs whose rows belong to a team.
type inTeam struct {
	Team string `help:"The team. Not needed if there is only one."`
}

type teamCmd struct {
	Add  teamAddCmd  `cmd:"" help:"Add a team. It starts with a group Service Desk, three priorities and a source."`
	Edit teamEditCmd `cmd:"" aliases:"set" help:"Change the name, the address, the language or the need for sites of a team."`
	List teamListCmd `cmd:"" help:"List the teams."`

	Remove teamRemoveCmd `cmd:"" help:"Remove a team that has no requests."`
}

type teamAddCmd struct {
	Name           string `arg:"" help:"Its name."`
	Address        string `help:"The address that the team sends mail from."`
	Language       string `help:"The language of mail to people whose language is not known, such as en or fr."`
	SitesMandatory bool   `help:"Require a site for every incident of this team."`
}

// Run adds a team.
func (c *teamAddCmd) Run(e *env) error {
	return change(e, func(s *store.Store) (string, error) {
		return "team " + c.Name + " added", s.AddTeam(e.ctx, c.Name, store.TeamOptions{
			Address: c.Address, Language: c.Language, SitesMandatory: c.SitesMandatory,
		})
	})
}

type teamEditCmd struct {
	output
	Name           string  `arg:"" help:"Its name."`
	NewName        *string `placeholder:"NAME" help:"Another name. Mailboxes name the team in Team."`
	Address        *string `help:"The address that the team sends mail from; empty for none."`
	Language       *string `help:"The language of mail to people whose language is not known, such as en or fr; empty for English."`
	SitesMandatory *bool   `negatable:"" help:"Require a site for every incident of this team."`
}

// Run changes a team.
func (c *teamEditCmd) Run(e *env) error {
	change := store.TeamChange{Name: c.NewName, Address: c.Address, Language: c.Language, SitesMandatory: c.SitesMandatory}
	if change == (store.TeamChange{}) {
		return &failure{
			code: exitUsage, err: errors.New("nothing is to be changed"), hint: "use --address, --language, --sites-mandatory or --new-name",
		}
	}
	err := withStore(e, func(s *store.Store) error {
		if err := s.SetTeam(e.ctx, c.Name, change); err != nil {
			return err
		}
		if c.JSON {
			return e.printJSON(map[string]string{"team": cmp.Or(valueOf(c.NewName), c.Name)})
		}
		printLine(e.stdout, "team %s changed", c.Name)
		return nil
	})
	if err != nil {
		return err
	}
	return noteRenamed(e, teamTags, c.Name, c.NewName)
}

type teamRemoveCmd struct {
	output
	Name string `arg:"" help:"Its name."`
}

// Help returns the text that --help prints before the flags.
func (teamRemoveCmd) Help() string {
	return "Groups, priorities, sources, service request types, texts and subscriptions go with the team. A team with requests, and one that " +
		"the configuration names, is not removed: what was recorded stays. The user of Database must own the tables."
}

// Run removes a team.
func (c *teamRemoveCmd) Run(e *env) error {
	if err := refuseNamed(e, "team "+c.Name, teamTags, c.Name); err != nil {
		return err
	}
	return withStore(e, func(s *store.Store) error {
		if err := s.RemoveTeam(e.ctx, c.Name); err != nil {
			return err
		}
		return c.removed(e, "team", c.Name)
	})
}

type teamListCmd struct{ output }

// Run lists the teams.
func (c *teamListCmd) Run(e *env) error {
	return list(e, c.output, func(s *store.Store) ([]store.Team, error) { return s.Teams(e.ctx) },
		[]string{"number", "team", "address", "language", "sites", "priority", "service desk"}, func(t store.Team) []any {
			sites := "optional"
			if t.SitesMandatory {
				sites = "mandatory"
			}
			return []any{t.Number, t.Name, t.Address, t.Language, sites, t.DefaultPriority, t.ServiceDesk}
		})
}

type groupCmd struct {
	Add  groupAddCmd  `cmd:"" help:"Add a group to a team."`
	List groupListCmd `cmd:"" help:"List the groups."`
}

type groupAddCmd struct {
	inTeam
	Name string `arg:"" help:"Its name."`
}

// Run adds a group.
func (c *groupAddCmd) Run(e *env) error {
	return change(e, func(s *store.Store) (string, error) {
		return "group " + c.Name + " added", s.AddGroup(e.ctx, c.Team, c.Name)
	})
}

type groupListCmd struct {
	output
	inTeam
}

// Run lists the groups.
func (c *groupListCmd) Run(e *env) error {
	return list(e, c.output, func(s *store.Store) ([]store.Group, error) { return s.Groups(e.ctx, c.Team) },
		[]string{"team", "group", "service desk"}, func(g store.Group) []any { return []any{g.Team, g.Name, yes(g.ServiceDesk)} })
}

type siteCmd struct {
	Add  siteAddCmd  `cmd:"" help:"Add a site."`
	List siteListCmd `cmd:"" help:"List the sites."`
}

type siteAddCmd struct {
	Name string `arg:"" help:"Its name."`
}

// Run adds a site.
func (c *siteAddCmd) Run(e *env) error {
	return change(e, func(s *store.Store) (string, error) {
		return "site " + c.Name + " added", s.AddSite(e.ctx, c.Name)
	})
}

type siteListCmd struct{ output }

// Run lists the sites.
func (c *siteListCmd) Run(e *env) error {
	return list(e, c.output, func(s *store.Store) ([]store.Site, error) { return s.Sites(e.ctx) },
		[]string{"site"}, func(s store.Site) []any { return []any{s.Name} })
}

type priorityCmd struct {
	Add  priorityAddCmd  `cmd:"" help:"Add a priority to a team."`
	List priorityListCmd `cmd:"" help:"List the priorities, most urgent first."`
}

type priorityAddCmd struct {
	inTeam
	Name string `arg:"" help:"Its name."`
	Rank int32  `help:"A lower rank is more urgent. 0 puts the priority after the others."`
}

// Run adds a priority.
func (c *priorityAddCmd) Run(e *env) error {
	return change(e, func(s *store.Store) (string, error) {
		return "priority " + c.Name + " added", s.AddPriority(e.ctx, c.Team, c.Name, c.Rank)
	})
}

type priorityListCmd struct {
	output
	inTeam
}

// Run lists the priorities.
func (c *priorityListCmd) Run(e *env) error {
	return list(e, c.output, func(s *store.Store) ([]store.Priority, error) { return s.Priorities(e.ctx, c.Team) },
		[]string{"team", "priority", "rank", "default"}, func(p store.Priority) []any { return []any{p.Team, p.Name, p.Rank, yes(p.Default)} })
}

type sourceCmd struct {
	Add  sourceAddCmd  `cmd:"" help:"Add a source to a team."`
	List sourceListCmd `cmd:"" help:"List the sources."`
}

type sourceAddCmd struct {
	inTeam
	Name string `arg:"" help:"Its name."`
}

// Run adds a source.
func (c *sourceAddCmd) Run(e *env) error {
	return change(e, func(s *store.Store) (string, error) {
		return "source " + c.Name + " added", s.AddSource(e.ctx, c.Team, c.Name)
	})
}

type sourceListCmd struct {
	output
	inTeam
}

// Run lists the sources.
func (c *sourceListCmd) Run(e *env) error {
	return list(e, c.output, func(s *store.Store) ([]store.Source, error) { return s.Sources(e.ctx, c.Team) },
		[]string{"team", "source"}, func(s store.Source) []any { return []any{s.Team, s.Name} })
}

// list opens the installation for reading and prints one row for each item that query returns.
func list[T any](e *env, o output, query func(*store.Store) ([]T, error), headings []string, row func(T) []any) error {
	in, err := openToRead(e)
	if err != nil {
		return err
	}
	defer in.close()
	found, err := query(in.store)
	if err != nil {
		return err
	}
	var rows [][]any
	for _, f := range found {
		rows = append(rows, row(f))
	}
	return o.print(e, found, headings, rows)
}

// yes returns the cell of a table for a condition.
func yes(holds bool) string {
	if holds {
		return "yes"
	}
	return ""
}
