package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"mailintegration/processor"
	"mailintegration/processor/template"
	"mailintegration/store"
)

type templateCmd struct {
	List    templateListCmd    `cmd:"" help:"List the texts: those of the teams, and those that come with the program."`
	Show    templateShowCmd    `cmd:"" help:"Print the text that is used, with its fields, as set reads it."`
	Set     templateSetCmd     `cmd:"" help:"Save a text for a team. It is checked first: form, fields, subject."`
	Reset   templateResetCmd   `cmd:"" help:"Remove a team's text; the one that comes with the program is used again."`
	Preview templatePreviewCmd `cmd:"" help:"Print a mail as it would be sent, with sample data. Saves and sends nothing."`
	Fields  templateFieldsCmd  `cmd:"" help:"List the fields that a text can show."`
}

// aText holds the arguments that name a text.
type aText struct {
	inTeam
	Kind     string `arg:"" help:"The kind of mail: denied, acknowledgement, closed or new_event."`
	Language string `default:"en" help:"The language of the text, such as en or fr."`
}

// check returns an error for an unknown kind or a word that is no language. It writes the language as the database does.
func (a *aText) check() (err error) {
	if !slices.Contains(processor.ReplyKinds, processor.ReplyKind(a.Kind)) {
		return &failure{
			code: exitUsage, err: fmt.Errorf("there is no mail of the kind %q", a.Kind),
			hint: "use one of denied, acknowledgement, closed, new_event",
		}
	}
	a.Language, err = template.CleanLanguage(a.Language)
	if err == nil && a.Language == "" {
		err = errors.New("the language is empty")
	}
	if err != nil {
		return &failure{code: exitUsage, err: err, hint: "use --language with two letters, such as en or fr"}
	}
	return nil
}

// kind returns the kind of mail.
func (a *aText) kind() processor.ReplyKind { return processor.ReplyKind(a.Kind) }

// find returns the team, its own text (zero if it has none) and the text that is used.
func (a *aText) find(e *env) (team store.Team, own, used template.Text, err error) {
	in, err := openToRead(e)
	if err != nil {
		return team, own, used, err
	}
	defer in.close()
	if team, err = teamNamed(e, in.store, a.Team); err != nil {
		return team, own, used, err
	}
	texts, err := in.store.ReplyTemplates(e.ctx, team.Name)
	if err != nil {
		return team, own, used, err
	}
	for _, t := range texts {
		if t.Kind == a.kind() && t.Language == a.Language {
			own = template.Text{Subject: t.Subject, Body: t.Body}
		}
	}
	if used = own; own == (template.Text{}) {
		var isShipped bool
		if used, isShipped = template.Shipped(a.kind(), a.Language); !isShipped {
			return team, own, used, fmt.Errorf("team %s has no text for %s in the language %s, and none comes with the program: the English one is used",
				team.Name, a.Kind, a.Language)
		}
	}
	return team, own, used, nil
}

// teamNamed returns the team of that name, or the only team if name is "".
func teamNamed(e *env, s *store.Store, name string) (store.Team, error) {
	teams, err := s.Teams(e.ctx)
	if err != nil {
		return store.Team{}, err
	}
	var names []string
	for _, t := range teams {
		if strings.EqualFold(t.Name, name) || name == "" && len(teams) == 1 {
			return t, nil
		}
		names = append(names, t.Name)
	}
	f := &failure{code: exitFailed, err: fmt.Errorf("there is no team %s", name), hint: "the teams are " + strings.Join(names, ", ")}
	if name == "" {
		f.err, f.hint = errors.New("no team is named"), "use --team with one of "+strings.Join(names, ", ")
	}
	if len(teams) == 0 {
		f.hint = "add one with: mailintegration team add NAME"
	}
	return store.Team{}, f
}

type templateListCmd struct {
	output
	inTeam
}

// shownText is a text in the list of all texts.
type shownText struct {
	Team      string              `json:"team"` // "" for a text that comes with the program
	Kind      processor.ReplyKind `json:"kind"`
	Language  string              `json:"language"`
	Subject   string              `json:"subject"`
	Body      string              `json:"body"`
	ChangedAt *time.Time          `json:"changed_at"`
}

// Run lists the texts.
func (c *templateListCmd) Run(e *env) error {
	return list(e, c.output, func(s *store.Store) ([]shownText, error) { return textsOf(e, s, c.Team) },
		[]string{"kind", "language", "team", "changed", "subject"}, func(t shownText) []any {
			if t.ChangedAt == nil {
				return []any{t.Kind, t.Language, "(comes with the program)", "", short(t.Subject, 60)}
			}
			return []any{t.Kind, t.Language, t.Team, when(t.ChangedAt), short(t.Subject, 60)}
		})
}

