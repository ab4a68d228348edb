package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"mailintegration/cmd/mailintegration/octopus"
	"mailintegration/config"
)

type serviceAdoptCmd struct {
	Call        []string `arg:"" optional:"" name:"file" help:"Batch files, scheduled tasks that were exported as XML, crontabs. Or the parameters of a command line of Octopus, from /Login: on."`
	CommandLine []string `sep:"none" placeholder:"'…'" help:"A command line of Octopus; repeat the flag for several."`
	Team        []string `sep:"none" placeholder:"NUMBER=NAME" help:"The name of a team that Octopus names by its number; repeat the flag for several."`
	DryRun      bool     `help:"Write nothing; print what would be written."`
}

// Run writes the service file and the mailbox files for what scheduled tasks and batch files do with Octopus. It never overwrites
// a file, and says what it could not adopt and what to do next.
func (c *serviceAdoptCmd) Run(e *env) error {
	a := &adoption{env: e, dryRun: c.DryRun, teams: map[string]string{}}
	if err := a.nameTeams(c.Team); err != nil {
		return err
	}
	if err := a.find(c.Call, c.CommandLine); err != nil {
		return err
	}
	if err := a.plan(); err != nil {
		return err
	}
	a.askServers()
	if err := a.write(); err != nil {
		return err
	}
	a.sayNext()
	if a.failed > 0 {
		return &failure{code: exitFailed, err: errors.New("not everything was adopted"), hint: "see the lines that begin with NOT ADOPTED"}
	}
	return nil
}

// adoption is one run of service adopt.
type adoption struct {
	*env
	dryRun bool
	teams  map[string]string // names by numbers

	finder    octopus.Finder
	service   *config.Service // as it was before, nil without a service file
	mailboxes []*adopted
	failed    int // how much was not adopted
}

// adopted is one mailbox that the service polls instead of a scheduled task.
type adopted struct {
	octopus.Found
	places  []string // where it is called
	source  string   // path of its Octopus file
	octets  []byte
	mailbox *config.Mailbox
	name    string
	team    string // its name
	added   []addedTag
}

// addedTag is a tag that is added to a copy of an Octopus file.
type addedTag struct{ name, value, why string }

// nameTeams reads NUMBER=NAME.
func (a *adoption) nameTeams(pairs []string) error {
	for _, pair := range pairs {
		number, name, found := strings.Cut(pair, "=")
		if !found || strings.TrimSpace(name) == "" || !isNumber(number) {
			return &failure{code: exitUsage, err: fmt.Errorf("--team %s is not NUMBER=NAME", pair), hint: "write for example --team 1=IT"}
		}
		a.teams[number] = strings.TrimSpace(name)
	}
	return nil
}

