package main

import (
	"fmt"
	"os"
	"strings"

	"mailintegration/store"
)

type userCmd struct {
	Add    userAddCmd    `cmd:"" help:"Add a user."`
	List   userListCmd   `cmd:"" help:"List the users."`
	Import userImportCmd `cmd:"" help:"Add and change users from a CSV file with the columns logon, name, addresses, site."`
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
		return "user " + c.Logon + " added", s.AddUser(e.ctx, store.User{Logon: c.Logon, Name: c.Name, Addresses: c.Address, Site: c.Site})
	})
}

type userImportCmd struct {
	File string `arg:"" help:"The CSV file, separated by commas or semicolons; several addresses are separated by spaces or |."`
}

// Run imports users from a CSV file: all of it, or nothing when something is wrong.
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
		return fmt.Sprintf("%d users added, %d changed", n.Added, n.Updated), nil
	})
}

type userListCmd struct{ output }

// Run lists the users.
func (c *userListCmd) Run(e *env) error {
	return list(e, c.output, func(s *store.Store) ([]store.User, error) { return s.Users(e.ctx) },
		[]string{"logon", "name", "addresses", "site"}, func(u store.User) []any {
			return []any{u.Logon, u.Name, strings.Join(u.Addresses, " "), u.Site}
		})
}
