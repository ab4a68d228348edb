package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mailintegration/config"
)

type configEditCmd struct {
	Name   string   `arg:"" optional:"" help:"The mailbox; by default the service file."`
	Set    []string `sep:"none" placeholder:"TAG=VALUE" help:"Give a tag a value; repeat the flag for several. Smtp/Port is the Port within <Smtp>."`
	Unset  []string `sep:"none" placeholder:"TAG" help:"Remove a tag, so that its default applies; repeat the flag for several."`
	Secret string   `placeholder:"TAG" help:"Give a tag a secret, such as Password: the program asks for it in a terminal, or reads it from standard input. It is encrypted if there is a key."`
	NoTest bool     `help:"Write the file without trying the connection, and without asking the database for the names in it."`
}

// Help explains the verb.
func (configEditCmd) Help() string {
	return "With flags, all changes are made or none. Without flags, the file is opened in $VISUAL or $EDITOR (on Windows in notepad), as a copy: " +
		"the program reads it when the editor ends, and shows mistakes with their lines. Either way, comments and everything else stay as they are, " +
		"a changed server or account is tried, the file is replaced at once, unless somebody else has changed it meanwhile, and the program " +
		"warns of names that the database lacks. " +
		"A daemon that runs reads the change within seconds.\n\n" +
		"A secret is never a flag: other accounts could see it. mailintegration config reference explains every tag."
}

// Run changes a file.
func (c *configEditCmd) Run(e *env) error {
	f, err := c.open(e)
	if err != nil {
		return err
	}
	if len(c.Set) == 0 && len(c.Unset) == 0 && c.Secret == "" {
		err = f.inEditor()
	} else {
		err = c.byFlags(f)
	}
	if err == nil && f.isWritten && !c.NoTest {
		f.askForNames()
	}
	return err
}

// byFlags makes the changes that the flags name.
func (c *configEditCmd) byFlags(f *edited) error {
	edits, err := c.edits(f.env, f.isService())
	if err != nil {
		return err
	}
	after, err := config.Rewrite(f.path, f.before, edits...)
	if wrong := new(config.EditError); errors.As(err, &wrong) {
		return &failure{code: exitUsage, err: err, hint: "mailintegration config reference lists the tags and their values"}
	}
	if err != nil {
		return err
	}
	return f.apply(after)
}

// edited is a file that is being changed.
type edited struct {
	*interview
	path    string
	name    string // of the mailbox, "" for the service file
	before  []byte
	service *config.Service // as it was before, nil if the service file has mistakes
	noTest  bool

	isWritten bool
	changes   config.Changes // what was written
}

// open reads the file of a mailbox, or the service file.
func (c *configEditCmd) open(e *env) (*edited, error) {
	f := &edited{interview: newInterview(e, false), path: e.config, name: c.Name, noTest: c.NoTest}
	service, _, err := config.LoadService(e.config, e.keys())
	f.service = service
	if c.Name != "" {
		if service == nil {
			return nil, err
		}
		if f.path, err = fileOfMailbox(service, c.Name); err != nil {
			return nil, err
		}
	}
	if f.before, err = readSmall(f.path); err != nil {
		return nil, unreadable(err, "a file of the configuration")
	}
	return f, nil
}

// fileOfMailbox returns the path of the file of a mailbox, with mistakes or without.
func fileOfMailbox(service *config.Service, name string) (string, error) {
	if b := brokenNamed(service, name); b != nil {
		return b.File, nil
	}
	m, err := mailboxNamed(service, nil, name)
	if err != nil {
		return "", err
	}
	return m.File, nil
}

// isService reports whether the file is the service file.
func (f *edited) isService() bool { return f.name == "" }

// edits returns what the flags say.
func (c *configEditCmd) edits(e *env, isService bool) ([]config.Edit, error) {
	var edits []config.Edit
	for _, pair := range c.Set {
		tag, value, found := strings.Cut(pair, "=")
		switch {
		case !found || tag == "":
			return nil, &failure{code: exitUsage, err: fmt.Errorf("--set %s is not TAG=VALUE", tag), hint: "write for example --set Schedule=1m"}
		case config.HoldsSecret(isService, tag):
			return nil, &failure{
				code: exitUsage, err: fmt.Errorf("%s is a secret, which other accounts could see on the command line", tag),
				hint: "use --secret " + tag + ", which asks for it",
			}
		case strings.TrimSpace(value) == "":
			return nil, &failure{code: exitUsage, err: fmt.Errorf("--set %s has no value", tag), hint: "use --unset " + tag + " to remove the tag"}
		}
		edits = append(edits, config.Edit{Tag: tag, Value: value})
	}
	for _, tag := range c.Unset {
		edits = append(edits, config.Edit{Tag: tag})
	}
	if c.Secret == "" {
		return edits, nil
	}
	if !config.HoldsSecret(isService, c.Secret) {
		return nil, &failure{code: exitUsage, err: fmt.Errorf("%s is not the tag of a secret", c.Secret), hint: "use --set " + c.Secret + "=VALUE"}
	}
	secret, err := (&userSetPasswordCmd{}).read(e)
	if err == nil && secret == "" {
		err = &failure{code: exitUsage, err: errors.New("the secret is empty"), hint: "use --unset " + c.Secret + " to remove the tag"}
	}
	if err == nil {
		secret, err = encryptedIfOthersAre(e, secret)
	}
	return append(edits, config.Edit{Tag: c.Secret, Value: secret}), err
}

