package main

import (
	"cmp"
	"errors"
	"io"

	"mailintegration/config"
	"mailintegration/deploy"
)

type configCmd struct {
	New       configNewCmd       `cmd:"" help:"Set up a mailbox: ask for what it needs, try the connection, write its file."`
	Edit      configEditCmd      `cmd:"" help:"Change settings of a file, and keep its comments: by flags, or in an editor."`
	Show      configShowCmd      `cmd:"" help:"Print the settings in effect, without secrets, and where each comes from."`
	Validate  configValidateCmd  `cmd:"" help:"Print every mistake and warning of the files. Asks no server and no database."`
	Reference configReferenceCmd `cmd:"" help:"Print the reference of every tag, in Markdown."`
	Schema    configSchemaCmd    `cmd:"" help:"Print an XML schema of the files, for editors."`
	Encrypt   configEncryptCmd   `cmd:"" help:"Encrypt the passwords in the files; replace the key; print an encrypted password."`
}

type configShowCmd struct {
	output
	Mailbox []string `arg:"" optional:"" help:"Names of mailboxes; by default the service file and every mailbox."`
}

// settingsOfFile holds the settings of one file for programs.
type settingsOfFile struct {
	File     string           `json:"file"`
	Mailbox  string           `json:"mailbox,omitempty"` // "" for the service file
	Settings []config.Setting `json:"settings"`
}

// Run prints the settings in effect. Mistakes in mailbox files are the error, after the settings of the others.
func (c *configShowCmd) Run(e *env) error {
	service, _, broken, err := load(e)
	if err != nil {
		return err
	}
	files, err := c.settings(service, broken)
	if err != nil {
		return err
	}
	var rows [][]any
	for _, f := range files {
		for _, s := range f.Settings {
			rows = append(rows, []any{cmp.Or(f.Mailbox, "-"), s.Tag, s.Value, s.From})
		}
	}
	if err := c.print(e, files, []string{"mailbox", "tag", "value", "from"}, rows); err != nil {
		return err
	}
	if len(c.Mailbox) > 0 {
		return nil
	}
	return asError(broken)
}

// settings returns the settings of the mailboxes that were named, or of all files.
func (c *configShowCmd) settings(service *config.Service, broken *config.Error) ([]settingsOfFile, error) {
	var files []settingsOfFile
	mailboxes := service.Mailboxes
	if len(c.Mailbox) == 0 {
		own, err := service.Settings()
		if err != nil {
			return nil, err
		}
		files = append(files, settingsOfFile{File: service.File, Settings: own})
	} else {
		mailboxes = nil
	}
	for _, name := range c.Mailbox {
		m, err := mailboxNamed(service, broken, name)
		if err != nil {
			return nil, err
		}
		mailboxes = append(mailboxes, m)
	}
	for _, m := range mailboxes {
		own, err := m.Settings(service)
		if err != nil {
			return nil, err
		}
		files = append(files, settingsOfFile{m.File, m.Name, own})
	}
	return files, nil
}

type configValidateCmd struct {
	File []string `arg:"" optional:"" help:"Mailbox files; by default the service file and every file that it names."`
	JSON bool     `help:"Print JSON."`
}

// fault describes a mistake or a warning for programs.
type fault struct {
	Result result `json:"result"` // failed or warning
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Tag    string `json:"tag,omitempty"`
	Text   string `json:"text"`
}

// Run reads the files and prints their mistakes and warnings.
func (c *configValidateCmd) Run(e *env) error {
	faults := []fault{}
	mistakes := 0
	note := func(warnings []config.Warning, err error) error {
		var broken *config.Error
		if err != nil && !errors.As(err, &broken) {
			return err
		}
		for _, w := range warnings {
			faults = append(faults, fault{resultWarning, w.File, w.Line, w.Column, w.Tag, w.Text})
		}
		if broken != nil {
			for _, m := range broken.Mistakes {
				faults = append(faults, fault{resultFailed, m.File, m.Line, m.Column, m.Tag, m.Text})
			}
			mistakes += len(broken.Mistakes)
		}
		return nil
	}
	if err := c.read(e, note); err != nil {
		return err
	}
	if err := c.print(e, faults); err != nil {
		return err
	}
	if mistakes == 0 {
		return nil
	}
	return &failure{code: exitConfiguration, err: errors.New(plural(mistakes, "mistake")), hint: "correct the files at the lines that are named"}
}

// read reads the files that were named, or the whole configuration.
func (c *configValidateCmd) read(e *env, note func([]config.Warning, error) error) error {
	if len(c.File) == 0 {
		_, warnings, err := e.read()
		return note(warnings, err)
	}
	for _, file := range c.File {
		_, warnings, err := config.LoadMailbox(file, e.keys())
		if err := note(warnings, err); err != nil {
			return err
		}
	}
	return nil
}

// print prints the faults: a line for each, or JSON.
func (c *configValidateCmd) print(e *env, faults []fault) error {
	if c.JSON {
		return e.printJSON(faults)
	}
	for _, f := range faults {
		m := config.Mistake{File: f.File, Line: f.Line, Column: f.Column, Tag: f.Tag, Text: f.Text}
		printLine(e.stdout, "%-7s %s", shownAs(f.Result), m)
	}
	if len(faults) == 0 {
		printLine(e.stdout, "ok      no mistakes and no warnings")
	}
	return nil
}

type configReferenceCmd struct{}

// Run prints the reference.
func (configReferenceCmd) Run(e *env) error { return config.Reference(e.stdout) }

type configSchemaCmd struct{}

// Run prints the schema.
func (configSchemaCmd) Run(e *env) error { return config.Schema(e.stdout) }

type referenceCmd struct {
	Topic string `arg:"" optional:"" enum:"configuration,log,metrics,database" default:"configuration" help:"configuration, log, metrics or database."`
}

// Help returns the text that --help prints before the flags.
func (referenceCmd) Help() string {
	return "configuration (the default) explains every tag, as config reference does; log explains every event of the log and its fields; " +
		"metrics the health and each metric; database the views and functions for other programs. All are in Markdown, and are those of " +
		"this version."
}

// Run prints a reference.
func (c referenceCmd) Run(e *env) error {
	text := map[string]string{"log": deploy.Log, "metrics": deploy.Metrics, "database": deploy.Database}[c.Topic]
	if text == "" {
		return config.Reference(e.stdout)
	}
	_, err := io.WriteString(e.stdout, text)
	return err
}
