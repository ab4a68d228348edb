package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"mailintegration/store"
)

type userCmd struct {
	Add    userAddCmd    `cmd:"" help:"Add a user."`
	List   userListCmd   `cmd:"" help:"List the users."`
	Import userImportCmd `cmd:"" help:"Add and change users from a CSV file with the columns logon, name, addresses, site, language."`

	SetPassword    userSetPasswordCmd    `cmd:"" help:"Set the password that the command line of Octopus asks for (/Login, /Password)."`
	RemovePassword userRemovePasswordCmd `cmd:"" help:"Remove it."`

	Subscribe     userSubscribeCmd     `cmd:"" help:"Send a user a mail for each new event of a group that is assigned to no person."`
	Unsubscribe   userUnsubscribeCmd   `cmd:"" help:"Send no more such mails."`
	Subscriptions userSubscriptionsCmd `cmd:"" help:"List who is notified of new events of which group."`
}

type userAddCmd struct {
	Logon   string   `arg:"" help:"The logon. It must be unique; upper and lower case are equal."`
	Name    string   `required:"" help:"The display name."`
	Address []string `help:"A mail address; repeat the flag for several."`
	Site    string   `help:"The site where the user works."`

	Language string `help:"The language of mail to the user, such as en or fr."`
}

// Run adds a user.
func (c *userAddCmd) Run(e *env) error {
	return change(e, func(s *store.Store) (string, error) {
		return "user " + c.Logon + " added", s.AddUser(e.ctx, store.User{
			Logon: c.Logon, Name: c.Name, Addresses: c.Address, Site: c.Site, Language: c.Language,
		})
	})
}

type userImportCmd struct {
	File string `arg:"" help:"The CSV file. Separate columns by commas or semicolons, several addresses by spaces or |."`
}

// aCSVFile describes, for a hint, the file that user import takes.
const aCSVFile = "a CSV file"

// Run imports users from a CSV file: all of them, or none when the file has a mistake.
func (c *userImportCmd) Run(e *env) error {
	f, err := os.Open(c.File) // before the configuration: only root may be able to read it, see openMessages
	if err != nil {
		return unreadable(err, aCSVFile)
	}
	defer f.Close()
	return change(e, func(s *store.Store) (string, error) {
		n, err := s.ImportUsers(e.ctx, f)
		if path := new(fs.PathError); errors.As(err, &path) && path.Path == c.File {
			return "", unreadable(err, aCSVFile)
		}
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
		[]string{"logon", "name", "addresses", "site", "language", "password"}, func(u store.User) []any {
			return []any{u.Logon, u.Name, strings.Join(u.Addresses, " "), u.Site, u.Language, yes(u.HasPassword)}
		})
}
