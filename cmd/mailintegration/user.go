package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"mailintegration/store"
)

type userCmd struct {
	Add    userAddCmd    `cmd:"" help:"Add a user."`
	Edit   userEditCmd   `cmd:"" help:"Change a user; requests stay the user's."`
	Remove userRemoveCmd `cmd:"" help:"Remove a user whom nothing that was recorded names."`
	List   userListCmd   `cmd:"" help:"List the users."`
	Import userImportCmd `cmd:"" help:"Add and change users from a CSV file; safe to run every night."`

	SetPassword    userSetPasswordCmd    `cmd:"" help:"Set the password that the command line of Octopus asks for (/Login, /Password)."`
	RemovePassword userRemovePasswordCmd `cmd:"" help:"Remove it."`

	Subscribe     userSubscribeCmd     `cmd:"" help:"Send a user a mail for each new event of a group that is assigned to no person."`
	Unsubscribe   userUnsubscribeCmd   `cmd:"" help:"Send no more such mails."`
	Subscriptions userSubscriptionsCmd `cmd:"" help:"List who is notified of new events of which group."`
}

type userAddCmd struct {
	Logon   string   `arg:"" help:"The logon. It must be unique; upper and lower case are equal."`
	Name    string   `required:"" placeholder:"NAME" help:"The display name."`
	Address []string `help:"A mail address; repeat the flag for several."`
	Site    string   `help:"The site where the user works."`

	Language string `help:"The language of mail to the user, such as en or fr."`

	Title      string `help:"What the user does, such as Accountant."`
	Department string `help:"Where in the organisation the user works."`
	Phone      string `help:"The phone number."`
}

// Run adds a user.
func (c *userAddCmd) Run(e *env) error {
	return change(e, func(s *store.Store) (string, error) {
		return "user " + c.Logon + " added", s.AddUser(e.ctx, store.User{
			Logon: c.Logon, Name: c.Name, Addresses: c.Address, Site: c.Site, Language: c.Language,
			Title: c.Title, Department: c.Department, Phone: c.Phone,
		})
	})
}

type userEditCmd struct {
	output
	Logon    string   `arg:"" help:"The logon."`
	NewLogon *string  `placeholder:"LOGON" help:"Another logon."`
	Name     *string  `help:"The display name."`
	Address  []string `help:"A mail address, in place of all that the user has; repeat the flag for several; empty for none."`
	Site     *string  `help:"The site where the user works; empty for none."`

	Language   *string `help:"The language of mail to the user, such as en or fr; empty if it is not known."`
	Title      *string `help:"What the user does; empty if it is not known."`
	Department *string `help:"Where in the organisation the user works; empty if it is not known."`
	Phone      *string `help:"The phone number; empty if it is not known."`
}

// editedResult holds what user edit prints as JSON.
type editedResult struct {
	Logon   string   `json:"logon"`
	Changed []string `json:"changed"` // columns, as in the file of user import
}