// textsOf returns the shipped texts and the own ones of a team, or of all teams if team is "".
func textsOf(e *env, s *store.Store, team string) ([]shownText, error) {
	var all []shownText
	for _, kind := range processor.ReplyKinds {
		for _, language := range template.Languages() {
			if t, ok := template.Shipped(kind, language); ok {
				all = append(all, shownText{Kind: kind, Language: language, Subject: t.Subject, Body: t.Body})
			}
		}
	}
	own, err := s.ReplyTemplates(e.ctx, team)
	for _, t := range own {
		all = append(all, shownText{t.Team, t.Kind, t.Language, t.Subject, t.Body, &t.ChangedAt})
	}
	return all, err
}

type templateShowCmd struct{ aText }

// Run prints a text.
func (c *templateShowCmd) Run(e *env) error {
	if err := c.check(); err != nil {
		return err
	}
	_, _, used, err := c.find(e)
	if err != nil {
		return err
	}
	fmt.Fprint(e.stdout, used.File())
	return nil
}

type templateSetCmd struct {
	aText
	File string `arg:"" help:"The file with the text, or - for standard input: a line Subject: …, an empty line, the text."`
}

// Run saves a text.
func (c *templateSetCmd) Run(e *env) error {
	if err := c.check(); err != nil {
		return err
	}
	text, err := readText(e, c.File) // before the configuration: only root may be able to read it, see openMessages
	if err != nil {
		return err
	}
	return change(e, func(s *store.Store) (string, error) {
		err := s.SetReplyTemplate(e.ctx, c.Team, c.kind(), c.Language, text)
		if mistakes := (template.Mistakes)(nil); errors.As(err, &mistakes) {
			err = &failure{
				code: exitFailed, err: err,
				hint: "nothing was saved; mailintegration template fields lists the fields, template show prints an example",
			}
		}
		return "text for " + c.Kind + " in the language " + c.Language + " saved", err
	})
}

// maxTextFile is the largest file of a text in octets.
const maxTextFile = 256 << 10

// aTextFile describes, for a hint, the file of a text.
const aTextFile = "a file with a text"

// readText reads a text from a file, or from standard input for "-".
func readText(e *env, name string) (template.Text, error) {
	from := e.given()
	if name != "-" {
		f, err := e.openGiven(name, aTextFile)
		if err != nil {
			return template.Text{}, err
		}
		defer f.Close()
		from = f
	}
	content, err := io.ReadAll(io.LimitReader(from, maxTextFile+1))
	if err == nil && len(content) > maxTextFile {
		err = fmt.Errorf("%s is larger than %d octets", name, maxTextFile)
	}
	if err != nil && e.ctx.Err() == nil {
		err = unreadable(err, aTextFile)
	}
	if err != nil {
		return template.Text{}, err
	}
	text, err := template.ParseFile(string(content))
	if err != nil {
		return template.Text{}, &failure{code: exitFailed, err: fmt.Errorf("%s: %w", name, err), hint: "mailintegration template show prints an example"}
	}
	return text, nil
}

type templateResetCmd struct{ aText }

// Run removes a text of a team.
func (c *templateResetCmd) Run(e *env) error {
	if err := c.check(); err != nil {
		return err
	}
	return change(e, func(s *store.Store) (string, error) {
		return "text for " + c.Kind + " in the language " + c.Language + " removed", s.DropReplyTemplate(e.ctx, c.Team, c.kind(), c.Language)
	})
}

type templatePreviewCmd struct {
	aText
	File string `arg:"" optional:"" help:"A file with a text that is not saved yet, or - for standard input."`
}

// Run prints a mail with sample data.
func (c *templatePreviewCmd) Run(e *env) error {
	if err := c.check(); err != nil {
		return err
	}
	var unsaved template.Text
	if c.File != "" {
		var err error
		if unsaved, err = readText(e, c.File); err != nil {
			return err
		}
		if err := template.Check(c.kind(), unsaved); err != nil {
			return err
		}
	}
	team, own, _, err := c.find(e)
	if err != nil && c.File == "" {
		return err
	}
	data := template.Sample(c.kind())
	data.Team = cmp.Or(team.Name, data.Team)
	data.TeamAddress = cmp.Or(team.Address, data.TeamAddress)
	subject, body, err := template.Compose(c.kind(), c.Language, cmp.Or(unsaved, own), data)
	if err != nil {
		return &failure{code: exitFailed, err: err, hint: "save another text with mailintegration template set, or remove this one with template reset"}
	}
	fmt.Fprintf(e.stdout, "From: %s\nTo: %s\nSubject: %s\n\n%s", addresses(processor.Address{Addr: data.TeamAddress}),
		addresses(processor.Address{Name: data.Name, Addr: "anna.tremblay@example.com"}), subject, body)
	return nil
}

type templateFieldsCmd struct{ output }

// Run lists the fields that a text can show.
func (c *templateFieldsCmd) Run(e *env) error {
	fields := template.FieldList()
	var rows [][]any
	for _, f := range fields {
		rows = append(rows, []any{"{{." + f.Name + "}}", f.Shows})
	}
	return c.print(e, fields, []string{"field", "shows"}, rows)
}
