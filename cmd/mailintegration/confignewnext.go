package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailintegration/store"
)

// knownNames holds the names that the database has.
type knownNames struct {
	teams  []store.Team
	users  []store.User
	groups []store.Group
}

// teamNames returns the names of the teams.
func (k *knownNames) teamNames() []string {
	if k == nil {
		return nil
	}
	var names []string
	for _, t := range k.teams {
		names = append(names, t.Name)
	}
	return names
}

// hasUser reports whether a user has a logon.
func (k *knownNames) hasUser(logon string) bool {
	return slices.ContainsFunc(k.users, func(u store.User) bool { return strings.EqualFold(u.Logon, logon) })
}

// hasGroup reports whether a team has a group.
func (k *knownNames) hasGroup(team, name string) bool {
	return slices.ContainsFunc(k.groups, func(g store.Group) bool { return strings.EqualFold(g.Team, team) && strings.EqualFold(g.Name, name) })
}

// childTime limits how long another verb may take.
var childTime = 20 * time.Second

// verb runs another verb of this program with the same configuration, and returns what it prints. It is a process of its own: as
// root it becomes the daemon's account before it asks the database, while this one stays root and can write the configuration.
func (n *newMailbox) verb(args ...string) ([]byte, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(n.ctx, childTime)
	defer cancel()
	child := exec.CommandContext(ctx, program, append([]string{"--config", n.config}, args...)...)
	child.WaitDelay = outputTime
	var out, errs bytes.Buffer
	child.Stdout, child.Stderr = &out, &errs
	err = child.Run()
	if err != nil && errs.Len() > 0 {
		err = errors.New(strings.TrimPrefix(oneLine(strings.TrimSpace(errs.String())), "mailintegration: "))
	}
	return out.Bytes(), err
}

// askDatabase returns the teams and the users, nil if the database cannot be asked.
func (n *newMailbox) askDatabase() *knownNames {
	if n.before == nil {
		return nil
	}
	k := &knownNames{}
	for verb, to := range map[string]any{"team": &k.teams, "user": &k.users, "group": &k.groups} {
		out, err := n.verb(verb, "list", "--json")
		if err == nil {
			err = json.Unmarshal(out, to)
		}
		if err != nil {
			return nil
		}
	}
	return k
}

// sayNext waits for the running daemon, and says what remains to be done.
func (n *newMailbox) sayNext() error {
	steps := n.steps
	isRunning := n.known != nil && n.daemonRuns()
	name := n.values["Name"]
	switch {
	case n.values["Authentication"] != "":
		steps = append(steps, asTyped("mailbox", "authorize", name)+"    (a person signs in once)")
	case n.disabled:
		steps = append(steps, asTyped("mailbox", "test", name), asTyped("config", "edit", name, "--set", "Enabled=True"))
	case isRunning && len(steps) == 0:
		return n.awaitPoll()
	}
	steps = append(steps, "mailintegration check")
	if !isRunning {
		steps = append(steps, "mailintegration service install", "mailintegration service start")
	}
	printNext(n.env, steps)
	return nil
}

// lacking returns the verbs that add the team, the group and the users that the database lacks; all of them if it cannot be asked.
func (n *newMailbox) lacking() (verbs [][]string) {
	team, login := n.teamAndLogin()
	if n.known == nil || !slices.ContainsFunc(n.known.teamNames(), func(t string) bool { return strings.EqualFold(t, team) }) {
		verbs = append(verbs, []string{"team", "add", team})
	}
	if group := n.values["Group"]; group != "" && (n.known == nil || !n.known.hasGroup(team, group)) {
		verbs = append(verbs, []string{"group", "add", group, "--team", team})
	}
	for _, user := range [][2]string{{login, "MailIntegration"}, {n.values["IncidentFallbackUserLogon"], "Unknown sender"}} {
		if user[0] != "" && (n.known == nil || !n.known.hasUser(user[0])) {
			verbs = append(verbs, []string{"user", "add", user[0], "--name", user[1]})
		}
	}
	return verbs
}

// adding asks which names that the database lacks are added. The others remain to be done.
func (n *newMailbox) adding() error {
	for _, verb := range n.lacking() {
		add := n.cmd.Create
		if n.known != nil && !add && n.input != nil {
			var err error
			if add, err = n.confirm("Add the "+verb[0]+" "+verb[2]+"?", "The database has no "+verb[0]+" "+verb[2], true); err != nil {
				return err
			}
		}
		if n.known == nil || !add {
			n.steps = append(n.steps, asTyped(verb...))
			continue
		}
		n.names = append(n.names, verb)
	}
	return nil
}