// Run changes a user.
func (c *userEditCmd) Run(e *env) error {
	change := store.UserChange{
		Logon: c.NewLogon, Name: c.Name, Site: c.Site, Language: c.Language, Title: c.Title, Department: c.Department, Phone: c.Phone,
	}
	if c.Address != nil {
		addresses := slices.DeleteFunc(slices.Clone(c.Address), func(a string) bool { return a == "" })
		change.Addresses = &addresses
	}
	if change == (store.UserChange{}) {
		return &failure{code: exitUsage, err: errors.New("nothing is to be changed"), hint: "use --name, --address, --site or another flag"}
	}
	err := withStore(e, func(s *store.Store) error {
		changed, err := s.EditUser(e.ctx, c.Logon, change)
		switch {
		case err != nil:
			return err
		case c.JSON:
			return e.printJSON(editedResult{cmp.Or(valueOf(c.NewLogon), c.Logon), append([]string{}, changed...)})
		case len(changed) == 0:
			printLine(e.stdout, "user %s is like that already", c.Logon)
		default:
			printLine(e.stdout, "user %s changed: %s", c.Logon, strings.Join(changed, ", "))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return noteRenamed(e, userTags, c.Logon, c.NewLogon)
}

// valueOf returns the value of a flag, "" for one that was not given.
func valueOf(flag *string) string {
	if flag == nil {
		return ""
	}
	return *flag
}

type userRemoveCmd struct {
	output
	Logon string `arg:"" help:"The logon."`
}

// Help returns the text that --help prints before the flags.
func (userRemoveCmd) Help() string {
	return "Addresses, subscriptions, password and page tokens go with the user. A user whom a request, an activity, the history or the " +
		"configuration names is not removed: what was recorded stays. The user of Database must own the tables: the role of the daemon " +
		"may not remove anybody."
}

// removedResult holds what user remove and team remove print as JSON.
type removedResult struct {
	Removed string `json:"removed"`
}

// Run removes a user.
func (c *userRemoveCmd) Run(e *env) error {
	if err := refuseNamed(e, "user "+c.Logon, userTags, c.Logon); err != nil {
		return err
	}
	return withStore(e, func(s *store.Store) error {
		if err := s.RemoveUser(e.ctx, c.Logon); err != nil {
			return err
		}
		return c.removed(e, "user", c.Logon)
	})
}

// removed prints that something was removed.
func (o output) removed(e *env, what, name string) error {
	if o.JSON {
		return e.printJSON(removedResult{name})
	}
	printLine(e.stdout, "%s %s removed", what, name)
	return nil
}

type userImportCmd struct {
	output
	File    string `arg:"" help:"The CSV file, or - for standard input. Separate columns by commas, semicolons or tabs, several addresses by spaces or |."`
	DryRun  bool   `help:"Only say what would be added and changed."`
	Verbose bool   `short:"v" help:"List everybody who is added or changed, with the columns."`
}

// Help returns the text that --help prints before the flags.
func (userImportCmd) Help() string {
	return "The first line names the columns: logon, and any of name, addresses, site, language, title, department and phone. A user with " +
		"the logon is changed where the file says something else: an empty field clears the value, a column that is not in the file " +
		"changes nothing. Users who are not in the file stay as they are. So the same file can be imported every night. All of it is " +
		"one transaction: if a line has a mistake, every mistake is printed with its line, and nothing changes."
}

// aCSVFile describes, for a hint, the file that user import takes.
const aCSVFile = "a CSV file"

// Run imports users from a CSV file: all of them, or none when the file has a mistake.
func (c *userImportCmd) Run(e *env) error {
	in, err := c.open(e) // before the configuration: only root may be able to read it, see openMessages
	if err != nil {
		return err
	}
	defer in.Close()
	return withStore(e, func(s *store.Store) error {
		r, err := s.ImportUsers(e.ctx, in, c.DryRun)
		if path := new(fs.PathError); errors.As(err, &path) && path.Path == c.File {
			return unreadable(err, aCSVFile)
		}
		if wrong := new(store.ImportError); errors.As(err, &wrong) {
			wrong.File = c.File
			return wrong
		}
		if err != nil {
			return fmt.Errorf("%s: %w", c.File, err)
		}
		return c.report(e, r)
	})
}

// open opens the file, or reads standard input for "-".
func (c *userImportCmd) open(e *env) (io.ReadCloser, error) {
	if c.File != "-" {
		return openRegular(c.File, aCSVFile)
	}
	c.File = "standard input" // in messages
	return io.NopCloser(e.given()), nil
}

// report prints what the import has done.
func (c *userImportCmd) report(e *env, r store.ImportResult) error {
	if c.JSON {
		return e.printJSON(r)
	}
	for _, u := range r.Users {
		switch {
		case !c.Verbose && !c.DryRun:
		case u.Added:
			printLine(e.stdout, "line %d: user %s added", u.Line, u.Logon)
		default:
			printLine(e.stdout, "line %d: user %s changed: %s", u.Line, u.Logon, strings.Join(u.Columns, ", "))
		}
	}
	dry := ""
	if c.DryRun {
		dry = " (dry run: nothing was changed)"
	}
	printLine(e.stdout, "%s added, %d changed, %d left as they were%s", plural(r.Added, "user"), r.Changed, r.Unchanged, dry)
	return nil
}

type userListCmd struct{ output }

// Run lists the users.
func (c *userListCmd) Run(e *env) error {
	return list(e, c.output, func(s *store.Store) ([]store.User, error) { return s.Users(e.ctx) },
		[]string{"logon", "name", "addresses", "site", "language", "title", "department", "phone", "password"}, func(u store.User) []any {
			return []any{u.Logon, u.Name, strings.Join(u.Addresses, " "), u.Site, u.Language, u.Title, u.Department, u.Phone, yes(u.HasPassword)}
		})
}