// encryptedIfOthersAre encrypts a secret if there is a key, because the other passwords are encrypted then.
func encryptedIfOthersAre(e *env, secret string) (string, error) {
	ring, err := openKeys(e.keys())
	if err != nil || ring == nil {
		return secret, err
	}
	return ring.Encrypt(secret)
}

// apply writes the changed file, if the daemon could use it.
func (f *edited) apply(after []byte) error {
	if bytes.Equal(f.before, after) {
		printLine(f.stdout, "unchanged  %s", f.path)
		return nil
	}
	changes, mailbox, err := f.validate(after)
	if broken := new(config.Error); errors.As(err, &broken) && broken.Mistakes[0].File == f.path {
		return &failure{code: exitConfiguration, err: err, hint: "nothing was changed; the lines are those of the file as it would be"}
	}
	if err != nil {
		return err
	}
	if failed, err := f.try(changes, mailbox); err != nil || failed != nil {
		if err != nil {
			return err
		}
		printTree(f.stderr, *failed, 0)
		return &failure{code: exitUnreachable, err: errors.New("the log-in failed; nothing was changed"), hint: "mend it, or use --no-test to write the file all the same"}
	}
	return f.replace(after, changes)
}

// validate reads the changed file as the daemon will. It returns what differs, and the mailbox of the file.
func (f *edited) validate(after []byte) (config.Changes, *config.Mailbox, error) {
	service, _, err := config.LoadDraft(f.config, f.keys(), config.Draft{Path: f.path, Octets: after})
	var broken *config.Error
	if errors.As(err, &broken) {
		own := slices.DeleteFunc(slices.Clone(broken.Mistakes), func(m config.Mistake) bool { return m.File != f.path })
		switch {
		case len(own) > 0:
			return config.Changes{}, nil, &config.Error{Mistakes: own}
		case service == nil: // of the service file, which is another one
			return config.Changes{}, nil, broken
		}
	} else if err != nil {
		return config.Changes{}, nil, err
	}
	var changes config.Changes
	if f.service != nil {
		changes = config.Compare(f.service, service)
	}
	i := slices.IndexFunc(service.Mailboxes, func(m *config.Mailbox) bool { return m.File == f.path })
	if i < 0 {
		return changes, nil, nil
	}
	return changes, service.Mailboxes[i], nil
}

// loginTags are the tags whose change is tried.
var loginTags = []string{
	"ServerName", "Port", "SecureSocketOption", "UseSsl", "TrustedCertificate", "UserName", "Password", "PasswordFile", "Enabled",
}

// try logs in to the mailbox if its server or account has changed. It returns what has failed, nil for nothing. A mailbox of
// Microsoft 365 is not tried: its token belongs to the daemon's account.
func (f *edited) try(changes config.Changes, m *config.Mailbox) (*finding, error) {
	if f.noTest || f.isService() || m == nil || !m.Enabled || m.Authentication == config.Azure {
		return nil, nil
	}
	isChanged := func(c config.MailboxChange) bool {
		isNew := c.How == config.Added || c.How == config.Enabled
		return c.Name == m.Name && (isNew || slices.ContainsFunc(c.Tags, func(tag string) bool { return slices.Contains(loginTags, tag) }))
	}
	if !slices.ContainsFunc(changes.Mailboxes, isChanged) {
		return nil, nil
	}
	printLine(f.stderr, "Trying to log in to %s …", m.ServerName)
	steps, waiting, err := tryMailbox(f.env, f.service, m)
	if err != nil || steps.worst() == resultFailed {
		return &steps, err
	}
	printLine(f.stderr, "ok       Logged in; %s in the mailbox.", plural(waiting, "message"))
	return nil, nil
}

// replace writes the file, and says what has changed. It looks again whether the daemon could use the file: another run may have
// removed the key of a secret in it.
func (f *edited) replace(after []byte, changes config.Changes) error {
	unlock, err := f.lockFiles()
	if err != nil {
		return err
	}
	defer unlock()
	if now, err := readSmall(f.path); err == nil && bytes.Equal(now, f.before) {
		if _, _, err := f.validate(after); err != nil {
			return err
		}
	}
	err = replaceFile(f.path, f.before, after)
	if errors.Is(err, errChanged) {
		return &failure{code: exitFailed, err: fmt.Errorf("%s: %w", f.path, err), hint: "look at the file, then run this again"}
	}
	if unreplaced := new(replaceError); errors.As(err, &unreplaced) {
		return &failure{code: exitFailed, err: fmt.Errorf("nothing was changed: %s %w", f.path, err), hint: unreplaced.hint()}
	}
	if err != nil {
		return err
	}
	f.isWritten, f.changes = true, changes
	var tags []string
	for _, m := range changes.Mailboxes {
		tags = append(tags, m.Tags...)
	}
	if f.isService() {
		tags = append(changes.Settings, changes.Restart...)
	}
	what := ""
	if len(tags) > 0 {
		what = ": " + strings.Join(tags, ", ")
	}
	printLine(f.stdout, "changed  %s%s", f.path, what)
	if f.isService() && len(changes.Restart) > 0 {
		printLine(f.stdout, "A daemon that runs goes on with the old %s until it is started again: mailintegration service restart.",
			strings.Join(changes.Restart, ", "))
	}
	return nil
}