// isNumber reports whether text has digits only.
func isNumber(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// find finds the calls of Octopus in files and in command lines.
func (a *adoption) find(call, commandLines []string) error {
	a.finder.Open = openCalled
	if runtime.GOOS == "windows" { // elsewhere, the environment is not that of the batch file
		a.finder.Environment = os.LookupEnv
	}
	files, arguments := octopus.SplitArguments(call)
	for _, file := range files {
		path, err := filepath.Abs(file)
		if err != nil {
			return err
		}
		octets, err := readSmall(path)
		if err != nil {
			return unreadable(err, "a batch file, an exported scheduled task or a crontab")
		}
		a.finder.File(path, octets)
	}
	if len(arguments) > 0 {
		a.finder.Arguments(arguments)
	}
	for _, line := range commandLines {
		a.finder.CommandLine(line)
	}
	if len(files) == 0 && len(arguments) == 0 && len(commandLines) == 0 {
		return &failure{
			code: exitUsage, err: errors.New("nothing to adopt is named"),
			hint: "name a batch file, an exported scheduled task (schtasks /query /xml /tn NAME > task.xml) or a crontab, or use --command-line",
		}
	}
	for _, p := range a.finder.Problems {
		a.skip(p.Place.String(), p.Text)
	}
	if len(a.finder.Calls) == 0 {
		return &failure{code: exitFailed, err: errors.New("no command line of Octopus was found"), hint: "give it with --command-line"}
	}
	return nil
}

// skip says what was not adopted, and why.
func (a *adoption) skip(what, why string) {
	a.failed++
	printLine(a.stdout, "NOT ADOPTED  %s: %s", what, why)
}

// plan makes a mailbox of each call. It returns an error before anything is written if it lacks the name of a team.
func (a *adoption) plan() error {
	if _, err := os.Lstat(a.config); err == nil {
		service, _, err := config.LoadService(a.config, a.keys())
		if service == nil {
			return err
		}
		a.service = service
	}
	if err := a.wantTeams(); err != nil {
		return err
	}
	for _, call := range a.finder.Calls {
		a.adopt(call)
	}
	return nil
}

// wantTeams returns an error if a call names its team by a number whose name is not known. Team of the service file counts for the
// only number.
func (a *adoption) wantTeams() error {
	var unknown []string
	for _, c := range a.finder.Calls {
		if isNumber(c.Team) && a.teams[c.Team] == "" && !slices.Contains(unknown, c.Team) {
			unknown = append(unknown, c.Team)
		}
	}
	if len(unknown) == 1 && len(a.teams) == 0 && a.service != nil && a.service.Team != "" {
		a.teams[unknown[0]] = a.service.Team
		return nil
	}
	if len(unknown) == 0 {
		return nil
	}
	return &failure{
		code: exitUsage, err: errors.New("/Team gives only the number of a team: " + strings.Join(unknown, ", ")),
		hint: "give its name, as requests shall show it: --team " + strings.Join(unknown, "=NAME --team ") + "=NAME",
	}
}

// adopt makes a mailbox of a call, unless its file has one already.
func (a *adoption) adopt(call octopus.Found) {
	where := call.Place.String()
	path, err := locate(call.ConfigFilePath, call.Folder, call.File)
	if err != nil {
		a.skip(where, "/ConfigFilePath: "+err.Error())
		return
	}
	m := &adopted{Found: call, places: []string{where}, source: path, team: call.Team}
	if isNumber(call.Team) {
		m.team = a.teams[call.Team]
	}
	if i := slices.IndexFunc(a.mailboxes, func(other *adopted) bool { return other.source == path }); i >= 0 {
		a.again(a.mailboxes[i], m)
		return
	}
	if m.octets, err = readSmall(path); err == nil {
		m.mailbox, _, err = config.LoadMailbox(path, a.keys())
	}
	if err != nil {
		a.skip(where, strings.ReplaceAll(err.Error(), "\n", "; "))
		return
	}
	m.name = a.freeName(m)
	m.addTags()
	a.mailboxes = append(a.mailboxes, m)
}

// again notes another call for the same file. One mailbox has one Login and one Team.
func (a *adoption) again(first, m *adopted) {
	if strings.EqualFold(first.Login, m.Login) && strings.EqualFold(first.team, m.team) {
		first.places = append(first.places, m.places...)
		return
	}
	a.skip(m.places[0], fmt.Sprintf("%s is polled with /Login:%s /Team:%s here, and with /Login:%s /Team:%s at %s, which was adopted; "+
		"whichever came first took the mail (decide which one the mailbox belongs to, and correct its file)",
		m.source, m.Login, m.Team, first.Login, first.Team, first.places[0]))
}

// freeName returns the name of the mailbox: that of its file, unless another mailbox has it.
func (a *adoption) freeName(m *adopted) string {
	isTaken := func(name string) bool {
		return slices.ContainsFunc(a.mailboxes, func(other *adopted) bool { return strings.EqualFold(other.name, name) })
	}
	name := m.mailbox.Name
	for n := 2; isTaken(name); n++ {
		name = fmt.Sprintf("%s-%d", m.mailbox.Name, n)
	}
	return name
}

// addTags adds what the command line says and the file does not. A tag that the file has stays.
func (m *adopted) addTags() {
	has := config.HasTags(m.octets)
	add := func(name, value, why string) {
		if !has[name] {
			m.added = append(m.added, addedTag{name, value, why})
		}
	}
	add("Name", m.name, "the name of the Octopus file: receipts belong to it, so keep it")
	add("Login", m.Login, "/Login: the account that everything is recorded under")
	add("Team", m.team, "/Team:"+m.Call.Team)
	if m.Debug {
		add("Debug", "True", "/DEBUG: a message in trouble is also written to RawMessage.txt")
	}
}
