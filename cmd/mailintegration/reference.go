package main

import (
	"fmt"
	"os"
	"strings"

	"mailintegration/store"
)

// change opens the installation, makes one change and says so.
func change(e *env, f func(*store.Store) (string, error)) error {
	in, err := open(e, logWarnings)
	if err != nil {
		return err
	}
	defer in.close()
	done, err := f(in.store)
	if err != nil {
		return err
	}
	fmt.Fprintln(e.stdout, done)
	return nil
}

// inTeam is the flag of verbs whose rows belong to a team.
type inTeam struct {
	Team string `help:"The team; may be left out while there is only one."`
}

type teamCmd struct {
	Add  teamAddCmd  `cmd:"" help:"Add a team, with a service desk group, priorities and a source to start with."`
	List teamListCmd `cmd:"" help:"List the teams."`
}

type teamAddCmd struct {
	Name           string `arg:"" help:"Its name."`
	Address        string `help:"The address its mail is sent from."`
	SitesMandatory bool   `help:"Every incident of this team needs a site."`
}

// Run adds a team.
func (c *teamAddCmd) Run(e *env) error {
	return change(e, func(s *store.Store) (string, error) {
		_, err := s.AddTeam(e.ctx, store.NewTeam{Name: c.Name, Address: c.Address, SitesMandatory: c.SitesMandatory})
		return "team " + c.Name + " added", err
	})
}

type userCmd struct {
	Add    userAddCmd    `cmd:"" help:"Add a user."`
	List   userListCmd   `cmd:"" help:"List the users."`
	Import userImportCmd `cmd:"" help:"Add or change users from a CSV file: logon,name,addresses,site."`
}

type userAddCmd struct {
	Logon   string   `arg:"" help:"The logon, unique without regard to case."`
	Name    string   `required:"" help:"The display name."`
	Address []string `help:"A mail address; may be given several times."`
	Site    string   `help:"The site the user works at."`
}

// Run adds a user.
func (c *userAddCmd) Run(e *env) error {
	return change(e, func(s *store.Store) (string, error) {
		_, err := s.AddUser(e.ctx, store.User{Logon: c.Logon, Name: c.Name, Addresses: c.Address, Site: c.Site})
		return "user " + c.Logon + " added", err
	})
}

type userImportCmd struct {
	File string `arg:"" help:"The CSV file; several addresses are separated by | or a space."`
}

// Run imports users from a CSV file; either all of it or nothing.
func (c *userImportCmd) Run(e *env) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	return change(e, func(s *store.Store) (string, error) {
		n, err := s.ImportUsers(e.ctx, f)
		if err != nil {
			return "", fmt.Errorf("%s: %w", c.File, err)
		}
		return fmt.Sprintf("%d users added, %d changed", n.Added, n.Changed), nil
	})
}

type userListCmd struct{ output }

// Run lists the users.
func (c *userListCmd) Run(e *env) error {
	in, err := open(e, logWarnings)
	if err != nil {
		return err
	}
	defer in.close()
	users, err := in.store.Users(e.ctx)
	if err != nil {
		return err
	}
	var rows [][]any
	for _, u := range users {
		rows = append(rows, []any{u.Logon, u.Name, strings.Join(u.Addresses, " "), u.Site})
	}
	return c.print(e, users, []string{"logon", "name", "addresses", "site"}, rows)
}