// addNames adds names to the database. It does so before the files are written: a daemon that runs polls the mailbox at once, and
// needs them.
func (n *newMailbox) addNames() error {
	for _, verb := range n.names {
		out, err := n.verb(verb...)
		if err != nil {
			return &failure{
				code: exitFailed, err: fmt.Errorf("no file was written, because the %s %s was not added: %w", verb[0], verb[2], err),
				hint: "run " + asTyped(verb...) + ", then this again",
			}
		}
		printLine(n.stdout, "%s", strings.TrimSpace(string(out)))
	}
	return nil
}

// daemonRuns reports whether a daemon polls with this database.
func (n *newMailbox) daemonRuns() bool {
	var r statusReport
	out, _ := n.verb("status", "--json") // it fails when anything is not well, and says what it knows all the same
	if err := json.Unmarshal(out, &r); err != nil {
		return false
	}
	return slices.ContainsFunc(r.Daemons, func(d daemonReport) bool { return d.Alive && !d.Once })
}

// pollLimit limits how long config new waits for the daemon's first poll.
var pollLimit = 60 * time.Second

// lookEvery is the time between two looks at the daemon's first poll.
const lookEvery = time.Second

// awaitPoll waits until the running daemon has polled the mailbox, and says how it went.
func (n *newMailbox) awaitPoll() error {
	name := n.values["Name"]
	n.say("The daemon runs. Waiting for its first poll of the mailbox; Ctrl-C ends only the wait …")
	ctx, cancel := context.WithTimeout(n.ctx, pollLimit)
	defer cancel()
	for ctx.Err() == nil {
		var all []mailboxSummary
		out, _ := n.verb("mailbox", "list", "--json") // it fails when another mailbox file has mistakes
		_ = json.Unmarshal(out, &all)                 // then there are none yet
		i := slices.IndexFunc(all, func(m mailboxSummary) bool { return strings.EqualFold(m.Name, name) })
		if i >= 0 && (all[i].State == stateBroken || all[i].Denied != "" || isPolledSince(all[i], n.written)) {
			return n.tellPoll(all[i])
		}
		select {
		case <-ctx.Done():
		case <-time.After(lookEvery):
		}
	}
	printLine(n.stdout, "The daemon has not polled %s yet; its schedule is %s. mailintegration status and mailintegration logs tail tell why.", name,
		n.values["Schedule"])
	return nil
}

// isPolledSince reports whether a mailbox was polled after a moment: one that had the same name before may have been polled long ago.
func isPolledSince(m mailboxSummary, moment time.Time) bool {
	return m.PolledAt != nil && m.PolledAt.After(moment)
}

// tellPoll says how the first poll went, in the numbers of the database.
func (n *newMailbox) tellPoll(m mailboxSummary) error {
	if why := cmp.Or(m.Denied, strings.Join(m.Mistakes, "; ")); why != "" {
		return &failure{
			code: exitConfiguration, err: errors.New("the file is written, but the daemon cannot use it: " + why),
			hint: "mend it; a daemon that runs polls the mailbox within seconds then",
		}
	}
	if m.Problem != "" {
		return &failure{
			code: exitUnreachable, err: fmt.Errorf("the file is written, but the daemon cannot poll %s: %s", m.Name, m.Problem),
			hint: "mailintegration status says what to do",
		}
	}
	backlog := 0
	if m.Backlog != nil {
		backlog = *m.Backlog
	}
	printLine(n.stdout, "polled   %s: %s recorded, %d left to record; next: mailintegration request list", m.Name, n.recorded(), backlog)
	return nil
}

// countedMessages limits how many messages recorded counts.
const countedMessages = 1000

// newest returns the messages of the mailbox that were recorded last, the newest first; none if the database cannot say.
func (n *newMailbox) newest(limit int) (all []store.MessageSummary) {
	out, err := n.verb("message", "list", "--json", "--mailbox="+n.values["Name"], "--limit", strconv.Itoa(limit))
	if err != nil || json.Unmarshal(out, &all) != nil {
		return nil // no mailbox had the name
	}
	return all
}

// recorded says how many messages the daemon has recorded since the file was written.
func (n *newMailbox) recorded() string {
	all := n.newest(countedMessages)
	i := slices.IndexFunc(all, func(m store.MessageSummary) bool { return m.SHA256 == n.last })
	switch {
	case i >= 0:
		return plural(i, "message")
	case len(all) == countedMessages:
		return plural(len(all), "message") + " or more"
	}
	return plural(len(all), "message")
}
