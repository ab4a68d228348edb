package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"mailintegration/cmd/mailintegration/octopus"
	"mailintegration/config"
	"mailintegration/store"
)

// sayNext checks what was written, compares it with the database if there is one, and prints what a person does next.
func (a *adoption) sayNext() {
	if len(a.mailboxes) == 0 {
		return
	}
	lacking := a.lacking()
	var steps []string
	for _, team := range lacking.teams {
		steps = append(steps, asTyped("team", "add", team))
	}
	for _, logon := range lacking.logons {
		steps = append(steps, asTyped("user", "add", logon, "--name", "MailIntegration"))
	}
	steps = append(steps, "mailintegration check    (it names the users, groups and other names that the database still lacks)")
	steps = append(steps, a.disabling()...)
	steps = append(steps, "mailintegration service install", "mailintegration service start")
	printNext(a.env, steps)
	if a.service != nil && !a.dryRun {
		fmt.Fprintln(a.stdout, "A daemon that runs with this service file polls the new mailboxes already: disable the old task at once.")
	}
}

// printNext prints what a person does next, step by step.
func printNext(e *env, steps []string) {
	heading := "Next:"
	if e.config != defaultConfig() {
		heading = "Next, with --config " + octopus.Quoted([]string{e.config}) + ":"
	}
	printLine(e.stdout, "")
	printLine(e.stdout, "%s", heading)
	for i, s := range steps {
		printLine(e.stdout, "  %d. %s", i+1, s)
	}
}

// disabling returns how to disable each task, batch file or line of cron that has called Octopus.
func (a *adoption) disabling() []string {
	var steps []string
	for _, m := range a.mailboxes {
		step := "disable the scheduled task or the line of cron with this command line"
		switch {
		case m.Task != "":
			step = `schtasks /Change /TN "` + m.Task + `" /DISABLE`
		case m.File != "":
			step = "disable the scheduled task or the line of cron that leads to " + m.Place.String()
		}
		if !slices.Contains(steps, step) {
			steps = append(steps, step)
		}
	}
	return steps
}

// lack holds the names that the database does not have, each once.
type lack struct{ teams, logons []string }

// add adds a name to those that are lacking.
func (l *lack) add(to *[]string, name string) {
	if !slices.ContainsFunc(*to, func(other string) bool { return strings.EqualFold(other, name) }) {
		*to = append(*to, name)
	}
}

// lacking compares teams, logons and passwords with the database. Without a database, all names are lacking, and it says that the
// passwords were not checked.
func (a *adoption) lacking() lack {
	var all lack
	for _, m := range a.mailboxes {
		all.add(&all.teams, m.team)
		all.add(&all.logons, m.Login)
	}
	service := a.written()
	if service == nil || !hasDatabase(service) {
		fmt.Fprintln(a.stdout, "The passwords of the command lines were not checked: there is no database yet. The service needs none of them.")
		return all
	}
	in, err := openToRead(a.env)
	if err != nil {
		printLine(a.stdout, "The passwords of the command lines were not checked: %v", err)
		return all
	}
	defer in.close()
	return a.compare(in.store)
}

// written returns the configuration as it is now, nil if there is none, and tells its mistakes.
func (a *adoption) written() *config.Service {
	if a.dryRun {
		return a.service
	}
	service, _, err := config.LoadService(a.config, a.keys())
	if err != nil {
		a.skip(a.config, strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	if service == nil {
		return nil
	}
	for _, m := range a.mailboxes {
		isNamed := func(f config.File) bool { return f.Path == a.target(m) }
		if !slices.ContainsFunc(service.Files, isNamed) {
			a.skip(m.source, "the service file does not name its copy (write <Mailboxes>mailboxes/*.xml</Mailboxes> into "+a.config+")")
		}
	}
	return service
}

// compare returns the names that the database lacks, and tells which passwords of command lines are not right.
func (a *adoption) compare(s *store.Store) lack {
	var found lack
	for _, m := range a.mailboxes {
		if _, err := s.TeamNamed(a.ctx, m.team); errors.Is(err, store.ErrUnknown) {
			found.add(&found.teams, m.team)
		}
		if _, err := s.UserNamed(a.ctx, m.Login); errors.Is(err, store.ErrUnknown) {
			found.add(&found.logons, m.Login)
			continue
		}
		if m.Password.IsEmpty() {
			continue
		}
		password, err := a.decrypted(m.Password.Reveal())
		if err == nil {
			err = s.CheckPassword(a.ctx, m.Login, password)
		}
		switch {
		case err == nil:
			printLine(a.stdout, "The password at %s is that of %s.", m.places[0], m.Login)
		case errors.Is(err, store.ErrWrongPassword):
			printLine(a.stdout, "warning  the password at %s is not that of %s; the service needs none, but the command line does not work any more", m.places[0], m.Login)
		case errors.Is(err, store.ErrNoPassword):
			printLine(a.stdout, "%s has no password: the service needs none. To call the program as Octopus was, run %s",
				m.Login, asTyped("user", "set-password", m.Login))
		default:
			printLine(a.stdout, "warning  the password at %s was not checked: %v", m.places[0], err)
		}
	}
	return found
}
